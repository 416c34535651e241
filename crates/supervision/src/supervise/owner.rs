//! Who can change a folder decides who it runs as. Pure: what stat said goes in, the judgement comes out.
//!
//! Under a supervise of root's, what belongs to another account runs as that account and no other; under anybody
//! else's, what belongs to a third is not run at all. What everybody can write is never run.

/// One thing that has a say in what runs: the folder, `run`, `user`, a link for one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// As messages call it.
    pub what: String,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// The permission bits; `None` for a link, which has none that count.
    pub mode: Option<u32>,
}

/// Who we are: who runs supervise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Me {
    /// The effective user.
    pub uid: u32,
    /// The effective group.
    pub gid: u32,
}

/// What the owners allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What is not root's (or ours), so that its owner is the one account that the folder may run as.
    pub only: Option<Part>,
    /// What is allowed, but should be known.
    pub warnings: Vec<String>,
}

const WORLD_WRITES: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;

/// Judges all parts of a service.
///
/// # Errors
///
/// The reason why it runs as nobody, and the cure.
pub fn judge(parts: &[Part], me: Me) -> Result<Judgement, String> {
    let mut only: Option<&Part> = None;
    let mut warnings = Vec::new();
    for part in parts {
        let Part { what, uid, gid, mode } = part;
        if mode.is_some_and(|mode| mode & WORLD_WRITES != 0) {
            return Err(format!("{what} is writable by everybody: chmod o-w"));
        }
        let others = *gid != 0 && (me.uid == 0 || *gid != me.gid);
        if others && mode.is_some_and(|mode| mode & GROUP_WRITES != 0) {
            warnings.push(format!("{what} is writable for the group {gid}, which so decides what runs"));
        }
        if *uid == 0 || *uid == me.uid {
            continue;
        }
        if me.uid != 0 {
            return Err(format!("{what} belongs to uid {uid}, and is not run by uid {}", me.uid));
        }
        match only {
            Some(other) if other.uid != *uid => {
                return Err(format!(
                    "{} belongs to uid {}, and {what} to uid {uid}: they can only run together if they are one account's, or root's",
                    other.what, other.uid
                ));
            }
            _ => only = only.or(Some(part)),
        }
    }
    Ok(Judgement { only: only.cloned(), warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Me = Me { uid: 0, gid: 0 };
    const ALICE: Me = Me { uid: 1000, gid: 1000 };

    fn part(what: &str, uid: u32, mode: u32) -> Part {
        Part { what: what.into(), uid, gid: uid, mode: Some(mode) }
    }

    fn only(parts: &[Part], me: Me) -> Result<Option<u32>, String> {
        judge(parts, me).map(|judgement| judgement.only.map(|part| part.uid))
    }

    #[test]
    fn what_is_roots_runs_as_it_says() {
        assert_eq!(only(&[part("it", 0, 0o755), part("run", 0, 0o755)], ROOT), Ok(None));
        assert_eq!(only(&[part("it", 0, 0o755)], ALICE), Ok(None));
        assert_eq!(only(&[part("it", 1000, 0o755)], ALICE), Ok(None));
    }

    #[test]
    fn under_root_an_owners_folder_runs_only_as_its_owner() {
        assert_eq!(only(&[part("it", 1000, 0o755), part("run", 0, 0o755)], ROOT), Ok(Some(1000)));
        assert_eq!(only(&[part("it", 0, 0o755), part("run", 1000, 0o755)], ROOT), Ok(Some(1000)));
        let link = Part { what: "the link".into(), uid: 1000, gid: 1000, mode: None };
        assert_eq!(only(&[link, part("it", 0, 0o755)], ROOT), Ok(Some(1000)));
        assert!(only(&[part("it", 1000, 0o755), part("run", 1001, 0o755)], ROOT).is_err());
    }

    #[test]
    fn nobody_else_runs_what_a_third_owns() {
        assert!(only(&[part("it", 1001, 0o755)], ALICE).is_err());
    }

    #[test]
    fn what_everybody_can_write_is_never_run() {
        for me in [ROOT, ALICE] {
            assert!(only(&[part("it", 0, 0o757)], me).is_err());
            assert!(only(&[part("it", 0, 0o755), part("env", 0, 0o1777)], me).is_err());
        }
    }

    #[test]
    fn what_a_group_can_write_is_told() {
        let grouped = |gid| Part { gid, ..part("it", 0, 0o775) };
        let warnings = |part, me| judge(&[part], me).unwrap().warnings.len();
        assert_eq!(warnings(grouped(0), ROOT), 0);
        assert_eq!(warnings(grouped(33), ROOT), 1);
        assert_eq!(warnings(grouped(1000), ALICE), 0, "her own group");
    }
}
