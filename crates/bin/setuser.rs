//! setuser: run a program as an account, with its variables and in its home.
#![no_main]

sys::program!(chain::setuser::run);
