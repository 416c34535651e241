//! What run gets: the sockets from descriptor 3 on, in the order of the lines, and the variables that tell of them.

use super::{Client, PYTHON, Site, To, host, needs_python, serving};
use std::net::{Ipv6Addr, TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use testkit::{Folder, TestTree, account, needs_root, ours, up};

/// An instance works in its own folder. Without a shell: some leave their script open in what they execute.
fn of_template(tree: &TestTree, folder: Folder) -> Folder {
    let script = tree.services().join("web@/serve.py");
    folder.run(&format!("#!{PYTHON} -I\nexec(open({:?}).read())", script.display().to_string()))
}

#[test]
fn every_kind_of_socket_comes_in_the_order_of_its_lines() {
    if !needs_python() {
        return;
    }
    let (host, tree) = (host(), TestTree::new());
    let path = tree.root().join("run/x.sock");
    let name = format!("upkeep-{host}");
    let listen = format!(
        "# what the web is on\n{host}:80 name=http\n{host}:53 type=dgram name=dns\n\n{path} name=path\n\
         {path}.d type=dgram\n@{name} type=seqpacket name=packets\n@{name}\n",
        path = path.display()
    );
    let port = if nix::unistd::geteuid().is_root() { ("80", "53") } else { ("8080", "5353") };
    let listen = listen.replace(":80 ", &format!(":{} ", port.0)).replace(":53 ", &format!(":{} ", port.1));
    let site = Site::begun(tree, &listen, |f| f);
    site.web.wait_for(up());
    let told = To::Path(path.clone()).ask();
    let addresses = [
        format!("{host}:{}", port.0),
        format!("{host}:{}", port.1),
        path.display().to_string(),
        format!("{}.d", path.display()),
        format!("@{name}"),
        format!("@{name}"),
    ];
    assert_eq!(told.each("socket"), addresses);
    assert_eq!(told.each("type"), ["1", "2", "1", "2", "5", "1"]);
    assert_eq!(told.each("accepts"), ["1", "0", "1", "0", "1", "1"]);
    assert_eq!(told.each("waits"), ["1"; 6], "as systemd hands them over");
    assert_eq!(told.facts["descriptors"], "0,1,2,3,4,5,6,7,8");
    assert_eq!(told.facts["LISTEN_FDS"], "6");
    assert_eq!(told.facts["LISTEN_PID"], told.facts["pid"]);
    assert_eq!(told.facts["LISTEN_FDNAMES"], "http:dns:path:unknown:packets:unknown");
    assert_eq!(told.pid(), site.web.pid());
    // Each of them is one that somebody can talk to.
    assert_eq!(To::tcp(host, port.0.parse().unwrap()).ask(), told);
    assert_eq!(To::Abstract(name).ask(), told);
    let mut answer = [0; 8192];
    let udp = UdpSocket::bind((host, 0)).unwrap();
    udp.send_to(b"?", (host, port.1.parse().unwrap())).unwrap();
    udp.recv(&mut answer).unwrap();
    let unix = UnixDatagram::bind(path.with_extension("client")).unwrap();
    unix.send_to(b"?", path.with_extension("sock.d")).unwrap();
    assert!(answer.starts_with(b"pid=") && unix.recv(&mut answer).unwrap() > 100);
}

#[test]
fn options_are_set_before_anybody_can_connect() {
    if !needs_python() {
        return;
    }
    let host = host();
    let listen = format!(
        "{host}:8080 backlog=7 nodelay\n{host}:8081 reuseport\n{host}:8082 type=dgram reuseport\n{host}:8083\n"
    );
    let site = Site::new(&listen, |f| f);
    let told = To::tcp(host, 8080).ask();
    assert_eq!(told.each("nodelay"), ["1", "0", "-", "0"]);
    assert_eq!(told.each("reuseport"), ["0", "1", "1", "0"]);
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let most = most.trim().parse::<u32>().unwrap().min(4096).to_string();
    assert_eq!(told.each("backlog"), ["7", &most, "-", &most]);
    // A port that is shared takes another one, which shares it too.
    drop(site);
}

#[test]
fn all_addresses_are_those_of_both_families() {
    let Ok(six) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        return testkit::skip("it needs IPv6");
    };
    if !needs_python() {
        return;
    }
    let port = six.local_addr().unwrap().port();
    drop(six);
    let site = Site::new(&format!(":{port}\n"), |f| f);
    let [four, six] = [To::tcp([127, 0, 0, 1], port), To::tcp(Ipv6Addr::LOCALHOST, port)];
    assert_eq!(four.ask(), six.ask());
    assert_eq!(four.ask().each("v6only"), ["0"]);
    site.listen(&format!("[::]:{port} v6only\n"));
    site.restart();
    assert_eq!(six.ask().each("v6only"), ["1"]);
    assert_eq!(four.refused(), std::io::ErrorKind::ConnectionRefused);
    site.listen(&format!("[::1]:{port}\n127.0.0.1:{port}\n"));
    site.restart();
    assert_eq!(four.ask().sockets.len(), 2);
    assert_eq!(six.ask().each("socket"), [format!("::1:{port}"), format!("127.0.0.1:{port}")]);
}

