use super::*;

fn one(line: &str) -> Listen {
    let [listen] = <[_; 1]>::try_from(parse(line.as_bytes(), None).unwrap()).unwrap();
    listen
}

fn error(content: &str) -> String {
    parse(content.as_bytes(), None).unwrap_err().to_string()
}

fn internet(host: Host, port: u16) -> Address {
    Address::Internet { host, port, is_shared: false }
}

fn v6(address: &str, scope: Option<Scope>) -> Host {
    Host::V6 { address: address.parse().unwrap(), scope, only: false }
}

#[test]
fn the_addresses() {
    let loopback = Host::V4(Ipv4Addr::LOCALHOST);
    assert_eq!(one("127.0.0.1:80").address, internet(loopback.clone(), 80));
    assert_eq!(one("localhost:80").address, internet(loopback, 80));
    assert_eq!(one("[::1]:65535").address, internet(v6("::1", None), 65535));
    let eth0 = Scope::Name("eth0".to_owned());
    assert_eq!(one("[fe80::1%eth0]:1").address, internet(v6("fe80::1", Some(eth0)), 1));
    assert_eq!(one("[fe80::1%2]:1").address, internet(v6("fe80::1", Some(Scope::Number(2))), 1));
    assert_eq!(one(":80").address, internet(Host::All, 80));
    let path = Address::Path { path: "/run/web.sock".to_owned(), access: Access::default() };
    assert_eq!(one("/run/web.sock").address, path);
    assert_eq!(one("@web").address, Address::Abstract("web".to_owned()));
}

#[test]
fn the_options() {
    let plain = one(":80");
    assert_eq!(plain.kind, Kind::Stream { backlog: 4096, no_delay: false });
    assert_eq!(plain.name, "unknown");
    let all = one("[::]:80\tbacklog=10 nodelay  reuseport v6only name=http type=stream ");
    let host = Host::V6 { address: Ipv6Addr::UNSPECIFIED, scope: None, only: true };
    assert_eq!(all.address, Address::Internet { host, port: 80, is_shared: true });
    assert_eq!(all.kind, Kind::Stream { backlog: 10, no_delay: true });
    assert_eq!(all.name, "http");
    let path = one("/run/x type=seqpacket mode=600 owner=bob group=www");
    assert_eq!(path.kind, Kind::Packets { backlog: 4096 });
    let access = Access { mode: 0o600, owner: Some(c"bob".into()), group: Some(c"www".into()) };
    assert_eq!(path.address, Address::Path { path: "/run/x".to_owned(), access });
    assert_eq!(one("@x type=dgram").kind, Kind::Datagram);
}

#[test]
fn comments_and_empty_lines_are_passed_over() {
    let content = "# the web\n\n  # and more\n \t \n:80\n:443\n# \r\n";
    let ports: Vec<String> =
        parse(content.as_bytes(), None).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(ports, [":80", ":443"]);
    assert_eq!(parse(b"", None), Ok(Vec::new()));
    // It is text of a file name elsewhere.
    assert_eq!(one("@a#b").to_string(), "@a#b");
}

#[test]
fn a_line_in_its_shortest_form() {
    let same = ["[fe80::1%eth0]:80", "@web type=seqpacket", "/run/x mode=0600 owner=bob backlog=1 name=web"];
    for line in same {
        assert_eq!(one(line).to_string(), line);
    }
    let shorter = "[::1]:80 reuseport v6only backlog=7 nodelay name=a";
    assert_eq!(one("[0:0::1]:80 name=a nodelay v6only backlog=7 type=stream reuseport").to_string(), shorter);
    assert_eq!(one("localhost:80 backlog=4096 name=unknown").to_string(), "127.0.0.1:80");
}

#[test]
fn what_can_be_changed_on_an_open_socket_does_not_make_it_another() {
    assert_eq!(one("[::]:80 name=a nodelay v6only backlog=7 reuseport").socket(), "[::]:80 reuseport v6only");
    assert_eq!(one("/run/x type=dgram mode=0600 owner=bob group=x name=a").socket(), "/run/x type=dgram");
}

