//! Arguments in, exit code out.

fn main() -> anyhow::Result<()> {
    Ok(())
}
