//! Commands that become an account before they are what is meant: `sudo -u bob -i python ...`, `su - bob -c '...'`. Where it is
//! certain what they do, the account goes into `user`, and the real command is what is run.

use super::words::split;

/// What a command means that becomes an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Becoming {
    /// The program that does it: `sudo`.
    pub(super) by: String,
    /// The account, as in a `user` file.
    pub(super) user: String,
    /// The words of the real command.
    pub(super) words: Vec<String>,
    /// Variables that it sets.
    pub(super) environment: Vec<(String, String)>,
    /// It was to be as after a login: in the home folder, with what the account's profile says.
    pub(super) is_login: bool,
}

/// What the first word of a command is, if it becomes an account.
pub(super) fn program(words: &[String]) -> Option<&str> {
    let program = words.first()?.rsplit('/').next()?;
    ["sudo", "su", "runuser", "setuidgid", "chpst", "gosu", "su-exec"]
        .into_iter()
        .find(|known| *known == program)
}

/// What a command means; `None` where it becomes nobody, or where that is not certain. `shell` says what an account's shell is.
pub(super) fn becoming(words: &[String], shell: &dyn Fn(&str) -> Option<String>) -> Option<Becoming> {
    let by = program(words)?;
    let arguments: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let found = match by {
        "sudo" => sudo(&arguments),
        "su" => su(&arguments, shell),
        "runuser" => runuser(&arguments).or_else(|| su(&arguments, shell)),
        "chpst" => match arguments.as_slice() {
            ["-u", user, command @ ..] => plain(user, command),
            _ => None,
        },
        _ => match arguments.as_slice() {
            [user, command @ ..] => plain(user, command),
            [] => None,
        },
    };
    found.map(|found| Becoming { by: by.to_owned(), ..found })
}

fn plain(user: &str, words: &[&str]) -> Option<Becoming> {
    let is_sure = is_account(user) && words.first().is_some_and(|program| !program.starts_with('-'));
    is_sure.then(|| Becoming {
        by: String::new(),
        user: user.to_owned(),
        words: words.iter().map(|&word| word.to_owned()).collect(),
        environment: Vec::new(),
        is_login: false,
    })
}

/// Names alone: a number means something else to each of these programs.
fn is_account(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|part| part.is_ascii_alphanumeric() || matches!(part, '_' | '-' | '.'))
}

fn sudo(arguments: &[&str]) -> Option<Becoming> {
    let mut rest = arguments.iter().copied().peekable();
    let (mut user, mut group, mut is_login) = ("root", None, false);
    while let Some(option) = rest.next_if(|word| word.starts_with('-')) {
        match option {
            "--" => break,
            "--login" => is_login = true,
            "--set-home" | "--non-interactive" | "--preserve-env" => {}
            "--user" => user = rest.next()?,
            "--group" => group = Some(rest.next()?),
            _ if option.starts_with("--user=") => user = option.split_once('=')?.1,
            _ if option.starts_with("--group=") => group = Some(option.split_once('=')?.1),
            _ if option.starts_with("--") => return None,
            letters => {
                let mut letters = letters.strip_prefix('-')?;
                while let Some(letter) = letters.chars().next() {
                    letters = letters.get(letter.len_utf8()..)?;
                    match letter {
                        'H' | 'n' | 'E' => {}
                        'i' => is_login = true,
                        'u' | 'g' => {
                            let value = if letters.is_empty() { rest.next()? } else { letters };
                            if letter == 'u' {
                                user = value
                            } else {
                                group = Some(value)
                            }
                            letters = "";
                        }
                        _ => return None,
                    }
                }
            }
        }
    }
    let mut environment = Vec::new();
    while let Some((name, value)) = rest.peek().and_then(|word| word.split_once('=')) {
        if !is_account(name) {
            break;
        }
        environment.push((name.to_owned(), value.to_owned()));
        rest.next();
    }
    let words: Vec<&str> = rest.collect();
    // A login shell would put values in for what begins with a dollar sign.
    if is_login && words.iter().any(|word| word.contains('$'))
        || group.is_some_and(|group| !is_account(group))
    {
        return None;
    }
    let user = group.map_or_else(|| user.to_owned(), |group| format!("{user}:{group}"));
    let found = plain(user.split(':').next()?, &words)?;
    Some(Becoming { user, environment, is_login, ..found })
}

/// `runuser -u bob -- python ...`
fn runuser(arguments: &[&str]) -> Option<Becoming> {
    match arguments {
        ["-u", user, "--", command @ ..] | ["-u", user, command @ ..] => plain(user, command),
        _ => None,
    }
}

