//! `.caulk.yaml`: what a repository says about itself.

mod locate;
mod names;
mod narrow;
mod pull_request;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::{facts::Forwards, finding::Applicability, path::RepoPath, rule, rules as registry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::names::{Suggestion, nearest};
pub use self::{
    names::{cluster_domain, known_rule},
    narrow::Authority,
    pull_request::{PullRequest, RebuildWhen},
};
use crate::walk::Tree;

/// The name of the file, at the root of the repository.
pub const NAME: &str = ".caulk.yaml";

/// More bytes than these are no configuration.
pub(crate) const LARGEST: u64 = 1 << 20;

/// The configuration of caulk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// The DNS domain of the cluster, such as `cluster.local`.
    pub cluster_domain: Option<String>,
    /// What is known of images and no registry tells.
    pub images: Vec<Image>,
    /// Rules by name: switched on or off, trusted less, or with options of their own.
    pub rules: BTreeMap<String, RuleSettings>,
    /// Files that are read and never edited, as patterns in the manner of .gitignore.
    pub exclude: Vec<String>,
    /// Whether sweeps over many repositories may look at this one; `false` keeps it out.
    pub sweep: Option<bool>,
    /// How pull requests are made.
    pub pull_request: PullRequest,
}

/// What an image runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Image {
    /// The repository, `ghcr.io/acme/server`, without tag and digest.
    pub image: String,
    /// The tags that this holds for, such as `>=1.2` or `1.4-alpine`; none means all of them.
    #[serde(default)]
    pub tags: Vec<String>,
    /// ENTRYPOINT; an empty list if the image has none.
    pub entrypoint: Option<Vec<String>>,
    /// CMD; an empty list if the image has none.
    pub cmd: Option<Vec<String>>,
    /// What the entrypoint does with its arguments; derived from its words if it is not stated.
    pub forwards: Option<ForwardsName>,
    /// First arguments that the entrypoint's program accepts, such as its subcommands.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Programs that are on PATH.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Names that are no programs on PATH.
    #[serde(default)]
    pub absent: Vec<String>,
    /// PATH of the image's environment.
    pub path: Option<String>,
    /// The Dockerfile of this repository that builds the image, in place of `entrypoint`; its folder is the build context.
    pub dockerfile: Option<String>,
}

/// What an entrypoint does with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardsName {
    /// All of them become arguments of its own program.
    OwnProgram,
    /// The first one is executed.
    Exec,
    /// Its program is put in front if the first one begins with a dash.
    PrependIfFlag,
    /// Its program is put in front if the first one is a flag or no program.
    PrependIfUnknown,
    /// They have no effect.
    Ignored,
    /// Nobody knows.
    Unknown,
}

impl From<ForwardsName> for Forwards {
    fn from(name: ForwardsName) -> Self {
        match name {
            ForwardsName::OwnProgram => Self::OwnProgram,
            ForwardsName::Exec => Self::Exec,
            ForwardsName::PrependIfFlag => Self::PrependIfFlag,
            ForwardsName::PrependIfUnknown => Self::PrependIfUnknown,
            ForwardsName::Ignored => Self::Ignored,
            ForwardsName::Unknown => Self::Unknown,
        }
    }
}

/// The settings of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RuleSettings {
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// The most that its fixes are trusted.
    pub at_most: Option<Tier>,
    /// short-service-host: how hosts are written.
    pub form: Option<Form>,
    /// short-service-host: which hosts are written out.
    pub scope: Option<Scope>,
    /// short-service-host: keys that name a host, besides the built-in ones.
    pub keys: Vec<String>,
    /// short-service-host: keys that never name a host.
    pub ignore_keys: Vec<String>,
    /// short-service-host: hosts that are left alone.
    pub ignore_hosts: Vec<String>,
}

/// How far a fix is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Applied by `--write`.
    Safe,
    /// Applied with `--unsafe-fixes`.
    Unsafe,
    /// Shown, never applied.
    Display,
}

impl From<Tier> for Applicability {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Safe => Self::Safe,
            Tier::Unsafe => Self::Unsafe,
            Tier::Display => Self::Display,
        }
    }
}

