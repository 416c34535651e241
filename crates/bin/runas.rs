//! runas: run a program as an account, wholly.
#![no_main]

sys::program!(chain::runas::run);
