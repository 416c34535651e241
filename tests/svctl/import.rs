//! Procfiles, and pm2's ecosystem files.

use nix::unistd::{User, geteuid};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use testkit::{
    Account, DEADLINE, Ran, Service, TestTree, Tool, account, down, is_root, ours, process, skip, up,
    wait_until,
};

/// A file to import, in a folder of its own, which is an ordinary account's where that can be.
struct App {
    tree: TestTree,
    owner: Option<Account>,
}

impl App {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = TestTree::new();
        let app = tree.root().join("my app");
        fs::create_dir(&app).unwrap();
        for (name, content) in files {
            fs::write(app.join(name), content).unwrap();
        }
        let owner = is_root().then(|| account("upkeep-a"));
        if let Some(owner) = &owner {
            owner.own(&app);
        }
        Self { tree, owner }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.tree.root().join("my app").join(name)
    }

    #[track_caller]
    fn import(&self, arguments: &[&str], file: &str) -> Ran {
        let tool = Tool::new(&ours("svctl")).dir(self.tree.root()).env("SVDIR", self.tree.services());
        tool.arg("import").args(arguments).arg(self.path(file)).run()
    }

    /// Whom services are to run as.
    fn uid(&self) -> u32 {
        self.owner.as_ref().map_or(geteuid().as_raw(), |owner| owner.uid)
    }

    fn home(&self) -> PathBuf {
        User::from_uid(self.uid().into()).unwrap().unwrap().dir
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.tree.services()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| name != ".svscan");
        names.sort();
        names
    }

    /// It must be one process of the owner's with the owner's home, the program itself, a child of supervise's.
    #[track_caller]
    fn is_the_owners(&self, service: &Service) {
        let pid = service.pid();
        assert_eq!(process::uids(pid), Some([self.uid(); 4]));
        assert_eq!(process::name(process::parent(pid).unwrap()).as_deref(), Some("supervise"));
        assert_eq!(process::folder(pid).unwrap(), self.path("").components().collect::<PathBuf>());
        if self.owner.is_some() {
            let home = format!("HOME={}", self.home().display());
            assert!(process::environment(pid).contains(&home), "{:?}", process::environment(pid));
        }
    }
}

#[track_caller]
fn said(ran: &Ran) -> String {
    String::from_utf8(ran.stdout.clone()).unwrap()
}

#[track_caller]
fn says(ran: &Ran, parts: &[&str]) {
    for part in parts {
        assert!(said(ran).contains(part), "{part:?}: {ran:?}");
    }
}

/// What is written into that file, once it ends with a newline.
#[track_caller]
fn told(path: &Path) -> String {
    let folder = path.parent().unwrap();
    wait_until("it tells", &[folder], || fs::read_to_string(path).ok().filter(|text| text.ends_with('\n')))
}

#[test]
fn the_processes_of_a_procfile_run_with_their_ports_and_variables() {
    let app = App::new(&[
        (
            "Procfile",
            "web: ./tell web $PORT\nworker: cd . && A=b ./tell worker\nrelease: ./tell never\nboth: sleep 1001 | sleep 1002\n",
        ),
        ("tell", "#!/bin/sh\necho \"$GREETING $*${A-}\" >\"told-$1\"\nexec sleep 1000\n"),
        (".env", "GREETING='hello there'\nAPI_SECRET=x\n"),
    ]);
    fs::set_permissions(app.path("tell"), fs::Permissions::from_mode(0o755)).unwrap();
    let ran = app.import(&["--dry-run"], "Procfile");
    ran.exits(0);
    says(&ran, &["web/", "exec ./tell web $PORT", "env/PORT: 5000", "would be made: web"]);
    assert_eq!(app.names(), [""; 0], "nothing is made");

    let ran = app.import(&[], "Procfile");
    ran.exits(0);
    says(&ran, &["made: web", "release is run once", "a shell stays in front of them"]);
    if let Some(owner) = &app.owner {
        says(&ran, &[&format!("it runs as {}, who owns its folder", owner.name)]);
    }
    assert_eq!(app.names(), ["both", "web", "worker"]);
    let secret = app.tree.service("web").file("env/API_SECRET").metadata().unwrap().permissions();
    assert_eq!(secret.mode() & 0o777, 0o600);
    let svscan = app.tree.svscan();
    assert_eq!(told(&app.path("told-web")), "hello there web 5000\n");
    assert_eq!(told(&app.path("told-worker")), "hello there workerb\n");
    for name in ["web", "worker"] {
        let service = app.tree.service(name);
        service.wait_for(up());
        app.is_the_owners(&service);
    }
    assert_eq!(svscan.errors(), "");
    // Signals reach all of a pipeline.
    let both = app.tree.service("both");
    both.wait_for(up());
    let shell = both.pid();
    let parts = wait_until("both run", &[], || {
        let parts = process::children(shell);
        let all = parts.iter().all(|pid| process::name(*pid).as_deref() == Some("sleep"));
        (all && parts.len() == 2).then_some(parts)
    });
    app.tree.svc(["-d", "both"]);
    both.wait_for(down());
    wait_until("both are gone", &[], || parts.iter().all(|pid| !process::is_alive(*pid)).then_some(()));

    // Again: what is there stays as it is.
    let run = app.tree.service("web").file("run");
    fs::write(&run, "changed by hand").unwrap();
    let ran = app.import(&[], "Procfile");
    says(&ran, &["is there already"]);
    assert_eq!(fs::read_to_string(&run).unwrap(), "changed by hand");
}

