//! A supervise is killed: the next one takes the sockets back from the service that runs on, and believes nothing else.

use super::{Client, Site, To, host, needs_python};
use nix::sys::signal::Signal;
use std::path::Path;
use testkit::{account, needs_root, ours, up};

/// A service that has done something to its sockets, and goes on.
fn after(doing: &str) -> String {
    format!("#!{} -I\nimport os, socket, time\n{doing}\ntime.sleep(1000)", super::PYTHON)
}

#[test]
fn who_connects_is_not_refused_when_supervise_is_killed_and_not_at_the_next_restart() {
    if !needs_root() || !needs_python() {
        return;
    }
    let (host, bob) = (host(), account("upkeep-b"));
    let path = format!("/run/upkeep-test-{host}/x.sock");
    let mut site = Site::new(&format!("{host}:443\n{path}\n"), |f| f.user(&bob.name));
    let places = [To::tcp(host, 443), To::Path(path.clone().into())];
    let first = places[0].ask();
    let clients = [&places, &places].map(|places| places.clone().map(Client::new));
    for _ in 0..2 {
        site.kill_supervise();
        site.web.wait_for(up());
        for _ in 0..10 {
            clients.iter().flatten().for_each(Client::is_answered);
            site.restart();
        }
    }
    clients.into_iter().flatten().for_each(Client::ends_content);
    let last = places[1].ask();
    assert_eq!(last.cookies(), first.cookies());
    assert_ne!(last.pid(), first.pid());
    assert_eq!(last.facts["uid"], bob.uid.to_string());
    assert_eq!(site.supervise.errors().lines().count(), 1, "that it has adopted the service");
    site.tree.svc(["-dx", "web"]);
    assert_eq!(site.supervise.wait(), Ok(0));
    assert!(!Path::new(&path).exists());
    std::fs::remove_dir(Path::new(&path).parent().unwrap()).unwrap();
}

#[test]
fn what_was_taken_back_is_kept_over_an_upgrade() {
    if !needs_python() {
        return;
    }
    let host = host();
    let mut site = Site::new(&format!("{host}:8080\n"), |f| f);
    let first = To::tcp(host, 8080).ask();
    site.kill_supervise();
    site.supervise.wait_for_errors("adopted");
    site.upgrade();
    site.restart();
    let last = To::tcp(host, 8080).ask();
    assert_eq!(last.cookies(), first.cookies());
    assert_ne!(last.pid(), first.pid());
}

#[test]
fn where_it_may_not_take_them_back_they_are_opened_anew_at_the_next_start() {
    if !needs_root() || !needs_python() {
        return;
    }
    let (host, bob) = (host(), account("upkeep-b"));
    let mut site = Site::new(&format!("{host}:443\n"), |f| f.user(&bob.name));
    let web = To::tcp(host, 443);
    let first = web.ask();
    let next = site.tree.launch(Path::new("/usr/bin/setpriv")).arg("--bounding-set").arg("-sys_ptrace");
    site.kill_supervise_and(|| (), next.arg(ours("supervise")).arg("web"));
    let why = format!(
        "unable to take back {host}:443 from the service: permission denied: it is opened anew at the next start"
    );
    site.supervise.wait_for_errors(&why);
    site.web.wait_for(up());
    assert!(site.tree.svstat("web").contains(&why), "{}", site.tree.svstat("web"));
    assert_eq!(web.ask(), first, "the service runs on with its own");
    site.restart();
    let second = web.ask();
    assert_ne!(second.cookies(), first.cookies());
    assert!(!site.tree.svstat("web").contains("take back"), "{}", site.tree.svstat("web"));
}

#[test]
fn what_the_service_has_put_in_a_sockets_place_is_not_taken() {
    if !needs_root() || !needs_python() {
        return;
    }
    let (host, bob) = (host(), account("upkeep-b"));
    // Its own port, under the number that it was given the other one under; and the other one is gone.
    let swap = format!("own = socket.create_server(('{host}', 8081))\nos.dup2(own.fileno(), 3)");
    let shut = "os.close(3)";
    for doing in [swap.as_str(), shut] {
        let tree = testkit::TestTree::new();
        let web = tree
            .folder("web", |f| f.run(&after(doing)).user(&bob.name).file("listen", format!("{host}:443\n")));
        let noted_in = web.file("supervise/sockets");
        let mut site = Site::of(tree, web);
        site.web.wait_for(up());
        let noted = std::fs::read_to_string(&noted_in).unwrap();
        let inode = noted.split(' ').nth(1).unwrap().to_owned();
        // The shell's own doing is over when the service does not have that socket any more.
        let pid = site.web.pid();
        testkit::wait_until("the service has let it go", &[], || {
            let open = testkit::process::descriptors(pid);
            let has = open.iter().any(|(_, file)| file.ends_with(format!("socket:[{inode}]")));
            (!has && testkit::process::arguments(pid).iter().any(|word| word == "./run")).then_some(())
        });
        site.kill_supervise();
        site.supervise.wait_for_errors(&format!(
            "unable to take back {host}:443 from the service: it has closed it: it is opened anew at the next start"
        ));
        site.web.wait_until("nothing is noted", |_| (!noted_in.exists()).then_some(()));
        std::fs::write(site.web.file("serve.py"), include_str!("serve.py")).unwrap();
        std::fs::write(site.web.file("run"), format!("#!/bin/sh\nexec {} -I ./serve.py\n", super::PYTHON))
            .unwrap();
        site.restart();
        assert_eq!(To::tcp(host, 443).ask().each("socket"), [format!("{host}:443")]);
    }
}

#[test]
fn a_service_that_was_down_gets_new_ones_from_the_next_supervise() {
    if !needs_python() {
        return;
    }
    let (host, tree) = (host(), testkit::TestTree::new());
    let path = tree.root().join("x.sock");
    let mut site = Site::begun(tree, &format!("{host}:8080\n{}\n", path.display()), |f| f);
    site.web.wait_for(up());
    site.go_down();
    site.kill_supervise();
    assert!(path.exists(), "nobody has removed it");
    site.web.wait_for(testkit::supervised());
    site.tree.svc(["-u", "web"]);
    site.web.wait_for(up());
    assert_eq!(To::Path(path).ask().sockets.len(), 2);
    assert_eq!(site.supervise.errors(), "");
}

#[test]
fn what_was_noted_is_not_believed_where_it_is_torn() {
    if !needs_python() {
        return;
    }
    let host = host();
    let mut site = Site::new(&format!("{host}:8080\n"), |f| f);
    let web = To::tcp(host, 8080);
    let first = web.ask();
    let file = site.web.file("supervise/sockets");
    let next = site.tree.launch(&ours("supervise")).arg("web");
    let tear = || {
        let noted = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, &noted[..noted.len() - 3]).unwrap();
    };
    site.kill_supervise_and(tear, next);
    site.web.wait_for(up());
    assert_eq!(web.ask(), first);
    site.restart();
    assert_ne!(web.ask().cookies(), first.cookies());
    site.supervise.signal(Signal::SIGTERM);
    assert_eq!(site.supervise.wait(), Ok(0));
}
