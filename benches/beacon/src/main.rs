//! beacon: a `run` that says when it was executed, and stays until a signal ends it.
#![no_main]

sys::small_heap!();
sys::program!(beacon::run);
