use super::*;
use crate::check::script::chain::follow;
use crate::check::script::steps::Term;
use std::io::Write;

fn stage(words: &str) -> Stage {
    let words: Vec<Term> = words
        .split(' ')
        .map(|word| Term { splits: word == "$X", is_known: word != "$X", ..Term::plain(word) })
        .collect();
    follow(&words).pop().unwrap()
}

fn because(words: &str) -> Option<String> {
    judge(&stage(words), Some(Path::new("/service/web"))).map(|found| found.because)
}

#[test]
fn programs_that_go_away_by_themselves_are_found() {
    for words in [
        "/usr/sbin/sshd",
        "cron",
        "named -u bind",
        "rsyslogd",
        "smbd -S",
        "lighttpd -f /etc/lighttpd/lighttpd.conf",
        "slapd -h ldap:///",
        "chronyd -u _chrony",
        "snmpd -Lsd",
        "apachectl start",
        "squid -s",
        "daemonize prog",
    ] {
        assert_eq!(because(words).as_deref(), Some(""), "{words}");
    }
    for words in [
        "sshd -De",
        "sshd -t",
        "cron -fL 15",
        "named -fu bind",
        "rsyslogd -n",
        "smbd -FS",
        "smbd --foregr",
        "lighttpd -D -f x",
        "slapd -d0",
        "chronyd -dd",
        "snmpd -f -Lo",
        "squid -sN",
        "apache2 -D FOREGROUND",
        "apache2ctl -DFOREGROUND",
        "cron $X",
        "mynginx",
        "crontab",
    ] {
        assert_eq!(because(words), None, "{words}");
    }
}

#[test]
fn options_that_send_a_program_away_are_found() {
    for (words, option) in [
        ("memcached -d -m 64", "-d"),
        ("gunicorn --daemon app:app", "--daemon"),
        ("uwsgi --ini x --daemonize=/tmp/log", "--daemonize=/tmp/log"),
        ("redis-server --port 1 --daemonize yes", "--daemonize yes"),
        ("openvpn --config x --daemon", "--daemon"),
        ("haproxy -f x -D", "-D"),
        ("mongod --fork --dbpath x", "--fork"),
        ("exim4 -bd -q30m", "-bd"),
        ("pm2 start app.js", "start"),
        ("pg_ctl -D data start", "start"),
        ("rsync --daemon", "--daemon"),
        ("ssh -fNT host", "-fNT"),
        ("start-stop-daemon --start --background --exec x", "--background"),
        ("docker run --rm --name x -p 80:80 -d image", "-d"),
        ("docker run -itd image", "-itd"),
        ("docker compose up --detach", "--detach"),
        ("screen -dmS x prog", "-dmS"),
        ("tmux new-session -d prog", "-d"),
    ] {
        assert_eq!(because(words).as_deref(), Some(option), "{words}");
    }
    for words in [
        "memcached -m 64",
        "gunicorn -b :8000 app:app",
        "redis-server --daemonize no",
        "haproxy -f x -db -D",
        "exim4 -bdf",
        "pm2 start app.js --no-daemon",
        "pm2-runtime start app.js",
        "fetchmail --nodetach --daemon 500",
        "rsync --daemon --no-detach",
        "ssh -NT -oForwardAgent=no host",
        "docker run --rm image prog -d",
        "docker run --name x image -d",
        "docker compose up",
        "docker logs -f x",
        "screen -D -m prog",
        "tmux -D",
        "svnserve -d --foreground",
    ] {
        assert_eq!(because(words), None, "{words}");
    }
}

#[test]
fn a_configuration_has_a_say_and_one_that_cannot_be_seen_is_not_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let written = |text: &str| {
        let path = folder.path().join("conf");
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        path.display().to_string()
    };
    let plain = written("user www;\n# daemon off;\nhttp { }\n");
    assert_eq!(because(&format!("nginx -c {plain}")).as_deref(), Some(""));
    assert_eq!(because("nginx -c /nowhere/nginx.conf").as_deref(), Some(""));
    assert_eq!(because("nginx -c $X"), None);
    assert_eq!(because("/opt/nginx/sbin/nginx"), None, "it has its configuration elsewhere");
    assert_eq!(because("nginx -c /dev/null"), None);
    let off = written("user www;\n  daemon   off;\n");
    assert_eq!(because(&format!("nginx -c {off}")), None);
    let off = stage("nginx -g x");
    assert_eq!(
        judge(
            &Stage {
                words: vec![Term::plain("nginx"), Term::plain("-g"), Term::plain("daemon off;")],
                ..off
            },
            None
        ),
        None
    );
    let yes = written("port 6379\ndaemonize yes\n");
    assert!(because(&format!("redis-server {yes}")).is_some());
    assert_eq!(because(&format!("redis-server {yes} --daemonize no")), None);
    assert!(judge(&stage("redis-server conf"), Some(folder.path())).is_some(), "beside run");
    let no = written("port 6379\n#daemonize yes\ndaemonize no\n");
    assert_eq!(because(&format!("redis-server {no}")), None);
    let haproxy = written("global\n    daemon\n");
    assert!(because(&format!("haproxy -f {haproxy}")).is_some());
    assert_eq!(because(&format!("haproxy -db -f {haproxy}")), None);
    let clamd = written("Foreground yes\n");
    assert_eq!(because(&format!("clamd -c {clamd}")), None);
    let clamd = written("Foreground no\n");
    assert!(because(&format!("clamd -c {clamd}")).is_some());
}

#[test]
fn the_cure_says_what_to_call() {
    let cure = |words: &str| judge(&stage(words), None).unwrap().cure;
    assert_eq!(cure("sshd"), "sshd -D");
    assert_eq!(cure("php-fpm8.9 -y /nowhere"), "php-fpm -F");
    assert_eq!(cure("memcached -d"), "memcached without -d");
    assert_eq!(cure("pm2 start x"), "pm2-runtime, or node itself");
    assert_eq!(cure("thin start -d"), "thin without -d");
}

#[test]
fn every_row_has_a_cure_that_is_no_riddle() {
    for row in ROWS {
        let known = own_cure(row.name).or_else(|| foreground_option(row.name.as_bytes()));
        assert!(known.is_some() || !row.with.is_empty(), "{}", row.name);
    }
}
