//! The first line of a script.

/// What follows `#!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interpreter<'a> {
    /// The path of the program that the kernel looks for; a carriage return at its end is part of it.
    pub path: &'a [u8],
}

impl<'a> Interpreter<'a> {
    /// Reads the beginning of a file; `None` where it does not start with `#!` and a path.
    #[must_use]
    pub fn of(start: &'a [u8]) -> Option<Self> {
        let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
        let begin = line.iter().position(|byte| !matches!(byte, b' ' | b'\t'))?;
        let path = line.get(begin..)?.split(|byte| matches!(byte, b' ' | b'\t')).next()?;
        (!path.is_empty()).then_some(Self { path })
    }

    /// Whether the file has the line ends of DOS, so that the kernel looks for a program named `sh\r`.
    #[must_use]
    pub fn has_dos_line_end(self) -> bool {
        self.path.ends_with(b"\r")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpreter_is_what_the_kernel_looks_for() {
        let path = |start| Interpreter::of(start).map(|interpreter| interpreter.path.to_vec());
        assert_eq!(path(b"#!/bin/sh\necho"), Some(b"/bin/sh".to_vec()));
        assert_eq!(path(b"#! \t/usr/bin/env python3\n"), Some(b"/usr/bin/env".to_vec()));
        assert_eq!(path(b"#!/bin/sh -e"), Some(b"/bin/sh".to_vec()));
        assert_eq!(path(b"#!\n"), None);
        assert_eq!(path(b"\x7fELF"), None);
        assert_eq!(path(b""), None);
    }

    #[test]
    fn dos_line_ends_are_seen() {
        assert!(Interpreter::of(b"#!/bin/sh\r\n").unwrap().has_dos_line_end());
        assert!(
            !Interpreter::of(b"#!/bin/sh -e\r\n").unwrap().has_dos_line_end(),
            "the path itself is right"
        );
    }
}
