//! svctl, as people and scripts use it.

mod check;
mod completion;
mod control;
mod import;
mod list;
mod logs;
mod metrics;
mod new;
mod remove;
mod script;
mod status;
mod story;
mod supervisor;
mod terminal;
mod upgrade;
