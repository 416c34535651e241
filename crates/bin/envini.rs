//! envini: run a program with variables from an INI file.
#![no_main]

sys::program!(chain::envini::run);
