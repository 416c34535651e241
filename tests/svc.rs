//! svc, beside Debian's: the bytes that arrive, the warnings, and what only ours does.

use crate::asked::{Chance, Supervised, fifos, same};
use std::path::Path;
use testkit::{Account, Ran, TestTree, Tool, account, needs_root, ours, skip, theirs};

const THEIR_LETTERS: &[u8] = b"udopchaitkx";
const OUR_LETTERS: &[u8] = b"udopchaitkxq12w";

/// Random command lines do the same with Debian's svc and with ours.
#[test]
fn any_options_send_what_debians_svc_sends() {
    let Some(their_svc) = theirs("svc") else { return };
    let tree = TestTree::new();
    let [a, b] = ["a", "b"].map(|name| Supervised::new(&tree, name, |f| f));
    let mut chance = Chance::new(1);
    for _ in 0..150 {
        let mut arguments: Vec<String> = (0..chance.below(4)).map(|_| options(&mut chance)).collect();
        arguments.extend((0..chance.below(4)).map(|_| (*chance.pick(&["a", "b", "nosuch", "./a/"])).into()));
        let call = |program: &Path| {
            let ran = tree.tool(program).args(&arguments).run();
            (ran, a.received(), b.received())
        };
        let (their_ran, their_a, their_b) = call(&their_svc);
        let (ran, to_a, to_b) = call(&ours("svc"));
        assert_eq!((ran.end, to_a, to_b), (their_ran.end, their_a, their_b), "{arguments:?}");
        assert_eq!(ran.stdout, their_ran.stdout, "{arguments:?}");
        // The list of options is longer, and begins as theirs.
        let said = String::from_utf8(ran.stderr).unwrap();
        let theirs_said = String::from_utf8(their_ran.stderr).unwrap();
        assert!(said.starts_with(theirs_said.trim_end()), "{arguments:?}: {said} {theirs_said}");
    }
}

/// One argument, most often options that both know.
fn options(chance: &mut Chance) -> String {
    match chance.below(20) {
        0 => "--".into(),
        1 => "-".into(),
        2 => format!("-{}", char::from(*chance.pick(b"zyA:?0"))),
        _ => std::iter::once('-')
            .chain((0..=chance.below(6)).map(|_| char::from(*chance.pick(THEIR_LETTERS))))
            .collect(),
    }
}

#[test]
fn every_letter_of_ours_arrives() {
    let tree = TestTree::new();
    let web = Supervised::new(&tree, "web", |f| f);
    for letter in OUR_LETTERS {
        let letter = char::from(*letter);
        tree.svc([&format!("-{letter}"), "web"]);
        assert_eq!(web.received(), letter.to_string().as_bytes());
    }
    tree.svc(["-t+tk", "web"]);
    assert_eq!(web.received(), b"t+tk=", "what follows from somebody else is not for the group");
}

#[test]
fn the_list_of_options_is_theirs_and_ours_behind_it() {
    let list = "svc options: u up, d down, o once, x exit, p pause, c continue, h hup, a alarm, i interrupt, \
                t term, k kill";
    let more = ", q quit, 1 SIGUSR1, 2 SIGUSR2, w SIGWINCH, + process group, = process alone";
    let wrong = |program: &Path| Tool::new(program).arg("-z").arg0("/usr/sbin/control").run();
    wrong(&ours("svc")).exits(100).errors(format!("control: illegal option -- z\n{list}{more}\n"));
    let Some(their_svc) = theirs("svc") else { return };
    wrong(&their_svc).exits(100).errors(format!("control: illegal option -- z\n{list}\n"));
}

/// In daemontools-encore these speak of the log; here the log has a folder to speak of.
#[test]
fn the_log_options_of_encore_are_refused_with_the_cure() {
    for letter in ["L", "l"] {
        let ran = Tool::new(&ours("svc")).args([format!("-{letter}d"), "web".into()]).run();
        let said = String::from_utf8(ran.exits(100).stderr.clone()).unwrap();
        let cure = "a logger has a supervise of its own: svc -d dir/log\nsvc options: ";
        assert!(said.starts_with(&format!("svc: illegal option -- {letter}: {cure}")), "{said}");
    }
}

#[test]
fn trouble_with_a_folder_is_told_in_their_words_and_the_others_get_their_commands() {
    let Some(their_svc) = theirs("svc") else { return };
    let tree = TestTree::new();
    let web = Supervised::new(&tree, "web", |f| f);
    tree.folder("nobody", fifos);
    tree.folder("plain", |f| f);
    tree.folder("half", |f| f.directory("supervise"));
    tree.folder("odd", |f| f.directory("supervise").directory("supervise/control"));
    tree.folder("loop", |f| f.link("supervise", "supervise"));
    std::fs::write(tree.services().join("file"), "").unwrap();
    let folders = ["nosuch", "file", "", "nobody", "plain", "half", "odd", "loop", "web"];
    let call = |program: &Path| tree.tool(program).arg("-dx").args(folders).arg(web.service.path());
    let ran = same(|| call(&ours("svc")), || call(&their_svc));
    ran.exits(0);
    assert_eq!(web.received(), b"dx".repeat(4), "two calls, two names of it");
}

