//! Services from a command line.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use testkit::{
    Account, DEADLINE, Ran, Running, TestTree, Tool, account, down, is_root, needs_root, ours, process,
    supervised, up, wait_until,
};

/// Debian's, whatever else the path of who runs the tests has.
const PYTHON: &str = "/usr/bin/python3";

/// A service that is there from the beginning.
const FIRST: &str = "first";

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// What answers there to a request.
fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Starts svscan, and waits until it keeps services.
#[track_caller]
fn svscan(tree: &TestTree) -> Running {
    let first = tree.folder(FIRST, |folder| folder.run("exec sleep 1000").down());
    let svscan = tree.svscan();
    first.wait_for(supervised());
    svscan
}

#[track_caller]
fn said(ran: &Ran) -> String {
    String::from_utf8(ran.stdout.clone()).unwrap()
}

/// All that is in the service directory, without what svscan has there itself.
fn names(tree: &TestTree) -> Vec<String> {
    let names = fs::read_dir(tree.services()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name != ".svscan" && name != FIRST);
    names.sort();
    names
}

/// It must be refused, for that reason and with that cure, and leave nothing behind.
#[track_caller]
fn is_refused(tree: &TestTree, ran: &Ran, reason: &str, cure: &str) {
    let before = names(tree);
    ran.exits(1);
    let said = said(ran);
    assert!(said.contains(reason), "{said}");
    assert!(said.contains(&format!("cure: {cure}")), "{said}");
    assert!(said.ends_with("nothing was made\n"), "{said}");
    assert_eq!(names(tree), before);
    assert!(!before.iter().any(|name| name.starts_with('.')), "{before:?}");
}

/// Makes a web server on a free port, which must answer then, and have its log.
#[track_caller]
fn serves(tree: &TestTree, port: u16, ran: &Ran) {
    ran.exits(0);
    let said = said(ran);
    assert!(said.starts_with(&format!("made {}/web\nweb: up", tree.services().display())), "{said}");
    assert!(said.contains("svctl status web"), "{said}");
    assert!(said.contains("svctl logs -f web"), "{said}");
    let answer = wait_until("it answers", &[], || get(port, "/?whoever-asks"));
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    let log = tree.service("web").log();
    log.wait_until("the request is in its log", |log| {
        fs::read_to_string(log.file("main/current")).ok()?.contains("GET /?whoever-asks").then_some(())
    });
}

#[test]
fn a_web_server_runs_as_its_account_and_has_a_log() {
    if !needs_root() {
        return;
    }
    let bob = account("upkeep-a");
    let tree = TestTree::new();
    let svscan = svscan(&tree);
    let port = free_port();
    let number = port.to_string();
    let ran = tree.svctl([
        "new",
        "web",
        "--user",
        &bob.name,
        "--env",
        "TOKEN=only his",
        "--log",
        "--",
        PYTHON,
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        &number,
    ]);
    serves(&tree, port, &ran);
    let web = tree.service("web");
    let pid = web.pid();
    assert_eq!(process::uids(pid), Some([bob.uid; 4]));
    assert_eq!(process::name(process::parent(pid).unwrap()).as_deref(), Some("supervise"));
    let variables = process::environment(pid);
    for expected in
        [format!("HOME={}", bob.home.display()), format!("USER={}", bob.name), "TOKEN=only his".into()]
    {
        assert!(variables.contains(&expected), "{expected}: {variables:?}");
    }
    let token = web.file("env/TOKEN").metadata().unwrap();
    assert_eq!(
        (token.uid(), token.permissions().mode() & 0o777),
        (0, 0o600),
        "the account itself cannot read it"
    );
    assert_eq!(svscan.errors(), "");
}

/// Whoever is not root, with a service directory and a svscan of his own.
struct Ordinary {
    tree: TestTree,
    account: Option<Account>,
    svscan: Option<Running>,
}

