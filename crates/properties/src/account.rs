//! What somebody becomes by: `user` files, the lines of passwd and group, nsswitch.conf.

use accounts::Account;
use accounts::files::{account_by_name, account_by_uid, group_by_name, groups_with};
use accounts::nsswitch::{Source, Sources};
use nix::unistd::{Gid, Uid};
use protocol::user::{Groups, User};

/// An account as it is written, on a command line and in a file: nobody is root by number or by accident.
pub fn user(data: &[u8]) {
    let line = data.strip_suffix(b"\n").unwrap_or(data);
    let from_file = User::from_file(data);
    if !line.contains(&b'\n') {
        assert_eq!(from_file, User::parse(line), "a file is one line");
    } else {
        assert!(from_file.is_err());
    }
    let Ok(user) = User::parse(data) else { return };
    let written = match user {
        User::Stay => b"-".to_vec(),
        User::FolderOwner => b".".to_vec(),
        User::Numbers { uid, gid } => {
            assert!(![0, u32::MAX].contains(&uid) && ![0, u32::MAX].contains(&gid));
            format!(":{uid}:{gid}").into_bytes()
        }
        User::Named { name, groups } => {
            let mut parts = vec![name];
            match groups {
                Groups::Database => {}
                Groups::Primary(primary) => parts.push(primary),
                Groups::Exactly(primary, others) => {
                    assert!(!others.is_empty());
                    parts.push(primary);
                    parts.extend(others);
                }
            }
            for part in &parts {
                let bytes = part.to_bytes();
                assert!(!bytes.is_empty() && !bytes.starts_with(b"-") && !bytes.starts_with(b"+"));
                assert!(!bytes.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()));
            }
            parts.iter().map(|part| part.to_bytes()).collect::<Vec<_>>().join(&b':')
        }
    };
    assert_eq!(written, data, "an account is taken as it is written, and written in one way only");
}

/// A passwd file, asked for the name in its first line and for that account's number, beside a slow reading of its lines.
pub fn passwd(data: &[u8]) {
    let name = first_line(data);
    let lines = lines(data);
    let known: Vec<Passwd> =
        lines.iter().filter(|line| !is_odd(line)).filter_map(|line| passwd_line(line)).collect();
    let read = |account: Account| Passwd {
        name: account.name.into_bytes(),
        uid: account.uid.as_raw(),
        gid: account.gid.as_raw(),
        home: account.home.into_bytes(),
        shell: account.shell.into_bytes(),
    };
    let Ok(found) = account_by_name(data, name) else {
        assert!(lines.iter().any(|line| is_of_compat(line)), "only such files are for others to read");
        return;
    };
    let found = found.map(read);
    assert_eq!(found.as_ref(), known.iter().find(|account| account.name == name));
    let uid = found.map_or(0, |account| account.uid);
    if let Ok(found) = account_by_uid(data, Uid::from_raw(uid)) {
        assert_eq!(found.map(read).as_ref(), known.iter().find(|account| account.uid == uid));
    }
}

/// A group file, asked for the name in its first line as a group and as a member, in the same way.
pub fn group(data: &[u8]) {
    let name = first_line(data);
    let lines = lines(data);
    let known: Vec<Group> =
        lines.iter().filter(|line| !is_of_compat(line)).filter_map(|line| group_line(line)).collect();
    if let Ok(found) = group_by_name(data, name) {
        let model = known.iter().find(|group| group.name == name && !is_odd(&group.name));
        assert_eq!(found.map(Gid::as_raw), model.map(|group| group.gid));
    }
    match groups_with(data, name) {
        Ok(groups) => {
            let model = known.iter().filter(|group| group.members.iter().any(|member| member == name));
            let model: Vec<u32> = model.map(|group| group.gid).collect();
            assert_eq!(groups.into_iter().map(Gid::as_raw).collect::<Vec<_>>(), model);
        }
        Err(_) => assert!(lines.iter().any(|line| is_odd(line)), "only such files are for others to read"),
    }
}

