//! setlock: run a program while a file is locked.
#![no_main]

sys::program!(chain::setlock::run);
