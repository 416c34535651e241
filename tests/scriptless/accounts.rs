//! Who keeps a log that nothing was written for, and who may not.

use super::{is_kept_by, logged, says};
use crate::svscan::watching;
use protocol::report::Step;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use testkit::{Account, Folder, Running, Service, TestTree, account, failed, needs_root, ours, process, up};

struct Keepers {
    tree: TestTree,
    svscan: Running,
    root: Account,
    alice: Account,
    bob: Account,
}

impl Keepers {
    fn new() -> Option<Self> {
        if !needs_root() {
            return None;
        }
        let [alice, bob] = ["upkeep-a", "upkeep-b"].map(account);
        let tree = TestTree::new();
        let svscan = watching(tree.svscan());
        Some(Self { tree, svscan, root: Account::find("root").unwrap(), alice, bob })
    }

    /// A service that writes a line, with a `log/` and whatever else.
    fn service(&self, name: &str, build: impl FnOnce(Folder) -> Folder) -> Service {
        self.tree.folder(name, |f| build(says(f, "one").directory("log")))
    }

    /// Such a log is kept by that account.
    #[track_caller]
    fn kept(&self, by: &Account, name: &str, build: impl FnOnce(Folder) -> Folder) -> Service {
        let service = self.service(name, build);
        is_kept_by(&service, by);
        assert_eq!(logged(&service, 1), ["one"]);
        service
    }

    /// Such a log is kept by nobody, for that reason.
    #[track_caller]
    fn refused(&self, step: Step, why: &str, name: &str, build: impl FnOnce(Folder) -> Folder) -> Service {
        let service = self.service(name, build);
        service.log().wait_for(failed(why));
        let told = service.log().status().unwrap().detail.unwrap().failed.unwrap();
        assert_eq!((told.step, told.reason.as_str()), (step, why));
        self.svscan.wait_for_errors(&format!("supervise: warning: unable to start {name}/log: {why}\n"));
        assert!(!fs::exists(service.log().file("main/current")).unwrap_or(false));
        service
    }
}

/// Gives one thing in a folder to an account.
fn give(part: &'static str, to: &Account) -> impl FnOnce(Folder) -> Folder + use<> {
    let (uid, gid) = (to.uid, to.gid);
    move |f| {
        lchown(f.path().join(part), Some(uid), Some(gid)).unwrap();
        f
    }
}

#[test]
fn a_log_is_kept_by_its_user_or_that_of_its_service_or_who_runs_svscan() {
    let Some(keepers) = Keepers::new() else { return };
    let Keepers { root, alice, bob, .. } = &keepers;
    keepers.kept(root, "neither", |f| f);
    keepers.kept(alice, "service", |f| f.user(&alice.name));
    keepers.kept(bob, "both", |f| f.user(&alice.name).file("log/user", &bob.name));
    keepers.kept(bob, "log", |f| f.file("log/user", &bob.name));
    keepers.kept(root, "stays", |f| f.user(&alice.name).file("log/user", "-"));
    let numbers = format!(":{}:{}", bob.uid, bob.gid);
    keepers.kept(bob, "numbers", |f| f.user(&numbers));
    assert_eq!(keepers.svscan.errors(), "");
    // It has the account's identity, and the variables of its own folder, not of the service's.
    let web = keepers.kept(alice, "identity", |f| {
        f.user(&alice.name).env("SERVICE", "s").directory("log/env").file("log/env/LOGGER", "l")
    });
    let environment = process::environment(web.log().pid());
    let has = |entry: &str| environment.iter().any(|set| set == entry);
    assert!(has(&format!("HOME={}", alice.home.display())) && has("USER=upkeep-a") && has("LOGGER=l"));
    assert!(!has("SERVICE=s"));
    // A change counts at the next start; what the account before has left is not its successor's.
    fs::write(web.file("user"), &bob.name).unwrap();
    keepers.tree.svc(["-t", "identity/log"]);
    let why = format!("unable to use main: it belongs to uid {}, not to uid {}", alice.uid, bob.uid);
    web.log().wait_for(failed(&why));
    chown(web.log().file("main"), Some(bob.uid), Some(bob.gid)).unwrap();
    for entry in fs::read_dir(web.log().file("main")).unwrap() {
        chown(entry.unwrap().path(), Some(bob.uid), Some(bob.gid)).unwrap();
    }
    keepers.tree.svc(["-u", "identity/log"]);
    web.log().wait_for(up());
    is_kept_by(&web, bob);
}

#[test]
fn the_log_of_an_accounts_own_folder_is_kept_by_that_account() {
    let Some(keepers) = Keepers::new() else { return };
    let bob = &keepers.bob;
    keepers.kept(bob, "all", |f| f.user(&bob.name).owner(bob));
    keepers.kept(bob, "dot", |f| f.user(".").owner(bob));
    keepers.kept(bob, "log-user", |f| f.user(".").file("log/user", ".").owner(bob));
    // Of which log/ may be root's, or the only one that is not.
    for user in [".", bob.name.as_str()] {
        let name = format!("roots-log-{}", user.len());
        keepers.kept(bob, &name, |f| give("log", &keepers.root)(f.user(user).owner(bob)));
    }
    keepers.kept(bob, "his-log", |f| give("log", bob)(f.user(&bob.name)));
    keepers.kept(bob, "his-log-and-user", |f| {
        give("log/user", bob)(give("log", bob)(f.user(&keepers.alice.name).file("log/user", ".")))
    });
    // What root has put there about the log alone is root's to say.
    keepers.kept(&keepers.alice, "roots-log-user", |f| {
        let f = f.user(&bob.name).file("log/user", &keepers.alice.name).owner(bob);
        give("log/user", &keepers.root)(give("log", &keepers.root)(f))
    });
    assert_eq!(keepers.svscan.errors(), "");
}

