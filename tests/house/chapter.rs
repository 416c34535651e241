//! A chapter of a document: its paragraphs, and the indented code below each. The tests that hold a document to what it says take its
//! commands and files from here.

/// A paragraph, and the code that follows it, if any: without the indentation, and without empty lines.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) text: String,
    pub(crate) code: String,
}

/// The parts of a chapter, in their order.
#[track_caller]
pub(crate) fn parts(document: &str, title: &str) -> Vec<Part> {
    let Some((_, chapter)) = document.split_once(&format!("\n## {title}\n")) else {
        panic!("no chapter {title:?}")
    };
    let chapter = chapter.split("\n## ").next().unwrap();
    let mut parts = vec![Part::default()];
    let mut after_empty_line = false;
    for line in chapter.lines() {
        let part = parts.last_mut().unwrap();
        match line.strip_prefix("    ") {
            Some(code) => part.code += &format!("{code}\n"),
            None if line.is_empty() => {}
            None if after_empty_line || !part.code.is_empty() => {
                parts.push(Part { text: line.to_owned(), code: String::new() })
            }
            None => part.text += &format!(" {line}"),
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
