//! `runas -k`: an account that has some capabilities, exactly these, and nothing besides.

use super::refused::tampered;
use crate::database::{BOB, Database};
use std::collections::BTreeMap;
use std::path::Path;
use testkit::{Ran, Tool, ours, skip};

const KILL: u64 = 1 << 5;
const NET_BIND_SERVICE: u64 = 1 << 10;
const NET_RAW: u64 = 1 << 13;
const SYS_NICE: u64 = 1 << 23;

/// The five sets, by their names in /proc.
const SETS: [&str; 5] = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

/// The fields of /proc/self/status, which the child has printed.
#[track_caller]
fn status(ran: &Ran) -> BTreeMap<String, String> {
    ran.errors("").exits(0);
    let text = String::from_utf8(ran.stdout.clone()).unwrap();
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

fn mask(status: &BTreeMap<String, String>, set: &str) -> u64 {
    u64::from_str_radix(&status[set], 16).unwrap()
}

#[track_caller]
fn has_exactly(ran: &Ran, capabilities: u64) {
    let status = status(ran);
    let uids = format!("{BOB}\t{BOB}\t{BOB}\t{BOB}");
    assert_eq!((&status["Uid"], &status["Gid"]), (&uids, &uids));
    for set in SETS {
        assert_eq!(mask(&status, set), capabilities, "{set} in {status:?}");
    }
}

/// It ran nothing, and this is why.
#[track_caller]
fn is_refused(ran: &Ran, reason: &str) {
    ran.exits(111).prints("").errors(format!("runas: fatal: {reason}\n"));
}

#[test]
fn the_account_has_exactly_these_in_each_set() {
    let Some(database) = Database::new() else { return };
    let cases: [(&[&str], u64); 4] = [
        (&["-k", "net_bind_service"], NET_BIND_SERVICE),
        (&["-knet_raw", "-k", "kill", "-k", "sys_nice"], NET_RAW | KILL | SYS_NICE),
        (&["-k", "kill", "-k", "kill"], KILL),
        // no_new_privs takes nothing away that a process has already.
        (&["-n", "-u", "022", "-k", "net_bind_service"], NET_BIND_SERVICE),
    ];
    for (options, capabilities) in cases {
        for account in ["bob", "bob:bob", ":61001:61001"] {
            let runas = database.runas().args(options).arg(account);
            has_exactly(&runas.args(["cat", "/proc/self/status"]).run(), capabilities);
        }
    }
}

#[test]
fn without_names_there_are_none_and_the_bounding_set_is_left_alone() {
    let Some(database) = Database::new() else { return };
    let own = status(&database.tool("cat").arg("/proc/self/status").run());
    let bobs = status(&database.runas().args(["bob", "cat", "/proc/self/status"]).run());
    for set in SETS.into_iter().filter(|set| *set != "CapBnd") {
        assert_eq!(mask(&bobs, set), 0, "{set}");
    }
    assert_eq!(bobs["CapBnd"], own["CapBnd"]);
}

#[test]
fn they_outlive_the_execution_of_scripts_and_programs() {
    let Some(database) = Database::new() else { return };
    database.make_file("script", "#!/bin/sh\nenv sh -c 'cat /proc/self/status'\n", BOB, 0o755);
    let ran = database.runas().args(["-k", "net_raw", "bob", "sh", "-c", "exec ./script"]).run();
    has_exactly(&ran, NET_RAW);
}

#[test]
fn what_was_ambient_before_is_not_kept_with_them() {
    let Some(database) = Database::new() else { return };
    let caps = ["--inh-caps=+net_raw,+chown", "--ambient-caps=+net_raw,+chown"];
    for secure_bits in ["-noroot", "+no_setuid_fixup"] {
        let setpriv = database.tool("setpriv").args(caps).arg(format!("--securebits={secure_bits}"));
        let runas = setpriv.arg(ours("runas"));
        has_exactly(&runas.args(["-k", "kill", "bob", "cat", "/proc/self/status"]).run(), KILL);
    }
}

#[test]
fn a_set_user_id_program_gets_no_more_than_these() {
    let Some(database) = Database::new() else { return };
    let cat = database.make_file("cat", std::fs::read("/bin/cat").unwrap(), 0, 0o4755);
    let plain = status(&database.runas().arg("bob").arg(&cat).arg("/proc/self/status").run());
    if mask(&plain, "CapEff") == 0 {
        return skip("it needs a folder for temporary files where set-user-ID programs are such");
    }
    let ran = database.runas().args(["-k", "net_raw", "bob"]).arg(&cat).arg("/proc/self/status").run();
    let status = status(&ran);
    assert_eq!(status["Uid"], format!("{BOB}\t0\t0\t0"), "it is root's");
    for set in ["CapPrm", "CapEff", "CapBnd"] {
        assert_eq!(mask(&status, set), NET_RAW, "{set}");
    }
    assert_eq!(mask(&status, "CapAmb"), 0);
}

/// Serves over HTTP on port 80, in a network of its own, as the rest of the line says who; then asks the server for a file.
const WEB: &str = r#"
    ip link set lo up && mkfifo started || exit 99
    "$@" python3 -u -m http.server 80 --bind 127.0.0.1 >started &
    read line <started && echo "${line%% (*}"
    python3 -c 'import urllib.request as r; print(r.urlopen("http://127.0.0.1:80/greeting").read().decode(), end="")'
    kill $! && wait $!
"#;

fn has_networks() -> bool {
    let can = Tool::new(Path::new("/usr/bin/unshare")).args(["--net", "ip", "link"]).run().end == Ok(0);
    if !can {
        skip("it needs network namespaces and ip of the package iproute2");
    }
    can
}

#[test]
fn an_ordinary_account_serves_on_port_80() {
    let Some(database) = Database::new() else { return };
    if !has_networks() {
        return;
    }
    database.make_file("greeting", "hello\n", 0, 0o644);
    let serve = |options: &[&str]| {
        let sh = database.tool("unshare").args(["--net", "sh", "-c", WEB, "sh"]);
        let _ = std::fs::remove_file(database.path("started"));
        sh.arg(ours("runas")).args(options).arg("bob").run()
    };
    let served = serve(&["-k", "net_bind_service"]);
    served.prints("Serving HTTP on 127.0.0.1 port 80\nhello\n").exits(128 + 15);
    let denied = serve(&[]);
    assert!(String::from_utf8_lossy(&denied.stderr).contains("Permission denied"), "{denied:?}");
    assert!(!denied.stdout.starts_with(b"Serving"), "{denied:?}");
}

#[test]
fn odd_and_dangerous_names_run_nothing() {
    let Some(database) = Database::new() else { return };
    for (name, reason) in [
        (
            "net_bind",
            "no capability is called net_bind: write names such as net_bind_service, with blanks between",
        ),
        (
            "kill,net_raw",
            "no capability is called kill,net_raw: write names such as net_bind_service, with blanks between",
        ),
        ("5", "no capability is called 5: write names such as net_bind_service, with blanks between"),
        ("", "no capability is named: write a name such as net_bind_service"),
        ("cap_kill", "cap_kill is not how it is spelt here: write kill"),
        ("KILL", "KILL is not how it is spelt here: write kill"),
        ("setuid", "setuid is not given, it leads back to root: it becomes anybody, root too"),
        ("CAP_SYS_ADMIN", "sys_admin is not given, it leads back to root: it does most of what root can do"),
        ("bpf", "bpf is not given, it leads back to root: it runs code in the kernel"),
    ] {
        // Beside a good one, too.
        let ran = database.runas().args(["-k", "net_raw", "-k", name, "bob", "echo", "ran"]).run();
        is_refused(&ran, &format!("unable to keep capabilities as bob: {reason}"));
    }
}

#[test]
fn the_page_says_of_each_that_is_refused_why() {
    let Some(database) = Database::new() else { return };
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("man/runas.1");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, chapter) = page.split_once("\n.Ss Capabilities\n").unwrap();
    let (chapter, _) = chapter.split_once("\n.El\n").unwrap();
    let items: Vec<(&str, &str)> =
        chapter.split("\n.It Li ").skip(1).map(|item| item.split_once('\n').unwrap()).collect();
    assert_eq!(items.len(), 22);
    for (name, why) in items {
        let ran = database.runas().args(["-k", name, "bob", "echo", "ran"]).run();
        let reason = format!("{name} is not given, it leads back to root: it {why}");
        is_refused(&ran, &format!("unable to keep capabilities as bob: {reason}"));
    }
}

