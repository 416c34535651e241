//! tai64nlocal: turns the labels before lines into local time.
#![no_main]

sys::program!(logging::tai64nlocal::run);
