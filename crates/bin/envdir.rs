//! envdir: run a program with variables from the files of a folder.
#![no_main]

sys::program!(chain::envdir::run);
