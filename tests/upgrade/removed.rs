//! The installed programs are gone, or cannot be executed, while ours run: everything goes on as it is.

use super::{Installation, Site, Version, Way};
use nix::sys::signal::Signal;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use testkit::{Invariants, TestTree, failed, ours, process, status, up};

/// After a look in vain, the service is as before, is started again as ever, and gets nothing that was to be kept.
#[track_caller]
fn goes_on(site: &mut Site) {
    let before = site.web.pid();
    site.tree.svc(["-t", "web"]);
    site.web.wait_for(status("another", move |status| status.pid.is_some_and(|pid| pid.get() != before)));
    site.web.wait_for(up());
    let numbers: Vec<u32> =
        process::descriptors(site.web.pid()).into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [0, 1, 2]);
}

#[test]
fn where_there_is_nothing_to_become_one_line_says_so_and_all_goes_on() {
    let mut site = Site::new(|f| f.run("exec sleep 1000"));
    let invariants = Invariants::watch(&site.tree);
    site.web.wait_for(up());
    site.change(Way::Upgrade, Version::This);
    invariants.at_rest();
    let (pid, supervise) = (site.web.pid(), site.supervise().pid());
    let unable = "supervise: warning: web: unable to become the installed supervise: ";
    let program = site.programs.program("supervise");
    type Spoil<'a> = (&'a str, &'a dyn Fn(&Installation));
    let spoil: [Spoil<'_>; 3] = [
        ("there is no supervise beside this one\n", &|programs| programs.remove("supervise")),
        ("access denied\n", &|programs| {
            programs.install("supervise", &ours("supervise"));
            fs::set_permissions(&program, Permissions::from_mode(0o0)).unwrap();
        }),
        ("exec format error\n", &|programs| programs.install_script("supervise", "")),
    ];
    let mut said = String::new();
    for (reason, spoil) in spoil {
        spoil(&site.programs);
        site.supervise().signal(Signal::SIGUSR2);
        said += &format!("{unable}{reason}");
        let expected = said.clone();
        site.supervise().wait_for_errors(&expected);
        assert_eq!(site.web.pid(), pid);
    }
    goes_on(&mut site);
    invariants.hold();
    assert_eq!(site.supervise().errors(), said);
    let pid = site.web.pid();
    site.change(Way::Upgrade, Version::Next);
    site.change(Way::Upgrade, Version::This);
    assert_eq!((site.web.pid(), site.supervise().pid()), (pid, supervise));
    invariants.end(site.end());
}

#[test]
fn without_runas_what_has_no_user_is_started_again_and_what_has_one_says_what_is_missing() {
    let tree = TestTree::new();
    let programs = Installation::new(&tree);
    let plain = tree.folder("plain", |f| f.run("exec sleep 1000"));
    let web = tree.folder("web", |f| f.run("exec sleep 1000").user("-"));
    let start = |name: &str| {
        let launch = tree.launch(&programs.program("supervise")).arg(name);
        launch.env("PATH", "/usr/bin:/bin").start()
    };
    let running = ["plain", "web"].map(start);
    let services = [plain, web];
    services.iter().for_each(|service| service.wait_for(up()));
    let pids = services.each_ref().map(|service| service.pid());
    for name in ["supervise", "runas", "multilog"] {
        programs.remove(name);
    }
    tree.svc(["-t", "plain", "web"]);
    let [plain, web] = &services;
    plain.wait_for(status("another", move |status| status.pid.is_some_and(|pid| pid.get() != pids[0])));
    plain.wait_for(up());
    web.wait_for(failed("unable to run runas: file does not exist"));
    assert_eq!(
        running[1].errors(),
        "supervise: warning: unable to start web: unable to run runas: file does not exist\n"
    );
    programs.install("runas", &ours("runas"));
    tree.svc(["-u", "web"]);
    web.wait_for(up());
}
