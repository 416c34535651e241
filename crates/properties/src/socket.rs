//! The sockets of a service: what its `listen` says, what supervise notes of them, whose they are, and who has an address.

use protocol::ids::Ids;
use protocol::listen::noted::Noted;
use protocol::listen::{Address, Listen, MOST, parse};
use supervision::proc::net::{at_path, on_port};

/// The sockets of a `listen` file, for a service and for an instance whose name is the file's last line.
pub fn listen(data: &[u8]) {
    let read = listened(data, None);
    let instance = data.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let of_instance = listened(data, Some(instance));
    let is_about_instance = data.windows(9).any(|word| word == b"$INSTANCE");
    assert!(
        is_about_instance || of_instance == read,
        "an instance's name is used where it is asked for only"
    );
    // A file in its shortest form, with comments between, says the same.
    if let Some(read) = read {
        let lines: String = read.iter().map(|listen| format!(" {listen}\t\n# {listen}\n\n")).collect();
        assert_eq!(listened(lines.as_bytes(), Some(instance)), Some(read));
    }
}

fn listened(data: &[u8], instance: Option<&[u8]>) -> Option<Vec<Listen>> {
    match parse(data, instance) {
        Ok(all) => {
            assert!(all.len() <= MOST);
            for (place, listen) in all.iter().enumerate() {
                is_in_bounds(listen);
                assert!(all[..place].iter().all(|other| other.socket() != listen.socket()), "each once");
            }
            Some(all)
        }
        Err(bad) => {
            let words = bad.to_string();
            let line = words.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
            let number: usize = line.expect("the line").0.parse().expect("its number");
            assert!((1..=data.split(|byte| *byte == b'\n').count()).contains(&number));
            assert!(!words.contains(char::is_control) && words.len() < 1000, "{words:?}");
            None
        }
    }
}

/// A line comes back from its shortest form, and its socket is the same.
fn is_in_bounds(listen: &Listen) {
    let text = listen.to_string();
    let socket = listen.socket();
    assert!(text.starts_with(&socket) && !text.contains(char::is_control));
    assert_eq!(parse(text.as_bytes(), None).as_deref(), Ok(std::slice::from_ref(listen)), "{text}");
    let again = parse(socket.as_bytes(), None).expect("a line too");
    assert_eq!(again.first().map(Listen::socket), Some(socket));
    assert!((1..=255).contains(&listen.name.len()) && !listen.name.contains(':'));
    match &listen.address {
        Address::Internet { port, .. } => assert_ne!(*port, 0),
        Address::Path { path, access } => {
            assert!(access.mode <= 0o777 && path.len() <= 107 && path.starts_with('/'));
            let parts = std::path::Path::new(path).components().skip(1);
            let names: Vec<_> = parts.map(|part| part.as_os_str().to_str().expect("text")).collect();
            assert_eq!(path.split('/').skip(1).collect::<Vec<_>>(), names, "no part that is none");
        }
        Address::Abstract(name) => assert!((1..=107).contains(&name.len())),
    }
}

/// What is noted of the sockets that are held: what is read is exactly what is written.
pub fn sockets(data: &[u8]) {
    let all = Noted::parse_all(data);
    if let Some(all) = &all {
        let written: String = all.iter().map(|noted| format!("{noted}\n")).collect();
        assert_eq!(written.as_bytes(), data);
        for noted in all {
            let word = noted.to_word();
            assert!(!word.contains([' ', '=']));
            assert_eq!(Noted::from_word(&word).as_ref(), Some(noted));
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return assert_eq!(all, None) };
    if let Some(noted) = Noted::from_word(text) {
        assert_eq!(noted.to_word(), text);
    }
    if let Some(noted) = Noted::parse(text) {
        assert_eq!(Noted::parse_all(format!("{text}\n").as_bytes()), Some(vec![noted]));
    }
}

/// The numbers of an account.
pub fn ids(data: &[u8]) {
    let text = std::str::from_utf8(data).ok().and_then(|text| text.strip_suffix('\n'));
    let numbers =
        text.map(|text| text.split(' ').map(|number| number.parse::<u32>().ok()).collect::<Vec<_>>());
    match Ids::parse(data) {
        Some(Ids { uid, gid }) => {
            let numbers = numbers.expect("a line");
            assert_eq!(numbers[..2], [Some(uid), Some(gid)]);
            assert!(numbers.iter().all(|number| number.is_some_and(|number| number != u32::MAX)));
        }
        None => {
            let is_plain = data.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'\n'));
            let is_line = numbers.is_some_and(|numbers| {
                numbers.len() > 1
                    && numbers.iter().all(|number| number.is_some_and(|number| number != u32::MAX))
            });
            assert!(!is_plain || !is_line, "plain numbers are an account's");
        }
    }
}

/// A line of one of the tables of sockets.
pub fn net(data: &[u8]) {
    let fields: Vec<&[u8]> = data.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty()).collect();
    if let Some(one) = on_port(data) {
        assert_eq!(std::str::from_utf8(fields[9]).expect("text").parse(), Ok(one.inode));
        let (_, port) = std::str::from_utf8(fields[1]).expect("text").split_once(':').expect("a port");
        assert_eq!(u16::from_str_radix(port, 16), Ok(one.port));
    }
    if let Some(one) = at_path(data) {
        assert!(!one.path.is_empty() && data.ends_with(one.path));
        let before = &data[..data.len() - one.path.len()];
        let number = before.split(|byte| *byte == b' ').rfind(|field| !field.is_empty());
        assert_eq!(number.and_then(|number| std::str::from_utf8(number).ok()?.parse().ok()), Some(one.inode));
    }
}
