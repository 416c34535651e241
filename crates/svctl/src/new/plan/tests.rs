use super::*;
use crate::arguments::{Call, Command};
use crate::blueprint::Entry;
use crate::new::around::There;
use clap::Parser;
use std::fmt::Write as _;
use std::path::Path;

/// What the tests find around them: a home with a program and a script in it, and the template `app@`.
fn around(is_root: bool) -> Around<'static> {
    Around {
        here: Path::new("/home/bob"),
        is_root,
        path: Some("/home/bob/bin:/usr/bin".into()),
        has_service: &|name| matches!(name, "app@" | "old"),
        look: &|path| match path.to_str().unwrap() {
            "/home/bob" | "/home/bob/data" | "/srv/my app" => There::Folder,
            "/home/bob/prog.py" | "/home/bob/web" | "/srv/my app/start" | "/usr/bin/python3"
            | "/home/bob/bin/own" => There::Other,
            _ => There::Nothing,
        },
    }
}

fn planned(call: &str, is_root: bool) -> Result<Plan, Finding> {
    let words = shlex::split(&format!("svctl new {call}")).unwrap();
    let Command::New(new) = Call::try_parse_from(words).unwrap().command else { panic!() };
    plan(&new, &around(is_root))
}

/// All that is made: each folder and file with its permissions and its content.
#[track_caller]
fn makes(call: &str) -> String {
    let plan = planned(call, true).unwrap();
    let mut text = String::new();
    for made in plan.blueprints {
        writeln!(text, "{}", made.name).unwrap();
        for (path, entry) in made.entries {
            let path = path.display();
            match entry {
                Entry::File { content, mode } => {
                    writeln!(text, "{path} {mode:o} {:?}", String::from_utf8(content).unwrap()).unwrap();
                }
                Entry::Folder => writeln!(text, "{path}/").unwrap(),
            }
        }
    }
    text
}

/// What is wrong with a call, in one line.
#[track_caller]
fn refusal(call: &str) -> String {
    let finding = planned(call, true).map(|plan| format!("{plan:?}")).unwrap_err();
    format!("{}: {}: {}", finding.code, finding.what, finding.cure)
}

/// The codes of what should be known.
#[track_caller]
fn advice(call: &str, is_root: bool) -> Vec<&'static str> {
    planned(call, is_root).unwrap().advice.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_service_is_a_run_and_little_more() {
    assert_eq!(
        makes("web --user bob --log -- python3 -m http.server 8000"),
        "web\nlog/stderr 644 \"\"\nrun 755 \"#!/bin/sh\\nexec python3 -m http.server 8000\\n\"\nuser 644 \"bob\\n\"\n"
    );
}

#[test]
fn each_option_is_a_file() {
    assert_eq!(
        makes(
            "web -u bob:www -e A=b -e 'C=two\nlines' -e EMPTY= --listen ':80 name=http' --listen '[::1]:81' --down -- x"
        ),
        "web\ndown 644 \"\"\nenv/A 600 \"b\\n\"\nenv/C 600 \"two\\0lines\\n\"\nenv/EMPTY 600 \"\\n\"\n\
         listen 644 \":80 name=http\\n[::1]:81\\n\"\nrun 755 \"#!/bin/sh\\nexec x\\n\"\nuser 644 \"bob:www\\n\"\n"
    );
    assert!(makes("web -e A=b -- x").contains("env/A 644"), "without an account nobody is kept from it");
    let ordinary = planned("web -u alice -e A=b -- x", false).unwrap();
    assert!(matches!(ordinary.blueprints[0].entries[Path::new("env/A")], Entry::File { mode: 0o644, .. }));
}

#[test]
fn a_template_has_what_its_instances_have() {
    assert_eq!(
        makes(
            "tornado --instances 6001,6002 -u bob --down --listen :\\$INSTANCE -- python3 /srv/prog.py '--port=$INSTANCE' '$HOME'"
        ),
        "tornado@\nlisten 644 \":$INSTANCE\\n\"\n\
         run 755 \"#!/bin/sh\\nexec python3 /srv/prog.py \\\"--port=$INSTANCE\\\" '$HOME'\\n\"\nuser 644 \"bob\\n\"\n\
         tornado@6001\ndown 644 \"\"\ntornado@6002\ndown 644 \"\"\n"
    );
    assert_eq!(makes("web@ -- x '$1'"), "web@\nrun 755 \"#!/bin/sh\\nexec x \\\"$1\\\"\\n\"\n");
    assert_eq!(makes("web@ -i 1 -- x '$1'"), makes("web -i 1 -- x '$1'"));
}

#[test]
fn one_more_instance_needs_no_command() {
    assert_eq!(makes("app@6003"), "app@6003\n");
    assert_eq!(makes("app@6003 -e A=b --down"), "app@6003\ndown 644 \"\"\nenv/A 644 \"b\\n\"\n");
    assert_eq!(makes("app -i 6003,6004"), "app@6003\napp@6004\n");
    assert_eq!(
        refusal("web@6003"),
        "no-template: there is no template web@ whose command web@6003 could have: make both: svctl new web --instances 6003 -- COMMAND..."
    );
    assert!(refusal("web").starts_with("no-command: nothing says what web is to run: write the command"));
    assert!(refusal("web -i 1,2").starts_with("no-command: "));
    assert_eq!(
        refusal("app -i 3,4 -- x"),
        "template-there: the template app@ is there already, and nothing is overwritten: \
         leave the command out for more instances of it: svctl new app --instances 3,4"
    );
}

