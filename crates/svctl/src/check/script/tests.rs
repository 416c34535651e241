use super::*;
use crate::check::scene::{Environment, Who};
use nix::unistd::{Gid, Uid};
use protocol::capability::Set;
use std::ffi::OsStr;

/// A service of root's that is called `web`, with that script.
fn scene(text: &str) -> Scene {
    let interpreter = text.lines().next().and_then(|line| line.strip_prefix("#!")).unwrap_or_default().trim();
    let (path, argument) =
        interpreter.split_once(' ').map_or((interpreter, None), |(path, rest)| (path, Some(rest)));
    let interpreter = std::iter::once(path).chain(argument).map(|word| OsString::from(word.trim())).collect();
    Scene {
        called: "web".to_owned(),
        folder: PathBuf::from("/service/web"),
        is_log: false,
        has_log: false,
        has_log_stderr: false,
        has_kill_group: false,
        is_template: false,
        instance: None,
        run: Some(Script {
            file: "run".to_owned(),
            path: PathBuf::from("/service/web/run"),
            content: text.as_bytes().to_vec(),
            interpreter,
        }),
        who: Some(Who {
            uid: Uid::from_raw(0),
            gid: Gid::from_raw(0),
            groups: Vec::new(),
            name: Some("root".into()),
            home: Some("/root".into()),
            is_named: false,
        }),
        environment: Environment::default(),
        listen: Vec::new(),
        capabilities: Set::default(),
    }
}

/// The codes of all findings, in their order.
fn codes_of(scene: &Scene) -> Vec<&'static str> {
    examine(scene).findings.iter().map(|finding| finding.code).collect()
}

/// Those of a script for a plain sh, without its first line.
fn codes(body: &str) -> Vec<&'static str> {
    codes_of(&scene(&format!("#!/bin/sh\n{body}\n")))
}

fn cure(body: &str) -> String {
    let said = examine(&scene(&format!("#!/bin/sh\n{body}\n")));
    let [finding] = said.findings.as_slice() else { panic!("{:?}", said.findings) };
    finding.cure.clone()
}

fn programs_of(body: &str) -> Vec<(String, Option<OsString>, Option<PathBuf>)> {
    let said = examine(&scene(&format!("#!/bin/sh\n{body}\n")));
    let words = |program: &Program| {
        let word = |word: &Option<OsString>| {
            word.as_ref().map_or_else(|| "?".into(), |word| word.to_string_lossy().into_owned())
        };
        program.words.iter().map(word).collect::<Vec<String>>().join(" ")
    };
    said.programs
        .iter()
        .map(|program| (words(program), program.account.clone(), program.folder.clone()))
        .collect()
}

fn whoever(name: &str, uid: u32) -> Option<Who> {
    Some(Who {
        uid: Uid::from_raw(uid),
        gid: Gid::from_raw(uid),
        groups: Vec::new(),
        name: Some(name.into()),
        home: Some(PathBuf::from("/home").join(name)),
        is_named: true,
    })
}

#[test]
fn the_cure_of_sudo_is_the_line_as_it_should_be() {
    let line = "exec python3 /path/to/prog.py --port=6001";
    for body in [
        "exec sudo -u bob -i python3 /path/to/prog.py --port=6001",
        "sudo -H --user=bob A=1 python3 /path/to/prog.py --port=6001",
        "exec sudo -n -E -u bob -- python3 /path/to/prog.py --port=6001",
        "exec su - bob -c 'exec python3 /path/to/prog.py --port=6001'",
        "exec su -s /bin/sh bob -c 'python3 /path/to/prog.py --port=6001'",
        "exec runuser -u bob -- python3 /path/to/prog.py --port=6001",
    ] {
        let cure = cure(body);
        assert!(cure.contains("write bob into the file user") && cure.ends_with(line), "{body}: {cure}");
    }
    let cure = cure("exec sudo nginx -g 'daemon off;'");
    assert!(cure.starts_with("leave sudo out: exec nginx -g 'daemon off;'"), "{cure}");
    assert_eq!(codes("sudo -v\nexec prog"), [""; 0], "only what stays in front counts");
}

