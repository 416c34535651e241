//! Programs that put themselves into the background: by an option, or because none keeps them in the foreground.
//!
//! A word that is not known may be that option, and a configuration may say it as well: then nothing is said.

mod table;

use super::chain::Stage;
use super::steps::Term;
use std::fs::{File as OpenFile, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use supervision::supervise::background::foreground_option;
use table::{File, ROWS, Row};

/// The most that is read of a configuration.
const LARGEST: u64 = 1 << 20;

/// Programs that start without a configuration, or have it where everybody knows.
const RUNS_WITHOUT: &[&str] = &["dnsmasq", "nginx", "php-fpm", "unbound"];

/// Why a program will not stay in the foreground.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Background {
    /// The words that send it away; empty where it goes by itself.
    pub(super) because: String,
    /// What it is to be called with: `nginx -g 'daemon off;'`, or in words.
    pub(super) cure: String,
}

/// What a configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Line,
    NoSuchLine,
    /// It is not there.
    Absent,
    /// It cannot be told which one it is, or what is in it.
    Unknown,
}

/// Whether a program goes into the background. `folder` is where a relative path in its words begins.
pub(super) fn judge(program: &Stage, folder: Option<&Path>) -> Option<Background> {
    let words = program.words.get(1..).unwrap_or_default();
    if let Some(found) = by_subcommand(&program.name, words) {
        return Some(found);
    }
    let name = called(&program.name);
    let row = ROWS.iter().find(|row| row.name == program.name || row.name == name)?;
    if words.iter().any(|word| row.unless.iter().any(|mark| may_be(word, mark)))
        || pairs(words, row.unless).is_some()
    {
        return None;
    }
    let is_unknown = words.iter().any(|word| word.splits);
    let because = words
        .iter()
        .find(|word| row.with.iter().any(|mark| is(word, mark, row.name)))
        .map(Term::shown)
        .or_else(|| pairs(words, row.with));
    let because = match (because, row.file) {
        // A word that says so: whatever a word says that is not known, it was asked for.
        (Some(because), _) if !is_unknown || row.unless.is_empty() => because,
        (Some(_), _) => return None,
        (None, _) if is_unknown => return None,
        (None, Some(file)) => by_file(row, file, program, words, folder)?,
        (None, None) if row.with.is_empty() => String::new(),
        (None, None) => return None,
    };
    let cure = own_cure(row.name).or_else(|| foreground_option(row.name.as_bytes()));
    let cure = cure.map_or_else(|| format!("{} without {because}", row.name), str::to_owned);
    Some(Background { because, cure })
}

/// What to call instead, for those that supervise does not know because they end at once.
fn own_cure(name: &str) -> Option<&'static str> {
    match name {
        "apache2ctl" | "apachectl" => Some("apache2 -DFOREGROUND"),
        "daemonize" => Some("the program itself"),
        "forever" => Some("node itself"),
        "pg_ctl" | "pg_ctlcluster" => Some("postgres itself, with -D"),
        "pm2" => Some("pm2-runtime, or node itself"),
        "postfix" => Some("postfix start-fg"),
        "start-stop-daemon" => Some("the program itself"),
        _ => None,
    }
}

/// The name without a version: `php-fpm8.2`, `gunicorn3`.
fn called(name: &str) -> &str {
    name.trim_end_matches(|character: char| character.is_ascii_digit() || matches!(character, '.' | '-'))
}

/// Whether a word may be an option, or have it among its letters.
fn may_be(word: &Term, mark: &str) -> bool {
    if mark.contains(' ') {
        return false;
    }
    let text = word.text.as_str();
    let mut letters = mark.chars();
    if let (Some('-'), Some(letter), None) = (letters.next(), letters.next(), letters.next()) {
        return text.starts_with('-') && !text.starts_with("--") && text.contains(letter);
    }
    // Long options can be cut short, with one dash in some programs.
    let long = text.trim_start_matches('-');
    let is_cut = mark.starts_with("--") && text.starts_with('-') && long.len() > 2;
    text.starts_with(mark)
        || (is_cut && mark.trim_start_matches('-').starts_with(long.split('=').next().unwrap_or_default()))
}

/// Whether a word is that option.
fn is(word: &Term, mark: &str, name: &str) -> bool {
    let Some(text) = word.known() else { return false };
    if mark.starts_with("--") {
        let (option, value) = text.split_once('=').map_or((text, ""), |(option, value)| (option, value));
        return option == mark && !matches!(value, "no" | "false" | "0");
    }
    // Letters that can stand together, and take no value.
    let can_stand_together = matches!(name, "ssh" | "autossh") && mark.len() == 2;
    let flags = text.strip_prefix('-').unwrap_or_default();
    text == mark
        || (can_stand_together
            && !flags.is_empty()
            && flags.chars().all(|letter| "fNTnqvxaACgktXY46".contains(letter))
            && mark.chars().last().is_some_and(|letter| flags.contains(letter)))
}

