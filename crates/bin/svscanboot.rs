//! svscanboot: starts svscan at boot.
#![no_main]

sys::program!(supervision::svscanboot::run);
