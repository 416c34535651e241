//! runas: becoming an account wholly, or running nothing.

mod identity;
mod making;
mod odd;
mod refused;
mod report;
mod variables;
