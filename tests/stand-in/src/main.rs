//! Runs the stand-in for scripts: `stand-in --root DIR --ready FILE [--log FILE] [--seed FOLDER=owner/name]...`.
//!
//! The folder of the repositories must not hold any of that name yet. Once it answers, the file of `--ready` holds its address in
//! the first line and two tokens below: `person TOKEN` of somebody who may write, `actions TOKEN` of a workflow. It ends with its
//! standard input.

use std::{io::Read as _, path::PathBuf, process::ExitCode};

use stand_in::{Access, Identity, Server};

struct Options {
    root: PathBuf,
    ready: PathBuf,
    log: Option<PathBuf>,
    seeds: Vec<(PathBuf, String)>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{reason}\n").as_bytes());
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let options = options(std::env::args().skip(1))?;
    let server =
        Server::start_in(&options.root, options.log.as_deref()).map_err(|error| error.to_string())?;
    for (folder, name) in &options.seeds {
        server.create_from(name, folder);
    }
    let person = server.sign_in(Identity::person("octocat", Access::Write));
    let actions = server.sign_in(Identity::actions(Access::Write));
    let text = format!("{}\nperson {person}\nactions {actions}\n", server.url());
    // Whoever waits for the file sees it whole.
    let beside = options.ready.with_extension("part");
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &options.ready));
    written.map_err(|error| format!("failed to write {}: {error}", options.ready.display()))?;
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    Ok(())
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let (mut root, mut ready, mut log, mut seeds) = (None, None, None, Vec::new());
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} lacks its value"))?;
        match word.as_str() {
            "--root" => root = Some(PathBuf::from(value)),
            "--ready" => ready = Some(PathBuf::from(value)),
            "--log" => log = Some(PathBuf::from(value)),
            "--seed" => {
                let (folder, name) = value.rsplit_once('=').ok_or("a seed is written FOLDER=owner/name")?;
                seeds.push((PathBuf::from(folder), name.to_owned()));
            }
            _ => return Err(format!("{word} is not known")),
        }
    }
    let root = root.ok_or("--root is missing")?;
    Ok(Options { root, ready: ready.ok_or("--ready is missing")?, log, seeds })
}
