//! svok: says whether a supervise is running.
#![no_main]

sys::small_heap!();
sys::program!(supervision::svok::run);
