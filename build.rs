//! How the dynamic programs are linked: with the unwinder's static library. Nothing unwinds, but the standard library
//! names the functions, and would have each program load all of libgcc_s.so for them: a tenth of the time of a runas.

#![expect(clippy::disallowed_macros, reason = "this is how a build script talks to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // With musl the standard library brings its own.
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|environment| environment == "gnu") {
        println!("cargo::rustc-link-lib=gcc_eh");
    }
}
