//! Becoming a user: what is executed before a service's own program, and what that adds.

use crate::limits::{Smallest, until_end};
use crate::outcome::{Bound, Outcome, Role, Statistic, Unit, Wish};
use crate::programs::{missing, theirs};
use crate::rounds::{Contestant, median, take_turns};
use crate::setting::Setting;
use anyhow::{Context, Result};
use nix::unistd::geteuid;
use std::fs::{copy, read_to_string};
use std::path::{Path, PathBuf};
use std::process::Command;

const ROUNDS: usize = 400;

const PACKAGES: [&str; 5] = ["daemontools", "runit", "s6", "util-linux", "sudo"];

/// An account, as /etc/passwd has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Account {
    name: String,
    group: String,
    has_login: bool,
}

/// Program and arguments.
type Words = Vec<String>;

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let mut outcome = Outcome {
        title: "become a user and exec".to_owned(),
        how: format!(
            "Each becomes the same account and executes the same program, the smallest static one, which ends at \
             once: from before the start until the end is known, less the median of that program alone in the same \
             rounds. daemontools' setuidgid and chpst set neither supplementary groups nor HOME; runas and sudo set \
             both; setpriv is told to set the groups. Median of {ROUNDS} rounds. The limit is the smallest static \
             program that only executes the next one: a bare exec."
        ),
        unit: Unit::Microseconds,
        rows: Vec::new(),
        wishes: [Bound::OfBestPeer(1.1), Bound::Of(LOGIN, 0.1)]
            .map(|bound| Wish { statistic: Statistic::Median, bound })
            .to_vec(),
        missing: missing(&PACKAGES),
    };
    if !geteuid().is_root() {
        outcome.missing.push("all of it: it needs root".to_owned());
        return Ok(vec![outcome]);
    }
    let account = account(&read_to_string("/etc/passwd").context("unable to read /etc/passwd")?);
    let account = account.context("there is no account nobody")?;
    if !account.has_login {
        outcome.missing.push(format!("{LOGIN}: no account here has a home and a login shell"));
    }
    let target = target(setting.memory())?;
    let mut contestants = contestants(setting, &account, &target)?;
    contestants.push(Contestant::new(ALONE, Role::Limit, vec![target.clone()]));
    let mut rows = take_turns(&contestants, setting.rounds(ROUNDS), |words, _| run(words))?;
    let alone = rows.pop().map_or(0.0, |row| median(&row.samples));
    for sample in rows.iter_mut().flat_map(|row| &mut row.samples) {
        *sample -= alone;
    }
    outcome.rows = rows;
    Ok(vec![outcome])
}

/// The row of what people use where there is nothing else.
const LOGIN: &str = "sudo -i -u";

/// Who runs the target alone: no row in the end.
const ALONE: &str = "alone";

fn run(words: &Words) -> Result<f64> {
    let (program, arguments) = words.split_first().context("no program")?;
    until_end(Command::new(program).args(arguments))
}

/// The smallest program, or where there is none a copy of one that does nothing either.
fn target(folder: &Path) -> Result<String> {
    let path = match Smallest::End.program(folder)? {
        Some(path) => path,
        None => {
            let path = folder.join("true");
            copy("/bin/true", &path).context("unable to copy /bin/true")?;
            path
        }
    };
    Ok(path.display().to_string())
}

/// Everybody who is here, in each one's own words.
fn contestants(setting: &Setting, account: &Account, target: &str) -> Result<Vec<Contestant<Words>>> {
    let Account { name, group, has_login } = account;
    let words = |program: PathBuf, arguments: &[&str]| {
        let arguments = arguments.iter().copied().chain([target]);
        [program.display().to_string()].into_iter().chain(arguments.map(str::to_owned)).collect()
    };
    let mut contestants = vec![
        Contestant::new("upkeep runas", Role::Ours, words(setting.ours("runas")?, &[name])),
        Contestant::new("upkeep runas -n", Role::Ours, words(setting.ours("runas")?, &["-n", name])),
        Contestant::new("upkeep setuidgid", Role::Ours, words(setting.ours("setuidgid")?, &[name])),
    ];
    let (user, group) = (format!("--reuid={name}"), format!("--regid={group}"));
    let peers: [(&str, &str, &[&str]); 6] = [
        ("setuidgid", "setuidgid", &[name]),
        ("chpst -u", "chpst", &["-u", name]),
        ("s6-setuidgid", "s6-setuidgid", &[name]),
        ("setpriv", "setpriv", &[&user, &group, "--init-groups"]),
        ("sudo -u", "sudo", &["-n", "-u", name]),
        (LOGIN, "sudo", &["-n", "-i", "-u", name]),
    ];
    for (row, program, arguments) in peers {
        if row == LOGIN && !has_login {
            continue;
        }
        let peer = theirs(program).map(|path| Contestant::new(row, Role::Peer, words(path, arguments)));
        contestants.extend(peer);
    }
    let exec = Smallest::Exec.program(setting.memory())?;
    contestants.extend(exec.map(|path| Contestant::new("bare exec", Role::Limit, words(path, &[]))));
    Ok(contestants)
}

/// Who it is done with: the first of the people who can log in, else nobody.
fn account(passwd: &str) -> Option<Account> {
    let accounts: Vec<_> = passwd.lines().filter_map(Account::read).collect();
    let login = accounts.iter().find(|account| account.has_login);
    login.or_else(|| accounts.iter().find(|account| account.name == "nobody")).cloned()
}

impl Account {
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let (name, _, uid, group) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let (_, home, shell) = (fields.next()?, fields.next()?, fields.next()?);
        let is_person = uid.parse().is_ok_and(|uid: u32| (1000..60_000).contains(&uid));
        let is_shell = ["/sh", "/bash", "/dash"].iter().any(|end| shell.ends_with(end));
        let has_login = is_person && is_shell && Path::new(home).is_dir();
        Some(Self { name: name.to_owned(), group: group.to_owned(), has_login })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(passwd: &str) -> Option<String> {
        account(passwd).map(|account| account.name)
    }

    #[test]
    fn somebody_who_can_log_in_comes_first() {
        let nobody = "root:x:0:0:root:/:/bin/bash\nnobody:x:65534:65534:nobody:/none:/usr/sbin/nologin\n";
        let bob = format!("{nobody}web:x:1000:1000::/:/usr/sbin/nologin\nbob:x:1001:1001::/:/bin/bash\n");
        assert_eq!(name(nobody).as_deref(), Some("nobody"));
        assert_eq!(name(&bob).as_deref(), Some("bob"));
        assert_eq!(name("root:x:0:0:root:/:/bin/bash\n"), None);
    }

    #[test]
    fn without_a_home_nobody_logs_in() {
        let account = Account::read("bob:x:1001:100::/no/such/folder:/bin/bash").unwrap();
        assert_eq!(account, Account { name: "bob".to_owned(), group: "100".to_owned(), has_login: false });
    }
}
