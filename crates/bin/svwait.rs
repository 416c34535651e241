//! svwait: waits until services are up, ready, down or restarted.
#![no_main]

sys::program!(supervision::svwait::run);
