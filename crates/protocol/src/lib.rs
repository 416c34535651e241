//! What two programs must agree on: names in a service folder, the status record, command letters, labels, and
//! the meaning of the files that people write. The parsers are pure; only [`control`], [`event`], [`file`],
//! [`lock`] and [`explain`] touch the system.

pub mod capability;
pub mod command;
pub mod control;
pub mod environment;
pub mod event;
pub mod explain;
pub mod file;
pub mod folder;
pub mod identity;
pub mod ids;
pub mod instance;
pub mod kept;
pub mod listen;
pub mod lock;
pub mod needs;
pub mod notify;
pub mod process;
pub mod report;
pub mod script;
pub mod status;
pub mod tai64n;
pub mod user;
pub mod value;
