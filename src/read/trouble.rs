//! What can be wrong with an input, and what a person can do about it.

use caulk_transforms::syntax::ParseIssue;

/// An input that could not be used, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skip {
    /// The path inside the tree; as it was given, if it lies elsewhere.
    pub path: String,
    /// What is wrong.
    pub trouble: Trouble,
}

/// A place in a text and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
}

impl From<ParseIssue> for Spot {
    fn from(issue: ParseIssue) -> Self {
        // The parser speaks of itself here, and people want to know what is wrong with their file.
        let message = match issue.message.as_str() {
            deep if deep.contains("recursion limit") => "it is nested too deeply for a manifest".to_owned(),
            "simple key expect ':'" | "simple key expected" => "a key without its `:`".to_owned(),
            _ => issue.message,
        };
        Self { line: issue.line, column: issue.column, message }
    }
}

/// Where the parser stops at what other parsers, that of Kubernetes among them, may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// YAML 1.2 asks for more indentation than YAML 1.1 did, of closing brackets and of quoted lines.
    Indentation,
    /// It does not know a pair in brackets whose value is a flow collection itself: `[key: [value]]` and `[key: {a: b}]`.
    /// It says the same of a bracket that is not closed.
    Brackets,
}

impl Spot {
    fn doubt(&self) -> Option<Doubt> {
        match self.message.as_str() {
            indentation if indentation.starts_with("invalid indentation") => Some(Doubt::Indentation),
            brackets if brackets.contains("expected ',' or") => Some(Doubt::Brackets),
            _ => None,
        }
    }
}

/// What is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// There is nothing of that name.
    Missing,
    /// It is there and cannot be read.
    Unreadable(String),
    /// It is larger than any manifest, in bytes.
    TooLarge(u64),
    /// It is not UTF-8, or holds bytes that no YAML may hold.
    NotText(Spot),
    /// It is not valid YAML, or YAML that the parser does not understand.
    NotYaml(Spot),
    /// It is a template that makes YAML.
    Template,
    /// It stands for a file that git LFS keeps elsewhere.
    Pointer,
    /// It is another repository.
    Submodule,
    /// It is a link to a place outside the tree.
    LinkOutside(String),
    /// Its name cannot be used.
    Name(String),
    /// It belongs to the forge.
    Forge,
    /// It was named, and the configuration excludes it.
    Excluded,
    /// It changed between reading and writing, or cannot be written.
    NotWritten(String),
    /// It was mended in the index, and the work tree was left as it is.
    IndexAlone(String),
}

impl Skip {
    /// Makes a skip.
    #[must_use]
    pub fn new(path: &str, trouble: Trouble) -> Self {
        Self { path: path.to_owned(), trouble }
    }
}

impl Trouble {
    /// Tells whether this is a failure of the run (exit code 2) rather than a file that caulk leaves alone.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Missing | Self::Unreadable(_) | Self::NotWritten(_))
    }

    /// Tells whether the file was meant to be a manifest and is none, which `--strict` counts as a failure.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::TooLarge(_) | Self::NotText(_) | Self::NotYaml(_) | Self::Name(_))
    }

    /// Tells whether it is so common and harmless that a count is enough for a person.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        matches!(self, Self::Template | Self::Submodule)
    }

    /// Returns the place in the text, where there is one.
    #[must_use]
    pub fn spot(&self) -> Option<&Spot> {
        match self {
            Self::NotText(spot) | Self::NotYaml(spot) => Some(spot),
            _ => None,
        }
    }

    /// Returns the kebab-case name that reports use.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable(_) => "unreadable",
            Self::TooLarge(_) => "too-large",
            Self::NotText(_) => "not-text",
            Self::NotYaml(_) => "not-yaml",
            Self::Template => "template",
            Self::Pointer => "lfs-pointer",
            Self::Submodule => "submodule",
            Self::LinkOutside(_) => "link-outside",
            Self::Name(_) => "name",
            Self::Forge => "forge",
            Self::Excluded => "excluded",
            Self::NotWritten(_) => "not-written",
            Self::IndexAlone(_) => "index-alone",
        }
    }

    /// Returns what is wrong, as a lower-case fragment.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Missing => "there is no such file or folder".to_owned(),
            Self::Unreadable(reason) => format!("cannot be read: {reason}"),
            // So many were read before giving up, or the server left out what has more than may be.
            Self::TooLarge(size) if *size == super::LARGEST + 1 => {
                format!("has more than the {} bytes up to which caulk reads manifests", super::LARGEST)
            }
            Self::TooLarge(size) => {
                format!("has {size} bytes, and caulk reads manifests of up to {} bytes", super::LARGEST)
            }
            Self::NotText(spot) => spot.message.clone(),
            Self::NotYaml(spot) if spot.doubt().is_some() => {
                format!("caulk's parser does not understand this: {}", spot.message)
            }
            Self::NotYaml(spot) => format!("not valid YAML: {}", spot.message),
            Self::Template => "a template that makes YAML, not YAML itself".to_owned(),
            Self::Pointer => "a pointer to a file that git LFS keeps elsewhere".to_owned(),
            Self::Submodule => "a submodule: another repository".to_owned(),
            Self::LinkOutside(target) => format!("a symbolic link out of the tree, to {target}"),
            Self::Name(reason) => reason.clone(),
            Self::Forge => "files below .github/ are never edited".to_owned(),
            Self::Excluded => "the configuration excludes it".to_owned(),
            Self::NotWritten(reason) => format!("not written: {reason}"),
            Self::IndexAlone(reason) => format!("mended in the index alone: {reason}"),
        }
    }

    /// Returns what a person can do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing => "check the path",
            Self::Unreadable(_) => "make it readable, or list it under `exclude` in .caulk.yaml",
            Self::TooLarge(_) => "split it, or list it under `exclude` in .caulk.yaml",
            Self::NotText(_) => "save it as UTF-8 text, or list it under `exclude` in .caulk.yaml",
            Self::NotYaml(spot) => match spot.doubt() {
                Some(Doubt::Indentation) => {
                    "indent that line further than the key it belongs to, as YAML 1.2 asks, or list the file under \
                     `exclude` in .caulk.yaml"
                }
                Some(Doubt::Brackets) => {
                    "close what is open there, and give a pair in brackets braces of its own, as in `[{key: [value]}]`, \
                     or list the file under `exclude` in .caulk.yaml"
                }
                None => "mend the syntax there, or list the file under `exclude` in .caulk.yaml",
            },
            Self::Template => "check what it renders to: `helm template ... | caulk check -`",
            Self::Pointer => "run `git lfs pull` in a checkout, and caulk there",
            Self::Submodule => "run caulk on that repository",
            Self::LinkOutside(_) => "run caulk on the place that it leads to",
            Self::Name(_) => "rename it",
            Self::Forge => "mend it by hand",
            Self::Excluded => "take it out of `exclude` in .caulk.yaml",
            Self::IndexAlone(_) => "make the same change in the work tree",
            Self::NotWritten(_) => "make sure that it can be written, and run caulk again",
        }
    }
}
