//! fghack: keep a program that puts itself in the background in the foreground.
#![no_main]

sys::program!(chain::fghack::run);