#[test]
fn an_instance_finds_its_name() {
    let parse = |content: &[u8], instance: &[u8]| {
        parse(content, Some(instance))
            .map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>())
            .map_err(|bad| bad.to_string())
    };
    let lines = parse(b"127.0.0.1:$INSTANCE name=web-$INSTANCE\n/run/$INSTANCE/$INSTANCE.sock\n", b"6001");
    assert_eq!(lines.unwrap(), ["127.0.0.1:6001 name=web-6001", "/run/6001/6001.sock"]);
    assert_eq!(
        parse(b":80\n:$INSTANCE", b"web").unwrap_err(),
        "line 2: :web: a port is a number from 1 to 65535: write it in plain decimal"
    );
    for instance in [&b"a mode=0777"[..], b"a\tb", b"a\nb", b"\xff", b"$INSTANCE", b"\x1b"] {
        let why = parse(b"/run/$INSTANCE", instance).unwrap_err();
        assert!(why.starts_with("line 1: /run/$INSTANCE: the instance's name does not fit"), "{why}");
    }
    let why = parse(b"/run/$INSTANCE", b"..").unwrap_err();
    assert!(why.starts_with("line 1: /run/..: a path has no"), "{why}");
    assert!(error("\n:$INSTANCE").starts_with("line 2: :$INSTANCE: $INSTANCE is the name of an instance"));
}

#[test]
fn what_is_no_socket_is_explained() {
    let wrong = [
        ("80", "that is no address"),
        ("web", "that is no address"),
        ("run/x.sock", "that is no address"),
        ("[::1]", "that is no address"),
        ("[::1]80", "that is no address"),
        ("web:80", "names are not looked up"),
        ("*:80", "names are not looked up"),
        ("127.1:80", "names are not looked up"),
        ("127.0.0.01:80", "names are not looked up"),
        ("::1:80", "an IPv6 address is in brackets"),
        ("[1.2.3.4]:80", "that is no IPv6 address"),
        ("[::1%]:80", "that is no interface, or not an address that has one"),
        ("[::1%eth0]:80", "that is no interface, or not an address that has one"),
        ("[fe80::1%]:80", "that is no interface, or not"),
        ("[fe80::1%0]:80", "that is no interface, or not"),
        ("[fe80::1%4294967296]:80", "that is no interface, or not"),
        ("[fe80::1%interface-of-16b]:80", "that is no interface, or not"),
        ("[fe80::1]:80", "each interface has that address"),
        (":0", "a port is a number from 1 to 65535"),
        (":65536", "a port is a number from 1 to 65535"),
        (":080", "a port is a number from 1 to 65535"),
        (":+80", "a port is a number from 1 to 65535"),
        (":", "a port is a number from 1 to 65535"),
        (":http", "a port is a number from 1 to 65535"),
        ("/", "a path has no empty, . or .. parts"),
        ("/run/", "a path has no empty, . or .. parts"),
        ("/run//x", "a path has no empty, . or .. parts"),
        ("/run/../x", "a path has no empty, . or .. parts"),
        ("/run/./x", "a path has no empty, . or .. parts"),
        ("@", "the name is missing"),
        (":80 colour=red", "there is no such option"),
        (":80 reuseport=1", "it takes no value"),
        (":80 type", "its value is missing"),
        (":80 type=", "its value is missing"),
        (":80 name=a name=b", "it is there twice"),
        (":80 nodelay nodelay", "it is there twice"),
        (":80 type=tcp", "that is no type"),
        (":80 type=seqpacket", "only a unix socket has that type"),
        (":80 backlog=0", "a backlog is a number from 1 to 65535"),
        (":80 backlog=65536", "a backlog is a number from 1 to 65535"),
        (":80 type=dgram backlog=5", "nothing waits there to be accepted"),
        (":80 type=dgram nodelay", "only TCP delays"),
        ("@x nodelay", "only TCP delays"),
        ("@x reuseport", "only a port can be shared"),
        ("/run/x v6only", "that is not on IPv6 alone"),
        (":80 v6only", "that is not on IPv6 alone"),
        ("1.2.3.4:80 v6only", "that is not on IPv6 alone"),
        (":80 mode=0600", "only a path has mode, owner and group"),
        ("@x owner=bob", "only a path has mode, owner and group"),
        (":80 group=bob", "only a path has mode, owner and group"),
        ("/run/x mode=999", "that is no mode"),
        ("/run/x mode=1777", "that is no mode"),
        ("/run/x mode=00660", "that is no mode"),
        ("/run/x mode=u+w", "that is no mode"),
        ("/run/x owner=.", "that is no account's name"),
        ("/run/x owner=-", "that is no account's name"),
        ("/run/x owner=bob:www", "that is no account's name"),
        ("/run/x group=+1", "that is no account's name"),
        (":80 name=a:b", "a name is 1 to 255 printable characters"),
        (":80 name=é", "a name is 1 to 255 printable characters"),
        (":80\r", "its line ends with a carriage return"),
        (":80\x1b", "there is something else than plain text"),
    ];
    for (line, why) in wrong {
        let explained = error(&format!("# first\n{line}\n"));
        assert!(explained.starts_with("line 2: ") && explained.contains(why), "{line:?}: {explained}");
        assert!(!explained.contains(char::is_control), "{explained:?}");
    }
    assert!(parse(b"@\xff", None).is_err());
    assert!(error(&format!("/{}", "x".repeat(107))).contains("at most 107 bytes"));
    assert!(error(&format!("@{}", "x".repeat(108))).contains("at most 107 bytes"));
    assert_eq!(one(&format!("/{}", "x".repeat(106))).to_string().len(), 107);
    assert!(error(&format!(":80 name={}", "x".repeat(256))).contains("a name is 1 to 255"));
}

