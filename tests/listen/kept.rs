//! While services come and go, nobody who connects is refused; and only what is changed in the file changes.

use super::{Client, Site, To, host, needs_python};
use nix::sys::signal::Signal;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use testkit::{TestTree, down, status, up};

#[test]
fn who_connects_without_pause_is_never_refused_whatever_becomes_of_the_service() {
    if !needs_python() {
        return;
    }
    let (host, tree) = (host(), TestTree::new());
    let path = tree.root().join("x.sock");
    let listen = format!("{host}:8080\n{}\n@upkeep-{host}\n", path.display());
    let mut site = Site::begun(tree, &listen, |f| f);
    site.web.wait_for(up());
    let places = [To::tcp(host, 8080), To::Path(path), To::Abstract(format!("upkeep-{host}"))];
    let first = places[0].ask();
    let clients = places.clone().map(Client::new);
    for _ in 0..5 {
        clients.iter().for_each(Client::is_answered);
        site.restart();
    }
    // An upgrade, and what is kept over it goes on to the next run.
    site.upgrade();
    site.restart();
    clients.into_iter().for_each(Client::ends_content);
    let last = places[2].ask();
    assert_eq!(last.cookies(), first.cookies());
    assert_ne!(last.pid(), first.pid());
    assert_eq!(last.each("waits"), ["1"; 3], "whatever an earlier run has set");
    assert_eq!(site.supervise.errors(), "");
}

#[test]
fn a_crash_closes_nothing() {
    if !needs_python() {
        return;
    }
    let host = host();
    let site = Site::new(&format!("{host}:8080\n"), |f| f);
    let web = To::tcp(host, 8080);
    let first = web.ask();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(first.pid().try_into().unwrap()), Signal::SIGKILL)
        .unwrap();
    let second = web.ask();
    assert_eq!(second.cookies(), first.cookies());
    assert_ne!(second.pid(), first.pid());
    drop(site);
}

#[test]
fn connections_wait_while_the_service_is_down() {
    if !needs_python() {
        return;
    }
    let host = host();
    let site = Site::new(&format!("{host}:8080\n"), |f| f);
    let web = To::tcp(host, 8080);
    let cookies = web.ask().cookies().join(" ");
    site.go_down();
    let waiting = std::net::TcpStream::connect((host, 8080)).unwrap();
    let noted = std::fs::read_to_string(site.web.file("supervise/sockets")).unwrap();
    assert_eq!(noted.lines().count(), 1);
    assert!(noted.ends_with(&format!(" - {host}:8080\n")), "{noted}");
    site.tree.svc(["-u", "web"]);
    let told = super::Told::new(&std::io::read_to_string(waiting).unwrap());
    assert_eq!(told.cookies().join(" "), cookies);
}

#[test]
fn with_listen_close_they_are_closed_while_it_is_down_by_command() {
    if !needs_python() {
        return;
    }
    let (host, tree) = (host(), TestTree::new());
    let path = tree.root().join("x.sock");
    let listen = format!("{host}:8080\n{}\n", path.display());
    let site = Site::begun(tree, &listen, |f| f.file("listen-close", ""));
    site.web.wait_for(up());
    let web = To::tcp(host, 8080);
    let first = web.ask();
    // Not at a restart.
    site.tree.svc(["-t", "web"]);
    let second = site
        .web
        .wait_until("another run answers", |_| Some(web.ask()).filter(|told| told.pid() != first.pid()));
    assert_eq!(second.cookies(), first.cookies());
    site.go_down();
    site.web.wait_until("they are closed", |web| (!web.file("supervise/sockets").exists()).then_some(()));
    assert_eq!(web.refused(), ErrorKind::ConnectionRefused);
    assert_eq!(To::Path(path.clone()).refused(), ErrorKind::NotFound);
    site.tree.svc(["-u", "web"]);
    site.web.wait_for(up());
    assert_eq!(To::Path(path).ask().sockets.len(), 2);
}

#[test]
fn only_what_is_changed_is_opened_or_closed() {
    if !needs_python() {
        return;
    }
    let (host, tree) = (host(), TestTree::new());
    let [old, stays, new] = ["old", "stays", "new"].map(|name| tree.root().join(format!("{name}.sock")));
    let listen = format!("{host}:8080\n{}\n{}\n{host}:8082\n", old.display(), stays.display());
    let site = Site::begun(tree, &listen, |f| f);
    site.web.wait_for(up());
    let first = To::tcp(host, 8080).ask();
    let client = Client::new(To::tcp(host, 8082));
    site.listen(&format!(
        "{new}\n{host}:8082 name=eight backlog=9 nodelay\n{host}:8081\n{stays} mode=0600\n",
        new = new.display(),
        stays = stays.display()
    ));
    site.restart();
    let second = To::tcp(host, 8081).ask();
    let [_, _, stayed, eight] = first.cookies().try_into().unwrap();
    assert_eq!((second.cookies()[3], second.cookies()[1]), (stayed, eight));
    assert_eq!((&*second.sockets[1]["backlog"], &*second.sockets[1]["nodelay"]), ("9", "1"));
    assert_eq!(second.facts["LISTEN_FDNAMES"], "unknown:eight:unknown:unknown");
    assert_eq!(stays.symlink_metadata().unwrap().mode() & 0o7777, 0o600);
    assert_eq!(To::tcp(host, 8080).refused(), ErrorKind::ConnectionRefused);
    assert!(!old.exists() && new.exists());
    client.ends_content();
    // Without the file, there is none.
    std::fs::remove_file(site.web.file("listen")).unwrap();
    site.restart();
    site.web.wait_for(status("up", |status| status.pid.is_some()));
    assert_eq!(To::tcp(host, 8082).refused(), ErrorKind::ConnectionRefused);
    assert!(!stays.exists() && !site.web.file("supervise/sockets").exists());
}

#[test]
fn a_supervise_that_leaves_for_good_leaves_no_file() {
    if !needs_python() {
        return;
    }
    let tree = TestTree::new();
    let path = tree.root().join("made/x.sock");
    let mut site = Site::begun(tree, &format!("{}\n", path.display()), |f| f);
    site.web.wait_for(up());
    assert!(path.exists());
    site.tree.svc(["-dx", "web"]);
    assert_eq!(site.supervise.wait(), Ok(0));
    assert!(!path.exists() && !site.web.file("supervise/sockets").exists());
    site.web.wait_for(down());
}
