//! The hidden line of a body, which tells the next run what the pull request was made of. Anybody may write one, so it is a hint:
//! it never decides whether a branch may be moved.

/// What a marker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Names what is changed; `None` where caulk itself closed the pull request, because there is nothing to change any more.
    pub fingerprint: Option<String>,
    /// The commit of the branch.
    pub head: String,
    /// The commit that it was built on.
    pub base: String,
}

const FRONT: &str = "<!-- caulk:v1 fingerprint=";
const BACK: &str = " -->";
const NONE: &str = "none";

impl Marker {
    /// Renders the line.
    #[must_use]
    pub fn render(&self) -> String {
        let fingerprint = self.fingerprint.as_deref().unwrap_or(NONE);
        format!("{FRONT}{fingerprint} head={} base={}{BACK}", self.head, self.base)
    }

    /// Reads the last marker of a body. Text from manifests cannot hold one: it is escaped.
    #[must_use]
    pub fn of(body: &str) -> Option<Self> {
        let line = body.lines().rev().map(str::trim).find(|line| line.starts_with(FRONT))?;
        let inner = line.strip_prefix(FRONT)?.strip_suffix(BACK)?;
        let (fingerprint, rest) = inner.split_once(" head=")?;
        let (head, base) = rest.split_once(" base=")?;
        let is_name =
            |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !(is_name(head) && is_name(base) && (fingerprint == NONE || is_name(fingerprint))) {
            return None;
        }
        Some(Self {
            fingerprint: Some(fingerprint).filter(|text| *text != NONE).map(str::to_owned),
            head: head.to_owned(),
            base: base.to_owned(),
        })
    }

    /// Returns the body with this marker in the place of any other.
    #[must_use]
    pub fn put(&self, body: &str) -> String {
        let kept: Vec<&str> = body.lines().filter(|line| !line.trim().starts_with(FRONT)).collect();
        format!("{}\n\n{}", kept.join("\n").trim_end(), self.render())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(fingerprint: Option<&str>) -> Marker {
        Marker { fingerprint: fingerprint.map(str::to_owned), head: "a".repeat(40), base: "b".repeat(40) }
    }

    #[test]
    fn a_marker_is_read_back_and_replaced() {
        let (one, none) = (marker(Some("0123")), marker(None));
        let body = one.put("words\n");
        assert_eq!(Marker::of(&body), Some(one));
        assert_eq!(Marker::of(&body.replace('\n', "\r\n")), Marker::of(&body));
        let closed = none.put(&body);
        assert_eq!(Marker::of(&closed), Some(none.clone()));
        assert_eq!(closed, format!("words\n\n{}", none.render()));
    }

    #[test]
    fn what_is_malformed_is_no_marker() {
        for body in [
            "",
            "<!-- caulk:v1 fingerprint=zz head=aa base=bb -->",
            "<!-- caulk:v1 fingerprint=00 head= base=bb -->",
            "<!-- caulk:v1 fingerprint=00 head=aa -->",
            "<!-- caulk:v1 review key=00 content=00 -->",
        ] {
            assert_eq!(Marker::of(body), None, "{body}");
        }
    }
}
