//! Which directories a logger writes to, as far as its script or its arguments say it. Pure.
//!
//! A script is read as a shell would split it into words; it is not run. What depends on a variable is not known.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What a script says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The directories, as they are written or below where a `cd` leads.
    pub(super) directories: Vec<PathBuf>,
    /// There may be others: they depend on what is known only when it runs.
    pub(super) may_be_more: bool,
}

/// A word of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Word {
    text: Vec<u8>,
    /// Something in it is replaced when the script runs.
    varies: bool,
}

/// Reads a script.
pub(super) fn script(text: &[u8]) -> Said {
    let mut said = Said::default();
    let mut folder = PathBuf::new();
    let mut is_sure = true;
    for command in commands(text) {
        match command.as_slice() {
            [cd, to] if cd.text == b"cd" => {
                is_sure = is_sure && !to.varies;
                folder.push(path(&to.text));
            }
            _ => {
                let Some(words) = arguments_of_logger(&command) else { continue };
                for word in words {
                    let to = folder.join(path(&word.text));
                    if word.varies || !is_sure && !to.is_absolute() {
                        said.may_be_more = true;
                    } else {
                        said.directories.push(to);
                    }
                }
            }
        }
    }
    said
}

/// Reads the arguments of a process; `None` where it is no logger.
pub(super) fn arguments(arguments: &[u8]) -> Option<Vec<PathBuf>> {
    let words: Vec<Word> = arguments
        .split(|byte| *byte == 0)
        .map(|text| Word { text: text.to_owned(), varies: false })
        .collect();
    let (program, words) = words.split_first()?;
    let words = match logger(&program.text)? {
        Logger::Multilog => directories_of_multilog(words),
        Logger::Svlogd => directories_of_svlogd(words),
    };
    Some(words.into_iter().filter(|word| !word.text.is_empty()).map(|word| path(&word.text).into()).collect())
}

fn path(text: &[u8]) -> &Path {
    let path = Path::new(OsStr::from_bytes(text));
    path.strip_prefix(".").unwrap_or(path)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Logger {
    Multilog,
    Svlogd,
}

/// The logger that a word names, by a path or without.
fn logger(word: &[u8]) -> Option<Logger> {
    match word.rsplit(|byte| *byte == b'/').next()? {
        // s6-log reads a script in multilog's way.
        b"multilog" | b"s6-log" => Some(Logger::Multilog),
        b"svlogd" => Some(Logger::Svlogd),
        _ => None,
    }
}

/// What stands behind the logger that a command ends in, and names directories. The same word before it may be the account.
fn arguments_of_logger(command: &[Word]) -> Option<Vec<&Word>> {
    let places = command.iter().enumerate().rev();
    let mut found = places.filter_map(|(place, word)| {
        let behind = command.get(place.saturating_add(1)..)?;
        Some(match logger(&word.text)? {
            Logger::Multilog => directories_of_multilog(behind),
            Logger::Svlogd => directories_of_svlogd(behind),
        })
    });
    found.find(|words| !words.is_empty())
}

/// multilog takes for a directory what begins with a dot or a slash; what begins with something unknown may.
fn directories_of_multilog(words: &[Word]) -> Vec<&Word> {
    let may_be = |word: &&Word| match word.text.first() {
        Some(b'.' | b'/') => true,
        Some(b'$' | b'`') | None => word.varies,
        Some(_) => false,
    };
    words.iter().filter(may_be).collect()
}

/// svlogd takes all operands.
fn directories_of_svlogd(words: &[Word]) -> Vec<&Word> {
    let mut words = words.iter();
    let mut operands = Vec::new();
    while let Some(word) = words.next() {
        match word.text.as_slice() {
            b"--" => break,
            // Their value is the rest of the word, or the next.
            [b'-', .., b'r' | b'R' | b'l' | b'b'] => drop(words.next()),
            [b'-', _, ..] => {}
            _ => {
                operands.push(word);
                break;
            }
        }
    }
    operands.extend(words);
    operands
}

/// Splits a script into commands and words: quotes, backslashes, comments, what divides commands; redirections are left out.
fn commands(text: &[u8]) -> Vec<Vec<Word>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<Word> = None;
    let mut redirected = false;
    let mut bytes = text.iter().copied().peekable();
    let end_word = |word: &mut Option<Word>, commands: &mut Vec<Vec<Word>>, redirected: &mut bool| {
        if let Some(word) = word.take() {
            if !std::mem::take(redirected) {
                commands.last_mut().into_iter().for_each(|command| command.push(word.clone()));
            }
        }
    };
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' | b'\r' => end_word(&mut word, &mut commands, &mut redirected),
            b'\n' | b';' | b'|' | b'(' | b')' => {
                end_word(&mut word, &mut commands, &mut redirected);
                commands.push(Vec::new());
            }
            b'&' => {
                end_word(&mut word, &mut commands, &mut redirected);
                // Not in `>&2`, where the number follows.
                if !redirected {
                    commands.push(Vec::new());
                }
            }
            b'<' | b'>' => {
                // In `2>file` the number belongs to it.
                word = word.filter(|word| !word.text.iter().all(u8::is_ascii_digit));
                end_word(&mut word, &mut commands, &mut redirected);
                redirected = true;
            }
            b'#' if word.is_none() => while bytes.next_if(|byte| *byte != b'\n').is_some() {},
            b'\\' => match bytes.next() {
                None | Some(b'\n') => {}
                Some(byte) => word.get_or_insert_default().text.push(byte),
            },
            b'\'' => {
                let word = word.get_or_insert_default();
                word.text.extend(std::iter::from_fn(|| bytes.next_if(|byte| *byte != b'\'')));
                bytes.next();
            }
            b'"' => quoted(&mut bytes, word.get_or_insert_default()),
            _ => {
                let word = word.get_or_insert_default();
                word.varies = word.varies || matches!(byte, b'$' | b'`' | b'*' | b'?' | b'[' | b'~');
                word.text.push(byte);
            }
        }
    }
    end_word(&mut word, &mut commands, &mut redirected);
    commands
}

