//! What a program that has put itself into the background needs to stay in the foreground, where a supervisor wants it.
//!
//! A table of programs, and how one is recognised by the command line that /proc has of it. Whether a program did go into
//! the background is seen elsewhere; nothing is asked of the system here.

/// The words for programs that leave the foreground by themselves, or when they are told to: sorted by name, a line each. A
/// name has no version at its end, unless the program is never called without it; one with `/` in it is the end of a path,
/// where the last part alone would be anybody's.
const KNOWN: &[(&str, &str)] = &[
    ("PM2", "pm2-runtime"),
    ("SCREEN", "screen -D -m"),
    ("acpid", "acpid -f"),
    ("anacron", "anacron -d"),
    ("apache2", "apache2 -DFOREGROUND"),
    ("atd", "atd -f"),
    ("auditd", "auditd -n"),
    ("automount", "automount -f"),
    ("autossh", "autossh without -f"),
    ("avahi-daemon", "avahi-daemon without -D"),
    ("bird", "bird -f"),
    ("bluetoothd", "bluetoothd -n"),
    ("caddy", "caddy run"),
    ("celery", "celery worker without --detach"),
    ("celeryd", "celery worker without --detach"),
    ("chronyd", "chronyd -n"),
    ("clamd", "clamd --foreground"),
    ("collectd", "collectd -f"),
    ("conntrackd", "conntrackd without -d"),
    ("corosync", "corosync -f"),
    ("cron", "cron -f"),
    ("crond", "crond -n, or -f with BusyBox"),
    ("cupsd", "cupsd -f"),
    ("dbus-daemon", "dbus-daemon --nofork"),
    ("dhclient", "dhclient -d"),
    ("dhcpcd", "dhcpcd -B"),
    ("dhcpd", "dhcpd -f"),
    ("distccd", "distccd --no-detach"),
    ("dnsmasq", "dnsmasq -k"),
    ("dovecot", "dovecot -F"),
    ("dropbear", "dropbear -F"),
    ("exim", "exim -bdf"),
    ("exim4", "exim4 -bdf"),
    ("fail2ban-server", "fail2ban-server -f"),
    ("fcron", "fcron -f"),
    ("fetchmail", "fetchmail --nodetach"),
    ("freeradius", "freeradius -f"),
    ("freshclam", "freshclam -d --foreground"),
    ("gpsd", "gpsd -N"),
    ("gunicorn", "gunicorn without --daemon"),
    ("haproxy", "haproxy -db"),
    ("haveged", "haveged -F"),
    ("hostapd", "hostapd without -B"),
    ("httpd", "httpd -DFOREGROUND"),
    ("icecast2", "icecast2 without -b"),
    ("in.tftpd", "in.tftpd -L"),
    ("inetd", "inetd -i, or -f with BusyBox"),
    ("iodined", "iodined -f"),
    ("ipsec/starter", "ipsec start --nofork"),
    ("irqbalance", "irqbalance --foreground"),
    ("kadmind", "kadmind -nofork"),
    ("keepalived", "keepalived -n"),
    ("klogd", "klogd -n"),
    ("krb5kdc", "krb5kdc -n"),
    ("lighttpd", "lighttpd -D"),
    ("lircd", "lircd --nodaemon"),
    ("lldpd", "lldpd -d"),
    ("memcached", "memcached without -d"),
    ("minidlnad", "minidlnad -S"),
    ("mongod", "mongod without --fork"),
    ("mongos", "mongos without --fork"),
    ("monit", "monit -I"),
    ("mosquitto", "mosquitto without -d"),
    ("mpd", "mpd --no-daemon"),
    ("munin-node", "munin-node --foreground"),
    ("murmurd", "murmurd -fg"),
    ("mysqld", "mysqld without --daemonize"),
    ("named", "named -f"),
    ("nginx", "nginx -g 'daemon off;'"),
    ("nmbd", "nmbd --foreground"),
    ("nscd", "nscd --foreground"),
    ("nsd", "nsd -d"),
    ("nslcd", "nslcd -n"),
    ("ntpd", "ntpd -n"),
    ("opendkim", "opendkim -f"),
    ("openvpn", "openvpn without --daemon"),
    ("pcscd", "pcscd -f"),
    ("pdns_server", "pdns_server --daemon=no"),
    ("pgbouncer", "pgbouncer without -d"),
    ("php-fpm", "php-fpm -F"),
    ("postfix/master", "postfix start-fg"),
    ("postfix/sbin/master", "postfix start-fg"),
    ("postgres", "postgres itself, without pg_ctl"),
    ("pppd", "pppd nodetach"),
    ("privoxy", "privoxy --no-daemon"),
    ("proftpd", "proftpd -n"),
    ("pulseaudio", "pulseaudio --daemonize=no"),
    ("pure-ftpd", "pure-ftpd without -B"),
    ("radiusd", "radiusd -f"),
    ("radvd", "radvd -n"),
    ("redis-sentinel", "redis-sentinel --daemonize no"),
    ("redis-server", "redis-server --daemonize no"),
    ("rngd", "rngd -f"),
    ("rpc.mountd", "rpc.mountd -F"),
    ("rpc.statd", "rpc.statd -F"),
    ("rpcbind", "rpcbind -f"),
    ("rsync", "rsync --daemon --no-detach"),
    ("rsyslogd", "rsyslogd -n"),
    ("sendmail", "sendmail -bD"),
    ("slapd", "slapd -d 0"),
    ("smartd", "smartd -n"),
    ("smbd", "smbd --foreground"),
    ("snmpd", "snmpd -f"),
    ("snmptrapd", "snmptrapd -f"),
    ("spamd", "spamd without -d"),
    ("squid", "squid --foreground"),
    ("ssh", "ssh without -f"),
    ("ssh-agent", "ssh-agent -D"),
    ("sshd", "sshd -D"),
    ("stunnel", "foreground = yes in its configuration"),
    ("stunnel4", "foreground = yes in its configuration"),
    ("supervisord", "supervisord -n"),
    ("syslog-ng", "syslog-ng -F"),
    ("syslogd", "syslogd -n, or -F with sysklogd"),
    ("thttpd", "thttpd -D"),
    ("tincd", "tincd -D"),
    ("tinyproxy", "tinyproxy -d"),
    ("tmux", "tmux -D"),
    ("tor", "tor --RunAsDaemon 0"),
    ("transmission-daemon", "transmission-daemon --foreground"),
    ("ulogd", "ulogd without -d"),
    ("unbound", "unbound -d"),
    ("unicorn", "unicorn without -D"),
    ("uwsgi", "uwsgi without --daemonize"),
    ("valkey-server", "valkey-server --daemonize no"),
    ("varnishd", "varnishd -F"),
    ("vnstatd", "vnstatd -n"),
    ("vsftpd", "vsftpd -obackground=NO"),
    ("winbindd", "winbindd --foreground"),
    ("wpa_supplicant", "wpa_supplicant without -B"),
    ("xinetd", "xinetd -dontfork"),
    ("zabbix_agentd", "zabbix_agentd -f"),
    ("zabbix_proxy", "zabbix_proxy -f"),
    ("zabbix_server", "zabbix_server -f"),
    ("znc", "znc -f"),
];

