//! The hidden line that tells our comments from others. Anybody can write one, so it is a hint: whether a comment is ours is
//! GitHub's to say.

use sha2::{Digest as _, Sha256};

/// What the marker of a comment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Names the findings that the comment is about, whatever lines come and go.
    pub key: String,
    /// Names what the comment says.
    pub content: String,
    /// Whether the comment was marked as done, because its thread could not be resolved.
    pub done: bool,
}

const FRONT: &str = "<!-- caulk:v1 review key=";
const BACK: &str = " -->";

impl Marker {
    /// Renders the line.
    #[must_use]
    pub fn render(&self) -> String {
        let done = if self.done { " done" } else { "" };
        format!("{FRONT}{} content={}{done}{BACK}", self.key, self.content)
    }

    /// Reads the last line of a comment. A marker within the text is none: it may have come from a manifest.
    #[must_use]
    pub fn of(body: &str) -> Option<Self> {
        let line = body.trim_end().lines().next_back()?;
        let inner = line.strip_prefix(FRONT)?.strip_suffix(BACK)?;
        let (key, rest) = inner.split_once(" content=")?;
        let (content, done) = rest.strip_suffix(" done").map_or((rest, false), |content| (content, true));
        let is_name = |text: &str| text.len() == NAME && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_name(key) && is_name(content)).then(|| Self {
            key: key.to_owned(),
            content: content.to_owned(),
            done,
        })
    }
}

/// How many hexadecimal digits name something.
const NAME: usize = 32;

/// Returns a short name of the parts; parts that differ have names that differ.
#[must_use]
pub fn name<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    digits[..NAME].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_back_from_the_last_line_alone() {
        let (key, content) = (name(["a", "b"]), name(["c"]));
        for done in [false, true] {
            let marker = Marker { key: key.clone(), content: content.clone(), done };
            let line = marker.render();
            assert_eq!(Marker::of(&format!("words\n\n{line}")), Some(marker.clone()));
            assert_eq!(Marker::of(&format!("words\r\n{line}\r\n")), Some(marker));
            assert_eq!(Marker::of(&format!("{line}\nwords")), None);
        }
        assert_eq!(Marker::of("<!-- caulk:v1 review key=zz content=yy -->"), None);
        assert_ne!(name(["ab", "c"]), name(["a", "bc"]));
    }
}
