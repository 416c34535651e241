//! svup: says whether a service is up.
#![no_main]

sys::program!(supervision::svup::run);