/// Programs whose first argument is the program. Without their versions, too.
const INTERPRETERS: &[&str] = &["bash", "busybox", "dash", "lua", "node", "perl", "python", "ruby", "sh"];

/// Says how the program stays in the foreground whose command line this is: its arguments, as /proc/PID/cmdline has them, or
/// the title that it has written over them (`nginx: master process ...`). The answer is `nginx -g 'daemon off;'`, or
/// in words, `memcached without -d`; `None` for a program that is not in the table.
#[must_use]
pub fn foreground_option(command_line: &[u8]) -> Option<&'static str> {
    let mut arguments = command_line.split(|byte| *byte == 0);
    let program = program(arguments.next()?);
    let found = words_for(program);
    if found.is_some() || !INTERPRETERS.iter().any(|name| is_called(program, name)) {
        return found;
    }
    // The script is the first that is no option. With `-c` or `-e` there is none, and no program is called like these.
    let is_option = |argument: &&[u8]| argument.starts_with(b"-") && !matches!(*argument, b"-c" | b"-e");
    words_for(self::program(arguments.find(|argument| !is_option(argument))?))
}

/// The path in the first argument, or the name that a title begins with: `/usr/bin/redis-server *:6379`, `sshd: ...`,
/// `(squid-1)`, `[celeryd: ...]`.
fn program(argument: &[u8]) -> &[u8] {
    let title = argument.split(|byte| matches!(byte, b' ' | b':')).next().unwrap_or_default();
    let title = title.strip_prefix(b"(").or(title.strip_prefix(b"[")).unwrap_or(title);
    title.strip_suffix(b")").or(title.strip_suffix(b"]")).unwrap_or(title)
}

