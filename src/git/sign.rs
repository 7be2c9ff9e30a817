//! Signatures of commits, by the programs that the user's side names. What a repository configures is never started.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

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
    let signature =
        run(&mut command, text).with_context(|| format!("failed to sign with {}", program.display()))?;
    match signature.trim_start().starts_with("-----BEGIN ") {
        true => Ok(signature.trim_end().to_owned()),
        false => bail!("failed to sign with {}: it printed no signature", program.display()),
    }
}

/// Runs a program with the text as its standard input, and returns what it prints.
fn run(command: &mut Command, text: &[u8]) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("it could not be started")?;
    let (Some(mut input), Some(output), Some(errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        bail!("it has no streams");
    };
    let (sender, receiver) = mpsc::channel();
    let text = text.to_vec();
    // A program that does not read tells why on its other streams.
    thread::spawn(move || input.write_all(&text));
    let complaints = sender.clone();
    thread::spawn(move || complaints.send((false, limited(errors))));
    thread::spawn(move || sender.send((true, limited(output))));
    let deadline = Instant::now() + TIME;
    let (mut printed, mut complained) = (None, None);
    while printed.is_none() || complained.is_none() {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((true, text)) => printed = Some(text),
            Ok((false, text)) => complained = Some(text),
            Err(_) => break,
        }
    }
    let status = loop {
        match child.try_wait().context("it cannot be waited for")? {
            Some(status) => break status,
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                bail!("it did not end within {} seconds", TIME.as_secs());
            }
        }
    };
    match (status.success(), printed) {
        (true, Some(printed)) => Ok(printed),
        _ => bail!("it ended with {status}: {}", complained.unwrap_or_default().trim_end()),
    }
}

fn limited(stream: impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    let _ = stream.take(BYTES).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
