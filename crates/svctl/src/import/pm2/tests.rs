use super::*;
use crate::blueprint::Blueprint;
use crate::import::plan::Kind;
use std::path::Path;

fn source(name: &str, text: &str) -> Source {
    Source { path: Path::new("/srv/app").join(name), text: text.as_bytes().to_vec(), is_private: false }
}

#[track_caller]
fn planned(text: &str) -> Plan {
    let user = User::named("bob");
    let is_file = |path: &Path| ["/srv/app/server.js", "/srv/app/tool"].contains(&path.to_str().unwrap());
    let around = Around { folder: "/srv/app", user: &user, is_private: false, is_file: &is_file };
    plan_with(&source("ecosystem.json", text), &around).unwrap()
}

fn shown(plan: &Plan) -> String {
    plan.programs.iter().flat_map(|program| &program.blueprints).map(Blueprint::show).collect()
}

/// The line of run that becomes the program.
#[track_caller]
fn exec(app: &str) -> String {
    let shown = shown(&planned(app));
    shown.lines().find_map(|line| line.trim().strip_prefix("| exec ")).unwrap_or(&shown).to_owned()
}

/// What is told that is not only carried over.
fn told(plan: &Plan) -> Vec<&str> {
    let notes = plan.programs.iter().flat_map(|program| &program.notes);
    notes.filter(|note| note.kind != Kind::Carried).map(|note| note.what.as_str()).collect()
}

#[test]
fn an_app_is_a_service() {
    let plan = planned(
        r#"{"apps": [{"name": "api", "script": "server.js", "args": ["--port", "80"], "node_args": "--harmony",
            "env": {"NODE_ENV": "production", "DEBUG": 1, "API_TOKEN": "x"}, "kill_timeout": 5000, "autorestart": false}]}"#,
    );
    assert_eq!(
        shown(&plan),
        "api/\n  down-signal: INT\n  env/API_TOKEN\n    | x\n  env/DEBUG: 1\n  env/NODE_ENV: production\n  \
         finish, executable\n    | #!/bin/sh\n    | # 125: it is not started again.\n    | exit 125\n  kill-group (empty)\n  \
         log/stderr (empty)\n  run, executable\n    | #!/bin/sh\n    | cd /srv/app || exit 1\n    | exec node --harmony server.js --port 80\n  \
         timeout-kill: 5000ms\n  user: bob\n"
    );
    assert_eq!(told(&plan), [""; 0]);
}

