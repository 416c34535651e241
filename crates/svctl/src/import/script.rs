//! Run scripts: `#!/bin/sh`, a few lines, and the command behind `exec`.

use std::borrow::Cow;

/// A word as a shell reads it back, quoted only where it needs it.
#[must_use]
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    match shlex::try_quote(word) {
        Ok(Cow::Borrowed(word)) => word.to_owned(),
        Ok(Cow::Owned(quoted)) => quoted,
        // A NUL byte, which no word of a command has.
        Err(_) => quoted(&word.replace('\0', "")),
    }
}

/// The words of a command.
#[must_use]
pub(crate) fn command(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A script that does the lines, and then is the command.
#[must_use]
pub(crate) fn run(lines: &[String], command: &str) -> String {
    let lines = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    format!("#!/bin/sh\n{lines}exec {command}\n")
}

/// The line that goes to a folder, and nowhere else where that fails.
#[must_use]
pub(crate) fn change_folder(folder: &str) -> String {
    let word = quoted(folder);
    let dashes = if folder.starts_with('-') { "-- " } else { "" };
    format!("cd {dashes}{word} || exit 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_it_is_quoted() {
        let words = ["python", "a b.py", "--x=$HOME", "", "it's"].map(str::to_owned);
        assert_eq!(command(&words), "python 'a b.py' '--x=$HOME' '' \"it's\"");
        assert_eq!(shlex::split(&command(&words)).unwrap(), words);
    }

    #[test]
    fn a_script_ends_as_its_command() {
        let lines = [change_folder("/srv/my web"), "umask 027".to_owned()];
        assert_eq!(run(&lines, "web -f"), "#!/bin/sh\ncd '/srv/my web' || exit 1\numask 027\nexec web -f\n");
    }
}
