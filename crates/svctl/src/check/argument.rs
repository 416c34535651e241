//! Which script an interpreter is told to run. Pure.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The script that an interpreter's arguments name: only where there is no doubt.
pub(super) fn script(interpreter: &OsStr, arguments: &[Option<OsString>]) -> Option<OsString> {
    let name = Path::new(interpreter).file_name()?.to_str()?;
    let family = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let (harmless, endings): (&[&str], &[&str]) = match family {
        "python" | "pypy" => (&["-u", "-B", "-O", "-E", "-s", "-I", "-OO", "-sE", "-Es"], &[]),
        "node" | "nodejs" => (&[], &[".js", ".mjs", ".cjs"]),
        "perl" | "ruby" => (&["-w", "-T"], &[]),
        "sh" | "bash" | "dash" => (&["-e", "-u", "-x", "-eu", "-ex"], &[]),
        _ => return None,
    };
    let first = arguments.iter().find(|word| {
        let flag = word.as_deref().and_then(OsStr::to_str);
        !flag.is_some_and(|flag| harmless.contains(&flag))
    })?;
    let script = first.as_ref()?;
    let text = script.to_str()?;
    let is_one = endings.is_empty() || endings.iter().any(|end| text.ends_with(end));
    (is_one && !text.is_empty() && !text.starts_with('-')).then(|| script.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(words: &[&str]) -> Option<String> {
        let words: Vec<Option<OsString>> =
            words.iter().map(|word| (*word != "?").then(|| OsString::from(word))).collect();
        let (first, rest) = words.split_first().unwrap();
        script(first.as_ref().unwrap(), rest).map(|script| script.into_string().unwrap())
    }

    #[test]
    fn the_script_of_an_interpreter_is_known_only_without_doubt() {
        assert_eq!(named(&["python3", "/srv/app.py", "--port=1"]).as_deref(), Some("/srv/app.py"));
        assert_eq!(named(&["/usr/bin/python3.11", "-u", "app.py"]).as_deref(), Some("app.py"));
        assert_eq!(named(&["node", "server.js"]).as_deref(), Some("server.js"));
        assert_eq!(named(&["sh", "-e", "start"]).as_deref(), Some("start"));
        for doubtful in [
            &["python3", "-m", "http.server"][..],
            &["python3", "?"],
            &["python3"],
            &["node", "server"],
            &["node", "--inspect", "server.js"],
            &["sh", "-c", "exec true"],
            &["nginx", "file"],
        ] {
            assert_eq!(named(doubtful), None, "{doubtful:?}");
        }
    }
}
