//! Files of JSON lines that only ever grow, so that a kill at any byte loses the line that was being written and no other.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde::{Serialize, de::DeserializeOwned};

/// A longer line is none of ours. Plans hold whole changed files, and those are bounded.
const LONGEST_LINE: u64 = 1 << 30;

/// How every line begins; what begins otherwise was never written by a sweep.
const BEGIN: &[u8] = b"{\"kind\":\"";

/// Where a line stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Its first byte.
    pub start: u64,
    /// Its length with the line feed.
    pub length: u64,
}

/// A file that lines are appended to. While it is open no other process appends to it.
#[derive(Debug)]
pub struct Lines {
    file: File,
    path: PathBuf,
    end: u64,
}

impl Lines {
    /// Opens or makes the file. Every finished line that it holds is shown to `visit`; an unfinished last one is cut off, unless
    /// the file is somebody's that was named by mistake.
    ///
    /// # Errors
    /// If the file cannot be used, another process is appending to it, or a finished line is not what it should be.
    pub fn open<T: DeserializeOwned>(
        path: &Path,
        mut visit: impl FnMut(T, Spot) -> Result<()>,
    ) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).with_context(|| format!("failed to open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("{} is in use by another sweep", path.display()),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("failed to lock {}", path.display()));
            }
        }
        let end = read_from(&file, path, &mut |line, spot| visit(line, spot))?;
        if end == 0 {
            let mut first = Vec::new();
            (&file).seek(SeekFrom::Start(0))?;
            (&file).take(BEGIN.len() as u64).read_to_end(&mut first)?;
            if !BEGIN.starts_with(&first) {
                bail!("{} is no file of a sweep; it is left as it is", path.display());
            }
        }
        let mut lines = Self { file, path: path.to_owned(), end };
        lines.cut()?;
        Ok(lines)
    }

    /// Appends a line. When this returns it is on the disk.
    ///
    /// # Errors
    /// If it could not be written; the file then ends where it ended before.
    pub fn append<T: Serialize>(&mut self, line: &T) -> Result<Spot> {
        let spot = self.write(line)?;
        self.sync()?;
        Ok(spot)
    }

    /// Makes all lines last.
    ///
    /// # Errors
    /// If the disk does not take them.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().with_context(|| format!("failed to write {}", self.path.display()))
    }

    /// Appends a line that a crash of the whole machine may cost; the next [`Lines::append`] makes it last as well.
    ///
    /// # Errors
    /// As [`Lines::append`].
    pub fn write<T: Serialize>(&mut self, line: &T) -> Result<Spot> {
        let mut bytes = serde_json::to_vec(line).context("a line cannot be told in JSON")?;
        bytes.push(b'\n');
        let written = self.file.write_all(&bytes);
        if let Err(error) = written {
            // A full disk may have taken half of the line.
            let _ = self.cut();
            return Err(error).with_context(|| format!("failed to write {}", self.path.display()));
        }
        let spot = Spot { start: self.end, length: bytes.len() as u64 };
        self.end += spot.length;
        Ok(spot)
    }

    /// Removes whatever stands behind the last finished line.
    fn cut(&mut self) -> Result<()> {
        let cut = self.file.set_len(self.end).and_then(|()| self.file.seek(SeekFrom::Start(self.end)));
        cut.with_context(|| format!("failed to write {}", self.path.display()))?;
        Ok(())
    }
}

/// Shows every finished line of a file to `visit`, whoever may be appending to it.
///
/// # Errors
/// If the file cannot be read, or a finished line is not what it should be.
pub fn read<T: DeserializeOwned>(path: &Path, mut visit: impl FnMut(T, Spot) -> Result<()>) -> Result<()> {
    let file = File::open(path).with_context(|| format!("failed to open {}", path.display()))?;
    read_from(&file, path, &mut |line, spot| visit(line, spot))?;
    Ok(())
}

/// Reads one line.
///
/// # Errors
/// If it is not there any more.
pub fn read_at<T: DeserializeOwned>(path: &Path, spot: Spot) -> Result<T> {
    let mut file = File::open(path).with_context(|| format!("failed to open {}", path.display()))?;
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(spot.start))?;
    file.take(spot.length).read_to_end(&mut bytes)?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} was changed meanwhile", path.display()))
}

