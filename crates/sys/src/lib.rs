//! System calls: the only room with `unsafe`, and the types that make the rest not need it.
//!
//! Nothing here decides anything about services. What nix wraps soundly is used from nix directly;
//! what is here is what nix has not, or what must be done in one exact order.

pub mod birth;
pub mod capability;
pub mod clock;
pub mod datagram;
pub mod descriptor;
pub mod entry;
pub mod environment;
pub mod exec;
pub mod groups;
pub mod heap;
pub mod local_time;
pub mod own_folder;
pub mod pidfd;
pub mod process;
pub mod random;
pub mod rename;
pub mod signals;
pub mod socket;
pub mod spawn;
pub mod stack;
pub mod title;
pub mod write;