#[test]
fn a_program_without_exec_is_found_where_that_is_sure() {
    for body in [
        "prog",
        "cd / && prog",
        "A=1 prog --x",
        "[ -d / ] || exit 1\nprog",
        "if true; then A=1; fi\nnice prog",
        "{ prog; }",
    ] {
        assert_eq!(codes(body), ["no-exec"], "{body}");
    }
    for body in [
        "exec prog",
        "prog || exit 1",
        "trap 'kill $!' TERM\nprog",
        "if [ -f /x ]; then prog; fi",
        "f() { prog; }\nf",
        "sv down .",
        "prog & wait",
        "$PROG",
        "while true; do step; sleep 60; done",
        "[ -x /bin/prog ] && prog",
    ] {
        assert_eq!(codes(body), [""; 0], "{body}");
    }
    let grouped = Scene { has_kill_group: true, ..scene("#!/bin/sh\nprog\n") };
    assert_eq!(codes_of(&grouped), [""; 0], "signals go to the whole group");
    assert_eq!(cure("A=1\n./prog --x \"$A\"  'a b'"), "exec ./prog --x \"$A\" 'a b'");
}

#[test]
fn a_script_that_does_not_stay_is_found() {
    assert_eq!(codes("prog --x &"), ["background"]);
    assert_eq!(cure("nohup prog --x >/dev/null 2>&1 &"), "without the &: exec prog --x");
    assert_eq!(codes("exec systemctl start nginx"), ["started-elsewhere"]);
    assert_eq!(codes("/etc/init.d/cron start"), ["started-elsewhere"]);
    assert_eq!(codes("prog 2>&1 | logger -t prog"), ["piped"]);
    assert_eq!(codes("exec prog | multilog t ./main"), ["piped"]);
    assert_eq!(codes("dmesg | grep -q ready"), [""; 0], "a look is no service");
    assert_eq!(codes("helper &\nexec prog"), [""; 0]);
    assert_eq!(codes("exec prog\necho ended"), ["after-exec"]);
    assert_eq!(codes("exec prog\nhelp() { echo; }"), [""; 0]);
    assert_eq!(codes("exec >/dev/tty1\nexec prog"), [""; 0], "an exec without a program goes on");
}

#[test]
fn what_stands_in_a_script_of_init_or_a_unit_is_no_run() {
    assert_eq!(
        codes("case \"$1\" in\n start) prog & ;;\n stop|force-stop) kill 1 ;;\nesac"),
        ["init-script"]
    );
    assert_eq!(codes("[Unit]\nDescription=web\n[Service]\nExecStart=/usr/bin/prog -x"), ["systemd-unit"]);
    assert_eq!(codes("case \"$MODE\" in\n start) exec a ;;\n *) exec b ;;\nesac"), [""; 0]);
}

#[test]
fn habits_of_elsewhere_are_advised_against() {
    assert_eq!(codes("sleep 5\nexec prog"), ["sleep"]);
    assert_eq!(codes("until nc -z db 1; do sleep 1; done\nexec prog"), [""; 0], "it waits for something");
    assert_eq!(codes("while true; do\n prog\n sleep 1\ndone"), ["restart-loop"]);
    assert_eq!(codes("while :; do\n backup\n sleep 3600\ndone"), [""; 0], "a timetable");
    assert_eq!(codes("pkill -x prog\nexec prog"), ["kill"]);
    assert_eq!(codes("kill -9 $(cat pid)\nexec prog"), ["kill"]);
    assert_eq!(codes("exec mysqld_safe"), ["second-supervisor"]);
    assert_eq!(codes("exec '~/bin/prog'"), ["quoted-tilde"]);
    assert_eq!(codes("exec ~/bin/prog --tilde='~'"), [""; 0]);
    assert_eq!(codes("exec 'C:\\prog\\prog.exe'"), ["windows-path"]);
}

