//! tai64n: puts a label of the time before each line.
#![no_main]

sys::program!(logging::tai64n::run);
