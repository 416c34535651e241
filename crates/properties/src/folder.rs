//! What is found in a service directory: names of folders, and files of variables.

use chain::envini::ini::{Assignment, NulByte, parse};
use protocol::environment::{is_possible, is_variable, value};
use protocol::folder::control_folder;
use protocol::identity::FolderId;
use protocol::instance::{Kind, kind};
use protocol::needs::{self, MOST};
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use supervision::supervise::service::named;

/// A file of `env/`, and its name: `envdir` and `runas` read both in this way.
pub fn environment(data: &[u8]) {
    let newline = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let mut model = data[..newline].to_vec();
    while matches!(model.last(), Some(b' ' | b'\t')) {
        model.pop();
    }
    for byte in &mut model {
        if *byte == 0 {
            *byte = b'\n';
        }
    }
    assert_eq!(value(data), Some(model).filter(|_| !data.is_empty()));
    assert_eq!(is_variable(data), data.first() != Some(&b'.'));
    assert_eq!(is_possible(data), data.iter().all(|byte| *byte != b'=') && !data.is_empty());
}

/// An INI file: the variables that its lines set, in their order.
pub fn ini(data: &[u8]) {
    let read = match parse(data) {
        Ok(read) => read,
        Err(NulByte { line }) => {
            let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
            assert_eq!(lines.iter().position(|line| line.contains(&0)), Some(line - 1));
            return;
        }
    };
    assert!(!data.contains(&0));
    let is_blank = |byte: &&u8| b" \t\r".contains(byte);
    let trimmed = |line: &[u8]| -> Vec<u8> {
        let mut line: Vec<u8> = line.iter().skip_while(is_blank).copied().collect();
        while line.last().as_ref().is_some_and(is_blank) {
            line.pop();
        }
        line
    };
    let mut section = Vec::new();
    let mut model = Vec::new();
    for line in data.split(|byte| *byte == b'\n').map(trimmed) {
        if line.len() > 1 && line.starts_with(b"[") && line.ends_with(b"]") {
            section = line[1..line.len() - 1].to_vec();
            section.push(b'_');
        } else if let (Some(sign), false) =
            (line.iter().position(|byte| *byte == b'='), line.starts_with(b";"))
        {
            let (name, value) = (trimmed(&line[..sign]), trimmed(&line[sign + 1..]));
            if !name.is_empty() && !name.iter().any(|byte| is_blank(&byte)) {
                model.push(Assignment { name: [section.as_slice(), &name].concat(), value });
            }
        }
    }
    assert_eq!(read, model);
}

/// The name of a folder: an instance's is its template's and what follows.
pub fn instance(data: &[u8]) {
    let signs = data.iter().filter(|byte| **byte == b'@').count();
    match kind(OsStr::from_bytes(data)) {
        Kind::Plain => assert!(signs == 0 || data[0] == b'@'),
        Kind::Template => assert!(data.len() > 1 && data[0] != b'@' && data.ends_with(b"@")),
        Kind::Instance { template, instance } => {
            let (template, instance) = (template.as_bytes(), instance.as_bytes());
            assert_eq!([template, instance].concat(), data);
            assert_eq!(template.iter().position(|byte| *byte == b'@'), Some(template.len() - 1));
            assert!(template.len() > 1 && !instance.is_empty() && !instance.ends_with(b"@"));
        }
    }
}

/// The argument of supervise, which svscan makes of a folder's name: what is opened is the service's folder in the
/// folder above it, and a template is never started.
pub fn service(data: &[u8]) {
    let Ok(named) = named(data) else {
        let path = Path::new(OsStr::from_bytes(data));
        let is_template = |path: Option<&Path>| {
            path.and_then(Path::file_name).is_some_and(|name| name.as_bytes().ends_with(b"@"))
        };
        assert!(data.contains(&0) || is_template(Some(path)) || is_template(path.parent()));
        return;
    };
    let mut path = named.service.to_owned();
    assert!(named.directory.as_path() != Path::new(""));
    if let Some(template) = named.template {
        let name = path.file_name().expect("an instance has a name").as_bytes();
        let above = template.folder.to_bytes();
        let above = if named.is_log { above.strip_suffix(b"/log").expect("a logger's") } else { above };
        assert_eq!([above, template.instance.to_bytes()].concat(), name);
        assert_eq!(instance_of(name), Some(template.instance.to_bytes().to_vec()));
    }
    if named.is_log {
        path.push("log");
    }
    assert_eq!(path, PathBuf::from(OsStr::from_bytes(data)), "no part of the path is lost");
}