#[test]
fn an_ordinary_user_is_told_that_access_is_denied() {
    let Some(their_svc) = theirs("svc") else { return };
    if !needs_root() {
        return;
    }
    let Some(nobody) = Account::find("nobody") else { return skip("there is no account nobody") };
    let tree = TestTree::new();
    Supervised::new(&tree, "web", |f| f.mode("supervise", 0o700));
    tree.folder("closed", |f| f.mode(".", 0o700));
    let call = |program: &Path| tree.tool(program).account(&nobody).args(["-u", "web", "closed"]);
    let ran = same(|| call(&ours("svc")), || call(&their_svc));
    ran.exits(0).errors(
        "svc: warning: unable to control web: access denied\n\
         svc: warning: unable to chdir to closed: access denied\n",
    );
    // A folder that one may be in, but not open.
    let hidden = tree.folder("hidden", |f| f.mode(".", 0o711));
    let call = |program: &Path| Tool::new(program).dir(hidden.path()).account(&nobody).arg("-u");
    let ran = same(|| call(&ours("svc")), || call(&their_svc));
    ran.exits(111).errors("svc: fatal: unable to open current directory: access denied\n");
}

/// A folder that svscan has not come to: Debian's svc says only that a file does not exist.
#[test]
fn a_service_that_svscan_has_not_started_yet_is_named_as_such() {
    let tree = TestTree::new();
    tree.folder("web", |f| f.run("exec sleep 1000"));
    tree.folder("prog@6001", |f| f);
    std::os::unix::fs::symlink("prog@6001", tree.services().join("prog@link")).unwrap();
    tree.folder("template@", |f| f);
    tree.folder("no-service", |f| f);
    tree.folder("was-there", |f| f.run("exec sleep 1000").directory("supervise"));
    let says = |folder: &str| {
        let ran: Ran = tree.tool(&ours("svc")).args(["-u", folder]).run();
        let said = String::from_utf8(ran.exits(0).stderr.clone()).unwrap();
        let start = format!("svc: warning: unable to control {folder}: file does not exist");
        said.strip_prefix(&start).unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    for folder in ["web", "prog@6001", "prog@6001/", "prog@link"] {
        assert_eq!(says(folder), ": svscan has not started it yet\n");
    }
    assert_eq!(says("template@"), ": a template is never started, its instances are\n");
    tree.tool(&ours("svstat")).args(["template@"]).run().prints(
        "template@: unable to open supervise/ok: file does not exist: a template is never started, its instances are\n",
    );
    for folder in ["no-service", "was-there"] {
        assert_eq!(says(folder), "\n");
    }
    let inside = Tool::new(&ours("svc")).dir(&tree.services().join("prog@6001")).args(["-u", "."]).run();
    inside.errors("svc: warning: unable to control .: file does not exist: svscan has not started it yet\n");
}

/// daemontools' svc would wait for ever.
#[test]
fn a_supervise_that_does_not_read_is_given_up() {
    let tree = TestTree::new();
    let wedged = Supervised::new(&tree, "wedged", |f| f);
    let web = Supervised::new(&tree, "web", |f| f);
    wedged.fill();
    let ran = tree.tool(&ours("svc")).args(["-d", "wedged", "web"]).run();
    ran.exits(0).errors("svc: warning: error writing commands to wedged: timed out\n");
    assert_eq!(web.received(), b"d");
}

/// Debian's svc writes its letters into whatever is there, through links as well: the owner of a folder could
/// have root's svc write into root's files.
#[test]
fn letters_go_into_a_fifo_and_nothing_else() {
    let tree = TestTree::new();
    let precious = tree.root().join("precious");
    std::fs::write(&precious, "precious").unwrap();
    tree.folder("link", |f| f.directory("supervise").link("supervise/control", &precious));
    tree.folder("file", |f| f.directory("supervise").file("supervise/control", "precious"));
    let file = tree.services().join("file/supervise/control");
    let call = |program: &Path| tree.tool(program).args(["-d", "link", "file"]).run();
    call(&ours("svc")).exits(0).errors(
        "svc: warning: unable to control link: symbolic link loop\n\
         svc: warning: unable to control file: invalid argument\n",
    );
    assert_eq!([&precious, &file].map(|path| std::fs::read_to_string(path).unwrap()), ["precious"; 2]);
    let Some(their_svc) = theirs("svc") else { return };
    call(&their_svc).exits(0).errors("");
    assert_eq!([&precious, &file].map(|path| std::fs::read_to_string(path).unwrap()), ["drecious"; 2]);
}

/// Who owns a service folder may be somebody else than who owns the service that a link in it leads to.
#[test]
fn a_link_that_somebody_else_made_leads_no_letters_to_another_service() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let bob = account("upkeep-a");
    let other = Supervised::new(&tree, "other", |f| f);
    tree.folder("bobs", |f| f.link("supervise", other.service.file("supervise")).owner(&bob));
    let call = |program: &Path| tree.tool(program).args(["-d", "bobs"]).run();
    call(&ours("svc")).exits(0).errors("svc: warning: unable to control bobs: permission denied\n");
    assert_eq!(other.received(), b"");
    tree.folder("own", |f| f.link("supervise", other.service.file("supervise")));
    tree.tool(&ours("svc")).args(["-t", "own"]).run().exits(0).errors("");
    assert_eq!(other.received(), b"t", "a link of root's is root's business");
}

#[test]
fn the_control_folder_is_where_encores_variable_says() {
    let tree = TestTree::new();
    let inner = Supervised::new(&tree, "inner", |f| f);
    std::fs::rename(inner.service.file("supervise"), inner.service.file(".control")).unwrap();
    let call =
        |variable: &str| tree.tool(&ours("svc")).env("SUPERVISEDIR", variable).args(["-t", "inner"]).run();
    call(".control").exits(0).errors("");
    assert_eq!(inner.received(), b"t");
    // Elsewhere: the folder's path, its slashes as colons.
    let elsewhere = tree.root().join("run");
    let name = inner.service.path().canonicalize().unwrap().to_str().unwrap()[1..].replace('/', ":");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::rename(inner.service.file(".control"), elsewhere.join(name)).unwrap();
    call(elsewhere.to_str().unwrap()).exits(0).errors("");
    assert_eq!(inner.received(), b"t");
}
