//! The tools of others on our record in each phase, and ours on theirs.

use super::{Installation, Site};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::status::Phase;
use std::fs;
use std::path::Path;
use testkit::{TestTree, Tool, down, ours, process, status, theirs, up, wait_until};

/// The tools that are there.
struct Tools<'a> {
    site: &'a Site,
}

impl Tools<'_> {
    /// Debian's svstat and runit's sv begin like this. Ours says what svstat says, and perhaps more behind it.
    #[track_caller]
    fn say(&self, svstats: &str, svs: &str) {
        let text = |ran: testkit::Ran| String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap();
        if let Some(svstat) = theirs("svstat") {
            let said = text(self.site.tree.tool(&svstat).arg("web").run());
            assert!(said.starts_with(svstats), "{said:?} is not {svstats:?}");
            let ours = self.site.tree.svstat("web");
            let no_digits = |text: &str| text.trim().replace(|letter: char| letter.is_ascii_digit(), "");
            assert!(no_digits(&ours).starts_with(&no_digits(&said)), "{ours:?} is not {said:?}");
        }
        if let Some(sv) = theirs("sv") {
            let said = text(self.site.tree.tool(&sv).arg("status").arg(self.site.web.path()).run());
            let begin = svs.replace("NAME", &self.site.web.path().display().to_string());
            assert!(said.starts_with(&begin), "{said:?} is not {begin:?}");
        }
    }

    /// Tells it by Debian's svc, or by ours where that is not there.
    fn svc(&self, letters: &str) {
        let svc = theirs("svc").unwrap_or_else(|| ours("svc"));
        self.site.tree.tool(&svc).args([letters, "web"]).run().exits(0).prints("").errors("");
    }
}

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

/// One story through all phases: runas, finish and the process that is left behind wait until they are told to go on.
#[test]
fn tools_of_daemontools_and_runit_know_and_control_our_supervise_in_each_phase() {
    let tree = TestTree::new();
    let programs = Installation::new(&tree);
    let runas = ours("runas");
    programs
        .install_script("runas", &format!("#!/bin/sh\nread line <gate\nexec '{}' \"$@\"\n", runas.display()));
    let site = Site::with_programs(tree, programs, |f| {
        let run = "[ -e left ] || { sleep 1000 & echo $! >left; }\nexec sleep 1000";
        let f = f.run(run).user("-").fifo("gate").fifo("finish-gate");
        let f = f.script("finish", "read line <finish-gate").file("timeout-finish", "1000s\n");
        f.file("leftovers", "wait\n")
    });
    let tools = Tools { site: &site };
    let web = &site.web;
    let open = |gate: &str| fs::write(web.file(gate), "go\n").unwrap();

    site.wait_for_phase(Phase::Starting);
    let pid = web.pid();
    tools.say(&format!("web: up (pid {pid}) "), &format!("run: NAME: (pid {pid}) "));
    open("gate");
    web.wait_for(up());
    wait_until("it runs", &[], || (process::name(pid)? == "sleep").then_some(()));
    tools.say(&format!("web: up (pid {pid}) "), &format!("run: NAME: (pid {pid}) "));

    tools.svc("-p");
    web.wait_for(status("paused", |status| status.paused));
    tools.say(&format!("web: up (pid {pid}) "), &format!("run: NAME: (pid {pid}) "));
    tools.svc("-c");
    web.wait_for(status("not paused", |status| !status.paused));

    // finish, too, is started through runas.
    signal(pid, Signal::SIGTERM);
    site.wait_for_phase(Phase::Finishing);
    tools.say("web: down ", "finish: NAME: ");
    tools.svc("-d");
    web.wait_for(status("wanted down", |status| status.want == protocol::status::Want::Down));
    tools.say("web: down ", "finish: NAME: ");
    tools.svc("-u");
    web.wait_for(status("wanted up", |status| status.want == protocol::status::Want::Up));
    open("gate");
    open("finish-gate");

    site.wait_for_phase(Phase::Clearing);
    tools.say("web: down ", "down: NAME: ");
    let left: u32 = fs::read_to_string(web.file("left")).unwrap().trim().parse().unwrap();
    assert!(process::is_alive(left));
    signal(left, Signal::SIGKILL);

    // The next one, until it is told to go down.
    site.wait_for_phase(Phase::Starting);
    open("gate");
    web.wait_for(up());
    let pid = web.pid();
    wait_until("it runs", &[], || (process::name(pid)? == "sleep").then_some(()));
    fs::remove_file(web.file("finish")).unwrap();
    tools.svc("-d");
    web.wait_for(down());
    tools.say("web: down ", "down: NAME: ");

    // One that fails again and again.
    fs::write(web.file("run"), "#!/bin/sh\nexit 1\n").unwrap();
    fs::remove_file(web.file("user")).unwrap();
    tools.svc("-u");
    site.wait_for_phase(Phase::Resting);
    tools.say("web: down ", "down: NAME: ");
    tools.svc("-dx");
    web.wait_for(testkit::not_supervised());
    let said = Tool::new(&ours("svstat")).arg("web").dir(&site.tree.services()).run();
    said.prints("web: supervise not running\n");
    site.end().for_each(drop);
}

/// daemontools writes 18 bytes, runit and encore 20, encore with a logger 40.
#[test]
fn our_svstat_reads_the_records_of_others() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| {
        f.run("exec sleep 1000").directory("supervise").fifo("supervise/ok").fifo("supervise/control")
    });
    let _reader = fs::File::options().read(true).write(true).open(web.file("supervise/ok")).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let label = (now + (1 << 62) + 10).to_be_bytes();
    let record = |pid: u32, rest: &[u8]| [&label[..], &[0; 4], &pid.to_le_bytes(), rest].concat();
    let (up, stopped) = (record(4242, &[0, b'u']), record(0, &[0, b'd']));
    let cases = [
        (up.clone(), "web: up (pid 4242) "),
        (record(4242, &[1, b'd']), "web: up (pid 4242) "),
        (record(4242, &[0, 0]), "web: up (pid 4242) "),
        (stopped.clone(), "web: down "),
        // runit: TERM was sent, run; and finish.
        ([&up[..], &[1, 1]].concat(), "web: up (pid 4242) "),
        ([&stopped[..], &[0, 2]].concat(), "web: down "),
        // encore: its state, started or failed, then the same of its logger.
        ([&up[..], &[2, 0]].concat(), "web: up (pid 4242) "),
        ([&up[..], &[2, 0], &up, &[2, 0]].concat(), "web: up (pid 4242) "),
        ([&stopped[..], &[5, 0], &up, &[2, 0]].concat(), "web: down "),
    ];
    let svstats: Vec<_> = [Some(ours("svstat")), theirs("svstat")].into_iter().flatten().collect();
    for (record, expected) in cases {
        fs::write(web.file("supervise/status"), &record).unwrap();
        let said = svstats.iter().map(|svstat: &std::path::PathBuf| {
            let ran = tree.tool(Path::new(svstat)).arg("web").run();
            let text = String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap();
            assert!(text.starts_with(expected), "{text:?} is not {expected:?}: {record:?}");
            // A second may have passed between the two.
            text.split_whitespace().filter(|word| word.parse::<u64>().is_err()).collect::<Vec<_>>().join(" ")
        });
        let said: Vec<String> = said.collect();
        assert!(said.iter().all(|text| *text == said[0]), "{said:?}");
    }
}
