//! The tests of the programs as they are installed, all in one binary: a module a subject.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics: that is how it fails"
)]

mod apart;
mod asked;
mod container;
mod controls;
mod database;
mod docs;
mod envdir;
mod envini;
mod faults;
mod fed;
mod fghack;
mod house;
mod listen;
mod multilog;
mod needs;
mod passing;
mod pgrphack;
mod programs;
mod promises;
mod readiness;
mod readproctitle;
mod recipes;
mod runas;
mod scriptless;
mod setlock;
mod setuidgid;
mod setuser;
mod softlimit;
mod stories;
mod supervise;
mod svc;
mod svctl;
mod svok;
mod svscan;
mod svscanboot;
mod svstat;
mod svup;
mod svwait;
mod tai64n;
mod tai64nlocal;
mod takeover;
mod texts;
mod upgrade;
