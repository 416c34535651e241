//! Findings about what run says, on service folders as people have them.

use std::collections::BTreeMap;
use testkit::{Folder, Ran, TestTree};

/// Sound scripts, each of another shape that real projects have: resolvers, mail servers, distributions, containers.
const SOUND: &[(&str, &str)] = &[
    (
        "a logger of s6's",
        r#"#!/bin/sh
exec s6-log -b n20 s1000000 T /var/log/web
"#,
    ),
    (
        "a default in place of options",
        r#"#!/bin/sh
exec 2>&1
[ -r ./conf ] && . ./conf
exec avahi-daemon -s ${OPTS:=--no-chroot}
"#,
    ),
    (
        "the binary for the machine",
        r#"#!/bin/sh
case "$(uname -m)" in
  x86_64) BIN=app-amd64 ;;
  aarch64|arm64) BIN=app-arm64 ;;
  *) echo "?" >&2; exit 1;;
esac
exec ./"$BIN" --listen 127.0.0.1:9000
"#,
    ),
    (
        "a daemon whose configuration keeps it in the foreground",
        r#"#!/bin/sh
exec 2>&1
exec setuidgid clamav softlimit -a 40000000 clamd
"#,
    ),
    (
        "a client of another machine's port",
        r#"#!/bin/sh
exec setuidgid bob bridge --host mqtt.example.org --port 443 --verbose
"#,
    ),
    (
        "bash with a container's variables and an array",
        r#"#!/usr/bin/with-contenv bash
umask "$UMASK"
cd /tmp || exit
if [[ -f /config/x ]]; then args=(--x "$y"); fi
exec s6-setuidgid abc /usr/bin/app "${args[@]}" --config=/config
"#,
    ),
    (
        "HOME set by hand",
        r#"#!/bin/sh
export HOME=/home/couchdb
exec 2>&1
exec chpst -u couchdb /home/couchdb/bin/couchdb
"#,
    ),
    (
        "a message bus with its folder made first",
        r#"#!/bin/sh
[ ! -d /run/dbus ] && install -m755 -g 22 -o 22 -d /run/dbus
dbus-uuidgen --ensure=/etc/machine-id 2>/dev/null || true
exec dbus-daemon --system --nofork --nopidfile
"#,
    ),
    (
        "a resolver with variables from a folder, in an inner shell",
        r#"#!/bin/sh
exec 2>&1
exec <./seed
exec envdir ./env sh -c '
  exec envuidgid cachelog softlimit -o250 -d "$DATALIMIT" /usr/local/bin/dnscache
'
"#,
    ),
    (
        "a container in the foreground, with -p",
        r#"#!/bin/sh
exec 2>&1
docker rm -f web >/dev/null 2>&1 || true
exec docker run --rm --name web -p 80:80 -v /srv:/srv nginx:stable nginx -g 'daemon off;'
"#,
    ),
    (
        "several ways to start it",
        r#"#!/bin/sh
exec 2>&1
if [ -x ./server ]; then
  exec ./server
elif command -v server >/dev/null; then
  exec server
else
  echo "no server"
  sv once . ; exec sleep 60
fi
"#,
    ),
    (
        "an empty environment",
        r#"#!/bin/sh
exec env - PATH="$PATH" TZ=UTC setuidgid daemon ./server -f -p 8081
"#,
    ),
    (
        "an exec in a branch, else a pause",
        r#"#!/bin/sh
if svok /service/clock; then
  sleep 2 # wait
  exec 2>&1
  exec envdir ./env /usr/lib/inet/in.dhcpd -b manual -d # -v
fi
echo clock is not running
exec /bin/sleep 5
"#,
    ),
    (
        "a script of execline",
        r#"#!/command/execlineb -P
with-contenv
fdmove -c 2 1
importas -i USER RUNUSER
foreground { mkdir -p /run/thing }
s6-setuidgid $USER
/usr/sbin/nginx -g "daemon off;"
"#,
    ),
    (
        "a daemon in the foreground with a word for the background",
        r#"#!/bin/sh
EVERY=551
exec 2>&1
echo "*** start"
exec env FETCHMAILHOME="./pid" chpst -u mail fetchmail -v -f ./rc --nodetach --daemon ${EVERY}
"#,
    ),
    (
        "functions and a look for the program",
        r#"#!/bin/sh
die() { echo "$1" >&2; exit 1; }
setup()
{
	[ -d "$1" ] || mkdir -p "$1"
}
setup /run/y
command -v node >/dev/null 2>&1 || die "no node"
exec node server.js
"#,
    ),
    (
        "a test with || before exec",
        r#"#!/bin/sh
set -e
modprobe thing
test ! -f /sys/devices/x || exec /usr/sbin/powernowd -d
echo "not found!"
sv down "$(pwd)"
"#,
    ),
    (
        "variables before a bundle",
        r#"#!/bin/sh
exec 2>&1

# Let runit capture all script error messages
umask 022
cd /tmp

exec chpst -P -u git:git \
  -U git:git \
  -e /opt/gitlab/etc/puma/env \
  /usr/bin/env \
    current_dir=${rails_app} \
    pidfile=${pidfile} \
    /opt/gitlab/embedded/bin/bundle exec puma -C ${puma}
"#,
    ),
    (
        "variables from a folder",
        r#"#!/bin/bash

# chown the socket
mkdir -p /var/opt/x
exec 2>&1
exec chpst -e /opt/gitlab/etc/x/env -P \
  /opt/gitlab/embedded/bin/redis-server /var/opt/gitlab/redis/redis.conf
"#,
    ),
    (
        "a configuration from a here-document",
        r#"#!/bin/sh
exec 2>&1
cat > /run/x.conf <<-END
	[Service]
	daemon $x
	END
exec haproxy -f /run/x.conf -db
"#,
    ),
    (
        "options from variables",
        r#"#!/bin/sh
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
JAVA_OPTS="-Xmx512m -Dfile.encoding=UTF-8 ${JAVA_OPTS:-}"
exec java $JAVA_OPTS -jar "$HERE/app.jar" --server.port=8080
"#,
    ),
    (
        "stdin from the kernel, in one exec",
        r#"#!/bin/sh -e
exec < /proc/kmsg \
setuidgid loguser \
multilog t n64 ./main
"#,
    ),
    (
        "output to a file",
        r#"#!/bin/sh
# `/sbin/setuser memcache` runs the given command as the user `memcache`.
exec /sbin/setuser memcache /usr/bin/memcached >>/var/log/memcached.log 2>&1
"#,
    ),
    (
        "a broker",
        r#"#!/bin/sh
exec mosquitto -c /etc/mosquitto/mosquitto.conf
"#,
    ),
    (
        "quotes of all kinds",
        r#"#!/bin/sh
exec 2>&1 </dev/null

  exec \
    chpst -0 -o 1024 -m 200000000 \
      ./server --name='a "quoted" one' --text "it's $(hostname) `date +%Y`" \
               --glob '*.txt' --tilde="~" --dollar '$HOME' --port 8080 # the end
"#,
    ),
    (
        "a database made at its first start",
        r#"#!/bin/sh
[ -d /var/lib/mysql/mysql ] || mysql_install_db --user=mysql >/dev/null
exec mysqld --user=mysql --bind-address=127.0.0.1 2>&1
"#,
    ),
    (
        "helpers of the kernel, and traps",
        r#"#!/bin/sh
sv start rpcbind statd || exit 1
THREADS=8
OPTS=
trap '/usr/bin/killall -2 nfsd' 0
trap 'exit 2' 1 2 3 15
exportfs -r
rpc.nfsd -- $THREADS
rpcinfo -u localhost nfs 3 >/dev/null 2>&1 || OPTS="$OPTS --no-nfs-version 3"
exec rpc.mountd -F $OPTS
"#,
    ),
    (
        "a check for readiness in the chain",
        r#"#!/usr/bin/with-contenv bash
# shellcheck shell=bash
exec \
    s6-notifyoncheck -d -n 300 -w 1000 -c "nc -z localhost 8080" \
        cd /tmp s6-setuidgid abc python3 /app/main.py
"#,
    ),
    (
        "a loop before exec",
        r#"#!/bin/sh
secure=""
for table in passwd group
  do
    if egrep '^'$table':.*nisplus' /etc/nsswitch.conf >/dev/null
      then
        nscd_nischeck $table || secure="$secure -S $table,yes"
    fi
done
exec nscd -d -- $secure
"#,
    ),
    (
        "work that is done once",
        r#"#!/bin/sh
modprobe loop
sv down .
"#,
    ),
    (
        "nothing to run",
        r#"#!/bin/sh
mount -a
ip link set lo up
exec chpst -b mounts pause
"#,
    ),
    (
        "something once an hour",
        r#"#!/bin/sh
while :; do
    /usr/local/bin/backup --quiet
    sleep 3600
done
"#,
    ),
    (
        "a versioned name",
        r#"#!/bin/sh
mkdir -p /run/php
exec php-fpm8.2 --nodaemonize --fpm-config /etc/php/8.2/fpm/php-fpm.conf
"#,
    ),
    (
        "defaults from a file that is looked for",
        r#"#!/bin/sh
set -e
# If /dev/log is either a named pipe or it was placed there accidentally,
# e.g. because of a bug, remove it.
if [ -p /dev/log -o -f /dev/log ]; then
    rm -f /dev/log
fi
SYSLOGNG_OPTS=""
[ -r /etc/default/syslog-ng ] && . /etc/default/syslog-ng
exec syslog-ng -F -p /var/run/syslog-ng.pid $SYSLOGNG_OPTS
"#,
    ),
    (
        "double brackets in bash",
        r#"#!/bin/bash
if [[ ! -e /etc/service/sshd/down && ! -e /etc/ssh/ssh_host_rsa_key ]] ; then
	echo "No SSH host key available."
fi
exec /usr/sbin/sshd -D -e
"#,
    ),
    (
        "much of what bash knows",
        r#"#!/bin/bash
# A comment with 'quotes" and $things.
set -euo pipefail
source /dev/null
declare -a opts=(--one --two)
if (( ${#opts[@]} > 1 )); then opts+=(--three); fi
for opt in "${opts[@]}"; do echo "$opt"; done
exec app "${opts[@]}" < <(printf '%s\n' x)
"#,
    ),
    (
        "variables before a command, over two lines",
        r#"#!/bin/sh
exec 1>&2
mail_owner=postfix setgid_group=postdrop \
  /etc/postfix/postfix-script check || exit 1
exec /usr/lib/postfix/sbin/master
"#,
    ),
    (
        "one exec for root, one for others",
        r#"#!/bin/sh
exec 2>&1
. ./conf 2>/dev/null
PGDATA=${PGDATA:-/var/lib/postgresql/data}
if [ ! -d "$PGDATA" ]; then
	echo no
	exit 1
fi
if [ "$(id -u)" = 0 ]; then
  exec chpst -u postgres:postgres postgres -D "$PGDATA" $OPTS
fi
exec postgres -D "$PGDATA"
"#,
    ),
    (
        "an option with a word of its own",
        r#"#!/bin/sh
exec redis-server --port 6380 --daemonize no --dir "$PWD/data"
"#,
    ),
    (
        "a server of servers",
        r#"#!/bin/sh
exec 2>&1
exec softlimit -d 100000000 tcpserver -x tcp.cdb -c 100 -U -H -l 0 -R 127.0.0.1 8730 \
  nice -2 rsync --daemon --no-detach --config /etc/rsyncd.conf
"#,
    ),
    (
        "a tree of an account's own",
        r#"#!/bin/sh
export USER="bob"
export HOME="/home/bob"
groups="$(id -Gn "$USER" | tr ' ' ':')"
svdir="$HOME/service"
exec chpst -u "$USER:$groups" runsvdir "$svdir"
"#,
    ),
    (
        "a right given on the way",
        r#"#!/bin/sh
exec setpriv --reuid bob --regid=bob --init-groups --ambient-caps +net_bind_service ./web --port 443
"#,
    ),
    (
        "a folder from a variable",
        r#"#!/bin/bash
cd "$APP_CURRENT_PATH"
exec 2>&1
exec chpst -u app bundle exec sidekiq -e production -C config/sidekiq.yml
"#,
    ),
    (
        "a PATH of its own",
        r#"#!/bin/sh
PATH="/usr/local/samba/bin"
exec 2>&1
exec smbd -F -S -d3
"#,
    ),
    (
        "numbers from files",
        r#"#!/bin/sh
exec 2>&1
QUID=`id -u mail`
QGID=`id -g mail`
MAX=`cat /var/qmail/control/concurrencyincoming`
if [ -z "$QUID" -o -z "$QGID" -o -z "$MAX" ]; then
  echo "unset: QUID, QGID or MAX"
  echo "in $0"
  exit 1
fi
exec softlimit -m 9000000 \
  tcpserver -v -R -l "`hostname`" -x /etc/tcp.smtp.cdb -c "$MAX" \
    -u "$QUID" -g "$QGID" 0 smtp /var/qmail/bin/qmail-smtpd
"#,
    ),
    (
        "a timer",
        r#"#!/bin/sh
exec snooze -H3 -t ./stamp sh -c 'touch stamp; run-parts /etc/cron.daily'
"#,
    ),
    (
        "letters together",
        r#"#!/bin/sh
exec 2>&1
ulimit -n 4096
exec squid -f ./config -sN
"#,
    ),
    (
        "a helper that may be needed",
        r#"#!/bin/sh
LOCKD=yes
if test -f /proc/ksyms; then
  grep -q lockdctl /proc/ksyms || LOCKD=no
fi
if [ "$LOCKD" = yes ]; then
  rpc.lockd
fi
exec rpc.statd -F -d
"#,
    ),
    (
        "a subshell and exports",
        r#"#!/bin/sh
( umask 077; echo x > /run/secret ) || exit 1
[ -n "${DEBUG:-}" ] && set -x
ulimit -n 65536
export PATH="/opt/app/bin:$PATH" HOME=/var/lib/app
exec setuidgid app npm-app --x "$(cat port)" 3>&1
"#,
    ),
    (
        "a logger that makes its folder",
        r#"#!/bin/sh
service=$(basename "$(dirname "$(pwd)")")
logdir="/var/log/$service"
mkdir -p "$logdir"
exec svlogd -tt "$logdir"
"#,
    ),
    (
        "a reaper in front",
        r#"#!/bin/sh
umask 027
exec tini -g -- node --max-old-space-size=512 server.js
"#,
    ),
    (
        "a script that stays",
        r#"#!/bin/sh
exec 2>&1
exec setuidgid tomcat /opt/tomcat/bin/catalina.sh run
"#,
    ),
    (
        "signals passed on by hand",
        r#"#!/bin/bash
trap 'kill -TERM $pid' TERM INT
/usr/bin/java -jar /opt/app.jar &
pid=$!
wait $pid
trap - TERM INT
wait $pid
"#,
    ),
    (
        "a terminal",
        r#"#!/bin/sh
tty=${PWD##*-}
[ -r conf ] && . ./conf
if [ -x /sbin/getty -o -x /bin/getty ]; then
	# busybox
	GETTY=getty
elif [ -x /sbin/agetty -o -x /bin/agetty ]; then
	# util-linux
	GETTY=agetty
fi
exec setsid ${GETTY} ${GETTY_ARGS} "${tty}" "${BAUD_RATE}" "${TERM_NAME}"
"#,
    ),
    (
        "a program from a variable",
        r#"#!/bin/sh
exec 2>&1
if [ -x /usr/lib/systemd/systemd-udevd ]; then _b=/usr/lib/systemd/systemd-udevd; else _b=udevd; fi
exec $_b
"#,
    ),
    (
        "waiting for another service",
        r#"#!/bin/sh
until sv check postgres >/dev/null 2>&1
do
	sleep 1
done
exec ./app
"#,
    ),
    (
        "an activated environment",
        r#"#!/bin/sh
exec 2>&1
. ./venv/bin/activate
exec uvicorn app:app --host 0.0.0.0 --port 8000 --workers "$(nproc)"
"#,
    ),
    (
        "a logger to syslog",
        r#"#!/bin/sh
exec logger -t web -p daemon.info
"#,
    ),
    (
        "a check of another service",
        r#"#!/bin/sh
sv check dbus >/dev/null || exit 1
exec 2>&1
exec NetworkManager -n
"#,
    ),
    (
        "options from a file that may be missing",
        r#"#!/bin/sh
[ -r ./conf ] && . ./conf
exec 2>&1
: ${OPTS:=-n}
install -d -m0755 -o root /run/thing
exec chronyd $OPTS
"#,
    ),
    (
        "loops that wait",
        r#"#!/bin/sh
until pg_isready -q; do sleep 1; done
while ! nc -z localhost 5432; do
    echo waiting
    sleep 1
done
cd /tmp && exec gunicorn -b 127.0.0.1:8000 app:app
"#,
    ),
    (
        "an option where there is a value",
        r#"#!/bin/sh
[ -r ./auto ] && . ./auto
exec 2>&1
exec wpa_supplicant -M ${CONF:+-c "$CONF"} -i wlan0 -s
"#,
    ),
];

/// Scripts with a fault, and what it is called.
const PLANTED: &[(&str, &str)] = &[
    ("exec sudo -u bob -i python3 /path/to/prog.py --port=6001", "sudo"),
    ("su bob -c 'exec node server.js'", "sudo"),
    ("exec runuser -u bob -- ./prog", "sudo"),
    ("cd / || exit 1\npython3 -m http.server 8000", "no-exec"),
    ("./prog --x &", "background"),
    ("node server.js 2>&1 | logger -t node", "piped"),
    ("exec nginx -c NOWHERE/nginx.conf", "background"),
    ("exec gunicorn --daemon app:app", "background"),
    ("exec redis-server --daemonize yes", "background"),
    ("exec /usr/sbin/sshd", "background"),
    ("exec pm2 start app.js", "background"),
    ("exec docker run -d --name web -p 8080:80 nginx", "background"),
    ("exec start-stop-daemon --start --background --exec /bin/sleep", "background"),
    ("exec systemctl start nginx", "started-elsewhere"),
    ("exec chpst -u bob npm ci", "home-of-another"),
    ("exec setuidgid bob /home/bob/.local/bin/prog", "home-of-another"),
    ("exec npm start", "runner-in-front"),
    ("exec setuidgid bob python3 -m http.server 80", "port-below-1024"),
    ("exec chpst -u bob ./prog --bind 0.0.0.0:443", "port-below-1024"),
    ("cd NOWHERE/app || exit 1\nexec ./prog", "folder-missing"),
    ("exec ./prog >>NOWHERE/log 2>&1", "redirect-missing"),
    (". NOWHERE/defaults\nexec ./prog", "source-missing"),
    ("sleep 5\nexec ./prog", "sleep"),
    ("while true; do\n  node server.js\n  sleep 1\ndone", "restart-loop"),
    ("pkill -9 node\nexec node server.js", "kill"),
    ("exec node server.js\necho 'it has ended'", "after-exec"),
    ("exec ./prog --port=\"$1\"", "no-instance"),
    ("[[ -f /etc/passwd ]] || exit 1\nexec ./prog", "bash-syntax"),
    ("set -euo pipefail\nexec ./prog", "bash-syntax"),
    ("exec \"~/bin/prog\"", "quoted-tilde"),
    ("exec 'C:\\prog\\prog.exe'", "windows-path"),
    ("[Unit]\nDescription=web\n[Service]\nExecStart=/usr/bin/prog --x", "systemd-unit"),
    ("case \"$1\" in\n start) ./prog & ;;\n stop) kill 1 ;;\nesac", "init-script"),
    ("exec mysqld_safe --user=mysql", "second-supervisor"),
    ("#!/bin/sh -e -x\nexec ./prog", "shebang-options"),
    ("#!/bin/bash -l\nexec ./prog", "login-shell"),
    ("#!/usr/bin/execlineb -P\nfdmove -c 2 1\nmemcached -d", "background"),
];

/// What is found in each service, by its code: of what run says, not of which programs and accounts this machine has.
fn found(ran: &Ran) -> BTreeMap<String, Vec<String>> {
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let mut found = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines() {
        let value = |key: &str| {
            line.trim().strip_prefix(key)?.trim_end_matches(',').trim_matches('"').to_owned().into()
        };
        if let Some(service) = value("\"name\": ") {
            name = service;
            found.insert(name.clone(), Vec::new());
        }
        let code: Option<String> = value("\"code\": ");
        let is_ours = |code: &String| !OF_THE_MACHINE.iter().any(|beginning| code.starts_with(beginning));
        if let Some(code) = code.filter(is_ours) {
            found.entry(name.clone()).or_default().push(code);
        }
    }
    found
}

/// How the codes begin of what another machine would not have: programs, accounts and interpreters that are not installed here.
const OF_THE_MACHINE: &[&str] = &["program-", "user-unknown", "interpreter-missing", "script-missing"];

#[test]
fn nothing_is_said_of_sound_scripts() {
    let tree = TestTree::new();
    for (index, (_, script)) in SOUND.iter().enumerate() {
        tree.folder(&format!("sound-{index}"), |f: Folder| f.run(script));
    }
    let found = found(&tree.svctl(["check", "--json"]));
    assert!(SOUND.len() >= 60 && found.len() == SOUND.len(), "{found:?}");
    for (index, (described, script)) in SOUND.iter().enumerate() {
        assert_eq!(found[&format!("sound-{index}")], [""; 0], "{described}:\n{script}");
    }
}

#[test]
fn each_fault_in_a_script_is_found_and_no_other() {
    let tree = TestTree::new();
    let nowhere = tree.root().join("nowhere").display().to_string();
    for (index, (script, _)) in PLANTED.iter().enumerate() {
        tree.folder(&format!("planted-{index}"), |f| f.run(&script.replace("NOWHERE", &nowhere)));
    }
    let found = found(&tree.svctl(["check", "--json"]));
    let is_dash = std::fs::canonicalize("/bin/sh").is_ok_and(|path| path.ends_with("dash"));
    let first_port =
        std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap_or_default();
    let has_low_ports = first_port.trim().parse::<u16>().is_ok_and(|port| port < 1024);
    for (index, (script, code)) in PLANTED.iter().enumerate() {
        // On another machine both are sound.
        if (*code == "bash-syntax" && !is_dash) || (*code == "port-below-1024" && has_low_ports) {
            continue;
        }
        assert_eq!(found[&format!("planted-{index}")], [*code], "{script}");
    }
}

#[test]
fn the_line_and_its_cure_are_told() {
    let tree = TestTree::new();
    tree.folder("web", |f| f.run("exec 2>&1\nexec sudo -u bob -i python3 prog.py --port=6001"));
    let ran = tree.svctl(["check", "web"]);
    let text = String::from_utf8_lossy(&ran.exits(1).stdout).into_owned();
    assert!(
        text.contains("line 3 runs its program through sudo (sudo -u bob -i python3 prog.py --port=6001)"),
        "{text}"
    );
    assert!(text.contains("write bob into the file user"), "{text}");
    assert!(text.contains("exec python3 prog.py --port=6001\n"), "{text}");
}

#[test]
fn a_script_is_read_and_never_run() {
    let tree = TestTree::new();
    let proof = tree.root().join("it-was-run");
    let touch = format!("touch '{}'", proof.display());
    tree.folder("web", |f| {
        f.run(&format!("{touch}\nA=`{touch}` B=$({touch})\nexec sh -c \"{touch}\" $({touch})"))
    });
    let _ = tree.svctl(["check"]);
    assert!(!proof.exists());
}