impl Ordinary {
    fn new() -> Self {
        let tree = TestTree::new();
        let account = is_root().then(|| account("upkeep-b"));
        let first = tree.folder(FIRST, |folder| folder.run("exec sleep 1000").down());
        let launch = tree.launch(&ours("svscan")).arg(tree.services());
        let svscan = match &account {
            Some(account) => {
                account.own(&tree.services());
                launch.account(account).start()
            }
            None => launch.start(),
        };
        first.wait_for(supervised());
        Self { tree, account, svscan: Some(svscan) }
    }

    #[track_caller]
    fn svctl<const N: usize>(&self, arguments: [&str; N]) -> Ran {
        let tool = Tool::new(&ours("svctl")).dir(self.tree.root()).env("SVDIR", self.tree.services());
        let tool = match &self.account {
            Some(account) => tool.account(account),
            None => tool,
        };
        tool.args(arguments).run()
    }
}

#[test]
fn an_ordinary_user_makes_services_of_his_own_and_of_nobody_else() {
    let mut ordinary = Ordinary::new();
    let port = free_port();
    let number = port.to_string();
    let ran = ordinary.svctl([
        "new",
        "web",
        "--log",
        "--",
        PYTHON,
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        &number,
    ]);
    serves(&ordinary.tree, port, &ran);
    assert!(!said(&ran).contains("root"), "{ran:?}");
    let ran = ordinary.svctl(["new", "other", "--user", "daemon", "--", "sleep", "1000"]);
    is_refused(
        &ordinary.tree,
        &ran,
        "only root's services can run as daemon",
        "sudo svctl new other --user daemon",
    );
    ordinary.svscan.take().unwrap().stop();
}

#[test]
fn instances_differ_where_the_command_says_so() {
    let tree = TestTree::new();
    let _svscan = svscan(&tree);
    let ran = tree.svctl(["new", "nap", "--instances", "1001,1002", "--no-wait", "--", "sleep", "$INSTANCE"]);
    ran.exits(0);
    assert_eq!(names(&tree), ["nap@", "nap@1001", "nap@1002"]);
    for instance in ["1001", "1002"] {
        let service = tree.service(&format!("nap@{instance}"));
        service.wait_for(up());
        service.wait_until("it has become sleep", |service| {
            (process::arguments(service.pid()) == ["sleep", instance]).then_some(())
        });
    }
    let ran = tree.svctl(["new", "nap", "--instances", "1003", "--", "sleep", "1"]);
    is_refused(&tree, &ran, "the template nap@ is there already", "leave the command out");
    tree.svctl(["new", "nap@1003", "--no-wait"]).exits(0);
    tree.service("nap@1003").wait_for(up());
    let ran = tree.svctl(["new", "nap@1003"]);
    is_refused(&tree, &ran, "nap@1003 is there already, and nothing is overwritten", "give another name");
    let ran = tree.svctl(["new", "doze@1"]);
    is_refused(
        &tree,
        &ran,
        "there is no template doze@",
        "make both: svctl new doze --instances 1 -- COMMAND...",
    );
}

#[test]
fn without_a_svscan_it_is_made_and_how_to_start_it_is_said() {
    let tree = TestTree::new();
    let ran = tree.svctl(["new", "nap", "--", "sleep", "1000"]);
    ran.exits(0);
    let place = tree.services().display().to_string();
    assert!(said(&ran).contains(&format!("no svscan runs on {place}")), "{ran:?}");
    assert!(said(&ran).contains(&format!("svscan {place}")), "{ran:?}");
    let _svscan = tree.svscan();
    tree.service("nap").wait_for(up());
}

#[test]
fn down_means_that_it_waits_to_be_started() {
    let tree = TestTree::new();
    let _svscan = svscan(&tree);
    let ran = tree.svctl(["new", "nap", "--down", "--", "sleep", "1000"]);
    ran.exits(0);
    assert!(said(&ran).contains("svctl start nap"), "{ran:?}");
    tree.service("nap").wait_for(down());
}

