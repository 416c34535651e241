//! runas: become an account wholly, and then the child; or say why not, and run nothing.
//!
//! | file | what is in it |
//! |---|---|
//! | `plan.rs` | the command line: what is to be done, all of it known before anything is |
//! | `target.rs` | whom the account stands for, and whether the folder's owner may ask for that |
//! | `variables.rs` | the `env/` folders: whose files are read, and with whose rights |
//! | `roots.rs` | what nobody but root can change |
//! | `making.rs` | `-m`: a folder for the account, made while there are still the rights to |
//! | `switch.rs` | the change itself, read back |
//! | `capabilities.rs` | `-k`: what the account keeps of root's rights |
//! | `numbers.rs` | `-q`: an account's numbers, and no change at all |
//! | `report.rs` | where a failure is told: on stderr, or to supervise |

mod capabilities;
mod making;
mod numbers;
pub mod plan;
mod report;
mod roots;
pub(crate) mod switch;
pub mod target;
mod variables;

use crate::next::{Next, NotRun};
use anyhow::Context;
use capabilities::asked_for;
use cli::Program;
use cli::text::shown;
use nix::sys::prctl::set_no_new_privs;
use nix::sys::stat::umask;
use nix::unistd::{Uid, chdir};
use plan::{Call, Plan};
use protocol::explain;
use protocol::report::{Step, VARIABLE};
use protocol::user::User;
use report::{AtStep, Reporter, Stopped};
use std::convert::Infallible;
use std::ffi::CStr;
use sys::entry::Args;
use target::Target;
use variables::Variables;

const PROGRAM: Program = Program {
    name: "runas",
    usage: "runas: usage: runas [-Hn] [-u umask] [-k capability] [-m name] [-e dir] [-E fd] [-o uid] [-d uid] \
            account child, or runas -q [-d uid] account",
};

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    // First of all: the pipe must not be open in what runs later, and what opens a file must not get its number.
    let reporter = Reporter::find();
    match Call::parse(&args) {
        Err(failure) => reporter.called_wrongly(failure),
        Ok(Call::Become(plan)) => {
            let Err(stopped) = become_child(plan, &reporter);
            reporter.stopped(stopped)
        }
        Ok(Call::Numbers { account, dot }) => match tell_numbers(account, dot) {
            Ok(()) => 0,
            Err(stopped) => reporter.stopped(stopped),
        },
    }
}

fn tell_numbers(account: &CStr, dot: Option<Uid>) -> Result<(), Stopped> {
    let user = parse(account, "unable to look up")?;
    let target = Target::of(&user, dot).at(Step::User)?;
    numbers::tell(&target).at(Step::User)
}

fn parse(account: &CStr, unable: &str) -> Result<User, Stopped> {
    User::parse(account.to_bytes())
        .with_context(|| format!("{unable} {}", shown(account.to_bytes())))
        .at(Step::User)
}

fn become_child(plan: Plan, reporter: &Reporter) -> Result<Infallible, Stopped> {
    let written = shown(plan.account.to_bytes());
    let user = parse(plan.account, "unable to run as")?;
    let capabilities = asked_for(&plan.capabilities, &user)
        .with_context(|| format!("unable to keep capabilities as {written}"))
        .at(Step::Switch)?;
    let target = Target::of(&user, plan.dot).at(Step::User)?;
    if let Some(owner) = plan.owner {
        target.check_owner(&user, owner).at(Step::Owner)?;
    }
    let variables = Variables::open(plan.folders, reporter).at(Step::Environment)?;
    if let Some(name) = &plan.folder {
        making::make(name, &target).at(Step::Folder)?;
    }
    target.switch(capabilities).with_context(|| format!("unable to become {written}")).at(Step::Switch)?;
    // From here on with the account's rights.
    let variables = variables.read_the_rest(target.uid(), reporter).at(Step::Environment)?;
    if let Some(mask) = plan.umask {
        umask(mask);
    }
    if plan.no_new_privs {
        set_no_new_privs().context("unable to set no_new_privs").at(Step::Switch)?;
    }
    if plan.home {
        let home = target.home().at(Step::Switch)?;
        chdir(home.as_c_str())
            .with_context(|| format!("unable to chdir to {}", shown(home.to_bytes())))
            .at(Step::Switch)?;
    }
    let mut next = plan.next;
    next.environment.remove(VARIABLE.as_bytes());
    target.identify(&mut next.environment);
    variables.apply(&mut next.environment);
    execute(next)
}

fn execute(next: Next) -> Result<Infallible, Stopped> {
    let Err(NotRun { program, tried, error }) = next.run();
    let detail = tried.iter().find_map(|file| explain::execution(file, error));
    let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    let text = format!("unable to run {}: {}{detail}", shown(program.to_bytes()), cli::errno::text(error));
    Err(Stopped { step: Step::Execute, errno: error as i32, error: anyhow::Error::msg(text) })
}
