//! Texts, exit codes and files that scripts of daemontools' users rely on, compared with Debian's programs, where no other
//! module does so: `svc.rs`, `svok.rs`, `svstat.rs` and `controls.rs` have the rest of theirs.

mod encore;
mod errors;
mod supervise;
mod svscan;
