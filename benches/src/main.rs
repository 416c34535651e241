//! Upkeep beside its peers: one program that drives the supervisors that are installed here all in the same way, turn by
//! turn, and prints medians and ratios. What counts is the ratio to the best of the peers in the same run: figures of
//! their own depend on the machine and on its mood.
//!
//! | file | what is in it |
//! |---|---|
//! | `options.rs` | the command line |
//! | `setting.rs` | the folders, our programs, how often |
//! | `programs.rs` | the peers' programs, and the packages that they are in |
//! | `machine.rs` | what it is measured on |
//! | `rounds.rs` | who is run when |
//! | `rows.rs` | figures while they are gathered, and who is run less often |
//! | `guard.rs` | what cleans up after a bench that was killed |
//! | `supervisors/` | how each family of programs is driven |
//! | `tree.rs` | a running tree of services, and its end |
//! | `processes.rs` | what /proc says of it |
//! | `measures/` | what is measured, a file or folder for each |
//! | `limits/` | what no program can be better than on this machine |
//! | `outcome.rs` | what a measure comes to |
//! | `report/` | how it is judged and shown: table, JSON, plot |

mod guard;
mod limits;
mod machine;
mod measures;
mod options;
mod outcome;
mod processes;
mod programs;
mod report;
mod rounds;
mod rows;
mod setting;
mod supervisors;
mod tree;

use anyhow::{Result, ensure};
use options::{HELP, Options, Request};
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            progress(&format!("bench: fatal: {error:#}\n"));
            ExitCode::from(111)
        }
    }
}

fn run() -> Result<ExitCode> {
    let text = match Request::read(lexopt::Parser::from_env())? {
        Request::Measure(options) => return measure(&options),
        Request::List => measures::ALL.iter().map(|measure| format!("{}\n", measure.name)).collect(),
        Request::Help => HELP.to_owned(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Takes what is asked for and shows it. A measure that fails does not end the others.
fn measure(options: &Options) -> Result<ExitCode> {
    let asked: Vec<_> = measures::ALL.iter().filter(|measure| options.ask_for(measure.name)).collect();
    ensure!(!asked.is_empty(), "no measure has such a name: see --list");
    let setting = setting::Setting::new(options.factor)?;
    let machine = machine::Machine::here(&setting);
    for line in programs::advice().into_iter().chain(machine.doubts()) {
        progress(&format!("{line}\n"));
    }
    let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
    for measure in asked {
        progress(&format!("{:<60}", measure.name));
        let start = Instant::now();
        let taken = (measure.take)(&setting);
        progress(&format!("{:>8.1} s\n", start.elapsed().as_secs_f64()));
        match taken {
            Ok(taken) => outcomes.extend(taken),
            Err(error) => failures.push(format!("{}: {error:#}", measure.name)),
        }
    }
    report::show(&machine, &outcomes, options)?;
    for failure in &failures {
        progress(&format!("bench: failed: {failure}\n"));
    }
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says on stderr what is being done; that nobody reads it is no reason to end.
fn progress(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
