//! setuidgid: run a program with an account's user and group.
#![no_main]

sys::program!(chain::setuidgid::run);
