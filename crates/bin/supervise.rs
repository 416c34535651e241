//! supervise: keeps one service running.
#![no_main]

sys::small_heap!();
sys::program!(supervision::supervise::run);
