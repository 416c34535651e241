//! A page of docs/recipes: the files of service folders, and the commands that come before.

use crate::house::{self, file};
use std::path::Path;
use testkit::{Folder, Service, TestTree};

/// A page, in which what must be different here has been replaced.
pub(super) struct Page(String);

/// A file that it shows: its path, and what is in it.
pub(super) type Shown = (String, String);

impl Page {
    #[track_caller]
    pub(super) fn read(name: &str) -> Self {
        Self(house::read(&format!("docs/recipes/{name}.md")))
    }

    /// With other words, each of which must be in the page.
    #[track_caller]
    pub(super) fn with(mut self, words: &[(&str, &str)]) -> Self {
        for (word, other) in words {
            assert!(self.0.contains(word), "{word}");
            self.0 = self.0.replace(word, other);
        }
        self
    }

    /// The files of a chapter: a paragraph that begins with a path is one.
    #[track_caller]
    pub(super) fn files(&self, chapter: &str) -> Vec<Shown> {
        house::parts(&self.0, chapter)
            .into_iter()
            .filter_map(|part| Some((file(&part)?.to_owned(), part.code)))
            .collect()
    }

    /// The commands of a chapter: the blocks that are no file.
    #[track_caller]
    pub(super) fn commands(&self, chapter: &str) -> String {
        let parts = house::parts(&self.0, chapter).into_iter();
        parts.filter(|part| file(part).is_none()).map(|part| part.code).collect()
    }
}

/// Makes the service folder of that name as the files say.
#[track_caller]
pub(super) fn make(tree: &TestTree, name: &str, files: &[Shown]) -> Service {
    tree.folder(name, |folder| fill(folder, name, files))
}

/// Adds those files that belong to it.
pub(super) fn fill(folder: Folder, name: &str, files: &[Shown]) -> Folder {
    let mine = files
        .iter()
        .filter_map(|(path, content)| Some((path.strip_prefix(name)?.strip_prefix('/')?, content)));
    mine.fold(folder, |folder, (file, content)| {
        let inner = Path::new(file).parent().and_then(Path::to_str).filter(|inner| !inner.is_empty());
        let folder = inner.into_iter().fold(folder, Folder::directory);
        if content.starts_with("#!") {
            folder.script(file, content.trim_end())
        } else {
            folder.file(file, content)
        }
    })
}
