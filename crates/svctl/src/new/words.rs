//! The words of a command in which the name of an instance is mentioned. Pure.

use crate::import::script::quoted;

/// What the name of an instance is written as: also in braces, as any variable.
const REFERENCES: [&str; 4] = ["$INSTANCE", "${INSTANCE}", "$1", "${1}"];

/// A word as it is written in a run script: it stands for itself, except that the shell puts in the name of the instance where
/// there is one.
pub(crate) fn written(word: &str, has_instance: bool) -> String {
    if !has_instance || !mentions_instance(word) {
        return quoted(word);
    }
    let mut text = String::from("\"");
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let length = match reference(rest) {
            Some(reference) => {
                text.push_str(reference);
                reference.len()
            }
            None => {
                if matches!(first, '"' | '\\' | '$' | '`') {
                    text.push('\\');
                }
                text.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    text.push('"');
    text
}

/// Whether a word mentions the name of the instance.
pub(crate) fn mentions_instance(word: &str) -> bool {
    word.match_indices('$').any(|(at, _)| word.get(at..).and_then(reference).is_some())
}

/// The mention of the instance that a text begins with. `$INSTANCES` is another variable, and what `$10` is, shells do not agree.
fn reference(text: &str) -> Option<&str> {
    let found = REFERENCES.into_iter().find(|reference| text.starts_with(reference))?;
    let (reference, behind) = text.split_at_checked(found.len())?;
    let goes_on = |next: char| match found {
        "$INSTANCE" => next.is_ascii_alphanumeric() || next == '_',
        "$1" => next.is_ascii_digit(),
        _ => false,
    };
    (!behind.starts_with(goes_on)).then_some(reference)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn the_instance_is_put_in_only_where_there_is_one() {
        assert_eq!(written("--port=$INSTANCE", true), "\"--port=$INSTANCE\"");
        assert_eq!(written("a ${INSTANCE}b", true), "\"a ${INSTANCE}b\"");
        assert_eq!(written("$1", true), "\"$1\"");
        assert_eq!(written("$1", false), "'$1'");
        assert_eq!(written("python3", true), "python3");
    }

    #[test]
    fn nothing_else_is_put_in() {
        assert_eq!(written("$INSTANCE-$HOME`id`\"\\", true), "\"$INSTANCE-\\$HOME\\`id\\`\\\"\\\\\"");
        for other in ["$INSTANCES", "$INSTANCE_A", "$10", "$2", "INSTANCE", "${INSTANCE", "$HOME", "$"] {
            assert!(!mentions_instance(other), "{other}");
            assert_eq!(written(other, true), quoted(other));
        }
        assert!(mentions_instance("$INSTANCES$INSTANCE"));
    }

    #[test]
    fn a_shell_reads_what_was_meant() {
        let words = [
            "it's", "", "a b", "$HOME", "\"", "\\", "a\nb", "!^", "\u{a0}", "{a,b}", "#", "~", "é$1",
            "\\${1}`",
        ];
        let command: Vec<String> = words.iter().map(|word| written(word, true)).collect();
        let script = format!("printf '%s|' {}", command.join(" "));
        let ran = Command::new("/bin/sh").args(["-c", &script, "sh", "6001"]).output().unwrap();
        let expected: String =
            words.iter().map(|word| word.replace("$1", "6001").replace("${1}", "6001") + "|").collect();
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), expected);
    }
}
