//! envuidgid: run a program with an account's numbers in its environment.
#![no_main]

sys::program!(chain::envuidgid::run);
