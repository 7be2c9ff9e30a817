//! Arguments in, exit code out.

use std::process::ExitCode;

/// A run makes very many small blocks on all threads (see Cargo.toml).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    caulk::cli::main()
}
