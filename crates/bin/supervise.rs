//! supervise: keeps one service running.
#![no_main]

sys::program!(supervision::supervise::run);
