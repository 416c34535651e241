//! Keeping services running, and the programs that ask for it: one [`supervise`] for each service, one [`svscan`]
//! for a directory of them; svc, svok, svstat, svup and svwait talk to a supervise through the files in its folder.

mod asking;
mod held;
mod neighbour;
mod private_folder;
pub mod proc;
mod resident;
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
