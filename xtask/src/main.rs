//! Chores of the repository: the catalog's checks, the generated documents, the corpus.

fn main() -> anyhow::Result<()> {
    anyhow::bail!("usage: cargo xtask catalog --check")
}
