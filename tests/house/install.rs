//! `make install`, of what is built: a test does not build.

use super::{pages, programs, repository};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use testkit::{TestTree, Tool, down, ours};

/// Installs the programs of a folder, as where there is no cargo.
fn install(tree: &TestTree, programs: &Path) {
    let make = Tool::new(Path::new("/usr/bin/make")).dir(&repository("")).env("MAKEFLAGS", "");
    let variables = [
        format!("DIST={}", programs.display()),
        format!("DESTDIR={}", tree.root().join("machine").display()),
        "PREFIX=/usr".to_owned(),
        "CARGO=no-cargo-here".to_owned(),
    ];
    make.arg("install").args(variables).run().exits(0).errors("");
}

#[test]
fn every_program_and_man_page_is_installed() {
    let tree = TestTree::new();
    install(&tree, ours("svscan").parent().unwrap());
    let machine = tree.root().join("machine/usr");
    for program in programs() {
        let installed = machine.join("bin").join(&program);
        assert_eq!(fs::metadata(&installed).unwrap().permissions().mode() & 0o7777, 0o755);
        assert!(fs::read(&installed).unwrap() == fs::read(ours(&program)).unwrap(), "{program}");
    }
    for page in pages() {
        let (_, section) = page.rsplit_once('.').unwrap();
        let installed = machine.join(page.replace("man/", &format!("share/man/man{section}/")));
        assert_eq!(fs::metadata(&installed).unwrap().permissions().mode() & 0o7777, 0o644);
        assert_eq!(fs::read(&installed).unwrap(), fs::read(repository(&page)).unwrap(), "{page}");
    }
}

#[test]
fn completions_are_where_each_shell_looks_and_say_what_svctl_says() {
    let tree = TestTree::new();
    install(&tree, ours("svscan").parent().unwrap());
    let share = tree.root().join("machine/usr/share");
    for (shell, place) in [
        ("bash", "bash-completion/completions/svctl"),
        ("zsh", "zsh/site-functions/_svctl"),
        ("fish", "fish/vendor_completions.d/svctl.fish"),
    ] {
        let said = Tool::new(&ours("svctl")).env("COMPLETE", shell).run();
        assert_eq!(said.exits(0).stdout, fs::read(share.join(place)).unwrap(), "{shell}");
    }
}

/// With the paths of the machine, and not of the tree that is packed.
#[test]
fn what_starts_svscan_at_boot_names_what_is_installed() {
    let tree = TestTree::new();
    install(&tree, ours("svscan").parent().unwrap());
    let machine = tree.root().join("machine");
    for (place, mode, word) in [
        ("usr/lib/systemd/system/upkeep.service", 0o644, "ExecStart=/usr/bin/svscan /service\n"),
        ("etc/init.d/upkeep", 0o755, "command=\"/usr/bin/svscan\"\n"),
        ("usr/share/upkeep/inittab", 0o644, ":respawn:/usr/bin/svscanboot\n"),
    ] {
        let path = machine.join(place);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode, "{place}");
        assert!(text.contains(word), "{place}: {text}");
        assert!(!text.contains('@') && !text.contains(machine.to_str().unwrap()), "{place}: {text}");
    }
}

#[test]
fn a_program_that_runs_is_replaced_and_goes_on() {
    let tree = TestTree::new();
    install(&tree, ours("svscan").parent().unwrap());
    let installed = tree.root().join("machine/usr/bin/supervise");
    let web = tree.folder("web", |f| f.run("exec sleep 1000").down());
    let mut running = tree.launch(&installed).arg("web").start();
    web.wait_for(down());

    let newer = tree.root().join("newer");
    fs::create_dir(&newer).unwrap();
    for program in programs() {
        fs::copy(ours(&program), newer.join(&program)).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(newer.join(&program)).unwrap();
        file.write_all(b"newer").unwrap();
    }
    install(&tree, &newer);
    assert!(fs::read(&installed).unwrap() == fs::read(newer.join("supervise")).unwrap());
    assert!(!running.has_ended());
    tree.svc(["-x", "web"]);
    assert_eq!(running.wait(), Ok(0));
}
