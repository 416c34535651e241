//! Several processes of one program as instances of a template: what a word of theirs has in common, and `$1` for the rest.
//!
//! It looks at the processes alone, not at how they were configured: what it says is true of each of them, or it says nothing.

use super::settings::Process;
use crate::import::script::quoted;

/// In how many places of a word a number is looked for.
const MOST_PLACES: usize = 32;

/// What processes have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Common {
    /// The names of the instances: `6001`, or `00`.
    pub(super) instances: Vec<String>,
    /// The command as a shell reads it, with `$1` in it.
    pub(super) command: String,
    /// The folder, as one word for a shell.
    pub(super) directory: Option<String>,
}

/// What they have in common; `None` where no one text for each says all that differs in their commands and folders.
pub(super) fn common(processes: &[Process]) -> Option<Common> {
    let names: Vec<&str> = processes.iter().map(|process| process.name.as_str()).collect();
    let words = columns(processes)?;
    let directories = column(processes, |process| process.directory.as_deref())?;
    // A port in the command is a better name for an instance than the number of the process.
    let differing = words.iter().chain(&directories).find(|column| !is_same(column));
    let candidates =
        differing.into_iter().chain(std::iter::once(&names)).filter_map(|column| numbers(column));
    for instances in candidates {
        let command: Option<Vec<String>> = words.iter().map(|column| word(column, &instances)).collect();
        let directory = directories.as_ref().map(|column| word(column, &instances));
        if let (Some(command), false) = (command, matches!(directory, Some(None))) {
            return Some(Common { instances, command: command.join(" "), directory: directory.flatten() });
        }
    }
    None
}

/// The first words of all, the second ones, and so on.
fn columns(processes: &[Process]) -> Option<Vec<Vec<&str>>> {
    let count = processes.first()?.words.len();
    if processes.iter().any(|process| process.words.len() != count) {
        return None;
    }
    Some(
        (0..count)
            .map(|at| {
                processes.iter().filter_map(|process| process.words.get(at).map(String::as_str)).collect()
            })
            .collect(),
    )
}

/// A text that all have, or none.
fn column<'a>(
    processes: &'a [Process],
    text: impl Fn(&'a Process) -> Option<&'a str>,
) -> Option<Option<Vec<&'a str>>> {
    let texts: Vec<_> = processes.iter().map(text).collect();
    if texts.iter().all(Option::is_none) {
        return Some(None);
    }
    texts.into_iter().collect::<Option<Vec<_>>>().map(Some)
}

fn is_same(column: &[&str]) -> bool {
    column.windows(2).all(|pair| matches!(pair, [one, other] if one == other))
}

/// What differs between texts, with the digits around it, where that is a number of its own for each.
fn numbers(column: &[&str]) -> Option<Vec<String>> {
    let first = column.first()?;
    let before = column.iter().map(|text| alike(first.bytes(), text.bytes())).min()?;
    let digits = |text: &str| text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let before = first.get(..before).map(|text| text.len().saturating_sub(digits(text)))?;
    let numbers: Option<Vec<String>> = column
        .iter()
        .map(|text| {
            let number: String = text.get(before..)?.chars().take_while(char::is_ascii_digit).collect();
            Some(number).filter(|number| !number.is_empty())
        })
        .collect();
    let numbers = numbers?;
    let mut known = numbers.clone();
    known.sort_unstable();
    known.dedup();
    (known.len() == numbers.len()).then_some(numbers)
}

fn alike(one: impl Iterator<Item = u8>, other: impl Iterator<Item = u8>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}

/// A word for a shell that is each of these where `$1` is its instance.
fn word(column: &[&str], instances: &[String]) -> Option<String> {
    let first = column.first()?;
    if is_same(column) {
        return Some(quoted(first));
    }
    let parts: Vec<&str> = first.split(instances.first()?.as_str()).collect();
    if parts.len() > MOST_PLACES {
        return None;
    }
    // All places where the number is, else one of them: it can be there by chance.
    let all = (1..parts.len()).collect();
    let single = (1..parts.len()).map(|at| vec![at]);
    std::iter::once(all).chain(single).find_map(|places: Vec<usize>| {
        let is_so = column
            .iter()
            .zip(instances)
            .all(|(text, instance)| filled(&parts, &places, instances.first(), instance) == **text);
        is_so.then(|| shell_word(&parts, &places, instances.first()))
    })
}

