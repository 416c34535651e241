//! The sockets of a service: those of its `listen`, which supervise holds while services come and go, so that nobody who connects
//! is ever refused. What a line means is [`protocol::listen`]'s affair.
//!
//! Opening is the child's work, on its way to become run and still as root: a directory server that is asked for an owner, or a
//! file system that hangs, holds up that start alone. What it has opened it passes to supervise.
//!
//! | file | what it is |
//! |---|---|
//! | `held.rs` | what supervise holds, keeps over an upgrade and notes in `supervise/sockets` |
//! | `back.rs` | after the death of a supervise: taking them back from the running service |
//! | `child.rs` | in the child: what is there, what misses, and handing all to run |
//! | `open.rs` | opening a socket, and setting what can be changed later |
//! | `path.rs` | the file of a unix socket: made and removed safely |
//! | `way.rs` | the folders on the way to it |
//! | `holder.rs` | who has an address that is in use |
//! | `ids.rs` | the numbers of an owner and a group, asked of runas |

mod back;
mod child;
mod held;
pub mod holder;
mod ids;
mod open;
mod path;
pub mod way;

pub(super) use child::{Handed, Supervise, prepare};
pub(super) use held::Sockets;