#[test]
fn they_are_for_an_account_that_is_named_and_not_root() {
    let Some(database) = Database::new() else { return };
    let root = "they are for an account other than root, which has them all";
    for (account, reason) in
        [("root", root), ("root:bob", root), ("-", "they are for an account to become: name one")]
    {
        let ran = database.runas().args(["-k", "kill", account, "echo", "ran"]).run();
        is_refused(&ran, &format!("unable to keep capabilities as {account}: {reason}"));
    }
    // The account is looked up before anything is changed.
    is_refused(
        &database.runas().args(["-k", "kill", "nosuch", "echo", "ran"]).run(),
        "unknown account nosuch",
    );
}

#[test]
fn nobody_gives_them_to_himself() {
    let Some(database) = Database::new() else { return };
    let own = "unable to become bob: who is that account already cannot give himself capabilities";
    let reason = "unable to become alice: only root can change its user and groups: permission denied";
    let by_bob = |options: &[&str], account: &str| {
        let runas = database.runas().args(options).arg("bob").arg(ours("runas"));
        runas.args(["-k", "kill", account, "cat", "/proc/self/status"]).run()
    };
    is_refused(&by_bob(&[], "bob"), own);
    is_refused(&by_bob(&[], "alice"), reason);
    // Fewer would be no gain; but then those that are not named would have to be given up.
    for others in [&["-k", "net_raw"][..], &["-k", "kill", "-k", "net_raw"]] {
        is_refused(&by_bob(others, "bob"), own);
    }
    // What he has exactly he keeps, as an account can always run programs as itself.
    has_exactly(&by_bob(&["-k", "kill"], "bob"), KILL);
    is_refused(&by_bob(&["-k", "kill"], "alice"), reason);
}