/// The parts with the instance at its places, and what is there in the first text at the others.
fn filled(parts: &[&str], places: &[usize], kept: Option<&String>, instance: &str) -> String {
    let mut text = String::new();
    for (at, part) in parts.iter().enumerate() {
        match at {
            0 => {}
            at if places.contains(&at) => text.push_str(instance),
            _ => text.extend(kept.map(String::as_str)),
        }
        text.push_str(part);
    }
    text
}

fn shell_word(parts: &[&str], places: &[usize], kept: Option<&String>) -> String {
    let mut word = String::new();
    let mut plain = String::new();
    for (at, part) in parts.iter().enumerate() {
        match at {
            0 => {}
            at if places.contains(&at) => {
                if !plain.is_empty() {
                    word.push_str(&quoted(&std::mem::take(&mut plain)));
                }
                word.push_str("\"$1\"");
            }
            _ => plain.extend(kept.map(String::as_str)),
        }
        plain.push_str(part);
    }
    if !plain.is_empty() {
        word.push_str(&quoted(&plain));
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::supervisor::values::Target;

    fn process(name: &str, command: &str, directory: Option<&str>) -> Process {
        Process {
            name: name.to_owned(),
            words: command.split(' ').map(str::to_owned).collect(),
            environment: Vec::new(),
            directory: directory.map(str::to_owned),
            stdout: Target::Auto,
            stderr: Target::Auto,
        }
    }

    fn of(processes: &[(&str, &str)]) -> Option<(Vec<String>, String)> {
        let processes: Vec<_> =
            processes.iter().map(|(name, command)| process(name, command, None)).collect();
        common(&processes).map(|common| (common.instances, common.command))
    }

    fn said(instances: &[&str], command: &str) -> Option<(Vec<String>, String)> {
        Some((instances.iter().map(|&name| name.to_owned()).collect(), command.to_owned()))
    }

    #[test]
    fn a_port_is_the_instance() {
        let found = of(&[("web_00", "python prog.py --port=6000"), ("web_01", "python prog.py --port=6001")]);
        assert_eq!(found, said(&["6000", "6001"], "python prog.py --port=\"$1\""));
        let found = of(&[("w0", "a --n 9 -p 10"), ("w1", "a --n 9 -p 11")]);
        assert_eq!(found, said(&["10", "11"], "a --n 9 -p \"$1\""));
    }

    #[test]
    fn else_the_number_of_the_process() {
        let found = of(&[("worker_00", "php artisan"), ("worker_01", "php artisan")]);
        assert_eq!(found, said(&["00", "01"], "php artisan"));
        let nine = of(&[("w_9", "a"), ("w_10", "a"), ("w_11", "a")]);
        assert_eq!(nine, said(&["9", "10", "11"], "a"));
    }

    #[test]
    fn it_can_be_there_several_times_and_by_chance() {
        let found = of(&[("a", "x --id=1 --pid=/run/x1/y1.pid"), ("b", "x --id=2 --pid=/run/x2/y2.pid")]);
        assert_eq!(found, said(&["1", "2"], "x --id=\"$1\" --pid=/run/x\"$1\"/y\"$1\".pid"));
        let found = of(&[("a", "x 1 10.0.0.1:801"), ("b", "x 2 10.0.0.1:802")]);
        assert_eq!(found, said(&["1", "2"], "x \"$1\" 10.0.0.1:80\"$1\""));
        let found = of(&[("a", "x 1 h1:8/1"), ("b", "x 2 h1:8/2")]);
        assert_eq!(found, said(&["1", "2"], "x \"$1\" h1:8/\"$1\""));
    }

    #[test]
    fn what_is_not_one_text_is_not_said() {
        assert_eq!(of(&[("a0", "x 0 00"), ("a1", "x 1 01")]), said(&["0", "1"], "x \"$1\" 0\"$1\""));
        assert_eq!(of(&[("a", "x 0 8000"), ("b", "x 1 8010")]), said(&["0", "1"], "x \"$1\" 80\"$1\"0"));
        assert_eq!(of(&[("a", "x 1 8000"), ("b", "x 2 8010")]), None);
        assert_eq!(of(&[("a", "x"), ("b", "x y")]), None);
        assert_eq!(of(&[("web_a", "x"), ("web_b", "x")]), None);
    }

    #[test]
    fn the_folder_counts_as_well() {
        let processes = [process("w0", "x", Some("/srv/my 0")), process("w1", "x", Some("/srv/my 1"))];
        assert_eq!(common(&processes).unwrap().directory.unwrap(), "'/srv/my '\"$1\"");
        let processes = [process("w0", "x", Some("/srv")), process("w1", "x", None)];
        assert_eq!(common(&processes), None);
    }
}
