//! Whether the system could execute a file, as far as its content says. Pure.

use protocol::script::Interpreter;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// How much of a file the kernel looks at for its first line.
const KERNEL_READS: usize = 256;

/// What is wrong with a file's content: a finding's code, what, and cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// One word.
    pub(super) code: &'static str,
    /// What is wrong.
    pub(super) what: String,
    /// What to do.
    pub(super) cure: String,
}

impl Trouble {
    fn new(code: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { code, what: what.into(), cure: cure.into() }
    }
}

/// The interpreter and its one argument; none for a binary, and where there is no first line that says it.
#[must_use]
pub(super) fn interpreter(content: &[u8]) -> Vec<OsString> {
    let Some(Interpreter { path }) = Interpreter::of(content) else { return Vec::new() };
    let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let behind = line.windows(path.len()).position(|part| part == path);
    let behind = behind.and_then(|at| line.get(at.saturating_add(path.len())..)).unwrap_or_default();
    let argument = behind.trim_ascii();
    let words = [path, argument].into_iter().filter(|word| !word.is_empty());
    words.map(|word| OsStr::from_bytes(word.strip_suffix(b"\r").unwrap_or(word)).to_owned()).collect()
}

/// What the kernel, or the interpreter after it, stumbles over. At most one: the first hides the others.
#[must_use]
pub(super) fn trouble(content: &[u8]) -> Option<Trouble> {
    if content.is_empty() {
        let cure = "write what is to be run into it, for instance #!/bin/sh and exec COMMAND";
        return Some(Trouble::new("empty", "it is empty", cure));
    }
    if content.starts_with(b"\x7fELF") {
        return None;
    }
    if content.starts_with(b"\xef\xbb\xbf") {
        let what = "it begins with a byte order mark, so the system does not see the #! behind it";
        return Some(Trouble::new("byte-order-mark", what, "save it as UTF-8 without a byte order mark"));
    }
    if !content.starts_with(b"#!") {
        if content.iter().take(KERNEL_READS).any(|byte| *byte == 0) {
            let what = "it is neither a program for this machine nor a script";
            return Some(Trouble::new("not-a-program", what, "put a program or a script in its place"));
        }
        let what = "its first line does not begin with #!, so the system does not know what to run it with";
        return Some(Trouble::new("no-interpreter", what, "make #!/bin/sh its first line"));
    }
    if let Some(line) = content.split(|byte| *byte == b'\n').position(|line| line.ends_with(b"\r")) {
        let line = line.saturating_add(1);
        let what = format!("line {line} ends with a carriage return: it has the line ends of DOS");
        return Some(Trouble::new("dos-line-ends", what, "sed -i 's/\\r$//' on it"));
    }
    first_line(content)
}

fn first_line(content: &[u8]) -> Option<Trouble> {
    let end = content.iter().position(|byte| *byte == b'\n').unwrap_or(content.len());
    if end >= KERNEL_READS {
        let what = format!("its first line has {end} bytes, and the system reads {} of it", KERNEL_READS - 1);
        return Some(Trouble::new("interpreter-too-long", what, "write a shorter path behind the #!"));
    }
    let words = interpreter(content);
    match words.as_slice() {
        [] => {
            let cure = "write the interpreter behind it, for instance #!/bin/sh";
            Some(Trouble::new("no-interpreter", "nothing follows the #! of its first line", cure))
        }
        [path, ..] if !path.as_bytes().starts_with(b"/") => {
            let what = format!("its interpreter {} is no absolute path", shown(path));
            Some(Trouble::new("interpreter-relative", what, "write the whole path, for instance #!/bin/sh"))
        }
        [path, argument] if is_env(path) && is_several(argument) => {
            let what = format!(
                "env gets \"{}\" as one word, since the system does not divide what follows in a first line",
                shown(argument)
            );
            let cure = format!("write #!{} -S {}", shown(path), shown(argument));
            Some(Trouble::new("interpreter-arguments", what, cure))
        }
        _ => None,
    }
}

/// The program that a first line has env look for.
#[must_use]
pub(super) fn sought_by_env(interpreter: &[OsString]) -> Option<OsString> {
    let [path, argument] = interpreter else { return None };
    if !is_env(path) {
        return None;
    }
    let words: Vec<&[u8]> =
        argument.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    let words = words.strip_prefix(&[b"-S".as_slice()]).unwrap_or(&words);
    let name = words.iter().find(|word| !word.contains(&b'='))?;
    (!name.starts_with(b"-")).then(|| OsStr::from_bytes(name).to_owned())
}

fn is_env(path: &OsStr) -> bool {
    path.as_bytes().ends_with(b"/env")
}

fn is_several(argument: &OsStr) -> bool {
    let argument = argument.as_bytes();
    !argument.starts_with(b"-") && argument.iter().any(u8::is_ascii_whitespace)
}

fn shown(text: &OsStr) -> String {
    cli::text::shown(text.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(content: &[u8]) -> &'static str {
        trouble(content).map_or("", |trouble| trouble.code)
    }

    #[test]
    fn sound_files_have_no_trouble() {
        for content in [
            &b"#!/bin/sh\nexec true\n"[..],
            b"#! /bin/sh -e\n",
            b"#!/usr/bin/env python3\n",
            b"#!/usr/bin/env -S python3 -u\n",
            b"#!/bin/sh",
            b"\x7fELF\x02",
        ] {
            assert_eq!(trouble(content), None);
        }
    }

    #[test]
    fn each_trouble_has_its_code() {
        assert_eq!(code(b""), "empty");
        assert_eq!(code(b"exec true\n"), "no-interpreter");
        assert_eq!(code(b"#!\nexec true\n"), "no-interpreter");
        assert_eq!(code(b"\xef\xbb\xbf#!/bin/sh\n"), "byte-order-mark");
        assert_eq!(code(b"#!/bin/sh\r\n"), "dos-line-ends");
        assert_eq!(code(b"#!/bin/sh\nexec true\r\n"), "dos-line-ends");
        assert_eq!(code(b"MZ\0\0"), "not-a-program");
        assert_eq!(code(b"#!sh\n"), "interpreter-relative");
        assert_eq!(code(b"#!/usr/bin/env python3 -u\n"), "interpreter-arguments");
        assert_eq!(code(format!("#!/{}\n", "a".repeat(253)).as_bytes()), "interpreter-too-long");
        assert_eq!(code(format!("#!/{}\n", "a".repeat(252)).as_bytes()), "");
    }

    #[test]
    fn env_looks_for_a_program() {
        let sought = |line: &str| sought_by_env(&interpreter(line.as_bytes()));
        assert_eq!(sought("#!/usr/bin/env python3\n"), Some("python3".into()));
        assert_eq!(sought("#!/usr/bin/env -S A=1 node --flag\n"), Some("node".into()));
        assert_eq!(sought("#!/bin/sh -e\n"), None);
        assert_eq!(sought("#!/usr/bin/env\n"), None);
    }

    #[test]
    fn an_interpreter_has_one_argument() {
        let words = |line: &str| interpreter(line.as_bytes());
        assert_eq!(words("#! /bin/sh  -e -x \nx"), ["/bin/sh", "-e -x"].map(OsString::from));
        assert_eq!(words("#!/bin/sh"), ["/bin/sh"].map(OsString::from));
        assert!(words("\x7fELF").is_empty());
    }
}