#[test]
fn the_log_of_an_accounts_own_folder_is_kept_by_nobody_else() {
    let Some(keepers) = Keepers::new() else { return };
    let Keepers { root, alice, bob, .. } = &keepers;
    let without = |what: &str| {
        format!(
            "{what} belongs to uid {}, so it only runs as that account: write its name, or a dot, into user",
            bob.uid
        )
    };
    let only = format!(
        "the folder belongs to upkeep-b (uid {}), so it can only run as upkeep-b: write upkeep-b into user",
        bob.uid
    );
    let refused = |why: &str, name: &str, build: &dyn Fn(Folder) -> Folder| {
        let service = keepers.refused(Step::Owner, why, name, build);
        assert!(!service.log().file("main").exists(), "{name}");
    };
    refused(&without("it"), "no-user", &|f| f.owner(bob));
    refused(&without("it"), "no-user-log", &|f| give("log", bob)(f));
    refused(&without("no-user-service/"), "no-user-service", &|f| give("log", root)(f.owner(bob)));
    for (number, user) in ["root", "-", "upkeep-a", "upkeep-b:upkeep-b"].into_iter().enumerate() {
        refused(&only, &format!("roots-log-{number}"), &|f| give("log", root)(f.user(user).owner(bob)));
        refused(&only, &format!("his-log-{number}"), &|f| give("log", bob)(f.user(user)));
        refused(&only, &format!("his-user-{number}"), &|f| give("user", bob)(f.user(user)));
        refused(&only, &format!("his-log-user-{number}"), &|f| {
            give("log/user", bob)(f.file("log/user", user))
        });
    }
    let two = format!(
        "it belongs to uid {}, and two/ to uid {}: they can only run together if they are one account's, or root's",
        alice.uid, bob.uid
    );
    refused(&two, "two", &|f| give("log", alice)(f.user(".").owner(bob)));
    let everybody = "everybody/user is writable by everybody: chmod o-w";
    refused(everybody, "everybody", &|f| f.user(&bob.name).mode("user", 0o666));
}

#[test]
fn a_template_of_an_accounts_own_says_nothing_for_others() {
    let Some(keepers) = Keepers::new() else { return };
    let Keepers { tree, alice, bob, .. } = &keepers;
    tree.folder("web@", |f| give("user", bob)(says(f, "one").user(&alice.name).directory("log")));
    let instance = tree.folder("web@1", |f| f);
    instance.log().wait_for(failed("so it can only run as upkeep-b"));
    fs::write(tree.service("web@").file("user"), &bob.name).unwrap();
    is_kept_by(&instance, bob);
}

/// bob may put whatever he likes in the place of `main`, in a folder of his own.
#[test]
fn what_is_planted_in_its_place_is_refused_and_left_alone() {
    let Some(keepers) = Keepers::new() else { return };
    let Keepers { tree, alice, bob, .. } = &keepers;
    let precious = tree.root().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::set_permissions(&precious, Permissions::from_mode(0o700)).unwrap();
    let no_folder = "unable to use main: it is not a folder, and a link is not followed: remove it";
    keepers.refused(Step::Folder, no_folder, "link", |f| {
        symlink(&precious, f.path().join("log/main")).unwrap();
        f.user(".").owner(bob)
    });
    keepers.refused(Step::Folder, no_folder, "file", |f| f.user(".").file("log/main", "").owner(bob));
    let belongs = |uid: u32| {
        format!(
            "unable to use main: it belongs to uid {uid}, not to uid {}: give it to that account, or remove it",
            bob.uid
        )
    };
    keepers.refused(Step::Folder, &belongs(alice.uid), "alices", |f| {
        give("log/main", alice)(f.user(".").directory("log/main").owner(bob))
    });
    keepers.refused(Step::Folder, &belongs(0), "roots", |f| {
        give("log/main", &keepers.root)(f.user(".").directory("log/main").owner(bob))
    });
    let found = fs::symlink_metadata(&precious).unwrap();
    assert_eq!((found.uid(), fs::read_dir(&precious).unwrap().count()), (0, 0));
    // Nor is a log of bob's written with root's rights when nobody speaks of bob any more.
    let web = keepers.kept(bob, "web", |f| f.user(&bob.name));
    fs::remove_file(web.file("user")).unwrap();
    keepers.tree.svc(["-t", "web/log"]);
    web.log().wait_for(failed(&format!("it belongs to uid {}, not to uid 0", bob.uid)));
}

#[test]
fn a_log_that_is_a_link_is_kept_where_it_leads_by_the_services_user() {
    let Some(keepers) = Keepers::new() else { return };
    let bob = &keepers.bob;
    let logs = keepers.tree.root().join("logs");
    fs::create_dir(&logs).unwrap();
    fs::set_permissions(&logs, Permissions::from_mode(0o755)).unwrap();
    let web = keepers.tree.folder("web", |f| says(f, "one").user(&bob.name).link("log", &logs));
    is_kept_by(&web, bob);
    assert!(logs.join("main/current").exists());
    assert_eq!(keepers.svscan.errors(), "");
}

#[test]
fn trusting_everybody_it_runs_as_it_says() {
    if !needs_root() {
        return;
    }
    let bob = account("upkeep-b");
    let tree = TestTree::new();
    let svscan = watching(tree.launch(&ours("svscan")).arg("-t").arg(tree.services()).start());
    let root = Account::find("root").unwrap();
    is_kept_by(&tree.folder("root", |f| says(f, "one").directory("log").owner(&bob)), &root);
    let dot = |f: Folder| give("log", &root)(says(f, "one").directory("log").user(".").owner(&bob));
    is_kept_by(&tree.folder("dot", dot), &bob);
    assert_eq!(svscan.errors(), "");
}