#[test]
fn what_root_has_not_itself_it_cannot_give() {
    let Some(database) = Database::new() else { return };
    let without = |capability: &str| {
        let sets = [format!("--bounding-set=-{capability}"), format!("--inh-caps=-{capability}")];
        let runas = database.tool("setpriv").args(sets).arg(ours("runas"));
        runas.args(["-k", "kill", "bob", "echo", "ran"]).run()
    };
    is_refused(
        &without("kill"),
        "unable to become bob: root itself has no kill here: a container, or whoever started this, has taken it away",
    );
    let unable = "unable to become bob: unable to";
    is_refused(&without("setpcap"), &format!("{unable} reduce the bounding set: permission denied"));
    is_refused(&without("setgid"), &format!("{unable} set the supplementary groups: permission denied"));
    is_refused(&without("setuid"), &format!("{unable} set uid 61001: permission denied"));
    let locked = database.tool("setpriv").arg("--securebits=+keep_caps_locked").arg(ours("runas"));
    let reason = format!("{unable} keep capabilities over the change of user: permission denied");
    is_refused(&locked.args(["-k", "kill", "bob", "echo", "ran"]).run(), &reason);
}

/// Runs the rest of the line as root of a user namespace in which the accounts of the database are.
const INSIDE: &str = r#"
    mkfifo inside mapped || exit 99
    unshare --user sh -c 'echo >inside && read line <mapped; exec "$@"' sh "$@" &
    read line <inside
    echo "0 0 65536" >/proc/$!/uid_map && echo "0 0 65536" >/proc/$!/gid_map || exit 99
    echo >mapped && wait $!
"#;

#[test]
fn root_of_a_user_namespace_gives_what_counts_there() {
    let Some(database) = Database::new() else { return };
    if database.tool("unshare").args(["--user", "true"]).run().end != Ok(0) {
        return skip("it needs user namespaces");
    }
    let sh = database.tool("sh").args(["-c", INSIDE, "sh"]).arg(ours("runas"));
    let ran = sh.args(["-k", "net_bind_service", "bob", "cat", "/proc/self/status"]).run();
    has_exactly(&ran, NET_BIND_SERVICE);
    // Where only root is mapped, nobody else can be become.
    let alone = database.tool("unshare").args(["--user", "--map-root-user"]).arg(ours("runas"));
    let reason = "unable to become bob: unable to set the supplementary groups: permission denied";
    is_refused(&alone.args(["-k", "kill", "bob", "echo", "ran"]).run(), reason);
}

/// The calls of prctl that are made with `-k net_raw`, in their order.
fn calls(database: &Database) -> Option<Vec<String>> {
    if !Path::new("/usr/bin/strace").exists() {
        skip("it needs strace");
        return None;
    }
    let strace = database.tool("strace").args(["-o", "calls", "-e", "trace=prctl"]).arg(ours("runas"));
    strace.args(["-k", "net_raw", "bob", "echo", "ran"]).run().errors("").prints("ran\n");
    let calls = std::fs::read_to_string(database.path("calls")).unwrap();
    Some(calls.lines().filter(|line| line.starts_with("prctl(")).map(str::to_owned).collect())
}

