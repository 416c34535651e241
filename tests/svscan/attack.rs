//! An account that exchanges the names in its folder all the time, while root's svscan and svc work there.

use super::{outside, watching};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use testkit::{TestTree, Tool, account, needs_root, ours, supervised, up};

/// In the service folder, as its owner: each name is for moments a link to what is root's, or something of bob's.
const EXCHANGE: &str = r#"
    while (1) {
        for my $name (qw(supervise log run env user finish)) {
            rename $name, ".$name";
            symlink "$ENV{CANARY}/$name", $name;
            unlink $name;
            mkdir $name and rmdir $name;
            rename ".$name", $name;
        }
    }
"#;

#[test]
fn nothing_of_roots_is_opened_changed_or_run_through_names_that_somebody_exchanges() {
    const ROUNDS: usize = 300;
    if !needs_root() {
        return;
    }
    let bob = account("upkeep-b");
    let tree = TestTree::new();
    let beacon = tree.beacon("attack");
    let tells = |who: &str| beacon.say(&format!("'{who} $(id -u) $SECRET'"));
    let canary = outside(&tree, "canary", |f| {
        let f = f.run(&tells("canary")).script("finish", &tells("canary")).user("root");
        let f = f.env("SECRET", "told").mode("env/SECRET", 0o600);
        f.log(&tells("canary")).directory("supervise").mode("supervise", 0o700)
    });
    let before = picture(canary.path());
    let svscan = watching(tree.svscan());
    let run = format!("{}\nexec sleep 1000", tells("bobs"));
    let web = tree.folder("web", |f| {
        f.run(&run)
            .user("upkeep-b")
            .env("A", "b")
            .log("exec cat >/dev/null")
            .file("log/user", ".")
            .owner(&bob)
    });
    web.wait_for(supervised());
    let perl = tree.launch(Path::new("/usr/bin/perl")).arg("-e").arg(EXCHANGE).dir(web.path());
    let attack = perl.env("CANARY", canary.path()).account(&bob).start();
    for round in 0..ROUNDS {
        let letters = ["-k", "-u", "-t", "-u", "-du"][round % 5];
        let _ = tree.tool(&ours("svc")).args([letters, "web", "web/log"]).run();
        let _ = tree.tool(&ours("svstat")).args(["web", "web/log"]).run();
        if round % 10 == 0 {
            // svscan and new supervises on their way in, too.
            let aside = tree.services().join(".aside");
            fs::rename(web.path(), &aside).unwrap();
            tree.folder("other", |f| f.run("exec sleep 1000")).wait_for(up());
            fs::rename(&aside, web.path()).unwrap();
            fs::remove_dir_all(tree.service("other").path()).unwrap();
        }
    }
    attack.stop();
    svscan.stop();
    assert_eq!(picture(canary.path()), before);
    Tool::new(Path::new("/bin/sh")).args(["-c", &beacon.say("end")]).run().exits(0);
    let mut starts = 0;
    for line in std::iter::repeat_with(|| beacon.hear()).take_while(|line| line != "end") {
        let words: Vec<&str> = line.split(' ').collect();
        assert!(words[1] == bob.uid.to_string() && words[2].is_empty(), "{line}");
        starts += 1;
    }
    assert!(starts > 0, "it has run at times");
}

/// All that is below, with what would tell of a change.
fn picture(folder: &Path) -> Vec<(PathBuf, u32, u32, i64, i64)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in [folder.clone()].into_iter().chain(entries(&folder)) {
            let stat = path.symlink_metadata().unwrap();
            if stat.is_dir() && path != folder {
                folders.push(path);
            } else {
                all.push((path, stat.uid(), stat.mode(), stat.ctime(), stat.ctime_nsec()));
            }
        }
    }
    all.sort();
    all
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect()
}