#[test]
fn an_at_sign_without_a_template_is_part_of_a_name() {
    assert_eq!(
        makes("mail@example.org -- x '$HOME'"),
        "mail@example.org\nrun 755 \"#!/bin/sh\\nexec x '$HOME'\\n\"\n"
    );
    assert_eq!(
        refusal("web@6001 -- x '--port=$1'"),
        "no-template: the command mentions its instance, and web@6001 is none: there is no template web@: \
         make both: svctl new web --instances 6001 -- x '--port=$1'"
    );
}

#[test]
fn names_that_cannot_be() {
    for call in [
        ".web -- x",
        "a/b -- x",
        "'' -- x",
        "web@1 -i 2 -- x",
        "web -i 1,1 -- x",
        "web -i 1, -- x",
        "web -i a/b -- x",
    ] {
        assert!(refusal(call).starts_with("odd-name: "), "{}", refusal(call));
    }
    assert!(refusal("old -- x").starts_with("is-there: old is there already, and nothing is overwritten: "));
}

#[test]
fn paths_are_from_where_svctl_was_called() {
    let run = |call: &str| {
        let made = makes(call);
        made.lines().find_map(|line| line.strip_prefix("run 755 ")).unwrap().to_owned()
    };
    assert_eq!(run("web -- ./web ./x"), "\"#!/bin/sh\\nexec /home/bob/web ./x\\n\"");
    assert_eq!(
        run("web -C . -- python3 prog.py"),
        "\"#!/bin/sh\\ncd /home/bob || exit 1\\nexec python3 prog.py\\n\""
    );
    assert_eq!(
        run("web -C '/srv/my app' -- ./start"),
        "\"#!/bin/sh\\ncd '/srv/my app' || exit 1\\nexec '/srv/my app/start'\\n\""
    );
    assert_eq!(
        run("web -C data -- /home/bob/web"),
        "\"#!/bin/sh\\ncd /home/bob/data || exit 1\\nexec /home/bob/web\\n\""
    );
    assert!(refusal("web -- ./nosuch").starts_with("program-missing: there is no program /home/bob/nosuch"));
    assert!(refusal("web -- ./data").starts_with("program-missing: "));
    assert!(refusal("web -C nosuch -- x").starts_with("no-folder: there is no folder /home/bob/nosuch"));
    assert!(refusal("web -C prog.py -- x").starts_with("no-folder: "));
}

#[test]
fn a_script_that_is_not_where_the_service_works_is_told() {
    assert_eq!(
        refusal("web -- python3 -u prog.py x"),
        "relative-path: prog.py is a file where you are, and a service works in its own folder: \
         write /home/bob/prog.py, or have it work here: --chdir ."
    );
    assert!(refusal("web -C /srv/my\\ app -- /usr/bin/python3 prog.py").contains("works in /srv/my app"));
    assert_eq!(advice("web -u bob -- x --config prog.py", true), ["relative-path"]);
    assert_eq!(advice("web -u bob -C . -- x --config prog.py", true), [""; 0]);
    assert_eq!(advice("web -u bob -- python3 -m prog data", true), [""; 0]);
}

#[test]
fn what_becomes_somebody_else_by_itself_is_refused() {
    assert_eq!(
        refusal("web -- sudo -u bob -i python3 prog.py"),
        "switches: sudo would stay between supervise and the program, and get its signals; a service becomes bob by itself, \
         with its HOME and its groups: svctl new web --user bob -- python3 prog.py"
    );
    assert!(refusal("web -- su - bob").ends_with("svctl new web --user bob -- COMMAND..."));
    let ordinary = planned("web -- sudo -u bob x", false).unwrap_err();
    assert_eq!(ordinary.cure, "sudo svctl new web --user bob -- x");
}

#[test]
fn words_that_are_no_command() {
    assert!(refusal("web -- A=b x -y").ends_with(": svctl new web --env A=b -- x -y"));
    assert!(refusal("web -- -x").starts_with("odd-command: "));
    assert!(refusal("web -- ''").starts_with("odd-command: "));
    assert!(refusal("web -- 'python3 x | tee y'").ends_with(": svctl new web -- sh -c 'python3 x | tee y'"));
}

#[test]
fn variables_and_sockets_that_cannot_be() {
    assert!(refusal("web -e A -- x").starts_with("odd-variable: --env A gives A no value: "));
    assert!(refusal("web -e .A=b -- x").starts_with("odd-variable: --env .A cannot be a file of env/: "));
    assert!(refusal("web -e 'A=b ' -- x").contains("ends with a blank"));
    assert!(refusal("web -e A=b -e A=c -- x").starts_with("odd-variable: --env A is there twice"));
    assert_eq!(
        refusal("web --listen :80 --listen web:81 -- x"),
        "bad-listen: --listen 2: web:81: names are not looked up: write an address, such as 127.0.0.1:80, or :80 for all"
    );
    assert!(refusal("web --listen ':$INSTANCE' -- x").contains("this service is none: use it in a template"));
}

#[test]
fn what_should_be_known_is_told() {
    assert_eq!(advice("web -- x", true), ["runs-as-root"]);
    assert_eq!(advice("web -- x", false), [""; 0]);
    assert_eq!(advice("web -u root -- x", true), [""; 0], "it was asked for");
    assert_eq!(advice("app@6003", true), [""; 0], "its template says");
    assert_eq!(advice("web -u bob -i 1,2 -- x", true), ["same-instances"]);
    assert_eq!(advice("web -u bob -- own", true), ["callers-path"]);
    assert_eq!(advice("web -u bob -- python3 -V", true), [""; 0]);
    assert_eq!(advice("web -u bob -- nosuch", true), [""; 0], "check tells");
}