type Visit<'a, T> = &'a mut dyn FnMut(T, Spot) -> Result<()>;

/// Returns where the last finished line ends.
fn read_from<T: DeserializeOwned>(file: &File, path: &Path, visit: Visit<'_, T>) -> Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut line, mut end, mut number) = (Vec::new(), 0_u64, 0_usize);
    loop {
        line.clear();
        // One repository with many changed files must not decide how much memory all others take.
        line.shrink_to(1 << 20);
        number += 1;
        let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        let length = read.with_context(|| format!("failed to read {}", path.display()))? as u64;
        if line.last() != Some(&b'\n') {
            if length == LONGEST_LINE {
                bail!("{}:{number}: the line is too long", path.display());
            }
            return Ok(end);
        }
        let parsed = serde_json::from_slice(&line);
        let parsed = parsed.with_context(|| format!("{}:{number} is no line of a sweep", path.display()))?;
        visit(parsed, Spot { start: end, length })?;
        end += length;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
    struct Told {
        kind: String,
    }

    fn told(text: &str) -> Told {
        Told { kind: text.to_owned() }
    }

    fn numbers(path: &Path) -> Result<Vec<String>> {
        let mut found = Vec::new();
        read(path, |line: Told, _| {
            found.push(line.kind);
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn a_kill_at_any_byte_loses_at_most_the_line_that_was_being_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let (whole, part) = (folder.path().join("whole"), folder.path().join("part"));
        let mut lines = Lines::open(&whole, |_: Told, _| Ok(())).expect("lines");
        let texts = ["a", "bc\n\u{1f680}", "", "d"];
        let spots: Vec<Spot> = texts.iter().map(|text| lines.append(&told(text)).expect("a line")).collect();
        let bytes = fs::read(&whole).expect("bytes");
        for cut in 0..=bytes.len() {
            fs::write(&part, &bytes[..cut]).expect("a file");
            let finished = spots.iter().filter(|spot| spot.start + spot.length <= cut as u64).count();
            assert_eq!(numbers(&part).expect("lines"), texts[..finished], "cut at {cut}");
            let mut again = Lines::open(&part, |_: Told, _| Ok(())).expect("lines");
            texts[finished..].iter().for_each(|text| _ = again.append(&told(text)).expect("a line"));
            drop(again);
            assert_eq!(fs::read(&part).expect("bytes"), bytes, "cut at {cut}");
        }
    }

    #[test]
    fn lines_are_found_again_by_their_spots() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lines");
        let mut lines = Lines::open(&path, |_: String, _| Ok(())).expect("lines");
        lines.append(&"first").expect("a line");
        let spot = lines.append(&"second").expect("a line");
        assert_eq!(read_at::<String>(&path, spot).expect("a line"), "second");
    }

    #[test]
    fn two_processes_do_not_append_at_the_same_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lines");
        let _lines = Lines::open(&path, |_: String, _| Ok(())).expect("lines");
        let error = Lines::open(&path, |_: String, _| Ok(())).expect_err("it is locked");
        assert!(error.to_string().contains("in use by another sweep"), "{error}");
    }

    #[test]
    fn a_file_that_was_named_by_mistake_is_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        for text in ["ghp_secret", "{\"a\": 1}", "\0\0"] {
            fs::write(&path, text).expect("a file");
            let error = Lines::open(&path, |_: Told, _| Ok(())).expect_err("it is none of ours");
            assert!(error.to_string().contains("no file of a sweep"), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("text"), text);
        }
    }

    #[test]
    fn a_damaged_line_is_told_and_not_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lines");
        fs::write(&path, "\"a\"\n{\n\"b\"\n").expect("a file");
        let error = Lines::open(&path, |_: String, _| Ok(())).expect_err("it is damaged");
        assert!(format!("{error:#}").contains("lines:2 is no line of a sweep"), "{error:#}");
        assert_eq!(fs::read(&path).expect("bytes"), b"\"a\"\n{\n\"b\"\n");
    }
}
