//! svstat: says how services are.
#![no_main]

sys::program!(supervision::svstat::run);
