//! How svctl is called: its commands and their options. Whatever can be wrong with a call alone is found here.

use crate::completion;
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::engine::ArgValueCompleter;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The whole call.
#[derive(Debug, Parser)]
#[command(
    name = "svctl",
    version,
    about = "See, control, check and make services",
    after_help = "\
Names are those of folders in the service directory: web, web/log for its logger, or a pattern such as 'web@*'.
For one command: svctl help COMMAND. To begin: svctl new NAME --user USER --log -- COMMAND...",
    disable_help_subcommand = false,
    infer_subcommands = false,
    max_term_width = 100
)]
pub struct Call {
    /// The service directory; without it that of $SVDIR, else /service, else /etc/service
    #[arg(short = 'd', long = "directory", value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What svctl does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show a table of all services, or of those named
    #[command(visible_alias = "ls")]
    List(List),
    /// Tell the whole story of a service: how it is, why, its settings and its last log lines
    Status(Status),
    /// Start services and wait until they are up, and ready if they say that
    Start(Control),
    /// Stop services and wait until they are down
    Stop(Control),
    /// Stop services, start them again, and wait until they are up
    Restart(Control),
    /// Tell services to read their settings anew (HUP)
    Reload(Control),
    /// Start services once: when they end they stay down
    Once(Control),
    /// Pause services (STOP)
    Pause(Control),
    /// Let paused services go on (CONT)
    Continue(Control),
    /// Send a signal to services
    Signal(Signal),
    /// Kill what runs of services (KILL)
    Kill(Control),
    /// Show what services have logged, in the order of time
    Logs(Logs),
    /// Find out what is wrong with service folders, and how to cure it
    Check(Check),
    /// Make a service
    New(New),
    /// Stop services and take their folders away
    #[command(visible_alias = "rm")]
    Remove(Remove),
    /// Make services of a supervisord.conf, a Procfile, or a pm2 ecosystem file in JSON
    Import(Import),
    /// Print figures of all services as OpenMetrics text
    Metrics(Metrics),
    /// Let svscan and each supervise go on as the installed programs, while the services run
    Upgrade(Upgrade),
}

/// Which services.
#[derive(Args, Debug)]
pub struct Named {
    /// Services: names, patterns such as 'web@*', or paths of folders
    #[arg(value_name = "NAME", required = true, add = ArgValueCompleter::new(completion::services))]
    pub names: Vec<OsString>,
}

/// How long to wait.
#[derive(Args, Clone, Copy, Debug)]
pub struct Waiting {
    /// Wait so long at most, for instance 10s or 1m 30s; without it, as long as there is hope
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,
    /// Do not wait: the command is given, and that is all
    #[arg(long, conflicts_with = "timeout")]
    pub no_wait: bool,
}

/// `svctl list`
#[derive(Args, Debug)]
pub struct List {
    /// Services: names, patterns such as 'web@*', or paths of folders; all without it
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(completion::services))]
    pub names: Vec<OsString>,
    /// Print JSON, in a form that stays (see svctl(1))
    #[arg(long)]
    pub json: bool,
    /// Show it afresh, as things happen, until interrupted
    #[arg(short, long, conflicts_with = "json")]
    pub watch: bool,
    /// Show the loggers as well, not only those in trouble
    #[arg(short, long)]
    pub all: bool,
}

/// `svctl status`
#[derive(Args, Debug)]
pub struct Status {
    /// Which services.
    #[command(flatten)]
    pub named: Named,
    /// How many lines of its log to show
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub lines: usize,
}

/// `svctl start` and its like
#[derive(Args, Debug)]
pub struct Control {
    /// Which services.
    #[command(flatten)]
    pub named: Named,
    /// How long to wait.
    #[command(flatten)]
    pub waiting: Waiting,
}

/// `svctl signal`
#[derive(Args, Debug)]
pub struct Signal {
    /// HUP, ALRM, INT, TERM, KILL, QUIT, USR1, USR2, WINCH, STOP or CONT
    #[arg(value_name = "SIGNAL")]
    pub signal: String,
    /// Which services.
    #[command(flatten)]
    pub named: Named,
    /// Send it to the whole process group
    #[arg(short, long)]
    pub group: bool,
}

