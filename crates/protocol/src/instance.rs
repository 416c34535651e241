//! Names of service folders: which are templates (`web@`), which are instances (`web@6001`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// What the name of a folder in the service directory says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// An ordinary service.
    Plain,
    /// What instances take from; never started.
    Template,
    /// An instance, if a folder of the template's name is there; else it is as a plain one.
    Instance {
        /// The template's name, with the `@`.
        template: &'a OsStr,
        /// What follows it: `$1` and `$INSTANCE` of run.
        instance: &'a OsStr,
    },
}

/// What a name says: everything turns on its first `@`.
#[must_use]
pub fn kind(name: &OsStr) -> Kind<'_> {
    let bytes = name.as_bytes();
    match bytes.iter().position(|byte| *byte == b'@') {
        None | Some(0) => Kind::Plain,
        Some(_) if bytes.ends_with(b"@") => Kind::Template,
        Some(at) => {
            let (template, instance) = bytes.split_at(at.saturating_add(1));
            Kind::Instance { template: OsStr::from_bytes(template), instance: OsStr::from_bytes(instance) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_instance(name: &str, template: &str, instance: &str) -> bool {
        kind(OsStr::new(name))
            == Kind::Instance { template: OsStr::new(template), instance: OsStr::new(instance) }
    }

    #[test]
    fn the_first_at_sign_divides() {
        assert_eq!(kind(OsStr::new("web")), Kind::Plain);
        assert_eq!(kind(OsStr::new("@web")), Kind::Plain, "a template needs a name");
        assert_eq!(kind(OsStr::new("web@")), Kind::Template);
        assert_eq!(kind(OsStr::new("web@a@")), Kind::Template, "never started");
        assert!(is_instance("web@6001", "web@", "6001"));
        assert!(is_instance("mail@bob@example.org", "mail@", "bob@example.org"));
    }
}
