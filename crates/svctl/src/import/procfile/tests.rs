use super::*;
use crate::import::plan::Kind;

fn source(text: &str) -> Source {
    Source { path: "/srv/my app/Procfile".into(), text: text.as_bytes().to_vec(), is_private: false }
}

fn planned(text: &str, env: &str) -> Plan {
    let variables = Variables::parse(env, false);
    plan_with(&source(text), &variables, &User::named("bob")).unwrap()
}

/// What is told that is not only carried over.
fn told(notes: &[Note]) -> Vec<&str> {
    notes.iter().filter(|note| note.kind != Kind::Carried).map(|note| note.what.as_str()).collect()
}

#[test]
fn each_process_is_a_service_with_its_port() {
    let plan = planned(
        "web: bundle exec puma -p $PORT\r\n# jobs\n\nworker-1:rake jobs\n",
        "A='x y'\nSECRET_KEY=z\n",
    );
    let shown: String =
        plan.programs.iter().flat_map(|program| &program.blueprints).map(Blueprint::show).collect();
    let service = |name: &str, port: u16, command: &str| {
        format!(
            "{name}/\n  env/A: x y\n  env/PORT: {port}\n  env/SECRET_KEY\n    | z\n  log/stderr (empty)\n  \
             run, executable\n    | #!/bin/sh\n    | cd '/srv/my app' || exit 1\n    | exec {command}\n  user: bob\n"
        )
    };
    let expected =
        service("web", 5000, "bundle exec puma -p $PORT") + &service("worker-1", 5100, "rake jobs");
    assert_eq!(shown, expected);
    assert_eq!(told(&plan.programs[0].notes), [""; 0]);
    assert_eq!(told(&plan.notes).len(), 1, "{:?}", plan.notes);
}

#[test]
fn a_port_of_env_is_where_they_begin() {
    let plan = planned("release: rake db:migrate\nweb: x\n", "PORT=3000\n");
    let shown = plan.programs[0].blueprints[0].show();
    assert!(shown.contains("env/PORT: 3100"), "the release counts, as in foreman: {shown}");
    assert_eq!(plan.programs.len(), 1);
    assert!(told(&plan.notes)[1].starts_with("release is run once"), "{:?}", plan.notes);
    let release = plan.notes.iter().find(|note| note.what.starts_with("release")).unwrap();
    assert_eq!(release.instead, "run it yourself then, in /srv/my app: rake db:migrate");
}

#[test]
fn what_is_no_process_is_told() {
    let plan = planned("web: x\nwhat is this\nw.b: y\nweb: z\n", "");
    assert_eq!(plan.programs.len(), 1);
    let told = told(&plan.notes);
    assert!(told[0].starts_with("line 2 is no NAME: COMMAND"), "{told:?}");
    assert!(told[1].starts_with("line 3 is no"), "{told:?}");
    assert!(told.iter().any(|what| what.starts_with("web is there twice")), "{told:?}");
    let nothing = plan_with(&source("# nothing\n"), &Variables::default(), &User::named("bob"));
    assert_eq!(nothing.unwrap_err().to_string(), "there is no line NAME: COMMAND in it");
}
