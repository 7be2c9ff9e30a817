//! The catalog's files, as the build script and `cargo xtask catalog` read them. README.md says what the fields mean.

use serde::Deserialize;

/// One file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct File {
    /// Sorted by name.
    pub(crate) images: Vec<Image>,
}

/// All that is known of one image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Image {
    /// Registry and repository: `docker.io/library/node`.
    pub(crate) image: String,
    /// Other names under which the same builds are published.
    #[serde(default)]
    pub(crate) also: Vec<String>,
    /// Whether earlier states are known to differ, and no version is known for the change.
    #[serde(default)]
    pub(crate) unplaced: bool,
    /// What it runs.
    pub(crate) rows: Vec<Row>,
    /// First arguments that its program accepts.
    #[serde(default)]
    pub(crate) arguments: Vec<Words>,
    /// Flags of which its program takes the later value where they are given twice.
    #[serde(default)]
    pub(crate) repeatable: Vec<Words>,
    /// Programs on its PATH.
    #[serde(default)]
    pub(crate) programs: Vec<Words>,
    /// Names that are no programs on its PATH.
    #[serde(default)]
    pub(crate) absent: Vec<Words>,
}

/// What some tags of an image run.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Row {
    /// The first version; without it, the row covers no version, only the tags that it names.
    pub(crate) from: Option<String>,
    /// The first version that is different.
    pub(crate) until: Option<String>,
    /// What stands before the version in the tag: `cli-`.
    #[serde(default)]
    pub(crate) prefix: String,
    /// The words after the version that the row is for; `plain` is none, `any` is all.
    #[serde(default = "plain")]
    pub(crate) variants: Vec<String>,
    /// Tags that are no versions, by name.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    /// ENTRYPOINT; the word `inherited` where the base image, which nobody read, decides.
    pub(crate) entrypoint: Entrypoint,
    /// CMD.
    #[serde(default)]
    pub(crate) cmd: Vec<String>,
    /// PATH.
    pub(crate) path: Option<String>,
    /// What the entrypoint does with its arguments, if that is proven.
    pub(crate) forwards: Option<Forwards>,
    /// What proves `forwards`, where it is not `source`.
    pub(crate) forwards_source: Option<String>,
    /// Where this was read.
    pub(crate) source: String,
    /// What a reader of this file should know.
    pub(crate) note: Option<String>,
}

fn plain() -> Vec<String> {
    vec!["plain".to_owned()]
}

/// ENTRYPOINT of a row.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Entrypoint {
    /// Its words.
    Words(Vec<String>),
    /// It is not known.
    Keyword(Inherited),
}

/// The word for an entrypoint that the base image decides.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Inherited {
    /// It is that of the base image.
    Inherited,
}

/// What an entrypoint does with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Forwards {
    /// All become its program's arguments.
    OwnProgram,
    /// The first is executed.
    Exec,
    /// Its program is put in front of a flag; else the first is executed.
    PrependIfFlag,
    /// Its program is put in front of a flag or of what is no program; else the first is executed.
    PrependIfUnknown,
    /// They have no effect.
    Ignored,
}

/// Words of which something is stated.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Words {
    /// Sorted.
    pub(crate) words: Vec<String>,
    /// Whether these programs are all that there are.
    #[serde(default)]
    pub(crate) complete: bool,
    /// The first version; without it, all that have a row.
    pub(crate) from: Option<String>,
    /// The first version of which it is not stated.
    pub(crate) until: Option<String>,
    /// Where this was read.
    pub(crate) source: String,
    /// What a reader of this file should know.
    pub(crate) note: Option<String>,
}