#[test]
fn an_env_that_is_a_link_is_not_read() {
    let app = App::new(&[("Procfile", "web: sleep 1000\n"), ("secret", "A=b\n")]);
    std::os::unix::fs::symlink(app.path("secret"), app.path(".env")).unwrap();
    let ran = app.import(&[], "Procfile");
    ran.exits(0);
    says(&ran, &[".env is no regular file, and was not read"]);
    assert!(!app.tree.service("web").file("env/A").exists());
}

/// What answers on that port, once it does.
#[track_caller]
fn get(port: u16) -> String {
    wait_until(&format!("port {port} answers"), &[], || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    })
}

/// Two ports that follow each other, and nobody listens on.
fn free_ports() -> u16 {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    wait_until("two ports are free", &[], || {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        (port < u16::MAX && is_free(port) && is_free(port + 1)).then_some(port)
    })
}

#[test]
fn an_ecosystem_file_runs_with_node_as_it_did() {
    if !["/usr/local/bin/node", "/usr/bin/node"].iter().any(|node| Path::new(node).exists()) {
        skip("it needs node, of Debian's package nodejs");
        return;
    }
    let port = free_ports();
    let server = "require('http').createServer((request, response) => response.end(`${process.env.NODE_APP_INSTANCE} \
                  ${process.env.NODE_ENV} ${process.argv[2]} ${process.pid}`)).listen(process.env.PORT, '127.0.0.1');\n\
                  process.on('SIGINT', () => { require('fs').writeFileSync('stopped', 'INT\\n'); process.exit(0); });\n";
    let file = format!(
        r#"{{"apps": [{{"name": "api", "script": "./server.js", "args": "--x", "exec_mode": "fork", "instances": 2,
            "increment_var": "PORT", "env": {{"PORT": {port}, "NODE_ENV": "production"}}, "watch": true, "kill_timeout": 60000,
            "max_memory_restart": "300M", "env_staging": {{"NODE_ENV": "staging"}}}}]}}"#
    );
    let app = App::new(&[("ecosystem.json", &file), ("server.js", server)]);
    let ran = app.import(&[], "ecosystem.json");
    ran.exits(0);
    says(
        &ran,
        &["2 instances", "watch: nothing is restarted", "max_memory_restart=300M", "env_staging counts only"],
    );
    assert_eq!(app.names(), ["api@", "api@0", "api@1"]);
    let _svscan = app
        .tree
        .launch(&ours("svscan"))
        .arg(app.tree.services())
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .start();
    for instance in [0, 1] {
        let service = app.tree.service(&format!("api@{instance}"));
        let answer = get(port + instance);
        assert_eq!(answer, format!("{instance} production --x {}", service.pid()));
        app.is_the_owners(&service);
    }
    app.tree.svc(["-d", "api@0"]);
    app.tree.service("api@0").wait_for(down());
    assert_eq!(told(&app.path("stopped")), "INT\n");
}

#[test]
fn an_ecosystem_file_runs_without_node_as_well() {
    let file = r#"[
        {"name": "tell", "script": "tell.sh", "args": ["a b", "c"], "env": {"GREETING": "hello"}},
        {"name": "once", "script": "tell once", "autorestart": false, "env": {"PATH": "/usr/bin:/bin:."}}
    ]"#;
    let tell = "#!/bin/sh\necho \"$GREETING $# $1\" >told\nexec sleep 1000\n";
    let app =
        App::new(&[("pm2.json", file), ("tell.sh", tell), ("tell", "#!/bin/sh\necho once >>told-once\n")]);
    fs::set_permissions(app.path("tell"), fs::Permissions::from_mode(0o755)).unwrap();
    let ran = app.import(&["--format", "pm2"], "pm2.json");
    assert_eq!(app.names(), ["once", "tell"], "{ran:?}");
    let _svscan = app.tree.svscan();
    assert_eq!(told(&app.path("told")), "hello 2 a b\n");
    let tell = app.tree.service("tell");
    tell.wait_for(up());
    app.is_the_owners(&tell);
    assert_eq!(told(&app.path("told-once")), "once\n");
    app.tree.service("once").wait_for(down());
    assert_eq!(told(&app.path("told-once")), "once\n", "it is not started again");
}

#[test]
fn a_program_instead_of_json_is_refused_with_the_way_to_it() {
    let app = App::new(&[("ecosystem.config.js", "module.exports = { apps: [{ script: 'server.js' }] }\n")]);
    let ran = app.import(&[], "ecosystem.config.js");
    ran.exits(111).prints("");
    let complaint = String::from_utf8(ran.stderr).unwrap();
    assert!(
        complaint.contains("node -p 'JSON.stringify(require(\"./ecosystem.config.js\"))' >ecosystem.json"),
        "{complaint}"
    );
    assert_eq!(app.names(), [""; 0]);
}