/// A mark of two words, wherever they stand: `--daemonize yes`, or in one word: `daemon off;`.
fn pairs(words: &[Term], marks: &[&str]) -> Option<String> {
    let text: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let text = text.join(" ").replace('=', " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    marks
        .iter()
        .filter(|mark| mark.contains(' '))
        .find(|mark| text.contains(**mark))
        .map(|mark| (*mark).to_owned())
}

/// Programs that do many things, of which one goes into the background.
fn by_subcommand(name: &str, words: &[Term]) -> Option<Background> {
    let known: Vec<&str> = words.iter().map_while(Term::known).collect();
    let found =
        |because: &str, cure: &str| Some(Background { because: because.to_owned(), cure: cure.to_owned() });
    match (name, known.as_slice()) {
        ("docker" | "podman", ["run", rest @ ..] | ["container", "run", rest @ ..]) => {
            let option = detaches(rest)?;
            found(option, &format!("{name} run without {option}, with --rm and a --name"))
        }
        ("docker" | "podman", ["compose", rest @ ..]) => composed(rest, &format!("{name} compose")),
        ("docker-compose" | "podman-compose", rest) => composed(rest, name),
        ("screen", rest) => {
            let short = |letter| rest.iter().any(|word| word.starts_with('-') && word.contains(letter));
            let option = rest.iter().find(|word| word.starts_with("-d"))?;
            if short('m') { found(option, "the program itself, or screen -D -m") } else { None }
        }
        ("tmux", rest) => {
            let is_new = rest.iter().any(|word| matches!(*word, "new" | "new-session"));
            let option = rest.iter().find(|word| word.starts_with("-d"))?;
            if is_new { found(option, "the program itself") } else { None }
        }
        _ => None,
    }
}

fn composed(words: &[&str], name: &str) -> Option<Background> {
    let at = words.iter().position(|word| *word == "up")?;
    let option = words.get(at..)?.iter().find(|word| matches!(**word, "-d" | "--detach"))?;
    Some(Background { because: (*option).to_owned(), cure: format!("{name} up without {option}") })
}

/// The option of `docker run` that detaches; what comes behind the image is another program's.
fn detaches<'a>(words: &[&'a str]) -> Option<&'a str> {
    const FLAGS: &[&str] = &["--rm", "--init", "--privileged", "--read-only", "--tty", "--interactive"];
    let mut may_be_value = false;
    for word in words {
        let is_short = word.starts_with('-') && !word.starts_with("--");
        let letters_are_flags = is_short && word.chars().skip(1).all(|letter| "ditP".contains(letter));
        if matches!(*word, "--detach" | "--detach=true") || (letters_are_flags && word.contains('d')) {
            return Some(word);
        }
        if !word.starts_with('-') && !may_be_value {
            return None;
        }
        may_be_value =
            word.starts_with('-') && !word.contains('=') && !FLAGS.contains(word) && !letters_are_flags;
    }
    None
}

/// What the configuration has to say, where there is no option.
fn by_file(row: &Row, file: File, program: &Stage, words: &[Term], folder: Option<&Path>) -> Option<String> {
    let says = says(&file, program, words, folder);
    match (file.keeps, says) {
        (true, Says::NoSuchLine) => Some(String::new()),
        (true, Says::Absent) if RUNS_WITHOUT.contains(&row.name) => Some(String::new()),
        (false, Says::Line) => Some(format!("{} in its configuration", file.line)),
        _ => None,
    }
}

fn says(file: &File, program: &Stage, words: &[Term], folder: Option<&Path>) -> Says {
    let named = if file.option.is_empty() {
        words.first().filter(|word| !word.text.starts_with('-'))
    } else {
        let at = words
            .iter()
            .position(|word| word.text == file.option || (file.option == "-f" && word.text == "--config"));
        at.and_then(|at| words.get(at.saturating_add(1)))
    };
    if let Some(named) = named {
        let path = named.known().map(Path::new);
        let path =
            path.and_then(
                |path| if path.is_absolute() { Some(path.to_owned()) } else { Some(folder?.join(path)) },
            );
        return path.map_or(Says::Unknown, |path| look(&path, file.line));
    }
    // A program that was built elsewhere has it elsewhere.
    let path = program.words.first().map_or("", |word| word.text.as_str());
    let is_system = !path.contains('/') || path.starts_with("/usr/sbin/") || path.starts_with("/usr/bin/");
    let may_be_attached =
        words.iter().any(|word| file.option.len() == 2 && word.text.starts_with(file.option));
    if !is_system || may_be_attached {
        return Says::Unknown;
    }
    let version = program.name.trim_start_matches(|character: char| !character.is_ascii_digit());
    let mut found = Says::Absent;
    for path in file.default {
        match look(Path::new(&path.replace("VERSION", version)), file.line) {
            Says::Line => return Says::Line,
            Says::Absent => {}
            other => found = other,
        }
    }
    found
}

/// Whether a line of a file begins so. Nothing of the file is ever shown.
fn look(path: &Path, line: &str) -> Says {
    let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    match file {
        Ok(file) if file.metadata().is_ok_and(|metadata| metadata.is_file()) => {
            read(file).map_or(Says::Unknown, |text| has_line(&text, line))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Says::Absent,
        _ => Says::Unknown,
    }
}

fn read(file: OpenFile) -> Option<String> {
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn has_line(text: &str, wanted: &str) -> Says {
    let words = |line: &str| {
        let line = line.replace(['=', ':', '"', '\''], " ").to_lowercase();
        line.split_whitespace().map(|word| word.trim_end_matches(';').to_owned()).collect::<Vec<_>>()
    };
    let wanted = words(wanted);
    let is_it = |line: &str| {
        let line = words(line);
        let is_refused = wanted.len() == 1
            && line.get(1).is_some_and(|value| matches!(value.as_str(), "no" | "false" | "0" | "off"));
        line.starts_with(&wanted) && !is_refused
    };
    if text.lines().any(is_it) { Says::Line } else { Says::NoSuchLine }
}

#[cfg(test)]
mod tests;