/// `svctl logs`
#[derive(Args, Debug)]
pub struct Logs {
    /// Services whose logs to show; all without it
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(completion::services))]
    pub names: Vec<OsString>,
    /// Go on showing what comes
    #[arg(short, long)]
    pub follow: bool,
    /// How many lines to begin with; without it and without --since, 10 where lines are followed, else all
    #[arg(short = 'n', long, value_name = "N")]
    pub lines: Option<usize>,
    /// Only what is not older, for instance 10m or 1h 30m, or later than a local time such as '2026-11-22 10:00'
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Put the name of the service in front of each line, also where there is only one
    #[arg(long = "names")]
    pub names_shown: bool,
}

/// `svctl check`
#[derive(Args, Debug)]
pub struct Check {
    /// Services, or paths of folders that are to become some; all services without it
    #[arg(value_name = "NAME|FOLDER", add = ArgValueCompleter::new(completion::services))]
    pub names: Vec<OsString>,
    /// Advice counts as well for the exit code
    #[arg(long)]
    pub strict: bool,
    /// Print JSON, in a form that stays (see svctl(1))
    #[arg(long)]
    pub json: bool,
}

/// `svctl new`
#[derive(Args, Debug)]
pub struct New {
    /// The name of the service
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The account to run as, as in the file `user`
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
    /// A variable for it; may be given again
    #[arg(short, long = "env", value_name = "K=V")]
    pub env: Vec<String>,
    /// Keep a log of what it prints, which svctl logs shows
    #[arg(short, long)]
    pub log: bool,
    /// An address that it gets an open socket of, as in the file `listen`; may be given again
    #[arg(long, value_name = "A")]
    pub listen: Vec<String>,
    /// The folder to work in; without it the service folder
    #[arg(short = 'C', long = "chdir", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: Option<PathBuf>,
    /// Make a template and an instance of it for each of these, divided by commas; `$INSTANCE` in the command stands for it
    #[arg(short, long, value_name = "I,I...", value_delimiter = ',')]
    pub instances: Vec<String>,
    /// Make it, and leave it down
    #[arg(long)]
    pub down: bool,
    /// How long to wait.
    #[command(flatten)]
    pub waiting: Waiting,
    /// The command: a program that stays in the foreground, and its arguments; one more instance of a template needs none
    #[arg(value_name = "COMMAND", last = true, num_args = 1.., value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

/// `svctl remove`
#[derive(Args, Debug)]
pub struct Remove {
    /// Which services.
    #[command(flatten)]
    pub named: Named,
    /// Do not ask, even where its log or other files that it has written go with it
    #[arg(short, long)]
    pub yes: bool,
    /// Keep the folder: it stays beside under a name with a dot in front, which svscan passes over
    #[arg(long, conflicts_with = "yes")]
    pub keep: bool,
    /// Wait so long at most for it to stop, for instance 10s
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,
}

/// `svctl import`
#[derive(Args, Debug)]
pub struct Import {
    /// A supervisord.conf, a Procfile, or a pm2 ecosystem file in JSON
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Print what would be made, and make nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// What the file is, where its name does not tell
    #[arg(long, value_name = "KIND")]
    pub format: Option<Format>,
    /// The account for what the file names none for
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
}

/// What svctl can import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The configuration of Supervisor.
    Supervisor,
    /// Lines `NAME: COMMAND`.
    Procfile,
    /// pm2's ecosystem file, in JSON.
    Pm2,
}

/// `svctl metrics`
#[derive(Args, Debug)]
pub struct Metrics {
    /// Write it to that file, by renaming, instead of printing it
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

/// `svctl upgrade`
#[derive(Args, Debug)]
pub struct Upgrade {
    /// Print what would be upgraded, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Wait so long at most for each, for instance 10s
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,
}
