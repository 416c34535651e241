//! A terminal as people have it: tmux, with a shell in it.

use std::fs;
use std::path::{Path, PathBuf};
use testkit::{TestTree, Tool, wait_until};

const TMUX: &str = "/usr/bin/tmux";

/// A shell in a terminal of 160 columns, in the network of another process.
pub(super) struct Terminal {
    socket: PathBuf,
    /// All that the terminal was given to show.
    shown: PathBuf,
}

/// What a command showed, and its exit code.
#[derive(Debug)]
pub(super) struct Shown {
    /// Without what only a terminal obeys.
    pub(super) text: String,
    /// With all of it.
    pub(super) raw: String,
    pub(super) code: i32,
}

impl Terminal {
    /// Opens one; `None`, which is said, where there is no tmux. `setting` is what a shell's profile would set.
    pub(super) fn open(tree: &TestTree, beside: u32, setting: &str) -> Option<Self> {
        if !Path::new(TMUX).exists() {
            testkit::skip("Debian's package tmux is not installed");
            return None;
        }
        let (socket, shown) = (tree.root().join("tmux"), tree.root().join("shown"));
        let profile = tree.root().join("profile");
        fs::write(&profile, format!("{setting}\nPS1='$ '\n")).unwrap();
        let terminal = Self { socket, shown };
        let shell = format!("env -i HOME=/root TERM=$TERM ENV={} sh", profile.display());
        let enter =
            Tool::new(Path::new("/usr/bin/nsenter")).arg("--net").arg("--target").arg(beside.to_string());
        let begin = [
            "-f",
            "/dev/null",
            "-S",
            terminal.socket.to_str().unwrap(),
            "new-session",
            "-d",
            "-x",
            "160",
            "-y",
            "50",
        ];
        enter.arg(TMUX).args(begin).arg(shell).env("LC_ALL", "C.UTF-8").dir(tree.root()).run().exits(0);
        let copy = format!("exec cat >>'{}'", terminal.shown.display());
        terminal.tmux(&["pipe-pane", "-o", &copy]);
        terminal.run("true");
        Some(terminal)
    }

    /// Types a command, and waits until it has ended.
    #[track_caller]
    pub(super) fn run(&self, command: &str) -> Shown {
        let before = fs::read(&self.shown).unwrap_or_default().len();
        // In what is typed there is no such line, only in what it prints.
        self.tmux(&["send-keys", "-l", &format!("{command}; echo \"=$?=\"")]);
        self.tmux(&["send-keys", "Enter"]);
        let folder = self.shown.parent().unwrap();
        let (text, raw, code) = wait_until(&format!("{command} has ended"), &[folder], || {
            let all = fs::read(&self.shown).ok()?;
            let raw = String::from_utf8_lossy(all.get(before..)?).into_owned();
            let text = plain(&raw);
            let code =
                text.lines().find_map(|line| line.strip_prefix('=')?.strip_suffix('=')?.parse().ok())?;
            Some((text, raw, code))
        });
        Shown { text, raw, code }
    }

    fn tmux(&self, words: &[&str]) {
        Tool::new(Path::new(TMUX)).arg("-S").arg(&self.socket).args(words).run().exits(0);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Tool::new(Path::new(TMUX)).arg("-S").arg(&self.socket).arg("kill-server").run();
    }
}

impl Shown {
    /// It must have ended so, and shown all of this.
    #[track_caller]
    pub(super) fn is(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "{part:?} in {}", self.text);
        }
        self
    }
}

/// Without escape sequences and carriage returns.
fn plain(raw: &str) -> String {
    let mut text = String::new();
    let mut characters = raw.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\x1b' if characters.peek() == Some(&'[') => {
                characters.next();
                let _ = characters.find(|character| ('@'..='~').contains(character));
            }
            '\r' => {}
            other => text.push(other),
        }
    }
    text
}