/// `su [-] bob -c '...'`, which has a shell do it.
fn su(arguments: &[&str], shell: &dyn Fn(&str) -> Option<String>) -> Option<Becoming> {
    let mut rest = arguments.iter().copied();
    let (mut user, mut script, mut by, mut is_login) = (None, None, None, false);
    while let Some(word) = rest.next() {
        match word {
            "-" | "-l" | "--login" => is_login = true,
            "-c" | "--command" => script = Some(rest.next()?),
            "-s" | "--shell" => by = Some(rest.next()?.to_owned()),
            _ if word.starts_with("--command=") => script = Some(word.split_once('=')?.1),
            _ if word.starts_with("--shell=") => by = Some(word.split_once('=')?.1.to_owned()),
            _ if word.starts_with('-') || user.is_some() => return None,
            name => user = Some(name),
        }
    }
    let (user, script) = (user?, script?);
    let by = by.or_else(|| shell(user)).filter(|shell| shell.starts_with('/'))?;
    let found = plain(user, &["sh"])?;
    let words = without_shell(script).unwrap_or_else(|| vec![by, "-c".to_owned(), script.to_owned()]);
    Some(Becoming { words, is_login, ..found })
}

/// A script that is only words: the shell in between does nothing.
fn without_shell(script: &str) -> Option<Vec<String>> {
    let script = script.strip_prefix("exec ").unwrap_or(script);
    let is_plain = |character: char| character.is_ascii_alphanumeric() || " _-./:,+@%".contains(character);
    let words = script.chars().all(is_plain).then(|| split(script).ok())??;
    let is_builtin = |word: &str| {
        matches!(
            word,
            "." | ":"
                | "cd"
                | "source"
                | "exec"
                | "eval"
                | "if"
                | "while"
                | "for"
                | "case"
                | "until"
                | "trap"
                | "umask"
                | "ulimit"
                | "export"
                | "set"
                | "alias"
        )
    };
    words.first().filter(|first| !is_builtin(first) && !first.starts_with('-'))?;
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::script;

    fn of(text: &str) -> Option<(String, String, bool)> {
        let shell = |name: &str| (name != "ghost").then(|| "/bin/bash".to_owned());
        let found = becoming(&split(text).unwrap(), &shell)?;
        Some((found.user, script::command(&found.words), found.is_login))
    }

    fn is(user: &str, command: &str, is_login: bool) -> Option<(String, String, bool)> {
        Some((user.to_owned(), command.to_owned(), is_login))
    }

    #[test]
    fn sudo_with_plain_options() {
        assert_eq!(
            of("sudo -u bob -i python /p.py --port=6001"),
            is("bob", "python /p.py --port=6001", true)
        );
        assert_eq!(of("/usr/bin/sudo -Hnu bob web 'a b'"), is("bob", "web 'a b'", false));
        assert_eq!(of("sudo -ubob -g www -- web"), is("bob:www", "web", false));
        assert_eq!(of("sudo --user=bob --set-home web"), is("bob", "web", false));
        assert_eq!(of("sudo web"), is("root", "web", false));
        let words = split("sudo -u bob A=1 B='x y' web A=2").unwrap();
        let found = becoming(&words, &|_| None).unwrap();
        assert_eq!(found.environment, [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "x y".to_owned())]);
        assert_eq!(found.words, ["web", "A=2"]);
    }

    #[test]
    fn what_is_not_certain_is_left() {
        for text in [
            "sudo -u '#1000' web",
            "sudo -u bob -i",
            "sudo -u bob -s web",
            "sudo -u bob -b web",
            "sudo -u bob -i echo '$HOME'",
            "sudo -u",
            "sudo -u bob -C 3 web",
            "sudo -u bob --chdir=/x web",
            "su bob",
            "su bob -m -c web",
            "su ghost -c web",
            "chpst -u bob:www web",
            "chpst -e env -u bob web",
            "setuidgid 1000 web",
            "python sudo -u bob",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn su_has_a_shell_only_where_it_needs_one() {
        assert_eq!(of("su - bob -c 'python /p.py --x'"), is("bob", "python /p.py --x", true));
        assert_eq!(of("su -c 'exec web' bob"), is("bob", "web", false));
        assert_eq!(of("su bob -s /bin/sh -c 'cd /x && web'"), is("bob", "/bin/sh -c 'cd /x && web'", false));
        assert_eq!(of("su bob -c 'A=$B web'"), is("bob", "/bin/bash -c 'A=$B web'", false));
        assert_eq!(of("su bob -c 'cd /x'"), is("bob", "/bin/bash -c 'cd /x'", false));
        assert_eq!(of("runuser -u bob -- web -x"), is("bob", "web -x", false));
        assert_eq!(of("runuser -l bob -c web"), is("bob", "web", true));
    }

    #[test]
    fn the_short_ones() {
        assert_eq!(of("setuidgid bob web"), is("bob", "web", false));
        assert_eq!(of("chpst -u bob web"), is("bob", "web", false));
        assert_eq!(of("gosu bob web"), is("bob", "web", false));
    }
}
