//! What the expected answers say was seen from glibc 2.36 with these very lines, but for the three stricter
//! points.

use super::*;

fn by_name(passwd: &[u8], name: &str) -> Option<Account> {
    account_by_name(passwd, name.as_bytes()).expect("a file that answers alone")
}

fn numbers(account: &Account) -> (u32, u32) {
    (account.uid.as_raw(), account.gid.as_raw())
}

#[test]
fn a_line_of_passwd_becomes_an_account() {
    let passwd = b"root:x:0:0:root:/root:/bin/bash\nbob:x:1000:100:Bob,,,:/home/bob:/bin/sh\n";
    let bob = by_name(passwd, "bob").unwrap();
    assert_eq!(bob.name.as_c_str(), c"bob");
    assert_eq!(numbers(&bob), (1000, 100));
    assert_eq!(bob.home.as_c_str(), c"/home/bob");
    assert_eq!(bob.shell.as_c_str(), c"/bin/sh");
    assert_eq!(account_by_uid(passwd, Uid::from_raw(1000)), Ok(Some(bob)));
    assert_eq!(account_by_uid(passwd, Uid::from_raw(1)), Ok(None));
}

#[test]
fn a_name_is_matched_whole_and_byte_for_byte() {
    let passwd = b"Bob:x:1:1::/:\nbobby:x:2:2::/:\nxbob:x:3:3::/:\nbob :x:4:4::/:\nb\xffb:x:5:5::/:";
    for name in ["bob", "bo", "bobb", "", "x", "root", "bob:x", "1"] {
        assert_eq!(by_name(passwd, name), None, "{name}");
    }
    assert_eq!(numbers(&by_name(passwd, "Bob").unwrap()), (1, 1));
    assert_eq!(numbers(&by_name(passwd, "bob ").unwrap()), (4, 4));
    let odd = account_by_name(passwd, b"b\xffb").unwrap().unwrap();
    assert_eq!((odd.name.as_c_str(), numbers(&odd)), (c"b\xffb", (5, 5)));
}

#[test]
fn the_first_match_wins() {
    let passwd = b"bob:x:1:2::/a:\nbob:x:3:4::/b:\nalias:x:1:9::/c:\n";
    assert_eq!(numbers(&by_name(passwd, "bob").unwrap()), (1, 2));
    let by_uid = account_by_uid(passwd, Uid::from_raw(1)).unwrap().unwrap();
    assert_eq!(by_uid.name.as_c_str(), c"bob");
    assert_eq!(group_by_name(b"www:x:5:\nwww:x:6:\n", b"www"), Ok(Some(Gid::from_raw(5))));
}

#[test]
fn a_malformed_line_is_not_there() {
    for line in [
        "bob",
        "bob:",
        "bob:x",
        "bob:x:1",
        "bob:x:1:",
        "bob:x::1::/:",
        "bob:x:1::::",
        "bob:x:a:1::/:",
        "bob:x:1:a::/:",
        "bob:x:0x1:1::/:",
        "bob:x:1a:1::/:",
        "bob:x:1 :1::/:",
        "bob:x:-1:1::/:",
        "bob:x:1:-1::/:",
        "bob:x:--1:1::/:",
        "bob:x:-0:1::/:",
        "bob:x:++1:1::/:",
        "bob:x:+:1::/:",
        "bob:x: :1::/:",
        "bob:x:4294967295:1::/:",
        "bob:x:1:4294967295::/:",
        "bob:x:4294967296:1::/:",
        "bob:x:1:18446744073709551617::/:",
        "bob\0:x:1:1::/:",
        "#bob:x:1:1::/:",
        " #bob:x:1:1::/:",
        "\u{a0}bob:x:1:1::/:",
    ] {
        assert_eq!(by_name(line.as_bytes(), "bob"), None, "{line}");
        let then_good = format!("{line}\nbob:x:7:8::/:\n");
        assert_eq!(numbers(&by_name(then_good.as_bytes(), "bob").unwrap()), (7, 8), "{line}");
        assert_eq!(account_by_uid(line.as_bytes(), Uid::from_raw(NO_ID)), Ok(None), "{line}");
    }
    assert_eq!(account_by_uid(b":x:7:8::/:\n", Uid::from_raw(7)), Ok(None), "no name");
    assert_eq!(account_by_name(b":x:7:8::/:\n", b""), Ok(None), "no name");
    assert_eq!(account_by_name(b"#bob:x:7:8::/:\n", b"#bob"), Ok(None), "a comment");
}

#[test]
fn what_glibc_lets_pass_passes() {
    for (line, home, shell) in [
        ("bob:x:7:8", c"", c""),
        ("bob:x:7:8:g", c"", c""),
        ("bob:x:7:8:g:/h", c"/h", c""),
        ("bob:x:7:8:g:/h:/s:more:", c"/h", c"/s:more:"),
        ("bob:x: 7:+8:g:/h:/s", c"/h", c"/s"),
        ("bob:x:\t\x0b+007:8:g:/h:/s", c"/h", c"/s"),
        (" \t\x0b\x0cbob:x:7:8:g:/h:/s", c"/h", c"/s"),
        ("bob:x:7:8:g:/h\0ome:/s", c"/h", c""),
        ("bob::7:8::/h\u{fc}:/s\r", c"/h\u{fc}", c"/s\r"),
    ] {
        let bob = by_name(line.as_bytes(), "bob").expect(line);
        assert_eq!(numbers(&bob), (7, 8), "{line}");
        assert_eq!((bob.home.as_c_str(), bob.shell.as_c_str()), (home, shell), "{line}");
    }
}

