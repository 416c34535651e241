use super::*;

fn read(text: &str) -> Ini {
    let mut ini = Ini::default();
    ini.read("x.conf", text.as_bytes()).unwrap();
    ini
}

fn value(text: &str) -> Option<String> {
    let ini = read(&format!("[s]\n{text}"));
    ini.value(ini.get("s").unwrap(), "a").map(|value| value.text.clone())
}

fn odd(text: &[u8]) -> (usize, &'static str) {
    let odd = Ini::default().read("x.conf", text).unwrap_err();
    (odd.line, odd.what)
}

#[test]
fn sections_and_options() {
    let ini = read("[program:web]\nCommand = web  --x=1\n[ other ]\n[program:web]\nuser:bob\n");
    assert_eq!(
        ini.sections().map(|section| section.name.as_str()).collect::<Vec<_>>(),
        ["program:web", " other "]
    );
    let web = ini.get("program:web").unwrap();
    assert_eq!(web.options().collect::<Vec<_>>(), ["command", "user"], "in lower case, and in one section");
    let command = ini.value(web, "command").unwrap();
    assert_eq!((command.text.as_str(), command.line, &*command.file), ("web  --x=1", 2, "x.conf"));
}

#[test]
fn comments() {
    assert_eq!(value("a=b ; c").unwrap(), "b");
    assert_eq!(value("a=b # c").unwrap(), "b");
    assert_eq!(value("a=b;c#d").unwrap(), "b;c#d", "only behind a blank");
    assert_eq!(value("a=\"b ; c\"").unwrap(), "\"b", "quotes do not count");
    assert_eq!(value("a=;b").unwrap(), ";b");
    assert_eq!(value("a= ;b").unwrap(), "");
    assert_eq!(value("  # a=b\n; a=c\n"), None);
    assert_eq!(value("a=b;c ;d #e").unwrap(), "b;c ;d", "the later sign is seen first, as in Python");
}

#[test]
fn values_go_on_where_lines_are_indented() {
    assert_eq!(value("a=b\n  c\n\n  d\n\n\n").unwrap(), "b\nc\n\nd");
    assert_eq!(value("a=\n  b=c\n  ; comment\n  d\n").unwrap(), "\nb=c\nd");
    assert_eq!(value("  b=c\n  a=d\n    e\n").unwrap(), "d\ne");
    assert_eq!(value("  b=c\na=d\n").unwrap(), "d");
    assert_eq!(value("a=b\n [c]\n").unwrap(), "b\n[c]");
    assert_eq!(value("a=b\r\n  c\r\n").unwrap(), "b\nc");
    assert_eq!(value("a=b\r  c\r").unwrap(), "b\nc");
}

#[test]
fn the_last_one_counts() {
    assert_eq!(value("a=b\na=c\n[t]\na=d\n[s]\nb=e").unwrap(), "c");
    let mut ini = read("[s]\na=b\n[t]\n");
    ini.read("y.conf", b"[s]\na=c\n[u]\n").unwrap();
    let found = ini.value(ini.get("s").unwrap(), "a").unwrap();
    assert_eq!((found.text.as_str(), &*found.file), ("c", "y.conf"));
    assert_eq!(&*ini.get("s").unwrap().file, "x.conf");
}

#[test]
fn one_section_is_for_all() {
    let ini = read("[DEFAULT]\nuser=bob\n[s]\na=b\n");
    assert_eq!(ini.value(ini.get("s").unwrap(), "user").unwrap().text, "bob");
    assert_eq!(ini.sections().count(), 1);
}

#[test]
fn what_python_refuses() {
    assert_eq!(odd(b"a=b\n"), (1, "there is no [section] above it"));
    assert_eq!(odd("\u{feff}[s]\n".as_bytes()).0, 1);
    assert_eq!(odd(b"[s]\n\nhello\n").0, 3);
    assert_eq!(odd(b"[s]\n=b\n"), (2, "there is no name in front of its value"));
    assert_eq!(odd(b"[s]\n[]\n").0, 2);
    assert_eq!(odd(b"[s]\na=\xff\n"), (2, "it is not in UTF-8"));
}
