//! Killed at any moment of `--write`, every file is the old one or the new one.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::harness::{Folder, broken, command, mended};

const FILES: usize = 40;
const KILLS: u32 = 120;
const MODES: [u32; 4] = [0o644, 0o600, 0o755, 0o664];

fn name(number: usize) -> String {
    format!("{}/{number}.yaml", number % 5)
}

fn reset(folder: &Folder) {
    for number in 0..FILES {
        let path = folder.path(&name(number));
        folder.write(&name(number), broken().as_bytes());
        fs::set_permissions(path, fs::Permissions::from_mode(MODES[number % MODES.len()])).expect("a mode");
    }
}

/// Returns how many files are new. Every other file must be the old one, and every mode must be as it was.
fn count_new(folder: &Folder) -> usize {
    let states = (0..FILES).map(|number| {
        let path = folder.path(&name(number));
        let mode = fs::metadata(&path).expect("the file is there").permissions().mode() & 0o7777;
        assert_eq!(mode, MODES[number % MODES.len()], "{}", path.display());
        let text = folder.read(&name(number));
        assert!(text == broken() || text == mended(), "{} is neither old nor new:\n{text}", path.display());
        usize::from(text == mended())
    });
    states.sum()
}

fn temporaries(folder: &Folder) -> BTreeMap<PathBuf, Vec<u8>> {
    let is_temporary = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "tmp");
    folder.files().into_iter().filter(|(path, _)| is_temporary(path)).collect()
}

#[test]
fn killed_at_any_moment_every_file_is_old_or_new() {
    let folder = Folder::new(&[]);
    reset(&folder);
    let begun = Instant::now();
    folder.caulk(&["fix", "--write"]).exits(0);
    let whole = begun.elapsed();
    assert_eq!(count_new(&folder), FILES);

    let (mut partly, mut untouched, mut leftovers) = (0, 0, 0);
    for kill in 0..KILLS {
        reset(&folder);
        let mut child = command(folder.root(), &["fix", "--write"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("caulk starts");
        // The moments are spread over a little more than a whole run.
        std::thread::sleep(
            whole.mul_f64(1.2 * f64::from(kill) / f64::from(KILLS)) + Duration::from_micros(1),
        );
        child.kill().expect("a signal");
        child.wait().expect("an end");
        match count_new(&folder) {
            0 => untouched += 1,
            FILES => {}
            _ => partly += 1,
        }
        leftovers += temporaries(&folder).len();
    }
    assert!(untouched > 0, "no run was killed before it wrote");
    let _ = std::io::Write::write_fmt(
        &mut std::io::stderr(),
        format_args!(
            "{KILLS} kills: {untouched} before, {partly} between renames, {leftovers} temporaries left\n"
        ),
    );

    // Looking deletes nothing; the next run that writes clears up and finishes.
    fs::write(folder.path("0/.caulk-left.tmp"), "x").expect("a leftover");
    let left = temporaries(&folder);
    folder.caulk(&["check"]);
    folder.caulk(&["fix"]);
    assert_eq!(temporaries(&folder), left);
    folder.caulk(&["fix", "--write"]).exits(0);
    assert!(temporaries(&folder).is_empty());
    assert_eq!(count_new(&folder), FILES);
}
