//! With how little it does: nothing to write on, nobody's uid, no right at all, no /proc, no stdin, no stdout.

use super::{Life, Plan};
use nix::sys::signal::Signal;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use testkit::{TestTree, account, needs_root, process};

/// A folder for what svscan and supervise write.
fn state(tree: &TestTree) -> PathBuf {
    let state = tree.root().join("state");
    fs::create_dir(&state).unwrap();
    state
}

/// Makes everything read-only, but for a memory file system on `state`.
fn read_only(tree: &TestTree, state: &Path, mode: &str) -> String {
    let [root, state] = [tree.root(), state].map(|path| path.display().to_string());
    format!(
        "mount --bind '{root}' '{root}'\nmount -t tmpfs -o mode={mode} tmpfs '{state}'\n\
         mount -o remount,bind,ro '{root}'\nmount -o remount,bind,ro /"
    )
}

#[test]
fn it_needs_no_root_that_can_be_written() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let state = state(&tree);
    let container = plan.setup(&read_only(&tree, &state, "0700")).state(&state).start();
    let web = Life::new(&tree, "web", |f| f);
    for place in [&tree.services(), Path::new("/")] {
        let touched = container.tool(Path::new("/usr/bin/touch")).arg(place.join("upkeep-touched")).run();
        assert_eq!(touched.end, Ok(1), "{}: {touched:?}", place.display());
    }
    web.runs_in(&container);
    assert_eq!(container.unshare.errors(), "");
    container.stop();
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0, "it was on the other file system");
    assert!(!tree.services().join("web/supervise").exists());
}

/// A number that no account has.
const NOBODY: u32 = 123_456;

/// Becomes that, without any right and without a way to one.
fn nobody() -> Vec<String> {
    let id = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
    let rest = ["--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"];
    ["setpriv".to_owned()].into_iter().chain(id).chain(rest.map(str::to_owned)).collect()
}

#[test]
fn any_uid_without_an_account_and_without_any_right_is_enough() {
    if !needs_root() {
        return;
    }
    let mine = |path: &Path| {
        for path in [path, &path.join("run"), &path.join("log"), &path.join("log/run")] {
            lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    };
    let nobody = nobody();
    let words: Vec<&str> = nobody.iter().map(String::as_str).collect();
    for elsewhere in [true, false] {
        let tree = TestTree::new();
        let Some(mut plan) = Plan::new(&tree) else { return };
        let owned = Life::new(&tree, "owned", |f| {
            mine(f.path());
            f
        });
        let roots = elsewhere.then(|| Life::new(&tree, "roots", |f| f));
        if elsewhere {
            let state = state(&tree);
            // Open to everybody, as an orchestrator mounts it.
            plan = plan.setup(&read_only(&tree, &state, "0777")).state(&state);
        } else {
            mine_alone(&tree.services());
        }
        let container = plan.through(&words).start();
        for life in [Some(&owned), roots.as_ref()].into_iter().flatten() {
            life.runs_in(&container);
        }
        for pid in process::children(container.pid()) {
            let is = |name: &str, value: &str| {
                assert_eq!(process::field(pid, name).as_deref(), Some(value), "{name}")
            };
            assert_eq!(process::uids(pid), Some([NOBODY; 4]));
            assert_eq!(process::gids(pid), Some([NOBODY; 4]));
            let _ = ["CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"].map(|set| is(set, "0000000000000000"));
            is("NoNewPrivs", "1");
        }
        assert_eq!(container.unshare.errors(), "");
        container.stop();
    }
}

fn mine_alone(folder: &Path) {
    lchown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn without_the_right_to_it_a_user_is_refused_with_the_reason() {
    if !needs_root() {
        return;
    }
    let other = account("upkeep-a");
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let state = state(&tree);
    let beacon = tree.beacon("refused");
    let run = format!("{beacon}\nexec sleep 1000");
    let switched = tree.folder("switched", |f| f.run(&run).user(&other.name));
    // Nobody has this number, so there is no name for it, either.
    let own = tree.folder("own", |f| {
        let f = f.run(&run).user(".");
        lchown(f.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        f
    });
    let same = tree.folder("same", |f| f.run(&run).user("-"));
    let nobody = nobody();
    let words: Vec<&str> = nobody.iter().map(String::as_str).collect();
    let container = plan.setup(&read_only(&tree, &state, "0777")).state(&state).through(&words).start();
    let pid = beacon.next().pid;
    container.wait_until_it_is(same.path(), &format!("up (pid {pid})"));
    let refused =
        format!("not started: unable to become {}: only root can change its user and groups", other.name);
    container.wait_until_it_is(switched.path(), &refused);
    let refused =
        format!("not started: user: the current folder belongs to uid {NOBODY}, which has no account");
    container.wait_until_it_is(own.path(), &refused);
    assert!(beacon.told().is_none());
    container.stop();
}

#[test]
fn without_proc_it_works_and_says_so_in_a_line_at_most() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    // Nothing to be seen in it, which is what an unmounted one looks like.
    let mut container = plan.setup("mount -t tmpfs tmpfs /proc").start();
    let web = Life::new(&tree, "web", |f| f);
    web.runs_in(&container);
    container.signal(Signal::SIGTERM);
    assert_eq!(container.wait(), Ok(0));
    // The kit's own script looks at its environment there.
    let errors = container.unshare.errors();
    let said = errors.lines().filter(|line| !line.is_empty() && !line.starts_with("./run: "));
    assert!(said.count() <= 1, "{errors}");
}

/// A service that says something, and goes on whether anybody hears it or not.
#[test]
fn with_nobody_at_stdin_and_stdout_it_works() {
    let closed = "exec <&- >&-";
    let tree = TestTree::new();
    let reader_gone = tree.root().join("gone");
    nix::unistd::mkfifo(&reader_gone, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let gone = reader_gone.display();
    let broken = format!("exec 9<>'{gone}' >'{gone}' 9<&-");
    for (name, setup) in [("closed", closed), ("broken", &broken)] {
        let Some(plan) = Plan::new(&tree) else { return };
        let mut container = plan.setup(setup).start();
        let beacon = tree.beacon(name);
        let run = format!("trap '' PIPE\necho said || :\n{}\nexec sleep 1000", beacon.say("goes on"));
        let unheard = tree.folder(name, |f| f.run(&run));
        let web = Life::new(&tree, &format!("web-{name}"), |f| f);
        web.runs_in(&container);
        assert_eq!(beacon.hear(), "goes on");
        container.wait_until_it_is(unheard.path(), "up (pid ");
        container.signal(Signal::SIGTERM);
        assert_eq!(container.wait(), Ok(0), "{name}");
        // The shell of the service says that it could not write.
        let said = container.unshare.errors();
        assert!(!said.contains("svscan") && !said.contains("supervise"), "{said}");
        for folder in [unheard.path(), &web.folder] {
            fs::remove_dir_all(folder).unwrap();
        }
    }
}
