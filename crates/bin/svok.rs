//! svok: says whether a supervise is running.
#![no_main]

sys::program!(supervision::svok::run);
