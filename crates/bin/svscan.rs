//! svscan: one supervise for each folder of a directory.
#![no_main]

sys::program!(supervision::svscan::run);
