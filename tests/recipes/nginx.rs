//! nginx on port 80, without a process of root's.

use super::page::{Page, Shown, make};
use super::{covered, has, log, ready, restart, take_down};
use crate::apart::Apart;
use std::fs;
use sys::process::Ending;
use testkit::{Account, Service, TestTree, process, wait_until};

/// Its folder, in namespaces that nginx finds as after an installation; `None` where it is not installed.
fn start(choose: impl FnOnce(&Page) -> Vec<Shown>) -> Option<(TestTree, Apart, Service)> {
    if !has("nginx-light", &["/usr/sbin/nginx", "/etc/nginx/mime.types", "/var/lib/nginx"])
        || !has("curl", &["/usr/bin/curl"])
    {
        return None;
    }
    let tree = TestTree::new();
    let page = Page::read("nginx");
    let setup = covered(&tree, "root", "/var/lib/nginx") + &page.commands("Before the first start");
    let apart = Apart::new(&tree, &setup)?;
    let nginx = make(&tree, "nginx", &choose(&page));
    Some((tree, apart, nginx))
}

/// The master is www-data's, and so is whoever answers.
#[track_caller]
fn is_nobody_else(nginx: &Service) {
    let account = Account::find("www-data").unwrap();
    let master = nginx.pid();
    // They begin a moment after it.
    let workers = wait_until("there are workers", &[], || {
        Some(process::children(master)).filter(|children| !children.is_empty())
    });
    for pid in workers.into_iter().chain([master]) {
        assert_eq!(process::uids(pid), Some([account.uid; 4]));
        assert_eq!(process::gids(pid), Some([account.gid; 4]));
    }
}

#[track_caller]
fn serves(apart: &Apart) {
    let ran = apart.tool("curl").args(["--silent", "--show-error", "--fail", "http://127.0.0.1/"]).run();
    ran.exits(0).prints(fs::read("/var/www/html/index.nginx-debian.html").unwrap());
}

/// It serves, reads its settings anew, restarts, and goes down, all by the means of the page.
#[track_caller]
fn lives(tree: &TestTree, apart: &Apart, nginx: &Service) {
    nginx.wait_for(ready());
    serves(apart);
    is_nobody_else(nginx);

    let before = (nginx.pid(), process::children(nginx.pid()));
    tree.svc(["-h", "nginx"]);
    wait_until("it has other workers", &[], || {
        let now = process::children(before.0);
        (!now.is_empty() && now.iter().all(|worker| !before.1.contains(worker))).then_some(())
    });
    assert_eq!(nginx.pid(), before.0);
    serves(apart);

    assert_eq!(restart(tree, nginx, "-q"), Some(Ending::Exited(0)));
    serves(apart);
    assert_eq!(take_down(tree, nginx), Some(Ending::Exited(0)));
    tree.svc(["-u", "nginx"]);
    nginx.wait_for(ready());
    serves(apart);
    assert_eq!(apart.svscan.errors(), "");

    is_nobody_else(nginx);
    let workers = process::children(nginx.pid());
    assert_eq!(restart(tree, nginx, "-k"), Some(Ending::Killed(9)));
    assert!(!workers.into_iter().any(process::is_alive), "workers of the one that was killed");
    serves(apart);
}

#[test]
fn nginx_takes_port_80_from_listen() {
    let Some((tree, apart, nginx)) = start(|page| page.files("By listen")) else { return };
    lives(&tree, &apart, &nginx);
    assert!(log(&nginx).contains("using inherited sockets from \"3;\""), "{}", log(&nginx));
}

#[test]
fn nginx_opens_port_80_by_a_capability() {
    let choose = |page: &Page| {
        let other = page.files("By a capability");
        let replaced = |path: &str| path == "nginx/listen" || other.iter().any(|(name, _)| name == path);
        let common = page.files("By listen").into_iter().filter(|(path, _)| !replaced(path));
        common.chain(other.iter().cloned()).collect()
    };
    let Some((tree, apart, nginx)) = start(choose) else { return };
    lives(&tree, &apart, &nginx);
    assert!(!log(&nginx).contains("inherited"), "{}", log(&nginx));
    let only = "0000000000000400";
    let pid = nginx.pid();
    for set in ["CapEff", "CapAmb", "CapBnd"] {
        assert_eq!(process::field(pid, set).as_deref(), Some(only), "{set}");
    }
}
