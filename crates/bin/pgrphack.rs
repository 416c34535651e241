//! pgrphack: run a program in a process group of its own.
#![no_main]

sys::program!(chain::pgrphack::run);
