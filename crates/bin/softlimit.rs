//! softlimit: run a program with resource limits.
#![no_main]

sys::small_heap!();
sys::program!(chain::softlimit::run);