impl From<Applicability> for Tier {
    fn from(tier: Applicability) -> Self {
        match tier {
            Applicability::Safe => Self::Safe,
            Applicability::Unsafe => Self::Unsafe,
            Applicability::Display => Self::Display,
        }
    }
}

/// How a host is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// `x.n.svc.cluster.local`
    Fqdn,
    /// `x.n.svc.cluster.local.`
    FqdnDot,
    /// `x.n.svc`
    Svc,
}

/// Which hosts are written out in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All.
    All,
    /// Those of another namespace alone.
    CrossNamespace,
}

/// Reads the configuration: the given file, else `.caulk.yaml` at the root, else the defaults.
///
/// # Errors
/// With the file's name, the line and what to do, if it cannot be read or says what caulk does not know. A file that was
/// given must be there.
pub fn load(given: Option<&Path>, root: &Path, rules: &[&str]) -> Result<Config> {
    let default = root.join(NAME);
    let path = given.unwrap_or(&default);
    if given.is_none() && fs::canonicalize(path).is_ok_and(|real| !real.starts_with(root)) {
        // Whoever wrote the repository could have its reader's own files quoted in complaints.
        bail!(
            "{NAME} is a symbolic link out of the tree; put the file there itself, or name it with --config"
        );
    }
    let text = match read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && given.is_none() => {
            return Ok(Config::default());
        }
        Err(error) => {
            return Err(error)
                .with_context(|| format!("failed to read the configuration {}", path.display()));
        }
    };
    let shown = given.map_or_else(|| NAME.to_owned(), |path| path.display().to_string());
    parse(&text, rules).map_err(|complaint| complaint.at(&shown))
}

/// Reads the configuration that a tree of git objects is looked at with. Returns as well what the tree says of itself and
/// may not, each as a sentence.
///
/// # Errors
/// As [`load`]. Also where the tree's own says something that cannot be read: what it wanted to exclude is then unknown.
pub fn of_tree(authority: &Authority, tree: &Tree, rules: &[&str]) -> Result<(Config, Vec<String>)> {
    if let Authority::Only { text, name } = authority {
        let config = parse(text, rules).map_err(|complaint| complaint.at(name))?;
        let there = tree.mode(&RepoPath::new(NAME)?).is_some();
        let told =
            there.then(|| format!("the head's own {NAME} is not looked at; {name} counts in its place"));
        return Ok((config, told.into_iter().collect()));
    }
    let own = match own_text(tree)? {
        Some(text) => parse(&text, rules).map_err(|complaint| complaint.at(NAME))?,
        None => Config::default(),
    };
    let Authority::Trusted { text, name } = authority else { return Ok((own, Vec::new())) };
    let trusted = parse(text, rules).map_err(|complaint| complaint.at(name))?;
    let is_on = |rule: &str| registry::by_id(rule).is_some_and(|rule| rule.meta().default_on);
    Ok(narrow::narrow(trusted, own, &is_on))
}

/// Returns the names of all rules.
#[must_use]
pub fn rule_names() -> Vec<&'static str> {
    registry::ALL.iter().map(|rule| rule.meta().id).collect()
}

/// Checks the text of a configuration. `name` is what complaints call it.
///
/// # Errors
/// As [`load`].
pub fn check(text: &str, name: &str) -> Result<Config> {
    parse(text, &rule_names()).map_err(|complaint| complaint.at(name))
}

/// Reads a configuration that the user's side names.
///
/// # Errors
/// As [`load`].
pub fn read_given(path: &Path) -> Result<String> {
    let text = read(path).with_context(|| format!("failed to read the configuration {}", path.display()))?;
    check(&text, &path.display().to_string())?;
    Ok(text)
}

