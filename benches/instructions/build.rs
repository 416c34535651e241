//! Tells the program what it was built by and for: counts mean something only beside those of the same.

use std::env::var;
use std::error::Error;
use std::io::Write;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    let rustc = Command::new(var("RUSTC")?).arg("--version").output()?.stdout;
    let (rustc, target) = (String::from_utf8(rustc)?, var("TARGET")?);
    let mut cargo = std::io::stdout();
    writeln!(cargo, "cargo::rustc-env=BUILT_BY={}", rustc.trim())?;
    writeln!(cargo, "cargo::rustc-env=BUILT_FOR={target}")?;
    writeln!(cargo, "cargo::rerun-if-changed=build.rs")?;
    Ok(())
}
