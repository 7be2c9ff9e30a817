//! Chores of the repository: the catalog's checks, the generated documents, the corpus.

use std::{io::Write as _, path::Path};

use anyhow::{Result, bail};

mod catalog;

const USAGE: &str = "usage: cargo xtask catalog --check";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match arguments[..] {
        ["catalog", "--check"] => {
            let counts = catalog::check(&root.join("transforms/catalog"))?;
            Ok(writeln!(std::io::stdout(), "{counts}")?)
        }
        _ => bail!(USAGE),
    }
}
