//! svctl: one program for people and for scripts: see, control, check, make and import services.
#![no_main]

sys::program!(svctl::run);
