//! A file that is wrong: nothing is started, the status says which line it is and what would be right, and the service comes when
//! it is right.

use super::{Site, To, host, needs_python};
use std::os::unix::fs::{PermissionsExt, symlink};
use testkit::{TestTree, account, failed, needs_root, up};

#[test]
fn a_bad_line_is_named_with_its_cure() {
    if !needs_python() {
        return;
    }
    let host = host();
    let site = Site::begun(TestTree::new(), &format!("{host}:8080\n\nweb:80\n"), |f| f);
    let wrong = [
        (
            "",
            "line 3: web:80: names are not looked up: write an address, such as 127.0.0.1:80, or :80 for all",
        ),
        (":0\n", "line 1: :0: a port is a number from 1 to 65535: write it in plain decimal"),
        (":80\r\n", "line 1: its line ends with a carriage return, as in DOS: end it with a newline alone"),
        (":80\n127.0.0.1:80\n", "line 2: 127.0.0.1:80: line 1 has that address: write each once"),
        (
            "/run/$INSTANCE\n",
            "line 1: /run/$INSTANCE: $INSTANCE is the name of an instance, and this service is none",
        ),
    ];
    for (content, why) in wrong {
        if !content.is_empty() {
            site.listen(content);
            // At once, and not when its spacing is over, which doubles each time.
            site.tree.svc(["-u", "web"]);
        }
        site.web.wait_for(failed(&format!("unable to use listen: {why}")));
    }
    let said = site.tree.svstat("web");
    assert!(said.contains("unable to use listen: line"), "{said}");
    site.listen(&format!("{host}:8080\n"));
    site.tree.svc(["-u", "web"]);
    site.web.wait_for(up());
    assert_eq!(To::tcp(host, 8080).ask().sockets.len(), 1);
}

#[test]
fn a_file_that_cannot_be_read_is_not_taken_for_a_missing_one() {
    if !needs_python() {
        return;
    }
    let host = host();
    let site = Site::begun(TestTree::new(), "", |f| f);
    site.web.wait_for(up());
    let listen = site.web.file("listen");
    std::fs::remove_file(&listen).unwrap();
    symlink("/nowhere", &listen).unwrap();
    site.tree.svc(["-t", "web"]);
    site.web.wait_for(failed("unable to use listen: not a regular file"));
    std::fs::remove_file(&listen).unwrap();
    std::fs::write(&listen, "#".repeat(70_000)).unwrap();
    site.web.wait_for(failed("unable to use listen: the file is too long"));
    std::fs::write(&listen, format!("{host}:8080\n")).unwrap();
    site.web.wait_for(up());
    assert_eq!(To::tcp(host, 8080).ask().sockets.len(), 1);
}

/// Else anybody with a folder of his own could have a port below 1024, or take what another service is on.
#[test]
fn in_a_folder_of_somebody_elses_it_is_refused() {
    if !needs_root() || !needs_python() {
        return;
    }
    let (host, bob) = (host(), account("upkeep-b"));
    let site = Site::begun(TestTree::new(), &format!("{host}:443\n"), |f| f.user(&bob.name).owner(&bob));
    site.web.wait_for(failed("listen"));
    assert_eq!(To::tcp(host, 443).refused(), std::io::ErrorKind::ConnectionRefused);
    std::fs::set_permissions(site.web.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::remove_file(site.web.file("listen")).unwrap();
    site.web.wait_for(up());
}