#[test]
fn what_ends_at_once_is_told() {
    let tree = TestTree::new();
    let _svscan = svscan(&tree);
    let ran = tree.svctl(["new", "brief", "--", "/bin/false"]);
    ran.exits(98);
    let complaint = String::from_utf8(ran.stderr.clone()).unwrap();
    assert!(complaint.contains("brief: "), "{ran:?}");
    assert!(complaint.contains("exit 1"), "{ran:?}");
    assert!(said(&ran).contains("svctl status brief"), "{ran:?}");
}

#[test]
fn it_works_where_it_is_told_to_and_has_its_sockets() {
    let tree = TestTree::new();
    let port = free_port();
    let _svscan = svscan(&tree);
    let folder = tree.root().join("my work");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("prog.sh"), "echo $LISTEN_FDS $PWD >told\nexec sleep 1000\n").unwrap();
    fs::set_permissions(folder.join("prog.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let listen = format!("127.0.0.1:{port}");
    let tool = |arguments: &[&str]| {
        let tool = Tool::new(&ours("svctl")).dir(&folder).env("SVDIR", tree.services()).args(["new", "prog"]);
        tool.args(arguments).run()
    };
    let ran = tool(&["--", "sh", "prog.sh"]);
    let whole = format!("write '{}'", folder.join("prog.sh").display());
    is_refused(&tree, &ran, "prog.sh is a file where you are", &whole);
    tool(&["--no-wait", "--listen", &listen, "--chdir", ".", "--", "sh", "prog.sh"]).exits(0);
    let told = folder.join("told");
    let told = wait_until("it tells", &[&folder], || {
        fs::read_to_string(&told).ok().filter(|told| told.ends_with('\n'))
    });
    assert_eq!(told, format!("1 {}\n", folder.display()));
}

#[test]
fn what_would_not_run_is_not_made() {
    let tree = TestTree::new();
    let ran = tree.svctl(["new", "web", "--", "sudo", "-u", "bob", "-i", "python3", "/srv/prog.py"]);
    let sudo = if is_root() { "" } else { "sudo " };
    let cure = format!("{sudo}svctl new web --user bob -- python3 /srv/prog.py");
    is_refused(&tree, &ran, "sudo would stay between supervise and the program", &cure);
    let ran = tree.svctl(["new", "web", "--user", "upkeep-nosuch", "--", "sleep", "1000"]);
    is_refused(
        &tree,
        &ran,
        "there is no account upkeep-nosuch",
        "name one that is there, or make it: useradd",
    );
    let ran = tree.svctl(["new", "web"]);
    is_refused(&tree, &ran, "nothing says what web is to run", "write the command behind two dashes");
    fs::create_dir(tree.services().join("web")).unwrap();
    let ran = tree.svctl(["new", "web", "--", "sleep", "1000"]);
    is_refused(&tree, &ran, "web is there already, and nothing is overwritten", "give another name");
    assert_eq!(fs::read_dir(tree.services().join("web")).unwrap().count(), 0);
}

#[test]
fn root_is_told_that_it_runs_as_root() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let ran = tree.svctl(["new", "nap", "--no-wait", "--", "sleep", "1000"]);
    ran.exits(0);
    assert!(said(&ran).contains("nap runs as root"), "{ran:?}");
    assert!(!Path::new(&tree.service("nap").file("user")).exists());
    let ran = tree.svctl(["new", "rest", "--no-wait", "--user", "root", "--", "sleep", "1000"]);
    ran.exits(0);
    assert!(!said(&ran).contains("as root"), "it was asked for: {ran:?}");
}

#[test]
fn who_may_not_write_there_is_told() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let account = account("upkeep-a");
    let tool = Tool::new(&ours("svctl")).dir(tree.root()).env("SVDIR", tree.services()).account(&account);
    let ran = tool.args(["new", "nap", "--", "sleep", "1000"]).run();
    ran.exits(95);
    let complaint = String::from_utf8(ran.stderr.clone()).unwrap();
    assert!(complaint.contains("unable to make "), "{ran:?}");
    assert!(complaint.contains("access denied"), "{ran:?}");
}