fn words_for(program: &[u8]) -> Option<&'static str> {
    let exactly = KNOWN.iter().find(|(name, _)| ends_in(program, name));
    let row = exactly.or_else(|| KNOWN.iter().find(|(name, _)| is_called(program, name)));
    row.map(|(_, words)| *words)
}

/// Whether a program has that name, or that and a version: `php-fpm8.2`, `python3.11`, `squid-1`.
fn is_called(program: &[u8], name: &str) -> bool {
    let is_version = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let end = program.iter().rposition(|byte| !is_version(byte)).map_or(0, |last| last.saturating_add(1));
    ends_in(program, name) || ends_in(program.get(..end).unwrap_or_default(), name)
}

fn ends_in(path: &[u8], name: &str) -> bool {
    path.strip_suffix(name.as_bytes()).is_some_and(|folder| folder.is_empty() || folder.ends_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command_line: &str) -> Option<&'static str> {
        foreground_option(command_line.as_bytes())
    }

    #[test]
    fn the_table_is_sorted_and_has_each_name_once() {
        for pair in KNOWN.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} stands before {}", pair[0].0, pair[1].0);
        }
        assert!(INTERPRETERS.is_sorted());
    }

    #[test]
    fn every_row_is_found_and_fits_into_a_message() {
        for (name, option) in KNOWN {
            assert_eq!(words(name), Some(*option));
            assert_eq!(words(&format!("/usr/sbin/{name}\0-x\0")), Some(*option));
            assert!((3..50).contains(&option.len()) && option.is_ascii(), "{option}");
            assert!(!option.contains("  ") && option.trim() == *option, "{option}");
        }
    }

    #[test]
    fn a_program_is_known_by_its_path_or_by_its_title() {
        for command_line in [
            "nginx",
            "/usr/sbin/nginx\0-c\0/etc/nginx.conf\0",
            "nginx: master process /usr/sbin/nginx -g daemon on;",
        ] {
            assert_eq!(words(command_line), Some("nginx -g 'daemon off;'"), "{command_line}");
        }
        assert_eq!(words("/usr/bin/redis-server *:6379"), Some("redis-server --daemonize no"));
        assert_eq!(words("sshd: /usr/sbin/sshd [listener] 0 of 10-100 startups"), Some("sshd -D"));
        assert_eq!(words("PM2 v5.3.0: God Daemon (/root/.pm2)"), Some("pm2-runtime"));
        assert_eq!(words("php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)"), Some("php-fpm -F"));
        assert_eq!(words("/usr/sbin/php-fpm8.2\0"), Some("php-fpm -F"));
        assert_eq!(words("(squid-1)\0--kid\0"), Some("squid --foreground"));
        assert_eq!(words("[celeryd: celery@host:MainProcess]"), Some("celery worker without --detach"));
        assert_eq!(words("/usr/lib/postfix/sbin/master\0-w\0"), Some("postfix start-fg"));
    }

    #[test]
    fn a_script_is_known_by_its_own_name() {
        let supervisord = Some("supervisord -n");
        assert_eq!(words("/usr/bin/python3\0/usr/bin/supervisord\0-c\0x.conf\0"), supervisord);
        assert_eq!(words("python3.11\0-u\0-s\0/opt/bin/supervisord\0"), supervisord);
        assert_eq!(words("python\0-m\0gunicorn\0"), Some("gunicorn without --daemon"));
        assert_eq!(words("busybox\0ntpd\0-p\0pool\0"), Some("ntpd -n"));
        assert_eq!(words("/usr/bin/perl\0-T\0-w\0/usr/sbin/spamd\0-d\0"), Some("spamd without -d"));
        assert_eq!(words("sh\0-c\0nginx -t\0"), None, "a command is no script");
        assert_eq!(words("python3\0"), None);
    }

    #[test]
    fn others_are_not_known() {
        for command_line in
            ["", "\0", "/", "8.2", "sleep\0nginx\0", "mynginx", "nginx/", "/usr/bin/master", "NGINX", "sh"]
        {
            assert_eq!(words(command_line), None, "{command_line:?}");
        }
    }
}
