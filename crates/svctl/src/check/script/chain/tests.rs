use super::*;

fn words(text: &str) -> Vec<Term> {
    only_command(text).unwrap()
}

/// The names of the stages, the last one in brackets if it is known to stay.
fn names(text: &str) -> String {
    let stages = follow(&words(text));
    stages
        .iter()
        .map(|stage| if stage.is_last { format!("[{}]", stage.name) } else { stage.name.clone() })
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn chains_are_followed_to_the_program_that_stays() {
    for (text, expected) in [
        ("exec /usr/bin/prog -x", "[prog]"),
        ("exec -a name prog", "[prog]"),
        ("exec env - A=1 B=2 prog C=3", "env [prog]"),
        ("env -i -u X PATH=/bin prog", "env [prog]"),
        ("setuidgid bob softlimit -m300000 -o 5 envdir ./env prog -d", "setuidgid softlimit envdir [prog]"),
        ("chpst -u bob:www -e ./env -P -o 1024 -m5 prog -u x", "chpst [prog]"),
        ("chpst -b name prog", "chpst [prog]"),
        ("nice -n 5 ionice -c2 -n 7 chrt -f 10 taskset -c 0,1 prog", "nice ionice chrt taskset [prog]"),
        ("nice -5 prog", "nice [prog]"),
        ("setlock -n lock pgrphack fghack prog", "setlock pgrphack fghack [prog]"),
        (
            "s6-notifyoncheck -d -n 300 -c 'nc -z x' cd /app s6-setuidgid abc prog",
            "s6-notifyoncheck cd s6-setuidgid [prog]",
        ),
        ("runas -H -u 027 -e env bob prog", "runas [prog]"),
        ("svwait -U -t 30s db -- runas bob ./prog", "svwait runas [prog]"),
        ("tini -g -- prog", "tini [prog]"),
        ("dumb-init --rewrite 15:3 prog", "dumb-init [prog]"),
        ("setpriv --reuid bob --clear-groups --inh-caps=-all prog", "setpriv [prog]"),
        ("stdbuf -oL prog", "stdbuf [prog]"),
        ("timeout -k 5 30 prog", "timeout [prog]"),
        ("numactl --interleave=all prog", "numactl [prog]"),
        ("busybox nice prog", "busybox nice [prog]"),
        ("sh -c 'exec nice prog'", "sh nice [prog]"),
        ("sh ./script", "[sh]"),
        ("sh -e -c 'A=1; exec prog'", "sh [prog]"),
        ("sudo -u bob -i A=1 prog", "sudo [prog]"),
        ("su bob -c prog", "su [prog]"),
        ("runuser -u bob -- prog", "runuser [prog]"),
        ("prog exec env other", "[prog]"),
    ] {
        assert_eq!(names(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_told_has_no_end() {
    assert_eq!(names("chpst $OPTS prog"), "chpst");
    assert_eq!(names("env -S 'a b'"), "env");
    assert_eq!(names("setuidgid bob"), "setuidgid");
    assert_eq!(names("sh -c \"$X\""), "sh");
    assert_eq!(names("sh -c 'a; b &'"), "sh [b]");
    assert_eq!(names("nice \"$PROG\" -x"), "nice");
    assert_eq!(names("setuidgid $USER prog"), "setuidgid [prog]", "an account is one word");
    assert_eq!(follow(&words("echo x")).len(), 0);
    assert_eq!(follow(&words("command -v prog")).len(), 0);
}

#[test]
fn the_account_is_the_one_changed_to() {
    let account = |text: &str| {
        passage(&follow(&words(text))).account.and_then(|account| account.known().map(str::to_owned))
    };
    for text in [
        "setuidgid bob prog",
        "s6-setuidgid bob prog",
        "chpst -u bob:www:audio prog",
        "chpst -ubob prog",
        "setuser bob prog",
        "gosu bob:www prog",
        "sudo -u bob prog",
        "sudo --user=bob prog",
        "su - bob -c prog",
        "runuser -u bob prog",
        "setpriv --reuid=bob prog",
    ] {
        assert_eq!(account(text).as_deref(), Some("bob"), "{text}");
    }
    assert_eq!(account("chpst -U bob prog"), None, "that is for the variables alone");
    assert_eq!(account("envuidgid bob prog"), None);
    assert_eq!(account("setuidgid \"$X\" prog"), None);
}

#[test]
fn the_builtins_are_sorted() {
    assert!(
        is_builtin("cd") && is_builtin("[") && is_builtin(".") && is_builtin("wait") && is_builtin("umask")
    );
    assert!(!is_builtin("prog") && !is_builtin("sleep"));
}