#[test]
fn what_the_system_would_not_have_twice_is_an_error() {
    let twice = [
        (":80", ":80 name=again"),
        (":80", "[::]:80"),
        (":80", "127.0.0.1:80"),
        ("[::]:80", "0.0.0.0:80"),
        ("0.0.0.0:80", "127.0.0.1:80"),
        ("[::]:80 v6only", "[::1]:80"),
        ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"),
        ("127.0.0.1:80 reuseport", "localhost:80 reuseport"),
        (":53 type=dgram", "127.0.0.1:53 type=dgram"),
        ("/run/x", "/run/x type=dgram"),
        ("@x", "@x backlog=1"),
    ];
    for (first, second) in twice {
        let explained = error(&format!("{first}\n@other\n{second}\n"));
        assert!(explained.contains(": line 1 has that address"), "{first} {second}: {explained}");
        let explained = error(&format!("{second}\n{first}\n"));
        assert!(explained.contains(": line 1 has that address"), "{second} {first}: {explained}");
    }
    let both = [
        (":80", ":81"),
        (":53", ":53 type=dgram"),
        ("127.0.0.1:80", "127.0.0.2:80"),
        ("127.0.0.1:80", "[::1]:80"),
        ("0.0.0.0:80", "[::]:80 v6only"),
        ("0.0.0.0:80 reuseport", "127.0.0.1:80 reuseport"),
        ("[fe80::1%eth0]:80", "[fe80::1%eth1]:80"),
        ("@x", "@x type=dgram"),
        ("@x", "/x"),
    ];
    for (first, second) in both {
        assert_eq!(
            parse(format!("{first}\n{second}").as_bytes(), None).map(|all| all.len()),
            Ok(2),
            "{first}"
        );
    }
}

#[test]
fn there_are_at_most_64() {
    let lines = |count: usize| (1..=count).map(|port| format!(":{port}\n")).collect::<String>();
    assert_eq!(parse(lines(64).as_bytes(), None).unwrap().len(), 64);
    assert_eq!(error(&lines(65)), "line 65: :65: that is one too many: a service has at most 64 sockets");
}
