//! What a document consists of: its paragraphs, and the code below each. The tests that hold a document to what it says take its
//! commands and files from here.

/// A paragraph, and the code that follows it, if any: a fenced block as it is, or what is indented, without the indentation and
/// without empty lines.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) text: String,
    pub(crate) code: String,
    /// What stands behind the fence, such as `sh`; nothing where the code is indented.
    pub(crate) language: String,
}

impl Part {
    /// A file can be empty.
    pub(crate) fn has_code(&self) -> bool {
        !self.code.is_empty() || !self.language.is_empty()
    }
}

/// The parts of a chapter, in their order.
#[track_caller]
pub(crate) fn parts(document: &str, title: &str) -> Vec<Part> {
    let Some((_, chapter)) = document.split_once(&format!("\n## {title}\n")) else {
        panic!("no chapter {title:?}")
    };
    all_parts(chapter.split("\n## ").next().unwrap())
}

/// The parts of a text.
pub(crate) fn all_parts(text: &str) -> Vec<Part> {
    let mut parts = vec![Part::default()];
    let mut after_empty_line = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let begins = after_empty_line || parts.last().is_some_and(Part::has_code);
        let part = parts.last_mut().unwrap();
        if let Some(language) = line.strip_prefix("```") {
            if part.has_code() {
                parts.push(Part::default());
            }
            let part = parts.last_mut().unwrap();
            part.language = language.to_owned();
            part.code =
                lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        } else if let Some(code) = line.strip_prefix("    ") {
            part.code += &format!("{code}\n");
        } else if !line.is_empty() && begins {
            parts.push(Part { text: line.to_owned(), ..Part::default() });
        } else if !line.is_empty() {
            part.text += &format!(" {line}");
        }
        after_empty_line = line.is_empty();
    }
    parts
}

/// The blocks of code in a chapter: between two of them there is text.
#[track_caller]
pub(crate) fn blocks(document: &str, title: &str) -> Vec<String> {
    parts(document, title).into_iter().map(|part| part.code).filter(|code| !code.is_empty()).collect()
}

/// The path that a paragraph begins with: then its code is that file.
pub(crate) fn file(part: &Part) -> Option<&str> {
    let (path, _) = part.text.strip_prefix('`')?.split_once('`')?;
    (path.contains('/') && !path.ends_with('/')).then_some(path)
}
