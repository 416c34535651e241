//! multilog: Debian's is the judge of everything that 0.76 has. What ours does besides, and what it does better when
//! something fails, is beside it.

mod actions;
mod additions;
mod bytes;
mod directories;
mod disk;
mod dropping;
mod encore;
mod faults;
mod input;
mod killed;
mod lines;
mod live;
mod logger;
mod once;
mod place;
mod processor;
mod recovery;
mod refused;
mod signals;
mod sizes;
mod states;
mod stuck;