#[test]
fn the_pid_is_right_behind_every_program_that_runs_another() {
    if !needs_root() || !needs_python() {
        return;
    }
    let (alice, bob) = (account("upkeep-a"), account("upkeep-b"));
    let host = host();
    let chain = format!(
        "exec {} {} {} sh -c 'exec env {} env {} ./serve.py'",
        ours("runas").display(),
        alice.name,
        ours("softlimit").display(),
        ours("envdir").display(),
        PYTHON,
    );
    let site = Site::new(&format!("{host}:80\n"), |f| f.run(&chain).env("A", "1"));
    let told = To::tcp(host, 80).ask();
    assert_eq!(told.facts["LISTEN_PID"], told.facts["pid"]);
    assert_eq!((told.pid(), &*told.facts["uid"]), (site.web.pid(), &*alice.uid.to_string()));
    // By its user file, with variables, supervise's own way through runas.
    std::fs::write(site.web.file("user"), &bob.name).unwrap();
    std::fs::write(site.web.file("run"), format!("#!/bin/sh\nexec {} -I ./serve.py\n", PYTHON)).unwrap();
    site.restart();
    let told = To::tcp(host, 80).ask();
    assert_eq!(told.facts["LISTEN_PID"], told.facts["pid"]);
    assert_eq!(told.facts["uid"], bob.uid.to_string());
    assert_eq!(told.facts["descriptors"], "0,1,2,3");
}

#[test]
fn sixty_four_of_them_leave_room_for_variables_and_a_template_or_for_nothing_else() {
    if !needs_python() {
        return;
    }
    let (host, tree) = (host(), TestTree::new());
    let listen = |first: u16| -> String {
        (first..first + 64).map(|port| format!("{host}:{port} name=n{port}\n")).collect()
    };
    // Through runas, and without it.
    tree.folder("web@", |f| of_template(&tree, serving(f, &listen(8000))).env("A", "1").env("B", "2"));
    let web = tree.folder("web@1", |f| f.env("C", "3"));
    let plain = tree.folder("plain", |f| of_template(&tree, serving(f, &listen(9000))));
    let numbers: Vec<String> = (0..=66).map(|number| number.to_string()).collect();
    for (service, name, first) in [(web, "web@1", 8000), (plain, "plain", 9000)] {
        let supervise = tree.supervise(name);
        service.wait_for(up());
        let told = To::tcp(host, first + 63).ask();
        assert_eq!(told.sockets.len(), 64);
        assert_eq!(told.facts["descriptors"], numbers.join(","));
        let expected: Vec<String> = (first..first + 64).map(|port| format!("{host}:{port}")).collect();
        assert_eq!(told.each("socket"), expected);
        assert_eq!(supervise.errors(), "");
    }
}

#[test]
fn a_service_without_listen_hears_of_no_sockets_and_finish_gets_none() {
    let tree = TestTree::new();
    let (started, finished) = (tree.beacon("web"), tree.beacon("finish"));
    let host = host();
    let web = tree.folder("web", |f| {
        f.run(&format!("{started}\nexec sleep 1000")).script("finish", &finished.to_string())
    });
    let launch = tree.launch(&ours("supervise")).arg("web");
    let _supervise =
        launch.env("LISTEN_FDS", "1").env("LISTEN_PID", "1").env("LISTEN_FDNAMES", "stranger").start();
    let is_silent = |environment: &std::collections::BTreeMap<String, String>| {
        !environment.keys().any(|name| name.starts_with("LISTEN_"))
    };
    assert!(is_silent(&started.next().environment.into_iter().collect()));
    web.wait_for(up());
    std::fs::write(web.file("listen"), format!("{host}:8080\n")).unwrap();
    tree.svc(["-t", "web"]);
    assert!(is_silent(&finished.next().environment.into_iter().collect()));
    assert_eq!(started.next().environment["LISTEN_FDS"], "1");
    tree.svc(["-t", "web"]);
    let of_finish = finished.next();
    assert!(is_silent(&of_finish.environment.into_iter().collect()), "now that there is one");
}

#[test]
fn an_instance_finds_its_name_in_the_templates_file() {
    if !needs_python() {
        return;
    }
    let (host, tree) = (host(), TestTree::new());
    let content = format!("{host}:$INSTANCE name=web-$INSTANCE\n");
    tree.folder("web@", |f| of_template(&tree, serving(f, &content)));
    let instances = ["6001", "6002"].map(|number| tree.folder(&format!("web@{number}"), |f| f));
    let svscan = tree.svscan();
    for (instance, port) in instances.iter().zip([6001, 6002]) {
        instance.wait_for(up());
        let told = To::tcp(host, port).ask();
        assert_eq!((told.pid(), &*told.facts["LISTEN_FDNAMES"]), (instance.pid(), &*format!("web-{port}")));
    }
    let client = Client::new(To::tcp(host, 6002));
    tree.svc(["-d", "web@6001"]);
    instances[0].wait_for(testkit::down());
    client.ends_content();
    assert_eq!(svscan.errors(), "");
}