/// The rest of what stands between double quotes.
fn quoted(bytes: &mut impl Iterator<Item = u8>, word: &mut Word) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => match bytes.next() {
                Some(byte @ (b'"' | b'\\' | b'$' | b'`')) => word.text.push(byte),
                Some(b'\n') | None => {}
                Some(byte) => word.text.extend([b'\\', byte]),
            },
            _ => {
                word.varies = word.varies || matches!(byte, b'$' | b'`');
                word.text.push(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> (Vec<String>, bool) {
        let said = script(text.as_bytes());
        let shown = said.directories.iter().map(|path| path.to_str().unwrap().to_owned());
        (shown.collect(), said.may_be_more)
    }

    #[test]
    fn scripts_as_people_write_them() {
        for (text, directories) in [
            ("#!/bin/sh\nexec multilog t ./main\n", &["main"][..]),
            ("#!/bin/sh\nexec setuidgid multilog multilog t s1000000 n20 ./main 2>&1", &["main"]),
            ("exec setuidgid multilog /usr/bin/multilog t ./main", &["main"]),
            ("exec multilog t ./all '-*' '+* error: *' ./errors '!gzip $x'", &["all", "errors"]),
            ("exec multilog t s1000 \\\n  n20 \\\n  /var/log/web # or ./main", &["/var/log/web"]),
            ("exec multilog \"t\" \"./with blank\" ./wi\\ th", &["with blank", "wi th"]),
            ("exec chpst -u log svlogd -tt ./main", &["main"]),
            ("exec svlogd -tt -r _ -R ./x -l 500 main other", &["main", "other"]),
            ("svlogd -b2048 -- -main", &["-main"]),
            ("#!/bin/sh\n# exec multilog ./not\nmkdir -p ./x\nexec multilog t . >/dev/null", &[""]),
            ("cd /var/log && exec multilog t ./web /other", &["/var/log/web", "/other"]),
            ("#!/usr/bin/execlineb -P\ns6-setuidgid log\ns6-log n20 s1000000 t /var/log/x", &["/var/log/x"]),
            ("tee copy | multilog t ./a; exec multilog t ./multilog", &["a", "multilog"]),
            ("exec multilog t s$SIZE ./main", &["main"]),
            ("exec cat >>../out", &[]),
            ("exec setuidgid multilog cat", &[]),
            ("", &[]),
        ] {
            assert_eq!(
                said(text),
                (directories.iter().map(|&path| path.to_owned()).collect(), false),
                "{text}"
            );
        }
    }

    #[test]
    fn what_varies_is_not_known() {
        for text in [
            "exec multilog t \"$DIR\"",
            "exec multilog t $DIR/main",
            "exec multilog t ./$NAME",
            "exec multilog t `cat where`",
            "exec svlogd -tt ${DIR}",
            "cd \"$DIR\"; exec multilog t ./main",
        ] {
            assert_eq!(said(text), (vec![], true), "{text}");
        }
        assert_eq!(said("exec multilog t ./main $MORE"), (vec!["main".to_owned()], true));
        assert_eq!(
            said("exec multilog t './$main' \\$x"),
            (vec!["$main".to_owned()], false),
            "as it is written"
        );
    }

    #[test]
    fn arguments_of_processes() {
        let told = |text: &str| arguments(text.as_bytes());
        assert_eq!(told("/usr/bin/multilog\0t\0s1000\0./main\0"), Some(vec!["main".into()]));
        assert_eq!(told("svlogd\0-tt\0main\0/b\0"), Some(vec!["main".into(), "/b".into()]));
        assert_eq!(told("multilog\0e\0"), Some(vec![]));
        assert_eq!(told("sh\0./run\0"), None);
        assert_eq!(told(""), None);
    }
}
