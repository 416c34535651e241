//! An address that somebody else has: the service is not started, and its status says who that is.

use super::{Site, To, host, needs_python};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use testkit::{TestTree, failed, up};

#[test]
fn the_holder_of_a_port_is_named_and_the_service_comes_when_it_is_gone() {
    if !needs_python() {
        return;
    }
    let host = host();
    let holder = TcpListener::bind((host, 8080)).unwrap();
    let tree = TestTree::new();
    let site = Site::begun(tree, &format!("{host}:8081\n{host}:8080\n"), |f| f);
    let why = format!("{host}:8080 is in use by ");
    site.web.wait_for(failed(&why));
    let said = site.tree.svstat("web");
    let ours = format!("(pid {})", std::process::id());
    assert!(said.contains(&why) && said.contains(&ours), "{said}");
    // What could be opened is held already: those who connect wait.
    let waiting = std::net::TcpStream::connect((host, 8081)).unwrap();
    drop(holder);
    site.web.wait_for(up());
    assert_eq!(To::tcp(host, 8080).ask().sockets.len(), 2);
    assert!(std::io::read_to_string(waiting).unwrap().contains("LISTEN_FDS=2"));
    let errors = site.supervise.errors();
    assert_eq!(errors.lines().count(), 1, "said once: {errors}");
    assert!(errors.starts_with(&format!("supervise: warning: unable to start web: {why}")), "{errors}");
}

#[test]
fn the_holder_of_a_path_or_a_name_is_named() {
    if !needs_python() {
        return;
    }
    let (host, tree) = (host(), TestTree::new());
    let path = tree.root().join("x.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let site = Site::begun(tree, &format!("{}\n", path.display()), |f| f);
    site.web.wait_for(failed(&format!("{} is in use by ", path.display())));
    site.web.wait_for(failed(&format!("(pid {})", std::process::id())));
    assert!(path.exists());
    site.listen(&format!("@upkeep-{host}\n"));
    site.web.wait_for(up());
    drop(listener);
}

#[test]
fn two_services_that_share_a_port_both_get_it() {
    if !needs_python() {
        return;
    }
    let (host, tree) = (host(), TestTree::new());
    let line = format!("{host}:8080");
    let other = tree.folder("other", |f| super::serving(f, &format!("{line} reuseport\n")));
    let _supervise = tree.supervise("other");
    other.wait_for(up());
    let site = Site::begun(tree, &format!("{line} reuseport\n"), |f| f);
    site.web.wait_for(up());
    let both = [other.pid(), site.web.pid()];
    let web = To::tcp(host, 8080);
    for pid in both {
        testkit::wait_until("each of them answers", &[], || (web.ask().pid() == pid).then_some(()));
    }
    // One that does not share it is not let in, and finds both.
    site.listen(&format!("{line}\n"));
    site.tree.svc(["-t", "web"]);
    site.web.wait_for(failed(&format!("{line} is in use by ")));
}
