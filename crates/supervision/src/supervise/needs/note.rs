//! The words for what a service waits for: behind "waiting for" in its status. Pure.

use cli::text::shown;
use std::ffi::{CStr, CString};

/// So many names are told of those that wait for the same reason.
const TOLD: usize = 3;

/// A service that is needed, and is not up and ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unmet {
    pub(super) name: CString,
    pub(super) why: Why,
}

/// Why it is not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// It is on its way.
    Coming,
    /// It stays down until somebody wants it up.
    Down,
    /// No supervise keeps it.
    Unsupervised,
    /// There is no such folder.
    Missing,
    /// How it is cannot be found out, for this reason.
    Unusable(String),
}

/// All that is waited for: `postgres and redis; nosuch, which does not exist`.
pub(super) fn list(unmet: &[Unmet]) -> String {
    let mut reasons: Vec<&Why> = unmet.iter().map(|unmet| &unmet.why).collect();
    reasons.sort();
    reasons.dedup();
    let group = |why: &Why| {
        let of_it = unmet.iter().filter(|unmet| unmet.why == *why);
        let names: Vec<&CStr> = of_it.map(|unmet| &*unmet.name).collect();
        format!("{}{}", enumeration(&names), relative_clause(why, names.len() > 1))
    };
    reasons.into_iter().map(group).collect::<Vec<_>>().join("; ")
}

/// A service that waits for itself: `itself: web -> db -> web`.
pub(super) fn circle(way: &[CString]) -> String {
    let names: Vec<_> = way.iter().map(|name| shown(name.to_bytes())).collect();
    format!("itself: {}", names.join(" -> "))
}

fn relative_clause(why: &Why, are_many: bool) -> String {
    let (is, does) = if are_many { ("are", "do") } else { ("is", "does") };
    match why {
        Why::Coming => String::new(),
        Why::Down => format!(", which {is} down"),
        Why::Unsupervised => format!(", which {is} not supervised"),
        Why::Missing => format!(", which {does} not exist"),
        Why::Unusable(reason) => format!(", which cannot be looked at: {reason}"),
    }
}

/// `a`, `a and b`, `a, b and c`, `a, b, c and 2 others`.
fn enumeration(names: &[&CStr]) -> String {
    let mut words: Vec<String> =
        names.iter().take(TOLD).map(|name| shown(name.to_bytes()).into_owned()).collect();
    match names.len().saturating_sub(TOLD) {
        0 => {}
        1 => words.push("1 other".to_owned()),
        others => words.push(format!("{others} others")),
    }
    let last = words.pop().unwrap_or_default();
    if words.is_empty() { last } else { format!("{} and {last}", words.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(unmet: &[(&str, Why)]) -> String {
        let named =
            |(name, why): &(&str, Why)| Unmet { name: CString::new(*name).unwrap(), why: why.clone() };
        list(&unmet.iter().map(named).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_waited_for_is_named_with_its_reason() {
        use Why::{Coming, Down, Missing, Unsupervised, Unusable};
        assert_eq!(told(&[("postgres", Coming)]), "postgres");
        assert_eq!(told(&[("postgres", Coming), ("redis", Coming)]), "postgres and redis");
        assert_eq!(told(&[("nosuch", Missing)]), "nosuch, which does not exist");
        assert_eq!(told(&[("a", Missing), ("b", Missing)]), "a and b, which do not exist");
        assert_eq!(
            told(&[("db", Down), ("nosuch", Missing), ("web", Coming), ("x", Unsupervised)]),
            "web; db, which is down; x, which is not supervised; nosuch, which does not exist"
        );
        let denied = Unusable("access denied".to_owned());
        assert_eq!(told(&[("db", denied)]), "db, which cannot be looked at: access denied");
        let many =
            |count| ["a", "b", "c", "d", "e"][..count].iter().map(|name| (*name, Coming)).collect::<Vec<_>>();
        assert_eq!(told(&many(3)), "a, b and c");
        assert_eq!(told(&many(4)), "a, b, c and 1 other");
        assert_eq!(told(&many(5)), "a, b, c and 2 others");
        assert_eq!(told(&[("a\x1b[2J", Coming)]), "a\\x1b[2J", "nothing that a terminal obeys");
    }

    #[test]
    fn a_circle_is_shown_as_a_way() {
        assert_eq!(circle(&[c"web", c"db", c"web"].map(CStr::to_owned)), "itself: web -> db -> web");
    }
}
