//! What counts depend on besides the code: the compiler, what it compiles for, and whether the processor has AVX2, by which
//! memchr chooses how it looks for a byte. callgrind imitates the processor that it runs on, so it is asked for under
//! callgrind.

use std::fmt;

/// It is shown as the lines that stand in the file of figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basis {
    /// What `rustc --version` says.
    pub(crate) rustc: String,
    /// The target, and with `avx2` behind it where there is that.
    pub(crate) target: String,
}

impl Basis {
    /// That of this process.
    pub(crate) fn of_this_program() -> Self {
        let avx2 = if has_avx2() { " avx2" } else { "" };
        Self { rustc: env!("BUILT_BY").to_owned(), target: format!("{}{avx2}", env!("BUILT_FOR")) }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{}", self.rustc)?;
        writeln!(to, "target {}", self.target)
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}