#[test]
fn the_file_may_be_an_array_or_one_app() {
    let app = r#"{"script": "server.js"}"#;
    let alone = shown(&planned(app));
    assert!(alone.starts_with("server/\n"), "{alone}");
    assert_eq!(shown(&planned(&format!("[{app}]"))), alone);
    assert_eq!(shown(&planned(&format!(r#"{{"apps": {app}, "deploy": {{}}}}"#))), alone);
}

#[test]
fn what_runs_a_script_is_found_as_pm2_does() {
    assert_eq!(exec(r#"{"script": "./bin/start.sh", "args": "a 'b c'"}"#), "bash ./bin/start.sh a 'b c'");
    assert_eq!(exec(r#"{"script": "x.py"}"#), "python3 x.py");
    assert_eq!(
        exec(r#"{"script": "x.py", "interpreter": "/opt/venv/bin/python"}"#),
        "/opt/venv/bin/python x.py"
    );
    assert_eq!(exec(r#"{"script": "x.js", "interpreter": "none"}"#), "x.js");
    assert_eq!(exec(r#"{"script": "npm", "args": "start"}"#), "npm start");
    assert_eq!(exec(r#"{"script": "npm run start -- -x"}"#), "npm run start -- -x");
    assert_eq!(exec(r#"{"script": "tool", "interpreter": "none"}"#), "./tool", "it is in the folder");
    assert_eq!(
        exec(r#"{"exec": "server.js", "interpreterArgs": ["-r", "dotenv/config"]}"#),
        "node -r dotenv/config server.js"
    );
}

#[test]
fn instances_are_those_of_a_template() {
    let plan = planned(
        r#"{"name": "w", "script": "server.js", "exec_mode": "fork", "instances": 2, "increment_var": "PORT",
            "env": {"PORT": 3000}, "cwd": "sub"}"#,
    );
    let text = shown(&plan);
    assert!(text.starts_with("w@/\n"), "{text}");
    assert!(text.contains("    | cd /srv/app/sub || exit 1\n    | export NODE_APP_INSTANCE=\"$INSTANCE\"\n    | exec node server.js\n"));
    assert!(text.ends_with("w@0/\n  env/PORT: 3000\nw@1/\n  env/PORT: 3001\n"), "{text}");
    assert_eq!(told(&plan), [""; 0]);
}

#[test]
fn a_cluster_is_one_process_and_that_is_told() {
    for mode in [r#""exec_mode": "cluster","#, ""] {
        let plan = planned(&format!(r#"{{"script": "server.js", {mode} "instances": 4}}"#));
        assert_eq!(plan.programs[0].blueprints.len(), 1);
        assert!(told(&plan)[0].starts_with("cluster mode: 4 processes"), "{:?}", told(&plan));
    }
    assert_eq!(
        planned(r#"{"script": "x.py", "instances": 3}"#).programs[0].blueprints.len(),
        4,
        "no node, no cluster"
    );
}

#[test]
fn whoever_it_says_it_runs_as() {
    let user = |fields: &str| {
        let plan = planned(&format!(r#"{{"script": "server.js", {fields}}}"#));
        let text = shown(&plan);
        text.lines().find_map(|line| line.strip_prefix("  user: ")).unwrap().to_owned()
    };
    assert_eq!(user(r#""uid": "alice""#), "alice");
    assert_eq!(user(r#""user": "alice", "gid": "www""#), "alice:www");
    assert_eq!(user(r#""uid": 0"#), "root");
    assert_eq!(user(r#""uid": 54321"#), ":54321:54321");
    assert_eq!(user(r#""uid": 54321, "gid": 54322"#), ":54321:54322");
    let plan = planned(r#"{"script": "server.js", "uid": "a b"}"#);
    assert!(plan.programs[0].blueprints.is_empty());
}

#[test]
fn every_other_field_is_told() {
    let fields = [
        (r#""watch": true, "ignore_watch": ["x"]"#, "watch: nothing is restarted"),
        (r#""max_memory_restart": "1G""#, "max_memory_restart=1G: nobody looks"),
        (r#""cron_restart": "0 3 * * *""#, "cron_restart=0 3 * * *: cron does that"),
        (r#""max_restarts": 5"#, "max_restarts=5: nothing is given up"),
        (r#""min_uptime": "10s""#, "min_uptime=10s: nothing is given up"),
        (r#""restart_delay": 4000"#, "restart_delay=4000: here starts are at least a second apart"),
        (r#""exp_backoff_restart_delay": 100"#, "exp_backoff_restart_delay: pauses double"),
        (r#""wait_ready": true"#, "wait_ready: the message"),
        (r#""shutdown_with_message": true"#, "shutdown_with_message: it is told by a signal"),
        (r#""env_production": {"A": "b"}"#, "env_production counts only with pm2's --env production"),
        (r#""out_file": "/x/out.log", "merge_logs": true"#, "its log is in log/main"),
        (r#""gid": "www""#, "gid alone names no account"),
        (r#""namespace": "x", "pmx": false, "vizion": true"#, "namespace, pmx, vizion: of pm2's own"),
        (r#""surprise": 1"#, "surprise=1 is nothing that is known here"),
        (r#""env": {"A": ["b"]}"#, "env: A is no text"),
        (r#""env": {"A": "b "}"#, "the value of A ends with blanks"),
    ];
    for (field, begin) in fields {
        let plan = planned(&format!(r#"{{"script": "server.js", {field}}}"#));
        let told = told(&plan);
        assert!(matches!(told.as_slice(), [what] if what.starts_with(begin)), "{field}: {told:?}");
    }
    let quiet = planned(
        r#"{"script": "server.js", "watch": false, "wait_ready": false, "disable_logs": true, "treekill": false}"#,
    );
    assert_eq!(told(&quiet), [""; 0]);
    assert!(!shown(&quiet).contains("log/") && !shown(&quiet).contains("kill-group"));
}

#[test]
fn names_become_those_of_folders() {
    let plan =
        planned(r#"[{"name": "@my/web app", "script": "server.js"}, {"name": ".x", "script": "server.js"}]"#);
    let names: Vec<&str> = plan.programs.iter().map(|program| program.blueprints[0].name.as_str()).collect();
    assert_eq!(names, ["my-web-app", "x"]);
    assert_eq!(told(&plan).len(), 2);
}

#[test]
fn what_is_no_json_is_refused_with_the_way_to_it() {
    let user = User::named("bob");
    let around = Around { folder: "/srv/app", user: &user, is_private: false, is_file: &|_| false };
    let refusal = |name: &str, text: &str| {
        format!("{:#}", plan_with(&source(name, text), &around).map(|_| ()).unwrap_err())
    };
    assert!(
        refusal("ecosystem.config.js", "module.exports = {apps: []}").contains("node -p 'JSON.stringify")
    );
    assert!(refusal("ecosystem.json", "{apps: []}").contains("it is not plain JSON"));
    assert_eq!(refusal("x.json", "{\"apps\": []}"), "there is no app in it");
    assert_eq!(refusal("package.json", "{\"name\": \"x\"}"), "there is no \"apps\" in it");
    assert!(
        planned(r#"{"apps": [{"name": "x"}, {"script": "server.js"}]}"#).programs[0].blueprints.is_empty()
    );
}
