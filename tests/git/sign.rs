//! Commits that the programs of the user's side sign, and that git itself verifies.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use caulk::git::{
    commit::build,
    fetch::Fetched,
    push::{Update, push},
    sign::Signing,
};

use crate::{
    harness::git,
    push::{BRANCH, draft, mend, person, remote, set_up},
};

/// Tells why a commit could not be signed.
fn unsigned(fetched: &Fetched, signing: &Signing) -> String {
    let person = person();
    let draft = draft(fetched, &person, Some(signing));
    format!("{:#}", build(&fetched.store, &[], &draft).expect_err("no key"))
}

#[test]
fn a_commit_is_signed_by_ssh_and_git_verifies_it() {
    let (_work, server, bare, fetched) = set_up();
    let keys = tempfile::tempdir().expect("a folder");
    let key = keys.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.expect("ssh-keygen runs").success());
    let signing = Signing::Ssh { key: key.clone(), program: None };
    let built = mend(&fetched, "signed", Some(&signing));
    let update = Update { reference: BRANCH, expected: None, new: Some(built.commit), pack: &built.pack };
    push(&mut remote(&server), &update).expect("a push");
    let public = fs::read_to_string(key.with_extension("pub")).expect("a key");
    let signers = keys.path().join("signers");
    fs::write(&signers, format!("caulk@example.org {public}")).expect("a file");
    let known = format!("gpg.ssh.allowedSignersFile={}", signers.display());
    git(&bare, &["-c", "gpg.format=ssh", "-c", &known, "verify-commit", BRANCH]);

    let missing = Signing::Ssh { key: keys.path().join("none"), program: None };
    let error = unsigned(&fetched, &missing);
    assert!(error.starts_with("failed to sign with ssh-keygen"), "{error}");
}

#[test]
fn a_commit_is_signed_by_gpg_and_git_verifies_it() {
    let keys = tempfile::tempdir().expect("a folder");
    let Some(gpg) = gpg(keys.path()) else { return };
    let (_work, server, bare, fetched) = set_up();
    let signing = Signing::Gpg { key: "caulk@example.org".to_owned(), program: Some(gpg.clone()) };
    let built = mend(&fetched, "signed", Some(&signing));
    let update = Update { reference: BRANCH, expected: None, new: Some(built.commit), pack: &built.pack };
    push(&mut remote(&server), &update).expect("a push");
    git(&bare, &["-c", &format!("gpg.program={}", gpg.display()), "verify-commit", BRANCH]);

    let missing = Signing::Gpg { key: "nobody@example.org".to_owned(), program: Some(gpg) };
    let error = unsigned(&fetched, &missing);
    assert!(error.contains("failed to sign with"), "{error}");
}

/// Makes a key, and returns a program that is gpg with a key ring in the folder.
fn gpg(folder: &Path) -> Option<PathBuf> {
    let program = folder.join("gpg");
    let script = format!("#!/bin/sh\nGNUPGHOME='{0}' exec gpg --homedir '{0}' \"$@\"\n", folder.display());
    fs::write(&program, script).expect("a file");
    let mode = |path: &Path, bits| {
        fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("a mode");
    };
    mode(folder, 0o700);
    mode(&program, 0o755);
    let made = Command::new(&program)
        .args(["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""])
        .args(["--quick-generate-key", "caulk@example.org", "ed25519", "sign", "never"])
        .status();
    if made.is_ok_and(|status| status.success()) {
        return Some(program);
    }
    assert!(std::env::var_os("CAULK_REQUIRE_SERVERS").is_none(), "there is no gpg");
    let _ = writeln!(std::io::stderr(), "SKIPPED: there is no gpg");
    None
}
