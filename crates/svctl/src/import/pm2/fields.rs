//! The fields of an app: each is taken out once, so that what is left is what nobody has dealt with.

use serde_json::{Map, Value};

/// Other names of fields.
const ALIASES: [(&str, &[&str]); 9] = [
    ("script", &["exec", "command", "cmd"]),
    ("interpreter", &["exec_interpreter"]),
    ("node_args", &["interpreter_args", "interpreterArgs"]),
    ("out_file", &["out", "output", "out_log"]),
    ("error_file", &["error", "err", "err_file", "err_log"]),
    ("log_file", &["log"]),
    ("cron_restart", &["cron"]),
    ("merge_logs", &["combine_logs"]),
    ("uid", &["user"]),
];

/// What is left of an app.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new(mut map: Map<String, Value>) -> Self {
        for (name, aliases) in ALIASES {
            for alias in aliases {
                if let Some(value) = map.remove(*alias) {
                    map.entry(name).or_insert(value);
                }
            }
        }
        map.retain(|_, value| !value.is_null());
        Self(map)
    }

    /// Takes a field out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Puts one back that others need as well.
    pub(super) fn put_back(&mut self, name: &str, text: String) {
        self.0.insert(name.to_owned(), Value::String(text));
    }

    /// Takes out a text, or a number as text.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        text(&self.take(name)?)
    }

    /// Takes out a list of words: an array, or text with blanks between.
    pub(super) fn words(&mut self, name: &str) -> Vec<String> {
        match self.take(name) {
            Some(Value::Array(words)) => words.iter().filter_map(text).collect(),
            Some(other) => {
                let line = text(&other).unwrap_or_default();
                shlex::split(&line).unwrap_or_else(|| line.split_whitespace().map(str::to_owned).collect())
            }
            None => Vec::new(),
        }
    }

    /// Takes out a number.
    pub(super) fn number(&mut self, name: &str) -> Option<i64> {
        match self.take(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Takes out whether something is so.
    pub(super) fn is(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(is) => Some(is),
            Value::String(text) => Some(text == "true"),
            _ => None,
        }
    }

    /// Takes out what has not been.
    pub(super) fn rest(self) -> impl Iterator<Item = (String, Value)> {
        self.0.into_iter()
    }
}

/// A value as the text that a program would get.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
