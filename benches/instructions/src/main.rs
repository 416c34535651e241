//! How many instructions the hot paths take, beside how many they took before: a figure that does not depend on the
//! machine's mood.
//!
//!     make counts
//!
//! | arguments | what it does |
//! |---|---|
//! | none, or `check` | counts, and compares with the figures in `counts`; exit code 1 where one has grown |
//! | `update` | counts, and writes that file anew |
//! | `run NAME COUNT` | carries a hot path out that many times: this is what is counted |
//! | `basis` | says what its counts depend on besides the code |
//!
//! Each path is run N times and 2N times under callgrind. The difference, divided by N, is what one time takes; beginning
//! and end are not in it, nor is what the kernel does. It is the same to the instruction in each run, but for the time
//! stamps of lines, which begin where the clock stands: a thousandth or less.
//!
//! The program is to be built as the resident programs are: optimised, and linked statically with musl, since glibc picks its
//! copies of bytes by the processor. What is picked so is memchr alone; see [`basis`].
//!
//! | file | what is in it |
//! |---|---|
//! | `paths.rs`, `paths/` | the hot paths |
//! | `callgrind.rs` | running this program under valgrind |
//! | `basis.rs` | what counts depend on besides the code |
//! | `kept.rs` | the file of figures; pure |
//! | `comparison.rs` | which of them has changed, as a table; pure |

mod basis;
mod callgrind;
mod comparison;
mod kept;
mod paths;

use anyhow::{Context, Result, bail, ensure};
use comparison::Comparison;
use kept::Counts;
use std::io::Write;
use std::process::ExitCode;

/// The figures that are kept.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts");

const USAGE: &str = "usage: instructions [check | update | run name count | basis]";

fn main() -> ExitCode {
    carry_out().unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "instructions: fatal: {error:#}");
        ExitCode::from(111)
    })
}

fn carry_out() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] | ["check"] => return check(),
        ["update"] => {
            std::fs::write(FILE, count()?.to_string()).with_context(|| format!("unable to write {FILE}"))?;
        }
        ["run", name, count] => {
            let path = paths::ALL.iter().find(|path| path.name == *name).context("no such path")?;
            (path.run)(count.parse().context("unable to understand the count")?)?;
        }
        ["basis"] => write!(std::io::stdout(), "{}", basis::Basis::of_this_program())?,
        _ => bail!("{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn check() -> Result<ExitCode> {
    let text = std::fs::read_to_string(FILE).with_context(|| format!("unable to read {FILE}"))?;
    let kept: Counts = text.parse().with_context(|| format!("unable to understand {FILE}"))?;
    let comparison = Comparison::new(&kept, &count()?);
    write!(std::io::stdout(), "{comparison}")?;
    Ok(if comparison.is_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn count() -> Result<Counts> {
    ensure!(!cfg!(debug_assertions), "unable to count what is not optimised: run make counts");
    let basis = callgrind::basis()?;
    let figures = paths::ALL.iter().map(|path| Ok((path.name.to_owned(), callgrind::count(path)?)));
    Ok(Counts { basis, figures: figures.collect::<Result<_>>()? })
}