/// Returns the text of the tree's own configuration, if it has one.
///
/// # Errors
/// If it is a link, too large, or no text.
pub fn own_text(tree: &Tree) -> Result<Option<String>> {
    let path = RepoPath::new(NAME)?;
    match tree.mode(&path) {
        None => return Ok(None),
        Some(mode) if !mode.is_file() => bail!("{NAME} is a symbolic link; put the file there itself"),
        Some(_) => {}
    }
    let mut bytes = Vec::new();
    tree.load(&path, LARGEST, &mut bytes)
        .map_err(|trouble| anyhow::anyhow!("{NAME} {}", trouble.reason()))?;
    String::from_utf8(bytes).map(Some).with_context(|| format!("{NAME} is no UTF-8 text"))
}

/// Reads a text of sensible size.
fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if read as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it has more than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is no UTF-8; save it as UTF-8 text"))
    })
}

/// What is wrong with a configuration.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    line: Option<usize>,
    message: String,
}

impl Complaint {
    fn at(&self, file: &str) -> anyhow::Error {
        match self.line {
            Some(line) => anyhow::anyhow!("{file}:{line}: {}", self.message),
            None => anyhow::anyhow!("{file}: {}", self.message),
        }
    }
}

fn parse(text: &str, rules: &[&str]) -> Result<Config, Complaint> {
    // An empty file, or one with comments alone, is a configuration that says nothing.
    let config: Option<Config> =
        serde_yaml::from_str(text).map_err(|error| locate::complaint(text, &error))?;
    let config = config.unwrap_or_default();
    for name in config.rules.keys() {
        if let Err(error) = known_rule(name, rules) {
            return Err(Complaint { line: locate::line_of_key(text, name), message: error.to_string() });
        }
    }
    if let Some(domain) = &config.cluster_domain {
        cluster_domain(domain).map_err(|error| Complaint {
            line: locate::line_of_key(text, "cluster-domain"),
            message: error.to_string(),
        })?;
    }
    for image in &config.images {
        check_image(image).map_err(|error| Complaint {
            line: locate::line_of_value(text, &image.image),
            message: format!("{error:#}"),
        })?;
    }
    Ok(config)
}

fn check_image(image: &Image) -> Result<()> {
    let parsed = caulk_transforms::image::ImageRef::parse(&image.image)?;
    if parsed.tag.is_some() || parsed.digest.is_some() {
        bail!(
            "`image: {}` names a tag or a digest: give the repository alone, and `tags` beside it",
            image.image
        );
    }
    if let Some(dockerfile) = &image.dockerfile {
        RepoPath::new(dockerfile)?;
        if image.entrypoint.is_some() {
            bail!(
                "the entry of {} states both `entrypoint` and `dockerfile`: one of them is enough",
                image.image
            );
        }
    } else if image.entrypoint.is_none() {
        bail!("the entry of {} states no `entrypoint`; `[]` says that the image has none", image.image);
    }
    Ok(())
}

impl Config {
    /// Returns the options that the rules know.
    #[must_use]
    pub fn options(&self) -> rule::Options {
        let hosts = self.rules.get("short-service-host").cloned().unwrap_or_default();
        rule::Options {
            cluster_domain: self.cluster_domain.clone(),
            host_form: match hosts.form {
                None | Some(Form::Fqdn) => rule::HostForm::Fqdn,
                Some(Form::FqdnDot) => rule::HostForm::FqdnDot,
                Some(Form::Svc) => rule::HostForm::Svc,
            },
            host_scope: match hosts.scope {
                None | Some(Scope::All) => rule::HostScope::All,
                Some(Scope::CrossNamespace) => rule::HostScope::CrossNamespace,
            },
            host_keys: hosts.keys,
            ignored_keys: hosts.ignore_keys,
            ignored_hosts: hosts.ignore_hosts,
        }
    }

    /// Returns which rules run: those that were asked for by name, else what the configuration says.
    #[must_use]
    pub fn selection(&self, only: &[String]) -> rule::Selection {
        let setting = |(name, settings): (&String, &RuleSettings)| Some((name.clone(), settings.enabled?));
        let lowered =
            |(name, settings): (&String, &RuleSettings)| Some((name.clone(), settings.at_most?.into()));
        rule::Selection {
            only: only.iter().cloned().collect(),
            switched: self.rules.iter().filter_map(setting).collect(),
            at_most: self.rules.iter().filter_map(lowered).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
