//! runas: becoming an account wholly, or running nothing.

mod identity;
mod odd;
mod passing;
mod refused;
mod report;
mod variables;
