use std::os::unix::fs::symlink;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::unistd::getgrouplist;

use super::*;

/// A root folder of its own, gone at the end of the test.
struct Root(PathBuf);

impl Root {
    fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = Self(std::env::temp_dir().join(format!("upkeep-accounts-{}-{count}", process::id())));
        fs::create_dir(&root.0).expect("a fresh folder");
        for (path, content) in files {
            root.write(path, content);
        }
        root
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn open(&self) -> Database {
        Database::open(&self.0)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// No real database has these; what NSS is asked about them is unknown.
const BOB: &CStr = c"upkeep-bob";
const PASSWD_LINE: &str = "upkeep-bob:x:4000000007:4000000008::/home/bob:/bin/sh\n";
const GROUP_LINES: &str = "upkeep-www:x:4000000009:upkeep-bob\nupkeep-log:x:4000000010:al,upkeep-bob\n";

fn root(nsswitch: &str) -> Root {
    Root::new(&[("etc/nsswitch.conf", nsswitch), (PASSWD, PASSWD_LINE), (GROUP, GROUP_LINES)])
}

fn bob() -> Account {
    files::account_by_name(PASSWD_LINE.as_bytes(), BOB.to_bytes()).unwrap().unwrap()
}

fn gids(numbers: &[u32]) -> Vec<Gid> {
    numbers.iter().copied().map(Gid::from_raw).collect()
}

#[test]
fn files_answer_every_question() {
    for nsswitch in ["passwd: files\ngroup: files\n", "passwd: files systemd\ngroup: files systemd\n", ""] {
        let root = root(nsswitch);
        let database = root.open();
        assert_eq!(database.by_name(BOB), Ok(Some(bob())));
        assert_eq!(database.by_uid(Uid::from_raw(4_000_000_007)), Ok(Some(bob())));
        assert_eq!(database.group_by_name(c"upkeep-log"), Ok(Some(Gid::from_raw(4_000_000_010))));
        assert_eq!(
            database.groups_of(&bob(), Gid::from_raw(5)),
            Ok(gids(&[5, 4_000_000_009, 4_000_000_010])),
            "{nsswitch}"
        );
        assert_eq!(database.by_name(c"upkeep-nobody"), Ok(None));
        assert_eq!(database.by_uid(Uid::from_raw(4_000_000_000)), Ok(None));
        assert_eq!(database.group_by_name(c"upkeep-nobody"), Ok(None));
    }
}

/// `root` is not in the temporary files, so whoever knows it has asked NSS.
#[test]
fn an_absent_account_is_unknown_to_files_and_a_question_to_nss_behind_them() {
    for (nsswitch, asked) in
        [("passwd: files\n", false), ("passwd: files systemd\n", true), ("passwd: sss\n", true)]
    {
        let root = root(nsswitch);
        let database = root.open();
        assert_eq!(database.by_name(c"root").unwrap().is_some(), asked, "{nsswitch}");
        assert_eq!(database.by_uid(Uid::from_raw(0)).unwrap().is_some(), asked, "{nsswitch}");
    }
    assert_eq!(root("group: files").open().group_by_name(c"root"), Ok(None));
    assert_eq!(root("group: files systemd").open().group_by_name(c"root"), Ok(Some(Gid::from_raw(0))));
}

#[test]
fn other_services_are_asked_even_about_what_is_in_the_files() {
    let root = root("passwd: files sss\ngroup: compat\n");
    let database = root.open();
    assert_eq!(database.by_name(BOB), Ok(None));
    assert_eq!(database.by_uid(Uid::from_raw(4_000_000_007)), Ok(None));
    assert_eq!(database.group_by_name(c"upkeep-www"), Ok(None));
    assert_eq!(database.groups_of(&bob(), Gid::from_raw(5)), Ok(gids(&[5])));
}

#[test]
fn one_record_of_the_user_database_sends_memberships_to_nss() {
    let nss = Ok(gids(&[5]));
    let from_files = Ok(gids(&[5, 4_000_000_009, 4_000_000_010]));
    for folder in ["etc", "run", "run/host", "usr/lib", "usr/local/lib", "run/systemd"] {
        let root = root("group: files systemd\n");
        fs::create_dir_all(root.0.join(folder).join("userdb")).unwrap();
        assert_eq!(root.open().groups_of(&bob(), Gid::from_raw(5)), from_files, "{folder} is empty");
        root.write(&format!("{folder}/userdb/io.systemd.Home"), "");
        assert_eq!(root.open().groups_of(&bob(), Gid::from_raw(5)), nss, "{folder} holds a record");
        assert_eq!(root.open().by_name(BOB), Ok(Some(bob())), "the files come before {folder}");
        root.write("etc/nsswitch.conf", "group: files\n");
        assert_eq!(root.open().groups_of(&bob(), Gid::from_raw(5)), from_files, "systemd is not named");
    }
    let root = root("group: files systemd\n");
    root.write("etc/userdb", "not a folder");
    assert_eq!(root.open().groups_of(&bob(), Gid::from_raw(5)), nss);
}

#[test]
fn a_line_of_compat_sends_the_question_to_nss() {
    let root = Root::new(&[(PASSWD, "+\n"), (GROUP, "+\n")]);
    let database = root.open();
    assert!(database.by_name(c"root").unwrap().is_some());
    assert!(database.by_uid(Uid::from_raw(0)).unwrap().is_some());
    assert_eq!(database.group_by_name(c"root"), Ok(Some(Gid::from_raw(0))));
    assert_eq!(database.groups_of(&bob(), Gid::from_raw(5)), Ok(gids(&[5])));
}

#[test]
fn a_missing_file_holds_nobody_and_an_unreadable_one_is_an_error() {
    let empty = Root::new(&[]);
    assert_eq!(empty.open().by_name(c"root"), Ok(None));
    assert_eq!(empty.open().by_uid(Uid::from_raw(0)), Ok(None));
    assert_eq!(empty.open().group_by_name(c"root"), Ok(None));
    assert_eq!(empty.open().groups_of(&bob(), Gid::from_raw(5)), Ok(gids(&[5])));

    let folders = Root::new(&[("etc/passwd/x", ""), ("etc/group/x", "")]);
    let database = folders.open();
    assert_eq!(database.by_name(BOB).unwrap_err().errno(), Errno::EISDIR);
    assert_eq!(database.by_uid(Uid::from_raw(7)).unwrap_err().errno(), Errno::EISDIR);
    assert_eq!(database.group_by_name(c"www").unwrap_err().errno(), Errno::EISDIR);
    let text = database.groups_of(&bob(), Gid::from_raw(5)).unwrap_err().to_string();
    assert!(
        text.starts_with("unable to look up the groups of account upkeep-bob: unable to read /"),
        "{text}"
    );
}

#[test]
fn a_configuration_that_cannot_be_read_is_left_to_nss() {
    let unreadable = Root::new(&[("etc/nsswitch.conf/x", ""), (PASSWD, PASSWD_LINE)]);
    assert_eq!(unreadable.open().sources, Sources::UNKNOWN);
    let elsewhere = Root::new(&[("usr/etc/nsswitch.conf", "passwd: files\n"), (PASSWD, PASSWD_LINE)]);
    assert_eq!(elsewhere.open().sources, Sources::UNKNOWN);
    let both =
        Root::new(&[("usr/etc/nsswitch.conf", "passwd: sss\n"), ("etc/nsswitch.conf", "passwd: files\n")]);
    assert_eq!(both.open().sources, Sources::DEFAULT);
    let looping = Root::new(&[(PASSWD, PASSWD_LINE)]);
    symlink("nsswitch.conf", looping.0.join("etc/nsswitch.conf")).unwrap();
    assert_eq!(looping.open().sources, Sources::UNKNOWN);
}

#[test]
fn what_cannot_be_a_name_is_nobody_whatever_the_files_say() {
    let root =
        Root::new(&[(PASSWD, ":x:7:7::/:\n+a:x:8:8::/:\n-a:x:9:9::/:\n"), (GROUP, ":x:7:\nwww:x:8:\n")]);
    let database = root.open();
    for name in [c"", c":", c"a:b", c"a\nb", c"\n", c"+", c"+a", c"-", c"-a"] {
        assert_eq!(database.by_name(name), Ok(None), "{name:?}");
        assert_eq!(database.group_by_name(name), Ok(None), "{name:?}");
        let account = Account { name: name.to_owned(), ..bob() };
        assert_eq!(database.groups_of(&account, Gid::from_raw(5)), Ok(gids(&[5])), "{name:?}");
    }
    assert_eq!(database.by_uid(Uid::from_raw(NO_ID)), Ok(None));
}

#[test]
fn a_name_that_is_not_utf_8_is_found_in_the_files_and_an_error_behind_them() {
    let root = Root::new(&[("etc/nsswitch.conf", "passwd: files systemd\n")]);
    fs::write(root.0.join(PASSWD), b"b\xff:x:7:8::/:\n").unwrap();
    let database = root.open();
    assert_eq!(database.by_name(c"b\xff").unwrap().unwrap().uid, Uid::from_raw(7));
    let error = database.by_name(c"c\xff").unwrap_err();
    assert_eq!(error.to_string(), "unable to look up account c\u{fffd}: name is not UTF-8");
}

#[test]
fn the_primary_group_comes_first_and_no_group_twice() {
    let root =
        Root::new(&[(GROUP, "a:x:3:upkeep-bob\nb:x:2:upkeep-bob\nc:x:3:upkeep-bob\nd:x:5:upkeep-bob\n")]);
    assert_eq!(root.open().groups_of(&bob(), Gid::from_raw(5)), Ok(gids(&[5, 3, 2])));
    assert_eq!(root.open().groups_of(&bob(), Gid::from_raw(2)), Ok(gids(&[2, 3, 5])));
    assert_eq!(root.open().groups_of(&bob(), Gid::from_raw(0)), Ok(gids(&[0, 3, 2, 5])));
}

#[test]
fn an_account_may_be_in_very_many_groups() {
    let lines: String = (0..40_000).map(|n| format!("g{n}:x:{}:upkeep-bob\n", n % 30_000)).collect();
    let root = Root::new(&[(GROUP, &lines)]);
    let groups = root.open().groups_of(&bob(), Gid::from_raw(29_999)).unwrap();
    assert_eq!(groups.len(), 30_000);
    assert_eq!(groups[..3], gids(&[29_999, 0, 1]));
}

/// The machine that runs the tests, by both ways: ours and glibc's own.
#[test]
fn this_machines_accounts_are_what_nss_says() {
    let system = Database::system();
    let passwd = system.read(PASSWD).unwrap();
    let names =
        passwd.split(|&byte| byte == b'\n').filter_map(|line| line.split(|&byte| byte == b':').next());
    let mut compared = 0;
    for name in names.filter(|name| name.first().is_some_and(u8::is_ascii_alphanumeric)) {
        let name = std::ffi::CString::new(name).unwrap();
        let account = system.by_name(&name).unwrap();
        assert_eq!(account, nss::account_by_name(&name).unwrap());
        let Some(account) = account else { continue };
        assert_eq!(system.by_uid(account.uid), Ok(nss::account_by_uid(account.uid).unwrap()));
        for primary in [account.gid, Gid::from_raw(0), Gid::from_raw(4_000_000_000)] {
            let mut expected = Vec::new();
            for gid in getgrouplist(&name, primary).unwrap() {
                if !expected.contains(&gid) {
                    expected.push(gid);
                }
            }
            assert_eq!(system.groups_of(&account, primary), Ok(expected), "{name:?}");
        }
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn this_machine_has_a_root_and_no_stranger() {
    let root = crate::by_name(c"root").unwrap().unwrap();
    assert_eq!((root.name.as_c_str(), root.uid.as_raw(), root.gid.as_raw()), (c"root", 0, 0));
    assert_eq!(crate::by_uid(Uid::from_raw(0)), Ok(Some(root)));
    assert_eq!(crate::by_name(c"upkeep-nobody-has-this-name"), Ok(None));
    assert_eq!(crate::by_uid(Uid::from_raw(4_123_456_789)), Ok(None));
    assert_eq!(crate::group_by_name(c"root"), Ok(Some(Gid::from_raw(0))));
    assert_eq!(crate::group_by_name(c"upkeep-nobody-has-this-name"), Ok(None));
}