#[test]
fn an_argument_is_an_instances() {
    let body = "#!/bin/sh\nexec prog --port=\"$1\" ${INSTANCE}\n";
    assert_eq!(codes_of(&scene(body)), ["no-instance"]);
    let instance = Scene { called: "web@80".to_owned(), instance: Some("8080".into()), ..scene(body) };
    assert_eq!(codes_of(&instance), [""; 0]);
    assert_eq!(codes_of(&Scene { is_template: true, ..scene(body) }), [""; 0]);
    assert_eq!(codes("set -- a b\nexec prog \"$1\""), [""; 0]);
    assert_eq!(codes("exec prog '$1' \\$1 $10 ${1:-x}"), [""; 0]);
    assert_eq!(codes("f() { mkdir \"$1\"; }\nf x\nexec prog"), [""; 0]);
}

#[test]
fn home_is_the_accounts() {
    for body in [
        "exec chpst -u bob npm ci",
        "cd /\nexec setuidgid bob pm2-runtime app.js",
        "exec s6-setuidgid bob /home/bob/.local/bin/prog",
        "exec setuidgid bob python3 -u /home/bob/.local/bin/prog",
    ] {
        assert_eq!(codes(body), ["home-of-another"], "{body}");
    }
    for body in [
        "exec npm ci",
        "exec runas bob npm ci",
        "export HOME=/home/bob\nexec chpst -u bob npm ci",
        "HOME=/home/bob exec setuidgid bob npm ci",
        "exec setuidgid bob env HOME=/home/bob npm ci",
        "exec chpst -u bob -e ./env npm ci",
        "exec envdir ./env setuidgid bob npm ci",
        "exec setuidgid bob python3 /srv/prog.py",
        "exec su-exec bob npm ci",
    ] {
        assert_eq!(codes(body), [""; 0], "{body}");
    }
    let mut own = scene("#!/bin/sh\nexec setuidgid bob npm ci\n");
    own.environment.variables.insert("HOME".into(), "/home/bob".into());
    assert_eq!(codes_of(&own), [""; 0], "env/ has it");
    let bob = Scene { who: whoever("bob", 1000), ..scene("#!/bin/sh\nexec setuidgid bob npm ci\n") };
    assert_eq!(codes_of(&bob), [""; 0], "it is bob already");
}

#[test]
fn a_runner_in_front_is_advised_against_but_not_with_kill_group() {
    let body = "#!/bin/sh\nexec npm start\n";
    let bob = Scene { who: whoever("bob", 1000), ..scene(body) };
    assert_eq!(codes_of(&bob), ["runner-in-front"]);
    assert_eq!(codes_of(&Scene { has_kill_group: true, ..bob }), [""; 0]);
}

#[test]
fn npm_of_roots_becomes_the_owner_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let body = format!("#!/bin/sh\ncd {}\nexec npm ci\n", folder.path().display());
    assert_eq!(codes_of(&scene(&body)), [""; 0]);
    if nix::unistd::geteuid().is_root() {
        nix::unistd::chown(folder.path(), Some(Uid::from_raw(65534)), None).unwrap();
        assert_eq!(codes_of(&scene(&body)), ["npm-owner"]);
        assert_eq!(codes_of(&Scene { who: whoever("bob", 1000), ..scene(&body) }), [""; 0]);
    }
}

#[test]
fn what_is_named_and_not_there_is_found() {
    assert_eq!(codes("cd /nowhere/at/all || exit 1\nexec prog"), ["folder-missing"]);
    assert_eq!(codes("cd /etc/passwd\nexec prog"), ["folder-missing"]);
    assert_eq!(codes("exec prog >>/nowhere/log 2>&1"), ["redirect-missing"]);
    assert_eq!(codes("exec prog </nowhere"), ["redirect-missing"]);
    assert_eq!(codes(". /nowhere/defaults\nexec prog"), ["source-missing"]);
    for body in [
        "mkdir -p /nowhere/at && cd /nowhere/at\nexec prog",
        "[ -d /nowhere ] && cd /nowhere\nexec prog",
        "cd \"$NOWHERE\"\nexec prog",
        "[ ! -r /nowhere/x ] || . /nowhere/x\nexec prog",
        "if [ -d /nowhere ]; then cd /nowhere; fi\nexec prog",
        ". /nowhere/defaults || true\nexec prog",
    ] {
        assert_eq!(codes(body), [""; 0], "{body}");
    }
}

