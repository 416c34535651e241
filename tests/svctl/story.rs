//! As a new user would, in a terminal: installed into a prefix, a service made, seen, broken in six ways and mended, its log read;
//! and the three sections of a supervisord.conf that somebody with a Tornado program has written, one after the other.

use super::terminal::Terminal;
use crate::stories::owner::Owner;
use crate::stories::{answer, free_ports, obtain};
use std::fs;
use std::path::Path;
use testkit::{Running, TestTree, Tool, needs_root, ours, resting, up};

/// svscan in a network of its own, in which every port is free.
fn svscan(tree: &TestTree) -> Running {
    let begin = "ip link set lo up && exec \"$0\" \"$1\"";
    let launch = tree.launch(Path::new("/usr/bin/unshare")).arg("--net").arg("sh").arg("-c").arg(begin);
    launch.arg(ours("svscan")).arg(tree.services()).start()
}

#[test]
fn a_newcomer_runs_a_program_as_bob_sees_it_breaks_it_and_is_told_each_time_what_to_do() {
    let Some(bob) = Owner::new().filter(|_| needs_root()) else { return };
    let tree = TestTree::new();
    let svscan = svscan(&tree);
    let (prefix, services) = (tree.root().join("prefix"), tree.services());
    install(&prefix);
    let setting = format!(
        "PATH={}/bin:/usr/bin:/bin SVDIR={}; export PATH SVDIR",
        prefix.display(),
        services.display()
    );
    let Some(terminal) = Terminal::open(&tree, svscan.pid(), &setting) else { return };
    let run = |command: &str| terminal.run(command);
    run("svctl").is(100, &["Usage: svctl", "new ", "svctl new NAME --user USER --log -- COMMAND"]);

    let name = &bob.name;
    run(&format!("svctl new web --user {name} --log -- python3 -m http.server 8000"))
        .is(0, &["web: up (pid "]);
    let web = tree.service("web");
    web.wait_for(up());
    bob.has_become(web.pid());
    let listed = run("svctl list").is(0, &["NAME", "web ", " up ", name]);
    assert!(listed.raw.contains("\x1b["), "it is a terminal");
    let get = "curl -sS -o /dev/null -w '%{http_code}\\n' --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:8000/";
    run(get).is(0, &["\n200\n"]);
    run("svctl logs web").is(0, &["\"GET / HTTP/1.1\" 200"]);

    // Broken, told, mended.
    let file = |name: &str| web.file(name).display().to_string();
    let (program, user, home) = (file("run"), file("user"), web.path().display().to_string());
    let script = fs::read_to_string(&program).unwrap();
    let breaks: [(String, String, &[&str]); 6] = [
        (
            format!("chmod -x {program}"),
            format!("chmod +x {program}"),
            &["run: ", "not executable", "chmod +x"],
        ),
        (format!("echo nosuchuser >{user}"), format!("echo {name} >{user}"), &["user: ", "nosuchuser"]),
        (
            format!("sed -i s/python3/pyhton3/ {program}"),
            format!("sed -i s/pyhton3/python3/ {program}"),
            &["pyhton3"],
        ),
        (
            format!("sed -i 's/$/\\r/' {program}"),
            format!("sed -i 's/\\r$//' {program}"),
            &["carriage return", "sed -i"],
        ),
        (
            format!("sed -i 's:/bin/sh:/bin/hs:' {program}"),
            format!("sed -i 's:/bin/hs:/bin/sh:' {program}"),
            &["/bin/hs"],
        ),
        (format!("chmod 700 {home}"), format!("chmod 755 {home}"), &["chmod"]),
    ];
    for (harm, cure, told) in breaks {
        run(&harm).is(0, &[]);
        run("svctl restart web").is(98, &["web"]);
        run("svctl check web").is(1, &[told, &["fault", "cure"]].concat());
        run(&cure).is(0, &[]);
        run("svctl start web").is(0, &["web: up (pid "]);
        run("svctl check web").is(0, &["nothing is wrong"]);
    }
    assert_eq!(fs::read_to_string(&program).unwrap(), script);
    // Something that only the program knows: it says it in its log, sooner or later than the second that svctl waits.
    run("svctl new other --log -- python3 -m http.server 8000");
    tree.service("other").wait_for(resting());
    run("svctl status other").is(0, &["waiting", "exit 1", "Address already in use"]);
    run("svctl remove --yes other").is(0, &[]);
    run("svctl stop web").is(0, &["web: down"]);
    run("svctl list").is(0, &["web ", " down "]);
    drop(terminal);
    assert!(!tree.service("other").path().exists());
}

/// As `make install` does, with what is tested; nothing is built.
fn install(prefix: &Path) {
    let dist = ours("svctl");
    let make = Tool::new(Path::new("/usr/bin/make")).arg("-C").arg(env!("CARGO_MANIFEST_DIR")).arg("install");
    let make = make.arg("CARGO=false").arg(format!("DIST={}", dist.parent().unwrap().display()));
    make.arg(format!("PREFIX={}", prefix.display())).run().exits(0);
}

#[test]
fn the_sections_of_a_tornado_user_become_services_that_run_wholly_as_bob() {
    let Some(bob) = Owner::new() else { return };
    if !obtain::tornado(&bob) {
        return;
    }
    let tree = TestTree::new();
    let _svscan = tree.svscan();
    let program = tree.root().join("prog.py");
    fs::write(&program, include_str!("../stories/prog.py")).unwrap();
    let ports: [u16; 3] = free_ports();
    let (program, name, home) = (program.display(), &bob.name, bob.home.display());
    let conf = tree.root().join("supervisord.conf");
    let section = |port: u16, rest: &str| format!("[program:myprog{port}]\ncommand={rest}\n");
    let common =
        format!("redirect_stderr=true\nstdout_logfile={home}/myprog.log\nautostart=true\nautorestart=true\n");
    let python = |port: u16| format!("/usr/bin/python3 {program} --port={port}");
    let text = [
        section(ports[0], &format!("sudo -u {name} -i {}\n{common}numprocs=1", python(ports[0]))),
        section(ports[1], &format!("{}\nuser={name}\n{common}", python(ports[1]))),
        section(
            ports[2],
            &format!(
                "{}\nuser={name}\n{common}environment=HOME=\"{home}\",USER=\"{name}\"",
                python(ports[2])
            ),
        ),
    ];
    fs::write(&conf, text.concat()).unwrap();
    let imported = tree.svctl(["import", conf.to_str().unwrap()]);
    imported.exits(0);
    assert!(imported.output().contains("sudo"), "{imported:?}");
    for port in ports {
        let service = tree.service(&format!("myprog{port}"));
        service.wait_for(up());
        let report = answer(port);
        bob.is(&report);
        assert_eq!(report["pid"], service.pid().to_string(), "one process each");
    }
}
