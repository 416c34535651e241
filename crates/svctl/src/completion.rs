//! What a shell is told that may follow: the parser knows commands and options, this the services.
//!
//! `COMPLETE=bash svctl` prints what makes bash ask, and so for zsh and fish: `completion/`. They ask by calling svctl with that
//! variable set and the words behind `--`. They call it by its plain name, wherever it is.

use crate::directory::Directory;
use clap::Command;
use clap_complete::engine::{PathCompleter, ValueCompleter};
use clap_complete::env::{Bash, EnvCompleter, Fish, Shells, Zsh};
use clap_complete::{CompleteEnv, CompletionCandidate};
use protocol::folder::LOG;
use std::ffi::{OsStr, OsString};
use std::io::{Result, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A shell, and the script that makes it ask.
struct Shell<S> {
    answers: S,
    script: &'static str,
}

const BASH: Shell<Bash> = Shell { answers: Bash, script: include_str!("completion/svctl.bash") };
const ZSH: Shell<Zsh> = Shell { answers: Zsh, script: include_str!("completion/svctl.zsh") };
const FISH: Shell<Fish> = Shell { answers: Fish, script: include_str!("completion/svctl.fish") };

/// Answers a shell that asks, by the parser that is given, and ends then; else nothing happens.
pub(crate) fn answer(parser: fn() -> Command) {
    CompleteEnv::with_factory(parser).shells(Shells(&[&BASH, &ZSH, &FISH])).complete();
}

impl<S: EnvCompleter> EnvCompleter for Shell<S> {
    fn name(&self) -> &'static str {
        self.answers.name()
    }

    fn is(&self, name: &str) -> bool {
        self.answers.is(name)
    }

    fn write_registration(&self, _: &str, _: &str, _: &str, _: &str, to: &mut dyn Write) -> Result<()> {
        to.write_all(self.script.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        here: Option<&Path>,
        to: &mut dyn Write,
    ) -> Result<()> {
        self.answers.write_complete(command, words, here, to)
    }
}

/// The names of services that begin so; of their loggers, and paths of folders, where there is a `/` in it. Nothing where there is
/// no service directory: a shell that completes shows no errors.
pub(crate) fn services(begun: &OsStr) -> Vec<CompletionCandidate> {
    let mut found = Vec::new();
    if let Ok(directory) = Directory::choose(given(std::env::args_os()).as_deref()) {
        let services = directory.services().unwrap_or_default();
        let names = directory.names().unwrap_or_default();
        let is_meant = |name: &OsString| name.as_bytes().starts_with(begun.as_bytes());
        if begun.as_bytes().contains(&b'/') {
            let with_log = services.iter().zip(names).filter(|(service, _)| service.log().is_some());
            let logs = with_log.map(|(_, name)| Path::new(&name).join(OsStr::from_bytes(LOG.to_bytes())));
            found.extend(logs.map(PathBuf::into_os_string).filter(is_meant).map(CompletionCandidate::new));
        } else {
            found.extend(names.into_iter().filter(is_meant).map(CompletionCandidate::new));
        }
    }
    if found.is_empty() && begun.as_bytes().contains(&b'/') {
        found = PathCompleter::dir().complete(begun);
    }
    found
}

/// The service directory of the line that is completed: the parser has not got that far.
fn given(words: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    let mut words = words;
    while let Some(word) = words.next() {
        let word = word.into_vec();
        let value = match word.as_slice() {
            b"-d" | b"--directory" => words.next()?.into_vec(),
            word => match word.strip_prefix(b"--directory=").or_else(|| word.strip_prefix(b"-d")) {
                Some(value) => value.to_owned(),
                None => continue,
            },
        };
        // The words are as they are typed.
        let home = std::env::var_os("HOME").filter(|_| value.starts_with(b"~/"));
        return Some(match home {
            Some(home) => Path::new(&home).join(OsStr::from_bytes(value.get(2..).unwrap_or_default())),
            None => PathBuf::from(OsString::from_vec(value)),
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_where_the_line_says() {
        let given = |line: &str| given(line.split(' ').map(OsString::from));
        assert_eq!(given("svctl -- svctl -d /srv/service stop we"), Some("/srv/service".into()));
        assert_eq!(given("svctl -- svctl stop --directory=/srv/service we"), Some("/srv/service".into()));
        assert_eq!(given("svctl -- svctl --directory x stop"), Some("x".into()));
        assert_eq!(given("svctl -- svctl -dx stop"), Some("x".into()));
        assert_eq!(given("svctl -- svctl stop we"), None);
        assert_eq!(given("svctl -- svctl stop -d"), None);
        let home = PathBuf::from(std::env::var_os("HOME").unwrap());
        assert_eq!(given("svctl -- svctl -d ~/service stop"), Some(home.join("service")));
    }
}