#[test]
fn what_does_not_come_to_the_log_is_told() {
    let logged = |body: &str| Scene { has_log: true, ..scene(&format!("#!/bin/sh\n{body}\n")) };
    assert_eq!(codes_of(&logged("exec prog >/dev/null 2>&1")), ["past-the-log"]);
    assert_eq!(codes_of(&logged("exec >>/tmp/prog.log 2>&1\nexec prog")), ["past-the-log"]);
    assert_eq!(codes_of(&logged("exec prog")), ["stderr-not-logged"]);
    assert_eq!(codes_of(&logged("exec 2>&1\nexec prog")), [""; 0]);
    assert_eq!(codes_of(&logged("exec prog 2>/dev/null")), [""; 0], "somebody has thought of it");
    assert_eq!(codes_of(&logged("mkdir x >/dev/null\nexec prog 2>&1")), [""; 0]);
    assert_eq!(codes_of(&Scene { has_log_stderr: true, ..logged("exec prog") }), [""; 0]);
    assert_eq!(codes("exec prog >/dev/null"), [""; 0]);
}

#[test]
fn the_first_line_is_what_the_kernel_makes_of_it() {
    let first = |line: &str| codes_of(&scene(&format!("{line}\nexec prog\n")));
    assert_eq!(first("#!/bin/sh -e -u"), ["shebang-options"]);
    assert_eq!(first("#!/usr/bin/env bash -e"), ["shebang-options"]);
    assert_eq!(first("#!/bin/bash -l"), ["login-shell"]);
    assert_eq!(first("#!/bin/bash --login"), ["login-shell"]);
    for line in ["#!/bin/sh -eu", "#!/usr/bin/env -S bash -e", "#!/usr/bin/env bash", "#!/bin/bash -e"] {
        assert_eq!(first(line), [""; 0], "{line}");
    }
}

#[test]
fn bash_under_a_plain_sh_is_found_where_that_is_dash() {
    let bodies = [
        "[[ -f /x ]] && exit 1\nexec prog",
        "A=(a b)\nexec prog",
        "function f { true; }\nexec prog",
        "source /etc/profile\nexec prog",
        "set -euo pipefail\nexec prog",
        "[ \"$A\" == b ] && B=1\nexec prog",
        "trap 'x' SIGTERM\nexec prog",
        "exec prog < <(true)",
        "exec prog <<<text",
    ];
    let is_dash = Path::new("/bin/sh").canonicalize().is_ok_and(|path| path.ends_with("dash"));
    for body in bodies {
        assert_eq!(codes(body), if is_dash { vec!["bash-syntax"] } else { vec![] }, "{body}");
        assert_eq!(codes_of(&scene(&format!("#!/bin/bash\n{body}\n"))), [""; 0], "{body}");
    }
    assert_eq!(codes("echo '[[ x ]]' \"a==b\" # source x\nexec prog"), [""; 0]);
}

#[test]
fn others_languages_and_what_cannot_be_followed_say_nothing() {
    for text in [
        "#!/usr/bin/env python3\nimport os\nos.system('sudo x')\n",
        "#!/usr/bin/perl\nexec 'sudo -u bob x';\n",
        "\x7fELF",
        "",
        "#!/bin/sh\nexec sudo 'never closed\n",
        "#!/bin/sh\nif true; then exec sudo x\n",
        "#!/bin/sh\n)\nexec sudo x\n",
    ] {
        let said = examine(&scene(text));
        assert!(said.findings.is_empty() && said.programs.is_empty(), "{text:?}: {said:?}");
    }
    assert_eq!(codes_of(&scene("#!/usr/bin/env -S bash -e\nexec sudo x\n")), ["sudo"]);
    assert_eq!(codes_of(&scene("#!/usr/bin/with-contenv bash\nexec sudo x\n")), ["sudo"]);
}

#[test]
fn a_word_that_is_not_known_is_no_reason() {
    for body in [
        "exec $SUDO prog",
        "exec nginx $OPTS",
        "exec memcached -u \"$USER\"",
        "exec setuidgid $OPTS",
        "eval \"$X\"\nexec \"$Y\" -d",
    ] {
        assert_eq!(codes(body), [""; 0], "{body}");
    }
    assert_eq!(codes("WHO=bob\nexec sudo -u $WHO prog"), ["sudo"]);
    assert_eq!(
        cure("WHO=bob\nexec sudo -u $WHO prog \"$X\""),
        "write bob into the file user, which sets HOME, USER and the groups too, and here: exec prog \"$X\""
    );
}

