//! setlock beside Debian's.

mod calls;
mod held;