fn instance_of(name: &[u8]) -> Option<Vec<u8>> {
    let at = name.iter().position(|byte| *byte == b'@')?;
    Some(name[at + 1..].to_vec())
}

/// `SUPERVISEDIR`, and behind a newline the folder of the service: two services never share a `supervise/`.
pub fn control(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let setting = parts.next().unwrap_or_default();
    let folder = [b"/", parts.next().unwrap_or_default()].concat();
    let path = |folder: &[u8]| {
        let folder = PathBuf::from(OsStr::from_bytes(folder));
        let Ok(path) = control_folder(Some(setting), || Ok::<_, ()>(folder)) else {
            panic!("nothing fails here")
        };
        path.into_os_string().as_bytes().to_vec()
    };
    let place = path(&folder);
    if setting.is_empty() {
        assert_eq!(place, b"supervise");
    } else if setting[0] == b'/' {
        let name =
            place.strip_prefix(setting).and_then(|rest| rest.strip_prefix(b"/")).expect("it is in there");
        assert!(!name.contains(&b'/'), "and not deeper");
        assert_eq!(name.len(), folder.len() - 1);
    } else {
        assert_eq!(place, setting);
    }
}

/// `DEVICE:INODE`.
pub fn identity(data: &[u8]) {
    let read = FolderId::parse(data);
    if let Some(id) = read {
        assert_eq!(FolderId::parse(id.to_string().as_bytes()), Some(id), "what is written is read");
    }
    let numbers: Vec<&[u8]> = data.split(|byte| *byte == b':').collect();
    let is_number = |text: &&[u8]| {
        let digits = text.strip_prefix(b"+").unwrap_or(text);
        !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
    };
    let is_small = |text: &&[u8]| text.len() < 20;
    if numbers.len() == 2 && numbers.iter().all(is_number) && numbers.iter().all(is_small) {
        assert!(read.is_some());
    } else if numbers.len() != 2 || !numbers.iter().all(is_number) {
        assert!(read.is_none());
    }
}

/// A `needs`: as it is, and for an instance that is called like its own first line.
pub fn needs(data: &[u8]) {
    let first = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    for instance in [None, Some(&b"6001"[..]), Some(first)] {
        let read = needs::parse(data, instance);
        match (&read, model_of_needs(data, instance)) {
            (Ok(names), Ok(model)) => assert_eq!(*names, model),
            (Err(why), Err(line)) => {
                let why = why.to_string();
                assert!(why.starts_with(&format!("line {line}: ")) && why.contains(": write "), "{why}");
                assert!(!why.contains(char::is_control), "{why:?}");
            }
            (read, model) => panic!("{read:?}, and not {model:?}"),
        }
        let Ok(names) = read else { continue };
        let text: Vec<u8> = names.iter().flat_map(|name| [name.as_bytes(), b"\n"].concat()).collect();
        let is_plain = |name: &CString| !name.as_bytes().windows(9).any(|part| part == b"$INSTANCE");
        let is_whole = |name: &CString| {
            let name = name.as_bytes();
            name[0] != b'#' && !b" \t".contains(&name[0]) && !b" \t".contains(&name[name.len() - 1])
        };
        if names.iter().all(|name| is_plain(name) && is_whole(name)) {
            assert_eq!(needs::parse(&text, None), Ok(names), "what is written is read");
        }
    }
}

/// The names; where they are none, the line of the first that is not.
fn model_of_needs(data: &[u8], instance: Option<&[u8]>) -> Result<Vec<CString>, usize> {
    let mut names: Vec<CString> = Vec::new();
    for (number, line) in data.split(|byte| *byte == b'\n').enumerate() {
        let mut line = line.to_vec();
        while line.last().is_some_and(|byte| b" \t".contains(byte)) {
            line.pop();
        }
        while line.first().is_some_and(|byte| b" \t".contains(byte)) {
            line.remove(0);
        }
        if line.is_empty() || line[0] == b'#' {
            continue;
        }
        let mut at = 0;
        while let Some(found) = line[at..].windows(9).position(|part| part == b"$INSTANCE") {
            let instance = instance.ok_or(number + 1)?;
            line.splice(at + found..at + found + 9, instance.iter().copied());
            at += found + instance.len();
        }
        let is_name = line.len() <= 255
            && !line.iter().any(|byte| *byte == b'/' || *byte < b' ' || *byte == 0x7f)
            && !line.starts_with(b".")
            && !line.ends_with(b"@")
            && !line.is_empty();
        let name = CString::new(line).ok().filter(|_| is_name).ok_or(number + 1)?;
        if !names.contains(&name) {
            if names.len() == MOST {
                return Err(number + 1);
            }
            names.push(name);
        }
    }
    Ok(names)
}