#[test]
fn the_programs_are_those_of_every_way() {
    let service = PathBuf::from("/service/web");
    assert_eq!(
        programs_of("mkdir -p /run/x\ncd /srv\nexec setuidgid bob env A=1 ./prog \"$X\""),
        [
            ("mkdir -p /run/x".to_owned(), None, Some(service.clone())),
            ("setuidgid bob env A=1 ./prog ?".to_owned(), None, Some("/srv".into())),
            ("env A=1 ./prog ?".to_owned(), Some("bob".into()), Some("/srv".into())),
            ("./prog ?".to_owned(), Some("bob".into()), Some("/srv".into())),
        ]
    );
    assert_eq!(
        programs_of("if x; then a; else b; fi\nexec prog"),
        [("prog".to_owned(), None, Some(service))]
    );
    for body in [
        "command -v node || exit 1",
        "f() { g; }\nf",
        "echo x",
        "exec \"$P\"",
        "a && b",
        "while a; do b; done",
        "x | y",
    ] {
        let programs = programs_of(body);
        assert!(
            programs.iter().all(|(words, ..)| !matches!(words.as_str(), "g" | "b" | "f" | "node" | "echo x")),
            "{programs:?}"
        );
    }
    assert_eq!(programs_of("PATH=$(x)\nexec prog"), [], "sought nobody knows where");
    assert_eq!(programs_of("PATH=$(x)\nexec /bin/prog").len(), 1);
    let said = examine(&scene("#!/bin/sh\nPATH=/opt/bin:/bin\nexec prog\n"));
    assert_eq!(
        said.programs.first().and_then(|program| program.path.as_deref()),
        Some(OsStr::new("/opt/bin:/bin"))
    );
}

#[test]
fn any_piece_of_a_script_can_be_read() {
    let text = "#!/bin/sh\nexec 2>&1 # x\nif [ -f \"$a\" ]; then . ./b; fi\ncat <<-E | tr a b &\n\tx $(y `z`) \\\n\tE\ncase $1 in a|b) c;; esac\nf() { exec sudo -u bob -i \"${x:-'y'}\" $((1+2)); }\nA=(1 2); [[ x ]]; exec chpst -u b -- sh -c 'exec nginx' >>/x &\n";
    for at in 0..text.len() {
        for part in [&text[..at], &text[at..]] {
            let script = format!("#!/bin/bash\n{part}");
            let _ = examine(&scene(&script));
            let _ = examine(&scene(&script.replace("bash", "execlineb")));
        }
    }
}

#[test]
fn a_low_port_needs_root_or_the_right_or_a_socket() {
    let body = "#!/bin/sh\nexec ./prog --port=80\n";
    let bob = Scene { who: whoever("bob", 1000), ..scene(body) };
    let codes_from = |scene: &Scene, first: u16| {
        let (story, _) = read_shell(scene, body).unwrap();
        let view = View::new(scene, scene.run.as_ref().unwrap(), &story, false);
        ports::examine(&view, first).iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(codes_from(&bob, 1024), ["port-below-1024"]);
    assert_eq!(codes_from(&bob, 80), [""; 0], "this machine lets everybody");
    assert_eq!(codes_from(&scene(body), 1024), [""; 0], "root may");
    let capabilities = protocol::capability::parse_file(b"net_bind_service\n").unwrap();
    assert_eq!(codes_from(&Scene { capabilities, ..bob.clone() }, 1024), [""; 0]);
    let listen = protocol::listen::parse(b":80\n", None).unwrap();
    assert_eq!(codes_from(&Scene { listen, ..bob.clone() }, 1024), [""; 0]);
    assert_eq!(codes_from(&Scene { who: None, ..bob }, 1024), [""; 0], "nobody knows who");
    assert_eq!(codes("exec setpriv --reuid bob --ambient-caps +net_bind_service ./prog --port=80"), [""; 0]);
}
