//! What a shell script consists of, as far as it is understood here: words with what is known of them, and commands.

/// A word as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Its parts, which stand without a blank between.
    pub(super) pieces: Vec<Piece>,
    /// How it stands in the script.
    pub(super) source: String,
    /// The line on which it begins, from 1 on.
    pub(super) line: usize,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The text; of a variable, its name.
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// What a part of a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text outside of quotes.
    Plain,
    /// Text in quotes.
    Quoted,
    /// `$name` or `${name}`; outside of quotes it can be several words, or none.
    Variable { quoted: bool },
    /// What only a run of the script would tell: the output of a command, a sum.
    Unknown { quoted: bool },
}

/// Commands, one after the other.
pub(super) type List = Vec<Statement>;

/// Pipelines with `&&` and `||` between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) first: Pipeline,
    pub(super) rest: Vec<(Link, Pipeline)>,
    /// It ends in `&`.
    pub(super) is_background: bool,
}

/// What stands between two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    And,
    Or,
}

/// Commands with `|` between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pipeline {
    pub(super) commands: Vec<Command>,
}

/// A command with its redirections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) what: What,
    pub(super) redirections: Vec<Redirection>,
    pub(super) line: usize,
}

/// The kinds of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Words, of which the first ones may set variables.
    Simple(Vec<Word>),
    /// `{ ... }`
    Group(List),
    /// `( ... )`
    Subshell(List),
    /// `if`: each condition with what follows from it, then what follows from none of them.
    If { branches: Vec<(List, List)>, otherwise: Option<List> },
    /// `while` and `until`.
    Loop { condition: List, body: List },
    /// `for`
    For { variable: String, body: List },
    /// `case`
    Case { subject: Word, arms: Vec<(Vec<Word>, List)> },
    /// `name() ...`
    Function { name: String, body: Box<Command> },
    /// `[[ ... ]]` and `(( ... ))`
    Condition,
}

/// `2>file` and the like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redirection {
    /// The number before the sign.
    pub(super) descriptor: Option<u32>,
    pub(super) sign: &'static str,
    /// What follows the sign: a file, a number; of a here-document, the word that ends it.
    pub(super) target: Word,
}

/// Something that bash knows, and the shell of POSIX does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bashism {
    pub(super) line: usize,
    /// What it looks like.
    pub(super) what: &'static str,
}

/// The script cannot be followed: nothing is said about it then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unclear;

impl Word {
    /// A word of one plain text, as reserved words are.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece { text, kind: Kind::Plain }] => Some(text),
            _ => None,
        }
    }
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
