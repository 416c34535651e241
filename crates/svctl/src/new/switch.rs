//! Commands that become somebody else first: `sudo -u bob python prog.py`. Here the account is a file, and nothing stays between
//! supervise and the program, so what they say is taken apart. Pure.

/// A command that becomes somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Switch {
    /// What does it: `sudo`.
    pub(crate) program: String,
    /// Whom it becomes; root where it does not say.
    pub(crate) user: String,
    /// What it runs as them, where that is plain.
    pub(crate) command: Option<Vec<String>>,
}

/// How a program of that kind is called.
struct Kind {
    name: &'static str,
    /// The letters of options that have a value.
    valued: &'static str,
    /// Their long names.
    long: &'static [(&'static str, char)],
    /// The account is the first word that is no option.
    has_operand: bool,
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "sudo",
        valued: "ugpCcDhRrTtU",
        long: &[
            ("--user", 'u'),
            ("--group", 'g'),
            ("--prompt", 'p'),
            ("--close-from", 'C'),
            ("--chdir", 'D'),
            ("--host", 'h'),
            ("--chroot", 'R'),
        ],
        has_operand: false,
    },
    Kind { name: "doas", valued: "uCa", long: &[], has_operand: false },
    Kind { name: "runuser", valued: "ugGcsw", long: &LONG, has_operand: true },
    Kind { name: "su", valued: "gGcsw", long: &LONG, has_operand: true },
    Kind { name: "gosu", valued: "", long: &[], has_operand: true },
];

/// Those of su and runuser.
const LONG: [(&str, char); 5] =
    [("--user", 'u'), ("--group", 'g'), ("--supp-group", 'G'), ("--command", 'c'), ("--shell", 's')];

/// What a command says that becomes somebody else; `None` for any other.
pub(crate) fn switch<W: AsRef<str>>(words: &[W]) -> Option<Switch> {
    let mut words = words.iter().map(AsRef::as_ref).peekable();
    let name = words.next()?.rsplit('/').next()?;
    let kind = KINDS.iter().find(|kind| kind.name == name)?;
    let (mut user, mut shell_command) = (None, None);
    while let Some(word) = words.next_if(|word| word.starts_with('-')) {
        match option(kind, word) {
            Found::End => break,
            Found::Flag => {}
            Found::Option(letter, value) => {
                let value = value.or_else(|| words.next());
                match letter {
                    'u' => user = value,
                    'c' if kind.has_operand => shell_command = value,
                    _ => {}
                }
            }
        }
    }
    if kind.has_operand && user.is_none() {
        user = words.next();
    }
    let rest: Vec<String> = words.map(str::to_owned).collect();
    let command = match shell_command {
        Some(command) => Some(vec!["sh".to_owned(), "-c".to_owned(), command.to_owned()]),
        // Variables in front of it are sudo's own syntax, and options behind an account su's.
        None => Some(rest)
            .filter(|rest| rest.first().is_some_and(|first| !first.contains('=') && !first.starts_with('-'))),
    };
    Some(Switch { program: kind.name.to_owned(), user: user.unwrap_or("root").to_owned(), command })
}

/// What a word is that begins with a dash.
enum Found<'a> {
    /// No options follow.
    End,
    /// Options without values.
    Flag,
    /// One with a value, which may be the next word.
    Option(char, Option<&'a str>),
}

fn option<'a>(kind: &Kind, word: &'a str) -> Found<'a> {
    if word == "--" {
        return Found::End;
    }
    if word.starts_with("--") {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        return match kind.long.iter().find(|(long, _)| *long == name) {
            Some((_, letter)) => Found::Option(*letter, value),
            None => Found::Flag,
        };
    }
    match word.char_indices().skip(1).find(|(_, letter)| kind.valued.contains(*letter)) {
        Some((at, letter)) => {
            let value = word.get(at.saturating_add(1)..).filter(|value| !value.is_empty());
            Found::Option(letter, value)
        }
        None => Found::Flag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(command: &str, program: &str, user: &str, rest: Option<&str>) {
        let words: Vec<String> = shlex::split(command).unwrap();
        let rest = rest.map(|rest| shlex::split(rest).unwrap());
        let expected = Switch { program: program.into(), user: user.into(), command: rest };
        assert_eq!(switch(&words), Some(expected), "{command}");
    }

    #[test]
    fn whom_they_become_and_what_they_run() {
        says("sudo -u bob -i python prog.py", "sudo", "bob", Some("python prog.py"));
        says("/usr/bin/sudo -Hnubob -- python -u x", "sudo", "bob", Some("python -u x"));
        says("sudo -iu bob python x", "sudo", "bob", Some("python x"));
        says("sudo --user=bob --group www web", "sudo", "bob", Some("web"));
        says("sudo --user bob -E web", "sudo", "bob", Some("web"));
        says("sudo web -u bob", "sudo", "root", Some("web -u bob"));
        says("sudo -u bob A=b web", "sudo", "bob", None);
        says("sudo -u bob", "sudo", "bob", None);
        says("doas -u bob web", "doas", "bob", Some("web"));
        says("su bob -c 'cd /x; web'", "su", "bob", None);
        says("su -c 'cd /x; web' bob", "su", "bob", Some("sh -c 'cd /x; web'"));
        says("su - bob", "su", "bob", None);
        says("runuser -u bob -- web --port 1", "runuser", "bob", Some("web --port 1"));
        says("gosu bob web", "gosu", "bob", Some("web"));
    }

    #[test]
    fn other_commands_are_left_alone() {
        for command in ["python3 prog.py", "setuidgid bob web", "env sudo", "pseudo -u bob x"] {
            assert_eq!(switch(&shlex::split(command).unwrap()), None, "{command}");
        }
        assert_eq!(switch::<&str>(&[]), None);
    }
}
