//! A table: columns as wide as what is in them, and lines that belong to the row above.

use super::Paint;
use crate::state::Mood;

/// On which side the text of a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

#[derive(Debug)]
enum Row {
    Cells(Vec<String>, Option<(usize, Mood)>),
    Note(String),
}

/// A table with a heading.
#[derive(Debug)]
pub struct Table {
    heading: Vec<(&'static str, Align)>,
    rows: Vec<Row>,
}

impl Table {
    /// One with these columns.
    #[must_use]
    pub fn new(heading: impl IntoIterator<Item = (&'static str, Align)>) -> Self {
        Self { heading: heading.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row; one of its cells, by its place, may have a mood.
    pub fn row(&mut self, cells: Vec<String>, mood: Option<(usize, Mood)>) {
        self.rows.push(Row::Cells(cells, mood));
    }

    /// Adds a line that belongs to the row above.
    pub fn note(&mut self, text: String) {
        self.rows.push(Row::Note(text));
    }

    /// All of it as text. A column that is empty in every row is left out.
    #[must_use]
    pub fn show(&self, paint: Paint) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| match row {
                Row::Cells(cells, _) => cells.get(column).map(|cell| cell.chars().count()),
                Row::Note(_) => None,
            });
            cells.max().unwrap_or(0)
        };
        let columns: Vec<(usize, &'static str, Align, usize)> = self
            .heading
            .iter()
            .enumerate()
            .map(|(column, (name, align))| (column, *name, *align, width(column)))
            .filter(|(.., width)| *width > 0 || self.rows.is_empty())
            .map(|(column, name, align, width)| (column, name, align, width.max(name.chars().count())))
            .collect();
        let heading = columns.iter().map(|(_, name, align, width)| pad(name, name, *align, *width));
        let mut text = paint.weak(heading.collect::<Vec<_>>().join("  ").trim_end()) + "\n";
        for row in &self.rows {
            match row {
                Row::Note(note) => text.push_str(&format!("  {}\n", paint.weak(note))),
                Row::Cells(cells, mood) => {
                    let cells = columns.iter().map(|(column, _, align, width)| {
                        let cell = cells.get(*column).map_or("", String::as_str);
                        let mood = mood.filter(|(place, _)| place == column);
                        let painted =
                            mood.map_or_else(|| cell.to_owned(), |(_, mood)| paint.mood(mood, cell));
                        pad(cell, &painted, *align, *width)
                    });
                    text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
                    text.push('\n');
                }
            }
        }
        text
    }
}

/// `painted`, which shows as `cell`, in that width.
fn pad(cell: &str, painted: &str, align: Align, width: usize) -> String {
    let blanks = " ".repeat(width.saturating_sub(cell.chars().count()));
    match align {
        Align::Left => format!("{painted}{blanks}"),
        Align::Right => format!("{blanks}{painted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them_and_empty_ones_are_left_out() {
        let mut table = Table::new([
            ("NAME", Align::Left),
            ("PID", Align::Right),
            ("USER", Align::Left),
            ("N", Align::Right),
        ]);
        let cells = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        table.row(cells(["wéb", "7", "", "1"]), Some((0, Mood::Good)));
        table.note("why".to_owned());
        table.row(cells(["longer", "12345", "", "10"]), None);
        let text = "NAME      PID   N\nwéb         7   1\n  why\nlonger  12345  10\n";
        assert_eq!(table.show(Paint::default()), text);
    }
}
