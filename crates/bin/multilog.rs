//! multilog: selects lines and keeps them in directories of bounded size.
#![no_main]

sys::program!(logging::multilog::run);
