//! Other programs, started without a shell and with bounds on their time and on what they print.

use std::{
    env,
    io::{Read, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// Finds a program on PATH, never in the folder that caulk runs in.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
}

/// Longer complaints are of no use to anybody.
const COMPLAINT: u64 = 64 << 10;

/// Runs a program with these bytes as its standard input, and returns what it prints, which may not be more than `most`.
///
/// # Errors
/// If it cannot be started, does not end in time, fails, or prints more.
pub(crate) fn run(command: &mut Command, input: &[u8], time: Duration, most: u64) -> Result<Vec<u8>> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("it could not be started")?;
    let (Some(mut stdin), Some(output), Some(errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        bail!("it has no streams");
    };
    let (sender, receiver) = mpsc::channel();
    let input = input.to_vec();
    // A program that does not read tells why on its other streams.
    thread::spawn(move || stdin.write_all(&input));
    let complaints = sender.clone();
    thread::spawn(move || complaints.send((false, limited(errors, COMPLAINT))));
    thread::spawn(move || sender.send((true, limited(output, most + 1))));
    let deadline = Instant::now() + time;
    let (mut printed, mut complained) = (None, None);
    while printed.is_none() || complained.is_none() {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((true, bytes)) => printed = Some(bytes),
            Ok((false, bytes)) => complained = Some(bytes),
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
                bail!("it did not end within {} seconds", time.as_secs());
            }
        }
    };
    match (status.success(), printed) {
        (_, Some(printed)) if printed.len() as u64 > most => bail!("it printed more than {most} bytes"),
        (true, Some(printed)) => Ok(printed),
        _ => {
            let complained = complained.unwrap_or_default();
            bail!("it ended with {status}: {}", String::from_utf8_lossy(&complained).trim_end())
        }
    }
}

fn limited(stream: impl Read, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.take(most).read_to_end(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, most: u64) -> Result<Vec<u8>> {
        run(Command::new("sh").args(["-c", script]), b"in", Duration::from_secs(1), most)
    }

    #[test]
    fn programs_are_bounded() {
        assert_eq!(shell("cat", 9).expect("its output"), b"in");
        let error = |script| format!("{:#}", shell(script, 9).expect_err(script));
        assert!(error("echo 12345678901234567890").contains("more than 9 bytes"));
        assert!(error("echo no way >&2; exit 3").contains("no way"));
        assert!(error("sleep 60").contains("within 1 seconds"));
    }
}
