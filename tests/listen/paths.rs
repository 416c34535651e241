//! The files of unix sockets: made where nobody else can exchange them, whose they are to be, and nothing else is touched.

use super::{Site, To, host, needs_python};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use testkit::{Account, TestTree, account, failed, needs_root, up};

/// Waits for a start that fails for that reason, and for one that does not when that is cured.
#[track_caller]
fn refused_until(site: &Site, why: &str, cure: impl FnOnce()) {
    site.web.wait_for(failed(why));
    cure();
    site.web.wait_for(up());
}

fn owner(path: &Path) -> (u32, u32, u32) {
    let stat = path.symlink_metadata().unwrap();
    (stat.uid(), stat.gid(), stat.mode() & 0o7777)
}

#[test]
fn it_is_made_with_its_mode_in_folders_that_everybody_can_enter() {
    if !needs_python() {
        return;
    }
    let tree = TestTree::new();
    let path = tree.root().join("a/b/x.sock");
    let default = path.with_file_name("default.sock");
    let listen = format!("{} mode=0620\n{}\n", path.display(), default.display());
    let site = Site::begun(tree, &listen, |f| f);
    site.web.wait_for(up());
    let mode = |path: &Path| path.symlink_metadata().unwrap().mode() & 0o7777;
    assert_eq!((mode(&path), mode(&default)), (0o620, 0o666));
    assert_eq!(mode(path.parent().unwrap()), 0o755);
    assert_eq!(To::Path(path).ask().sockets.len(), 2);
}

#[test]
fn it_belongs_to_whom_the_line_says() {
    if !needs_root() || !needs_python() {
        return;
    }
    let (alice, bob) = (account("upkeep-a"), account("upkeep-b"));
    let tree = TestTree::new();
    let path = |name: &str| tree.root().join(name);
    let [owned, grouped, both] = ["owned", "grouped", "both"].map(path);
    let listen = format!(
        "{} owner={a}\n{} group={b} mode=0660\n{} owner={a} group={b}\n",
        owned.display(),
        grouped.display(),
        both.display(),
        a = alice.name,
        b = bob.name
    );
    let site = Site::begun(tree, &listen, |f| f);
    site.web.wait_for(up());
    assert_eq!(owner(&owned), (alice.uid, alice.gid, 0o666));
    assert_eq!(owner(&grouped), (0, bob.gid, 0o660));
    assert_eq!(owner(&both), (alice.uid, bob.gid, 0o666));
    // Another owner does not make it another socket.
    let cookies = To::Path(both.clone()).ask().cookies().join(" ");
    site.listen(&listen.replace(&alice.name, "root"));
    site.restart();
    assert_eq!(owner(&both), (0, bob.gid, 0o666));
    assert_eq!(To::Path(both).ask().cookies().join(" "), cookies);
    site.listen(&format!("{} owner=upkeep-nobody-has-this-name\n", owned.display()));
    site.tree.svc(["-t", "web"]);
    site.web.wait_for(failed("unable to find the owner upkeep-nobody-has-this-name: "));
}

#[test]
fn a_folder_that_somebody_else_can_change_is_refused() {
    if !needs_root() || !needs_python() {
        return;
    }
    let bob: Account = account("upkeep-b");
    let tree = TestTree::new();
    let folder = tree.root().join("bobs");
    fs::create_dir(&folder).unwrap();
    bob.own(&folder);
    let site = Site::begun(tree, &format!("{}/inner/x.sock\n", folder.display()), |f| f);
    let why =
        format!("{} belongs to uid {}: use a folder that only root can change", folder.display(), bob.uid);
    site.web.wait_for(failed(&why));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "nothing was made in it");
    std::os::unix::fs::chown(&folder, Some(0), Some(0)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let why = format!("{} can be written by others: chmod go-w", folder.display());
    refused_until(&site, &why, || fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap());
}

#[test]
fn no_link_is_followed_that_somebody_else_could_have_made() {
    if !needs_root() || !needs_python() {
        return;
    }
    let bob = account("upkeep-b");
    let tree = TestTree::new();
    let [shared, goal] = ["shared", "goal"].map(|name| tree.root().join(name));
    for folder in [&shared, &goal] {
        fs::create_dir(folder).unwrap();
    }
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).unwrap();
    let link = shared.join("link");
    symlink(&goal, &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(bob.uid), Some(bob.gid)).unwrap();
    let site = Site::begun(tree, &format!("{}/x.sock\n", link.display()), |f| f);
    site.web
        .wait_for(failed(&format!("{} is a link that somebody else made or can exchange", link.display())));
    assert_eq!(fs::read_dir(&goal).unwrap().count(), 0);
    // A socket's own name, taken before.
    let planted = shared.join("planted");
    symlink(goal.join("new"), &planted).unwrap();
    site.listen(&format!("{}\n", planted.display()));
    site.web
        .wait_for(failed(&format!("{} is there already, and is no socket: move it away", planted.display())));
    assert!(!goal.join("new").exists());
    // And one of his own, that nobody is behind.
    let stale = shared.join("stale");
    drop(UnixListener::bind(&stale).unwrap());
    std::os::unix::fs::chown(&stale, Some(bob.uid), None).unwrap();
    site.listen(&format!("{}\n", stale.display()));
    let why = format!("{} is there already, and belongs to uid {}: remove it", stale.display(), bob.uid);
    refused_until(&site, &why, || fs::remove_file(&stale).unwrap());
    assert!(To::Path(stale).read().is_ok());
}

#[test]
fn what_an_earlier_life_has_left_is_made_anew_and_anything_else_is_in_the_way() {
    if !needs_python() {
        return;
    }
    let tree = TestTree::new();
    let path = tree.root().join("x.sock");
    drop(UnixListener::bind(&path).unwrap());
    let before = path.symlink_metadata().unwrap().ino();
    let site = Site::begun(tree, &format!("{}\n", path.display()), |f| f);
    site.web.wait_for(up());
    assert!(To::Path(path.clone()).read().is_ok());
    let file = site.tree.root().join("precious");
    fs::write(&file, "precious").unwrap();
    site.listen(&format!("{}\n", file.display()));
    site.tree.svc(["-t", "web"]);
    let why = format!("{} is there already, and is no socket: move it away", file.display());
    let moved = file.with_extension("moved");
    refused_until(&site, &why, || fs::rename(&file, &moved).unwrap());
    assert_eq!(fs::read(&moved).unwrap(), b"precious");
    assert!(!path.exists(), "{before}");
}

#[test]
fn a_file_that_is_not_the_sockets_any_more_is_left_where_it_is() {
    if !needs_python() {
        return;
    }
    let (host, tree) = (host(), TestTree::new());
    let path = tree.root().join("x.sock");
    let site =
        Site::begun(tree, &format!("{}\n{host}:8080\n", path.display()), |f| f.file("listen-close", ""));
    site.web.wait_for(up());
    fs::remove_file(&path).unwrap();
    fs::write(&path, "another's").unwrap();
    site.go_down();
    site.web.wait_until("they are closed", |web| (!web.file("supervise/sockets").exists()).then_some(()));
    assert_eq!(fs::read(&path).unwrap(), b"another's");
    fs::remove_file(&path).unwrap();
    site.tree.svc(["-u", "web"]);
    site.web.wait_for(up());
    assert!(To::Path(path).read().is_ok());
}
