//! The texts by which runtimes name an executable that they could not start.

/// Why a container did not start, as far as the runtime's text proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The first word that was executed.
    pub program: String,
    /// What was wrong with it.
    pub kind: CauseKind,
    /// The words of the runtime.
    pub text: String,
}

/// What was wrong with an executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CauseKind {
    /// No folder of PATH holds an executable of that name.
    NotOnPath,
    /// There is no such file.
    NoSuchFile,
    /// There is one that may not be executed.
    NotExecutable,
    /// The container's init started and could not execute it.
    InsideInit,
}

impl CauseKind {
    /// Tells whether this proves that there is no such program.
    #[must_use]
    pub const fn proves_absence(self) -> bool {
        !matches!(self, Self::NotExecutable)
    }
}

impl Cause {
    /// Finds the executable that a text of containerd, CRI-O, Docker, runc, crun or an init names as missing.
    #[must_use]
    pub fn find(message: &str) -> Option<Self> {
        // Docker and older kubelets quote the runtime's text once more: `exec: \"server\": ...`.
        let message = message.replace("\\\"", "\"");
        go_exec(&message).or_else(|| crun(&message)).or_else(|| init(&message))
    }
}

/// runc: `exec: "X": executable file not found in $PATH`, `... stat X: no such file or directory`, `... permission denied`.
fn go_exec(message: &str) -> Option<Cause> {
    message.match_indices("exec: \"").find_map(|(at, opening)| {
        let after = &message[at + opening.len()..];
        // A name may hold quotes itself; the colon behind the last one ends it.
        let end = after.find("\": ")?;
        let (program, rest) = (&after[..end], &after[end + 3..]);
        let not_found = "executable file not found in $PATH";
        let (kind, told) = if rest.starts_with(not_found) {
            (CauseKind::NotOnPath, not_found.len())
        } else if rest.starts_with("permission denied") {
            (CauseKind::NotExecutable, "permission denied".len())
        } else if let Some(end) =
            rest.strip_prefix("stat ").and_then(|path| path.find(": no such file or directory"))
        {
            (CauseKind::NoSuchFile, "stat ".len() + end + ": no such file or directory".len())
        } else {
            return None;
        };
        let text = &message[at..at + opening.len() + end + 3 + told];
        Some(Cause { program: program.to_owned(), kind, text: text.to_owned() })
    })
}

/// crun: ``executable file `X` not found[ in $PATH]``, ``the path `X` exists but it is not executable``.
fn crun(message: &str) -> Option<Cause> {
    let quoted = |before: &str, after: &str| {
        let at = message.find(before)?;
        let inside = &message[at + before.len()..];
        let end = inside.find(after)?;
        let text = &message[at..at + before.len() + end + after.len()];
        Some((inside[..end].to_owned(), text.to_owned()))
    };
    if let Some((program, text)) = quoted("executable file `", "` not found") {
        let kind = if program.contains('/') { CauseKind::NoSuchFile } else { CauseKind::NotOnPath };
        return Some(Cause { program, kind, text });
    }
    let (program, text) = quoted("the path `", "` exists but it is not executable")?;
    Some(Cause { program, kind: CauseKind::NotExecutable, text })
}

/// Inits say it in the log, which the kubelet copies into the status if `terminationMessagePolicy` asks for it.
fn init(message: &str) -> Option<Cause> {
    let missing = "No such file or directory";
    message.lines().find_map(|line| {
        let line = line.trim();
        let program = if let Some(rest) = line.strip_prefix("[dumb-init] ") {
            rest.strip_suffix(missing)?.strip_suffix(": ")?
        } else if line.starts_with("[FATAL tini ") {
            line.split_once("exec ")?.1.strip_suffix(missing)?.strip_suffix(" failed: ")?
        } else {
            return None;
        };
        Some(Cause { program: program.to_owned(), kind: CauseKind::InsideInit, text: line.to_owned() })
    })
}
