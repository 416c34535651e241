//! The tests of the programs as they are installed, all in one binary: a module a subject.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics: that is how it fails"
)]

mod asked;
mod controls;
mod database;
mod house;
mod programs;
mod runas;
mod setuidgid;
mod stories;
mod supervise;
mod svc;
mod svok;
mod svscan;
mod svstat;
mod svup;
