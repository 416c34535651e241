//! The variables that the next program gets. Their order is part of what a program sees, so it is djb's.

use std::borrow::Cow;
use std::ffi::{CStr, CString};

/// What will be the environment of the next program; nothing here changes that of this one.
#[derive(Clone, Debug)]
pub(crate) struct Environment(Vec<Cow<'static, CStr>>);

impl Environment {
    /// As this process got it: duplicates and entries without `=` included.
    pub(crate) fn inherited() -> Self {
        Self(sys::environment::inherited().into_iter().map(Cow::Borrowed).collect())
    }

    /// Sets a variable as daemontools does: the last entry moves into the place of the first old one of that name, and
    /// the new one goes to the end. A second old one of that name stays, and is what programs then find first.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        self.put([name, b"=", value].concat());
    }

    /// Sets a variable from a whole entry, `NAME=VALUE`, or removes it, `NAME`: its name ends where the first `=` is,
    /// whatever was meant. A NUL byte ends the entry.
    pub(crate) fn put(&mut self, mut entry: Vec<u8>) {
        let end = entry.iter().position(|byte| *byte == 0).unwrap_or(entry.len());
        entry.truncate(end);
        let (name, is_set) = match entry.iter().position(|byte| *byte == b'=') {
            Some(end) => (entry.get(..end).unwrap_or_default(), true),
            None => (entry.as_slice(), false),
        };
        self.unset(name);
        if is_set {
            self.0.push(Cow::Owned(CString::new(entry).unwrap_or_default()));
        }
    }

    /// Removes a variable as daemontools does: the last entry moves into the place of the first one of that name.
    /// Says whether there was one.
    pub(crate) fn unset(&mut self, name: &[u8]) -> bool {
        let place = self.0.iter().position(|entry| is_called(entry, name));
        place.map(|place| self.0.swap_remove(place)).is_some()
    }

    /// Removes every entry of that name: where an old one that came through would be somebody else's.
    pub(crate) fn remove(&mut self, name: &[u8]) {
        while self.unset(name) {}
    }

    /// Sets a variable over every old one of that name.
    pub(crate) fn replace(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.set(name, value);
    }

    /// The entries in their order.
    pub(crate) fn into_entries(self) -> Vec<Cow<'static, CStr>> {
        self.0
    }
}

fn is_called(entry: &CStr, name: &[u8]) -> bool {
    entry.to_bytes().strip_prefix(name).is_some_and(|rest| rest.first() == Some(&b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(entries: &[&'static CStr]) -> Environment {
        Environment(entries.iter().copied().map(Cow::Borrowed).collect())
    }

    #[track_caller]
    fn holds(environment: &Environment, entries: &[&CStr]) {
        assert_eq!(environment.0.iter().map(AsRef::as_ref).collect::<Vec<&CStr>>(), entries);
    }

    #[test]
    fn a_new_variable_goes_to_the_end_and_the_last_into_the_gap() {
        let mut changed = environment(&[c"A=1", c"B=2", c"C=3"]);
        changed.set(b"A", b"new");
        holds(&changed, &[c"C=3", c"B=2", c"A=new"]);
        changed.set(b"A", b"");
        holds(&changed, &[c"C=3", c"B=2", c"A="]);
        changed.set(b"D", b"x=y");
        holds(&changed, &[c"C=3", c"B=2", c"A=", c"D=x=y"]);
        assert!(changed.unset(b"C"));
        holds(&changed, &[c"D=x=y", c"B=2", c"A="]);
        assert!(!changed.unset(b"C"));
    }

    #[test]
    fn a_whole_entry_says_itself_where_its_name_ends() {
        let mut changed = environment(&[c"A=1", c"B=2", c"C=3"]);
        changed.put(b"A".to_vec());
        holds(&changed, &[c"C=3", c"B=2"]);
        changed.set(b"C=D", b"4");
        holds(&changed, &[c"B=2", c"C=D=4"]);
        changed.put(b"=E\0F".to_vec());
        holds(&changed, &[c"B=2", c"C=D=4", c"=E"]);
    }

    #[test]
    fn only_the_first_of_a_name_is_replaced_unless_all_are_meant() {
        let twice = environment(&[c"A=1", c"AB=2", c"A", c"A=3"]);
        let mut as_djb = twice.clone();
        as_djb.set(b"A", b"new");
        holds(&as_djb, &[c"A=3", c"AB=2", c"A", c"A=new"]);
        let mut all = twice;
        all.replace(b"A", b"new");
        holds(&all, &[c"A", c"AB=2", c"A=new"]);
    }
}