/// An nsswitch.conf: the files answer alone only where nothing else is named, and a line more never makes us ask less.
pub fn nsswitch(data: &[u8]) {
    let all = Sources::parse(data);
    let named = |name: &str| -> Option<Source> {
        let lines = data.split(|byte| *byte == b'\n').filter_map(|line| {
            let is_border = |byte: &u8| is_space(*byte) || *byte == b':';
            let start = line.iter().position(|byte| !is_space(*byte))?;
            let line = &line[start..];
            let end = line.iter().position(is_border).unwrap_or(line.len());
            let services =
                line[end..].iter().position(|byte| !is_border(byte)).map_or(&[][..], |at| &line[end + at..]);
            (&line[..end] == name.as_bytes()).then(|| {
                let words: Vec<&[u8]> =
                    services.split(|byte| is_space(*byte)).filter(|word| !word.is_empty()).collect();
                match words[..] {
                    [b"files"] => Source::Files,
                    [b"files", b"systemd"] => Source::FilesWhenFound,
                    _ => Source::Nss,
                }
            })
        });
        lines.max()
    };
    let group = named("group").unwrap_or(Source::Files);
    let model = Sources {
        passwd: named("passwd").unwrap_or(Source::Files),
        group,
        memberships: named("initgroups").unwrap_or(group),
    };
    assert_eq!(all, model);
    for (place, _) in data.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let (before, after) = (Sources::parse(&data[..place]), Sources::parse(&data[place..]));
        assert_eq!(all.passwd, before.passwd.max(after.passwd), "of two lines the more careful one counts");
    }
}

fn first_line(data: &[u8]) -> &[u8] {
    data.split(|byte| matches!(byte, b'\n' | b':' | 0)).next().unwrap_or_default()
}

/// As isspace(3) has it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

fn trimmed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().skip_while(|byte| is_space(*byte)).collect()
}

/// The lines that say something, without what is behind a NUL.
fn lines(file: &[u8]) -> Vec<Vec<u8>> {
    let ended =
        |line: &[u8]| trimmed(&line.iter().copied().take_while(|byte| *byte != 0).collect::<Vec<_>>());
    file.split(|byte| *byte == b'\n').map(ended).filter(|line| !line.is_empty()).collect()
}

/// A line that adds accounts from elsewhere, or takes some away.
fn is_of_compat(line: &[u8]) -> bool {
    line.starts_with(b"+") || line.starts_with(b"-")
}

/// Such a line, or a comment.
fn is_odd(line: &[u8]) -> bool {
    is_of_compat(line) || line.starts_with(b"#")
}

#[derive(Debug, PartialEq)]
struct Passwd {
    name: Vec<u8>,
    uid: u32,
    gid: u32,
    home: Vec<u8>,
    shell: Vec<u8>,
}

fn passwd_line(line: &[u8]) -> Option<Passwd> {
    let mut fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
    let shell = fields.split_off(fields.len().min(6)).join(&b':');
    let name = fields.first().filter(|name| !name.is_empty())?.to_vec();
    let (uid, gid) = (number(fields.get(2)?)?, number(fields.get(3)?)?);
    Some(Passwd { name, uid, gid, home: fields.get(5).map(|home| home.to_vec()).unwrap_or_default(), shell })
}

struct Group {
    name: Vec<u8>,
    gid: u32,
    members: Vec<Vec<u8>>,
}

fn group_line(line: &[u8]) -> Option<Group> {
    let mut fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
    let members = fields.split_off(fields.len().min(3)).join(&b':');
    let members = members.split(|byte| *byte == b',').map(trimmed).collect();
    Some(Group { name: fields.first()?.to_vec(), gid: number(fields.get(2)?)?, members })
}

/// What strtoul reads to its end, if it is the number of an account.
fn number(field: &[u8]) -> Option<u32> {
    let text = String::from_utf8(trimmed(field)).ok()?;
    let digits = text.strip_prefix('+').unwrap_or(&text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && *number != u32::MAX)
}
