//! Signatures of commits, by the programs that the user's side names. What a repository configures is never started.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::program;

/// How commits are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signing {
    /// By `ssh-keygen -Y sign`.
    Ssh {
        /// The private key's file, or the public key's where an agent holds the private one.
        key: PathBuf,
        /// The program, by default `ssh-keygen` of PATH.
        program: Option<PathBuf>,
    },
    /// By `gpg`.
    Gpg {
        /// The key as gpg knows it.
        key: String,
        /// The program, by default `gpg` of PATH.
        program: Option<PathBuf>,
    },
}

/// How long a program may take. One that waits for a person waits in vain.
const TIME: Duration = Duration::from_secs(30);

/// No signature is larger.
const BYTES: u64 = 64 << 10;

/// Returns the armoured signature of a text.
pub(super) fn sign(signing: &Signing, text: &[u8]) -> Result<String> {
    let (program, mut command) = match signing {
        Signing::Ssh { key, program } => {
            let name = program.as_deref().unwrap_or(Path::new("ssh-keygen"));
            let mut command = Command::new(name);
            command.args(["-Y", "sign", "-n", "git", "-f"]).arg(key);
            (name, command)
        }
        Signing::Gpg { key, program } => {
            let name = program.as_deref().unwrap_or(Path::new("gpg"));
            let mut command = Command::new(name);
            command.args(["--batch", "--no-tty", "--armor", "--detach-sign", "--local-user"]).arg(key);
            (name, command)
        }
    };
    let signature = program::run(&mut command, text, TIME, BYTES);
    let signature = signature.with_context(|| format!("failed to sign with {}", program.display()))?;
    let signature = String::from_utf8_lossy(&signature);
    match signature.trim_start().starts_with("-----BEGIN ") {
        true => Ok(signature.trim_end().to_owned()),
        false => bail!("failed to sign with {}: it printed no signature", program.display()),
    }
}