#[test]
fn the_largest_id_is_one_below_no_id() {
    let bob = by_name(b"bob:x:4294967294:4294967294::/:", "bob").unwrap();
    assert_eq!(numbers(&bob), (NO_ID - 1, NO_ID - 1));
}

#[test]
fn blank_lines_and_no_lines_hold_nobody() {
    for passwd in [&b""[..], b"\n", b"\n\n \n\t\n", b"#", b"\0", b"# +::::::\n"] {
        assert_eq!(account_by_name(passwd, b"bob"), Ok(None));
        assert_eq!(group_by_name(passwd, b"bob"), Ok(None));
        assert_eq!(groups_with(passwd, b"bob"), Ok(vec![]));
    }
}

#[test]
fn a_line_of_compat_hands_over_unless_the_answer_stands_before_it() {
    for compat in ["+", "-", "+::::::", "-bob", " +bob::::::", "+@netgroup::::::"] {
        let before = format!("{compat}\nbob:x:7:8::/:\n");
        let after = format!("bob:x:7:8::/:\n{compat}\n");
        assert_eq!(account_by_name(before.as_bytes(), b"bob"), Err(AskNss));
        assert_eq!(account_by_uid(before.as_bytes(), Uid::from_raw(7)), Err(AskNss));
        assert_eq!(numbers(&by_name(after.as_bytes(), "bob").unwrap()), (7, 8));
        assert_eq!(account_by_name(after.as_bytes(), b"alice"), Err(AskNss));
        assert_eq!(groups_with(after.as_bytes(), b"bob"), Err(AskNss));
    }
    assert_eq!(group_by_name(b"+:::\nwww:x:5:\n", b"www"), Err(AskNss));
}

#[test]
fn a_group_is_found_by_its_name() {
    let group = b"root:x:0:\nwww:x:33:bob\nshort:x:34\nbad:x::\nmax:x:4294967295:\nlast:x: +35:a:b";
    for (name, gid) in [
        ("root", Some(0)),
        ("www", Some(33)),
        ("short", Some(34)),
        ("bad", None),
        ("max", None),
        ("last", Some(35)),
    ] {
        assert_eq!(group_by_name(group, name.as_bytes()), Ok(gid.map(Gid::from_raw)), "{name}");
    }
    assert_eq!(group_by_name(group, b"bob"), Ok(None));
    assert_eq!(group_by_name(group, b"ww"), Ok(None));
}

#[test]
fn memberships_come_in_the_order_of_the_file() {
    let group = b"\
        none:x:500:\n  indented:x:503:bob\nshort:x:504\nblank:x:505: bob\nsecond:x:506:al, bob\n\
        trailing:x:507:bob \nspaced:x: 508:bob\nplus:x:+509:bob\nmax:x:4294967295:bob\n\
        huge:x:99999999999:bob\n\
        colon:x:510:x:bob\ntwice:x:511:bob,,bob\nagain:x:511:bob\nletters:x:5a:bob\n\
        primary:x:77:bob\nminus:x:-3:bob\n\
        :x:512:bob\nbobby:x:513:bobby,ob,Bob\nbob:x:515:\nlast:x:514:al,bob";
    let groups: Vec<u32> = groups_with(group, b"bob").unwrap().iter().map(|gid| gid.as_raw()).collect();
    assert_eq!(groups, [503, 505, 506, 508, 509, 511, 511, 77, 512, 514]);
}

#[test]
fn a_group_that_is_commented_out_hands_over_only_if_the_member_is_in_it() {
    let group = b"# a comment\n#old:x:501:bob\nwww:x:33:bob,al\n";
    assert_eq!(groups_with(group, b"bob"), Err(AskNss));
    assert_eq!(groups_with(group, b"al"), Ok(vec![Gid::from_raw(33)]));
    assert_eq!(group_by_name(group, b"www"), Ok(Some(Gid::from_raw(33))));
    assert_eq!(group_by_name(group, b"#old"), Ok(None));
}

#[test]
fn thousands_of_members_and_thousands_of_groups_are_read_in_one_pass() {
    let crowd: Vec<String> = (0..5_000).map(|n| format!("member{n}")).collect();
    let mut group = format!("crowd:x:1:{}\n", crowd.join(","));
    for gid in 2..20_000 {
        group.push_str(&format!("g{gid}:x:{gid}:al,member4999\n"));
    }
    assert_eq!(groups_with(group.as_bytes(), b"member4999").unwrap().len(), 19_999);
    assert_eq!(groups_with(group.as_bytes(), b"member4998"), Ok(vec![Gid::from_raw(1)]));
    assert_eq!(group_by_name(group.as_bytes(), b"g19999"), Ok(Some(Gid::from_raw(19_999))));
}

#[test]
fn a_line_may_be_very_long() {
    let passwd = format!("bob:x:7:8:{}:/h:/s\nal:x:9:9::/:", "g".repeat(3 << 20));
    assert_eq!(by_name(passwd.as_bytes(), "bob").unwrap().home.as_c_str(), c"/h");
    assert_eq!(numbers(&by_name(passwd.as_bytes(), "al").unwrap()), (9, 9));
}
