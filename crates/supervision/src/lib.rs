//! Keeping services running, and the programs that ask for it: one [`supervise`] for each service, one [`svscan`]
//! for a directory of them; svc, svok, svstat, svup and svwait talk to a supervise through the files in its folder.
//! What one service can see of another, and of processes, is in [`neighbour`], [`held`] and [`proc`]: svctl looks through them, too.

mod asking;
pub mod held;
pub mod neighbour;
pub mod private_folder;
pub mod proc;
mod resident;
pub mod silent;
pub mod spacing;
pub mod supervise;
pub mod svc;
pub mod svok;
pub mod svscan;
pub mod svscanboot;
pub mod svstat;
pub mod svup;
pub mod svwait;
mod upgrade;
