//! Measures how fast the YAML files below some folders are read: `cargo run --release --example throughput -- PATH...`
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement reads files and the clock"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use caulk_transforms::syntax::{decode, parse};

fn main() -> std::io::Result<()> {
    let mut texts = Vec::new();
    for path in std::env::args().skip(1) {
        collect(Path::new(&path), &mut texts)?;
    }
    texts.retain(|text: &String| parse(text.as_str()).is_ok());
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{} valid files, {bytes} bytes", texts.len());
    for _ in 0..3 {
        let (mut nodes, mut kept) = (0, Vec::new());
        let start = Instant::now();
        for text in &texts {
            if let Ok(stream) = parse(text.as_str()) {
                let roots = stream.documents().filter_map(|document| document.root());
                nodes += roots.map(|root| root.descendants().count()).sum::<usize>();
                kept.push(stream.memory());
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let memory: usize = kept.iter().sum();
        println!(
            "{:.1} MB/s, {nodes} nodes, {:.1} bytes a node, {:.2} bytes a byte of text",
            bytes as f64 / 1e6 / seconds,
            memory as f64 / nodes.max(1) as f64,
            memory as f64 / bytes.max(1) as f64
        );
    }
    Ok(())
}

fn collect(path: &Path, texts: &mut Vec<String>) -> std::io::Result<()> {
    if path.is_dir() {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        paths.sort();
        return paths.iter().try_for_each(|path| collect(path, texts));
    }
    let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if yaml && path.is_file() {
        texts.extend(std::fs::read(path).ok().and_then(|bytes| decode(bytes).ok()));
    }
    Ok(())
}
