//! svc: sends commands to supervises.
#![no_main]

sys::small_heap!();
sys::program!(supervision::svc::run);
