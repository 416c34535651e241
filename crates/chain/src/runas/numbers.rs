//! `-q`: the numbers of an account, for programs that cannot look them up themselves.

use super::target::Target;
use crate::ids::Ids;
use anyhow::Context;
use std::io::Write;

/// Writes them to stdout.
pub(crate) fn tell(target: &Target) -> anyhow::Result<()> {
    let ids = target.ids().context("unable to read the groups")?;
    let mut stdout = std::io::stdout();
    let written = stdout.write_all(line(&ids).as_bytes()).and_then(|()| stdout.flush());
    written.context("unable to write output")
}

/// The uid, the gid, and then the supplementary groups, the gid no more.
fn line(ids: &Ids) -> String {
    let others = ids.groups.iter().filter(|gid| **gid != ids.gid).map(|gid| gid.as_raw());
    let numbers = [ids.uid.as_raw(), ids.gid.as_raw()].into_iter().chain(others);
    let words: Vec<String> = numbers.map(|number| number.to_string()).collect();
    words.join(" ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::{Gid, Uid};

    #[test]
    fn a_group_is_told_once() {
        let of = |groups: &[u32]| {
            let groups = groups.iter().copied().map(Gid::from_raw).collect();
            line(&Ids { uid: Uid::from_raw(7), gid: Gid::from_raw(8), groups })
        };
        assert_eq!(of(&[]), "7 8\n");
        assert_eq!(of(&[8]), "7 8\n");
        assert_eq!(of(&[8, 20, 10, 8]), "7 8 20 10\n");
    }
}
