//! svc: sends commands to supervises.
#![no_main]

sys::program!(supervision::svc::run);
