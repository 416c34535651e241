//! Programs that leave the foreground, and the words that decide it.

/// A program, and when it goes into the background.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// It does so where one of these is there; where none stands here, by itself.
    pub(super) with: &'static [&'static str],
    /// It does not where one of these is there: it stays, or it does something else and ends.
    pub(super) unless: &'static [&'static str],
    /// The file that has a say.
    pub(super) file: Option<File>,
}

/// A configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct File {
    /// The option before its path; empty where it is the first word without a dash.
    pub(super) option: &'static str,
    /// Where it is without that, if there is one.
    pub(super) default: &'static [&'static str],
    /// What a line of it begins with.
    pub(super) line: &'static str,
    /// Such a line keeps the program in the foreground; else it sends it into the background.
    pub(super) keeps: bool,
}

/// By itself, unless told otherwise.
const fn daemon(name: &'static str, unless: &'static [&'static str]) -> Row {
    Row { name, with: &[], unless, file: None }
}

/// When told so.
const fn told(name: &'static str, with: &'static [&'static str]) -> Row {
    Row { name, with, unless: &[], file: None }
}

/// A file that keeps it in the foreground.
const fn kept(option: &'static str, default: &'static [&'static str], line: &'static str) -> Option<File> {
    Some(File { option, default, line, keeps: true })
}

/// A file that sends it into the background.
const fn sent(option: &'static str, line: &'static str) -> Option<File> {
    Some(File { option, default: &[], line, keeps: false })
}

/// What begins with one dash and has one letter is found among others, too: `-vn`. What has no dash is a word, or the
/// beginning of one.
pub(super) const ROWS: &[Row] = &[
    daemon("acpid", &["-f", "--foreground", "-d", "--debug", "-v", "-h"]),
    daemon(
        "apache2",
        &["-DFOREGROUND", "FOREGROUND", "-DNO_DETACH", "NO_DETACH", "-X", "-t", "-S", "-V", "-v", "-l", "-M"],
    ),
    daemon(
        "apache2ctl",
        &[
            "-DFOREGROUND",
            "FOREGROUND",
            "-DNO_DETACH",
            "NO_DETACH",
            "-X",
            "-t",
            "-S",
            "-V",
            "-v",
            "-l",
            "-M",
            "configtest",
            "status",
            "fullstatus",
            "stop",
            "graceful-stop",
        ],
    ),
    daemon(
        "apachectl",
        &[
            "-DFOREGROUND",
            "FOREGROUND",
            "-DNO_DETACH",
            "NO_DETACH",
            "-X",
            "-t",
            "-S",
            "-V",
            "-v",
            "-l",
            "-M",
            "configtest",
            "status",
            "fullstatus",
            "stop",
            "graceful-stop",
        ],
    ),
    daemon("atd", &["-f", "-d"]),
    told("autossh", &["-f"]),
    told("avahi-daemon", &["-D", "--daemonize"]),
    daemon("bluetoothd", &["-n", "--nodetach", "-v", "--version"]),
    told("caddy", &["start"]),
    told("celery", &["--detach", "multi"]),
    daemon("chronyd", &["-n", "-d", "-q", "-Q", "-p", "-v", "-U", "--version", "--help"]),
    Row {
        file: kept(
            "-c",
            &["/etc/clamav/clamd.conf", "/etc/clamd.conf", "/etc/clamd.d/scan.conf"],
            "foreground",
        ),
        ..daemon("clamd", &["-F", "--foreground", "-V", "--version", "--config-file"])
    },
    daemon("collectd", &["-f", "-t", "-T", "-h"]),
    daemon("corosync", &["-f", "-t", "-v"]),
    daemon("cron", &["-f", "-n", "-x"]),
    daemon("crond", &["-f", "-n", "-d", "-x", "-V"]),
    daemon("cupsd", &["-f", "-F", "-l", "-t", "-h"]),
    told("daemonize", &[]),
    Row { with: &["--system", "--fork"], ..daemon("dbus-daemon", &["--nofork", "--config-file"]) },
    daemon("dhclient", &["-d", "-r", "-x", "--version"]),
    daemon("dhcpcd", &["-B", "--nobackground", "-d", "-k", "-x", "-n", "-U", "-T", "-V", "--version"]),
    daemon("dhcpd", &["-f", "-d", "-t", "-T", "--version"]),
    Row { with: &["--daemon"], ..daemon("distccd", &["--no-detach", "--no-fork"]) },
    Row {
        file: kept("-C", &["/etc/dnsmasq.conf"], "keep-in-foreground"),
        ..daemon(
            "dnsmasq",
            &[
                "-k",
                "--keep-in-foreground",
                "-d",
                "--no-daemon",
                "--test",
                "-v",
                "--version",
                "--conf-file",
                "-w",
                "--help",
            ],
        )
    },
    daemon("dovecot", &["-F", "-n", "-a", "--version", "--build-options", "stop", "reload", "--help"]),
    daemon("dropbear", &["-F", "-i", "-V", "-h"]),
    told("exim", &["-bd"]),
    told("exim4", &["-bd"]),
    daemon("fail2ban-server", &["-f", "-t", "-d", "-V", "-h", "--test", "--version", "--help"]),
    daemon("fcron", &["-f", "--foreground", "-o", "--once", "-V"]),
    Row { with: &["-d", "--daemon"], ..daemon("fetchmail", &["-N", "--nodetach", "-q", "--quit"]) },
    told("forever", &["start", "restart"]),
    daemon("freeradius", &["-f", "-X", "-x", "-C", "-v", "-h"]),
    Row { with: &["-d", "--daemon"], ..daemon("freshclam", &["-F", "--foreground"]) },
    daemon("gpsd", &["-N", "--foreground", "-V", "-h"]),
    told("gunicorn", &["-D", "--daemon"]),
    Row {
        with: &["-D"],
        file: sent("-f", "daemon"),
        ..daemon("haproxy", &["-db", "-d", "-Ws", "-c", "-v", "-vv"])
    },
    told("hostapd", &["-B"]),
    // -f and -d are those of BusyBox and OpenBSD.
    daemon(
        "httpd",
        &[
            "-DFOREGROUND",
            "FOREGROUND",
            "-DNO_DETACH",
            "NO_DETACH",
            "-X",
            "-t",
            "-S",
            "-V",
            "-v",
            "-l",
            "-M",
            "-f",
            "-d",
            "-i",
        ],
    ),
    told("icecast2", &["-b"]),
    daemon("inetd", &["-i", "-f", "-d"]),
    daemon("iodined", &["-f", "-v", "-h"]),
    daemon("irqbalance", &["-f", "--foreground", "-o", "--oneshot", "-d", "--debug", "-h"]),
    daemon(
        "keepalived",
        &["-n", "--dont-fork", "-l", "--log-console", "-t", "--config-test", "-v", "--version", "--help"],
    ),
    daemon("klogd", &["-n"]),
    daemon("krb5kdc", &["-n"]),
    daemon("lighttpd", &["-D", "-t", "-p", "-v", "-V", "-h", "-1", "-i"]),
    daemon("lldpd", &["-d", "-v", "-h"]),
    told("memcached", &["-d", "--daemon"]),
    Row { with: &["--fork"], file: sent("-f", "fork"), ..daemon("mongod", &["--shutdown"]) },
    Row { with: &["--fork"], file: sent("-f", "fork"), ..daemon("mongos", &[]) },
    told("mosquitto", &["-d", "--daemon"]),
    told("mysqld", &["--daemonize", "-D"]),
    daemon("named", &["-f", "-g", "-v", "-V", "-h"]),
    Row {
        file: kept("-c", &["/etc/nginx/nginx.conf"], "daemon off"),
        ..daemon("nginx", &["daemon off", "-t", "-T", "-s", "-v", "-V", "-h", "-?"])
    },
    daemon("nmbd", &["-F", "--foreground", "-i", "--interactive", "-V", "--version"]),
    daemon("nscd", &["-d", "-F", "--foreground", "--debug", "-g", "-i", "-K", "-V"]),
    daemon("nsd", &["-d", "-v", "-h"]),
    daemon("nslcd", &["-n", "-d", "--nofork", "--debug", "-c", "--check", "-V", "--version"]),
    daemon(
        "ntpd",
        &[
            "-n",
            "--nofork",
            "-d",
            "-D",
            "-q",
            "--quit",
            "-w",
            "-V",
            "--version",
            "--debug-level",
            "--set-debug-level",
            "--help",
        ],
    ),
    Row { with: &["--daemon"], file: sent("--config", "daemon"), ..daemon("openvpn", &[]) },
    told("pg_ctl", &["start", "restart"]),
    Row { with: &["start", "restart"], ..daemon("pg_ctlcluster", &["--foreground"]) },
    told("pgbouncer", &["-d", "--daemon"]),
    Row {
        file: kept(
            "-y",
            &[
                "/usr/local/etc/php-fpm.d/zz-docker.conf",
                "/usr/local/etc/php-fpm.conf",
                "/etc/php/VERSION/fpm/php-fpm.conf",
                "/etc/php-fpm.conf",
            ],
            "daemonize = no",
        ),
        ..daemon(
            "php-fpm",
            &[
                "-F",
                "--nodaemonize",
                "-t",
                "-i",
                "-v",
                "-m",
                "-h",
                "--test",
                "--info",
                "--version",
                "--help",
                "--fpm-config",
            ],
        )
    },
    Row { with: &["start", "restart", "resurrect"], ..daemon("pm2", &["--no-daemon"]) },
    told("postfix", &["start"]),
    daemon("privoxy", &["--no-daemon", "--version", "--help", "--config-test"]),
    daemon("proftpd", &["-n", "--nodaemon", "-t", "--configtest", "-v", "-l", "-V", "-h"]),
    told("pulseaudio", &["-D", "--start", "--daemonize"]),
    told("puma", &["-d", "--daemon"]),
    told("pure-ftpd", &["-B", "--daemonize"]),
    daemon("radiusd", &["-f", "-X", "-x", "-C", "-v", "-h"]),
    daemon("radvd", &["-n", "--nodaemon", "-c", "--configtest", "-v", "-h"]),
    Row {
        with: &["--daemonize yes"],
        file: sent("", "daemonize yes"),
        ..daemon("redis-sentinel", &["--daemonize no"])
    },
    Row {
        with: &["--daemonize yes"],
        file: sent("", "daemonize yes"),
        ..daemon("redis-server", &["--daemonize no"])
    },
    daemon("rngd", &["-f", "--foreground", "-l", "--list", "-v", "-V"]),
    daemon("rpc.mountd", &["-F", "--foreground", "-v", "-h"]),
    daemon("rpc.statd", &["-F", "--foreground", "-d", "-V", "-h"]),
    daemon("rpcbind", &["-f", "-d"]),
    Row { with: &["--daemon"], ..daemon("rsync", &["--no-detach", "--server"]) },
    daemon("rsyslogd", &["-n", "-N", "-v", "-d"]),
    told("sendmail", &["-bd"]),
    told("sidekiq", &["-d", "--daemon"]),
    daemon("slapd", &["-d", "-T", "-V"]),
    daemon("smartd", &["-n", "--no-fork", "-d", "--debug", "-q", "-V", "-D", "-h"]),
    daemon("smbd", &["-F", "--foreground", "-i", "--interactive", "-b", "-V", "--version"]),
    daemon("snmpd", &["-f", "-h", "-v", "-H"]),
    daemon("snmptrapd", &["-f", "-h", "-v", "-H"]),
    told("spamd", &["-d", "--daemonize"]),
    daemon("squid", &["-N", "--foreground", "-k", "-z", "-v", "-h"]),
    told("ssh", &["-f"]),
    daemon("sshd", &["-D", "-d", "-i", "-t", "-T", "-G", "-V"]),
    told("start-stop-daemon", &["-b", "--background"]),
    Row {
        file: kept("-c", &["/etc/supervisor/supervisord.conf", "/etc/supervisord.conf"], "nodaemon=true"),
        ..daemon("supervisord", &["-n", "--nodaemon", "-v", "--version", "-h", "--help", "--configuration"])
    },
    Row { with: &["-d", "--daemon"], ..daemon("svnserve", &["--foreground"]) },
    daemon(
        "syslog-ng",
        &[
            "-F",
            "--foreground",
            "-s",
            "--syntax-only",
            "-V",
            "--version",
            "-e",
            "--stderr",
            "-d",
            "--debug",
            "-i",
            "--interactive",
            "-h",
        ],
    ),
    daemon(
        "syslogd",
        &["-n", "-F", "-d", "-f", "-K", "-v", "-V", "--no-detach", "--foreground", "--no-forward"],
    ),
    told("thin", &["-d", "--daemonize"]),
    daemon("tincd", &["-D", "--no-detach", "-d", "-k", "-K", "--version", "--help"]),
    daemon("tinyproxy", &["-d", "-v", "-h"]),
    Row {
        with: &["--RunAsDaemon 1"],
        file: sent("-f", "RunAsDaemon 1"),
        ..daemon("tor", &["--RunAsDaemon 0"])
    },
    daemon("transmission-daemon", &["-f", "--foreground", "-d", "--dump-settings", "-V", "--version", "-h"]),
    told("ulogd", &["-d", "--daemon"]),
    Row {
        file: kept("-c", &["/etc/unbound/unbound.conf"], "do-daemonize: no"),
        ..daemon("unbound", &["-d", "-h", "-V"])
    },
    told("unicorn", &["-D", "--daemonize"]),
    told("unicorn_rails", &["-D", "--daemonize"]),
    told("uwsgi", &["--daemonize", "--daemonize2", "-d"]),
    Row {
        with: &["--daemonize yes"],
        file: sent("", "daemonize yes"),
        ..daemon("valkey-server", &["--daemonize no"])
    },
    daemon("varnishd", &["-F", "-d", "-C", "-V", "-x"]),
    told("vnstatd", &["-d", "--daemon"]),
    daemon("winbindd", &["-F", "--foreground", "-i", "--interactive", "-V", "--version"]),
    told("wpa_supplicant", &["-B"]),
    daemon("xinetd", &["-dontfork", "-d", "-version", "-inetd_compat"]),
    daemon(
        "zabbix_agentd",
        &["-f", "--foreground", "-p", "-t", "-T", "-R", "-V", "-h", "--print", "--test", "--runtime-control"],
    ),
    daemon("zabbix_proxy", &["-f", "--foreground", "-R", "-T", "-V", "-h", "--runtime-control"]),
    daemon("zabbix_server", &["-f", "--foreground", "-R", "-T", "-V", "-h", "--runtime-control"]),
    daemon(
        "znc",
        &[
            "-f",
            "--foreground",
            "-D",
            "--debug",
            "-c",
            "-p",
            "-s",
            "--makeconf",
            "--makepass",
            "--makepem",
            "-v",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::ROWS;

    #[test]
    fn each_stands_once_in_order() {
        for pair in ROWS.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} stands before {}", pair[0].name, pair[1].name);
        }
    }

    #[test]
    fn a_program_that_has_nothing_to_keep_it_is_told_so() {
        for row in ROWS {
            assert!(
                !row.with.is_empty() || !row.unless.is_empty() || row.name == "daemonize",
                "{}",
                row.name
            );
        }
    }
}
