//! A folder for logs, what is in it after a run, and the comparison of two such runs.

use std::fs::{self, File, Permissions};
use std::io::{Seek, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use testkit::{Ran, Tool, ours, theirs};

/// What a label is compared as.
const LABEL: &[u8] = b"@label";

/// A folder of its own, on a memory filesystem where there is one: multilog waits for the disk often.
pub(super) struct Place(TempDir);

impl Place {
    pub(super) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if fs::metadata(memory).is_ok_and(|stat| stat.mode() & 0o7 == 0o7) {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let folder = tempfile::Builder::new().prefix("upkeep-log-").tempdir_in(parent).expect("a folder");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("chmod");
        Self(folder)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A file with that content and mode, and the folders above it with mode 0700.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("chmod");
    }

    pub(super) fn folder(&self, name: &str, mode: u32) {
        fs::create_dir_all(self.file(name)).expect("a folder");
        fs::set_permissions(self.file(name), Permissions::from_mode(mode)).expect("chmod");
    }

    pub(super) fn link(&self, name: &str, target: &str) {
        symlink(target, self.file(name)).expect("a link");
    }

    pub(super) fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A logger with that script in this folder.
    pub(super) fn tool(&self, program: &Path, script: &[&str]) -> Tool {
        Tool::new(program).args(script).dir(self.path())
    }

    /// Runs a logger on that input, from a file, to its end.
    #[track_caller]
    pub(super) fn log(&self, program: &Path, script: &[&str], input: &[u8]) -> Ran {
        self.log_from(program, script, from_file(input))
    }

    /// The same from what is already there.
    #[track_caller]
    pub(super) fn log_from(&self, program: &Path, script: &[&str], input: File) -> Ran {
        let mut tool = self.tool(program, script);
        tool.command().stdin(input);
        let mut ran = tool.run();
        ran.stderr = without_labels(&ran.stderr);
        ran
    }

    /// The names in a folder, in order, labels as they are.
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.file(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        names
    }

    /// The old files of a log, the oldest first.
    pub(super) fn old_files(&self, log: &str) -> Vec<String> {
        let names = if self.file(log).exists() { self.names(log) } else { Vec::new() };
        names.into_iter().filter(|name| name.starts_with('@')).map(|name| format!("{log}/{name}")).collect()
    }

    /// Everything that a log holds: its old files, what a rotation has left, and `current`.
    pub(super) fn all(&self, log: &str) -> String {
        let mut files = self.old_files(log);
        files.extend(["previous", "current"].map(|name| format!("{log}/{name}")));
        files.iter().map(|name| fs::read(self.file(name)).unwrap_or_default()).fold(
            String::new(),
            |mut all, content| {
                all.push_str(&String::from_utf8_lossy(&content));
                all
            },
        )
    }

    /// All files in order, with labels masked.
    pub(super) fn view(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        look(self.path(), "", &mut entries);
        entries
    }
}

/// Input in a file.
pub(super) fn from_file(input: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(input).and_then(|()| file.rewind()).expect("written");
    file
}

/// A file or folder as it is compared.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) mode: u32,
    pub(super) content: Vec<u8>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = &self.content[..self.content.len().min(300)];
        let (name, mode, size) = (&self.name, self.mode, self.content.len());
        write!(to, "\n{name} {mode:o} {size} {:?}", String::from_utf8_lossy(shown))
    }
}

fn look(folder: &Path, prefix: &str, entries: &mut Vec<Entry>) {
    let mut names: Vec<_> = fs::read_dir(folder).expect("a folder").map(|entry| entry.unwrap()).collect();
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let path = entry.path();
        let stat = path.symlink_metadata().expect("its mode");
        let name = without_labels(entry.file_name().as_encoded_bytes());
        let name = format!("{prefix}{}", String::from_utf8(name).expect("a name"));
        // What is in a lock is its holder's business.
        let is_compared = stat.is_file() && entry.file_name() != "lock";
        let content = if is_compared { fs::read(&path).unwrap_or_default() } else { Vec::new() };
        entries.push(Entry { name: name.clone(), mode: stat.mode(), content: without_labels(&content) });
        if stat.is_dir() {
            look(&path, &format!("{name}/"), entries);
        }
    }
}

/// Every TAI64N label of this century replaced.
pub(super) fn without_labels(bytes: &[u8]) -> Vec<u8> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let mut pieces = bytes.split(|byte| *byte == b'@');
    let mut masked = pieces.next().unwrap_or_default().to_vec();
    for piece in pieces {
        let digits = piece.get(..24).filter(|digits| digits.starts_with(b"40000000"));
        let is_label = digits.is_some_and(|digits| digits.iter().all(is_digit));
        masked.extend_from_slice(if is_label { LABEL } else { b"@" });
        masked.extend_from_slice(if is_label { &piece[24..] } else { piece });
    }
    masked
}

/// The label of now.
pub(super) fn label_of_now() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    String::from_utf8(protocol::tai64n::Tai64n::from_wall(now).label().to_vec()).unwrap()
}

/// How a run ended, and what it left.
pub(super) type Seen = (Ran, Vec<Entry>);

/// Both programs do the same with that script and input, in an empty folder. `None` without Debian's.
#[track_caller]
pub(super) fn same(script: &[&str], input: impl AsRef<[u8]>) -> Option<Seen> {
    same_after(|_| {}, script, input)
}

/// The same in a folder that was prepared.
#[track_caller]
pub(super) fn same_after(prepare: impl Fn(&Place), script: &[&str], input: impl AsRef<[u8]>) -> Option<Seen> {
    let run = |program: &Path| {
        let place = Place::new();
        prepare(&place);
        let ran = place.log(program, script, input.as_ref());
        (ran, place.view())
    };
    let theirs = [run(&theirs("multilog")?)];
    let ours = [run(&ours("multilog"))];
    assert!(ours == theirs, "{script:?}:{}", differences(&ours, &theirs));
    let [ours] = ours;
    Some(ours)
}

/// What is not the same in two rows of runs.
pub(super) fn differences(ours: &[Seen], theirs: &[Seen]) -> String {
    let mut text = String::new();
    for (number, ((our_ran, ours), (their_ran, theirs))) in ours.iter().zip(theirs).enumerate() {
        if our_ran != their_ran {
            text += &format!("\nrun {number}: ours {our_ran:?}\ntheirs {their_ran:?}");
        }
        let without = |which: &[Entry], others: &[Entry]| -> Vec<Entry> {
            which.iter().filter(|entry| !others.contains(entry)).cloned().collect()
        };
        let [ours, theirs] = [without(ours, theirs), without(theirs, ours)];
        text += &format!("\nrun {number}: ours {ours:?}\ntheirs {theirs:?}");
    }
    text
}

/// A file or folder of what was seen.
#[track_caller]
pub(super) fn entry<'a>(seen: &'a [Entry], name: &str) -> &'a Entry {
    seen.iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("no {name} in {seen:?}"))
}

/// The content of a file of what was seen.
#[track_caller]
pub(super) fn content(seen: &[Entry], name: &str) -> String {
    String::from_utf8_lossy(&entry(seen, name).content).into_owned()
}
