//! What every program says and how it ends: options as djb's, error texts as djb's, exit codes 100 and 111.

pub mod errno;
pub mod failure;
pub mod options;
pub mod program;
pub mod text;
pub mod voice;

pub use failure::Failure;
pub use program::Program;