/// Where in them those calls are, counted from one.
fn places(calls: &[String], wanted: &str) -> Vec<usize> {
    (1..).zip(calls).filter(|(_, call)| call.contains(wanted)).map(|(at, _)| at).collect()
}

/// A call that fails, or says yes and does nothing, ends it, and nothing is run.
#[track_caller]
fn is_found_out(database: &Database, injection: &str) -> String {
    let ran = tampered(database, &["runas", "-k", "net_raw", "bob"], injection, None).expect("strace");
    ran.exits(111).prints("");
    let said = String::from_utf8(ran.stderr).unwrap();
    let reason = said.strip_prefix("runas: fatal: unable to become bob: ");
    reason.unwrap_or_else(|| panic!("{injection}: {said}")).trim_end().to_owned()
}

#[test]
fn each_call_that_fails_ends_it() {
    let Some(database) = Database::new() else { return };
    let Some(calls) = calls(&database) else { return };
    let drops = places(&calls, "PR_CAPBSET_DROP");
    let bounding = "unable to reduce the bounding set: permission denied";
    for (injection, reason) in [
        (format!("prctl:error=EPERM:when={}", drops[0]), bounding),
        (format!("prctl:error=EPERM:when={}", drops[drops.len() - 1]), bounding),
        (
            format!("prctl:error=EINVAL:when={}", places(&calls, "PR_SET_KEEPCAPS")[0]),
            "unable to keep capabilities over the change of user: invalid argument",
        ),
        (
            format!("prctl:error=EPERM:when={}", places(&calls, "PR_CAP_AMBIENT_RAISE")[0]),
            "unable to make net_raw ambient: permission denied",
        ),
        (
            format!("prctl:error=EINVAL:when={}", places(&calls, "PR_CAP_AMBIENT_IS_SET")[0]),
            "unable to read the capabilities: invalid argument",
        ),
        // A kernel that has but one.
        ("prctl:error=EINVAL:when=2".to_owned(), "this kernel has no net_raw"),
        ("capget:error=EPERM".to_owned(), "unable to read the capabilities: permission denied"),
        ("capset:error=EPERM".to_owned(), "unable to give up the other capabilities: permission denied"),
        ("setgroups:error=EPERM".to_owned(), "unable to set the supplementary groups: permission denied"),
        ("setresgid:error=EAGAIN".to_owned(), "unable to set gid 61001: temporary failure"),
        ("setresuid:error=EAGAIN".to_owned(), "unable to set uid 61001: temporary failure"),
    ] {
        assert_eq!(is_found_out(&database, &injection), reason, "{injection}");
    }
}

#[test]
fn each_call_that_only_says_yes_is_found_out() {
    let Some(database) = Database::new() else { return };
    let Some(calls) = calls(&database) else { return };
    let drops = places(&calls, "PR_CAPBSET_DROP");
    let no_error = "the system reports no error, but the";
    let not_as_asked = format!("{no_error} capabilities are not as asked");
    for (injection, reason) in [
        (format!("prctl:retval=0:when={}", drops[0]), not_as_asked.as_str()),
        (format!("prctl:retval=0:when={}", drops[drops.len() - 1]), &not_as_asked),
        // What is said not to be there is not dropped.
        (format!("prctl:retval=0:when={}", drops[0] - 1), &not_as_asked),
        (
            format!("prctl:retval=0:when={}", places(&calls, "PR_SET_KEEPCAPS")[0]),
            "unable to give up the other capabilities: permission denied",
        ),
        (format!("prctl:retval=0:when={}", places(&calls, "PR_CAP_AMBIENT_RAISE")[0]), &not_as_asked),
        ("capset:retval=0".to_owned(), "unable to make net_raw ambient: permission denied"),
        ("setgroups:retval=0".to_owned(), &format!("{no_error} supplementary groups are not as asked")),
        ("setresgid:retval=0".to_owned(), &format!("{no_error} group is not as asked")),
        ("setresuid:retval=0".to_owned(), &format!("{no_error} user is not as asked")),
        ("setresuid:retval=0:when=2".to_owned(), "there would be a way back to root"),
    ] {
        assert_eq!(is_found_out(&database, &injection), reason, "{injection}");
    }
}
