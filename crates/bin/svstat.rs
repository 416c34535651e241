//! svstat: says how services are.
#![no_main]

sys::small_heap!();
sys::program!(supervision::svstat::run);
