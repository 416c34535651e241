//! readproctitle: shows what it reads in its own command line.
#![no_main]

sys::titled_program!(logging::readproctitle::run);
