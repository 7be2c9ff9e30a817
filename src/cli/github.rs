//! The options that say which GitHub is spoken to, and as whom.

use std::{env, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{
    github::{Attempt, Client, Credentials, Error, Name, PUBLIC_API, Settings, Situation},
    review::event,
};

/// How GitHub is reached. All of this is the user's to say, and no repository's.
#[derive(Debug, Args)]
#[command(next_help_heading = "GitHub")]
pub(super) struct GithubArgs {
    /// The API of a GitHub Enterprise Server, `https://HOST/api/v3`; by default GitHub's own
    ///
    /// A workflow's GITHUB_API_URL counts where this is left out. Tokens go to this host and its site alone.
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// Read the token from FILE; by default GITHUB_TOKEN, GH_TOKEN, or that of `gh auth token`
    #[arg(long, value_name = "FILE", conflicts_with = "app_id")]
    token_file: Option<PathBuf>,
    /// Speak as the GitHub App of this number; its installation is found by the repository
    #[arg(long, value_name = "ID", requires = "app_key")]
    app_id: Option<u64>,
    /// The private key of the App, in PEM form
    #[arg(long, value_name = "FILE", requires = "app_id")]
    app_key: Option<PathBuf>,
}

impl GithubArgs {
    /// Returns how GitHub is spoken to. Nothing is sent, but `gh` may be asked for its token.
    pub(super) fn settings(&self, ca_bundle: Option<Vec<u8>>) -> Result<Settings> {
        let api_url = self.api_url();
        let host = crate::net::transport::host_of(&api_url).context("the address of the API is malformed")?;
        let credentials = match (&self.token_file, self.app_id.zip(self.app_key.as_deref())) {
            (Some(path), _) => Credentials::token_file(path)?,
            (None, Some((id, key))) => Credentials::app(id, key)?,
            (None, None) => Credentials::find(&host),
        };
        Ok(Settings { ca_bundle, ..Settings::new(&api_url, credentials) })
    }

    /// Returns a client. Nothing is sent, but `gh` may be asked for its token.
    pub(super) fn client(&self, ca_bundle: Option<Vec<u8>>) -> Result<Client> {
        Client::new(self.settings(ca_bundle)?)
    }

    /// Returns the client that may work on a repository.
    pub(super) fn on(&self, client: &Client, name: &Name) -> Result<Client> {
        client.for_repository(name).map_err(|error| self.explain(client, error, Attempt::Read))
    }

    /// Returns who asks, and from where.
    pub(super) fn situation(&self, client: &Client) -> Situation {
        let token = client.settings().credentials.kind();
        Situation { token, workflow: is_workflow(), fork: has_read_only_token() }
    }

    /// Tells where the credentials for the host come from.
    pub(super) fn source(&self, host: &str) -> Option<String> {
        let file = self.token_file.as_ref().or(self.app_key.as_ref()).map(|path| path.display().to_string());
        file.or_else(|| Credentials::find_named(host).1.map(str::to_owned))
    }

    /// Turns a refusal into an error for people.
    pub(super) fn explain(&self, client: &Client, error: Error, attempt: Attempt) -> anyhow::Error {
        error.explained(attempt, self.situation(client))
    }

    fn api_url(&self) -> String {
        // Outside of a workflow nobody vouches for the variable, and a token would follow it.
        let stated = || env::var("GITHUB_API_URL").ok().filter(|url| is_workflow() && !url.is_empty());
        self.api_url.clone().or_else(stated).unwrap_or_else(|| PUBLIC_API.to_owned())
    }
}

/// Tells whether this is a workflow of GitHub Actions.
pub(super) fn is_workflow() -> bool {
    variable("GITHUB_ACTIONS").as_deref() == Some("true")
}

/// Tells whether GitHub gives the workflow a token that may only read, whatever its `permissions:` say.
fn has_read_only_token() -> bool {
    let is = |name: &str| variable("GITHUB_EVENT_NAME").as_deref() == Some(name);
    // A malformed event is told of where it is needed.
    let event = || event::of_workflow().ok().flatten();
    let from_fork = || event().is_some_and(|event| event.from_fork);
    let dependabot = variable("GITHUB_ACTOR").as_deref() == Some("dependabot[bot]");
    is_workflow() && (is("pull_request") && (dependabot || from_fork()) || is("push") && dependabot)
}

/// Returns a variable of the environment that is not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Finds the repository that the address of a git remote names, which must be on the site that the client speaks to: its token is
/// for no other.
pub(super) fn repository_at(client: &Client, remote: &str) -> Result<Name> {
    let (site, path) = taken_apart(remote)
        .with_context(|| format!("`{}` is no address of a repository on GitHub", without_secret(remote)))?;
    if !client.is_site(&format!("https://{site}/")) {
        bail!(
            "the repository is on {site}, and {} is the API that is spoken to: name the right one with --api-url",
            client.host()
        );
    }
    path.parse().map_err(anyhow::Error::msg)
}

/// Splits `https://host/owner/name.git`, `ssh://git@host/owner/name` and `git@host:owner/name` into host and name.
fn taken_apart(remote: &str) -> Option<(String, &str)> {
    let (authority, path) = match remote.split_once("://") {
        Some(("https" | "http" | "ssh", rest)) => rest.split_once('/')?,
        Some(_) => return None,
        None => remote.split_once(':')?,
    };
    let host = authority.rsplit('@').next()?;
    // The port of ssh is not that of the API.
    let host = if remote.starts_with("ssh:") { host.split(':').next()? } else { host };
    let path = path.trim_matches('/');
    Some((host.to_ascii_lowercase(), path.strip_suffix(".git").unwrap_or(path)))
}

/// Addresses of remotes may hold a password.
fn without_secret(remote: &str) -> &str {
    remote.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(api: &str) -> Client {
        Client::new(Settings::new(api, Credentials::Anonymous)).expect("a client")
    }

    #[test]
    fn every_usual_form_of_a_remote_is_understood() {
        let client = client(PUBLIC_API);
        for remote in [
            "https://github.com/acme/ops",
            "https://github.com/acme/ops.git",
            "https://x-access-token:secret@github.com/acme/ops.git/",
            "git@github.com:acme/ops.git",
            "ssh://git@github.com/acme/ops.git",
            "ssh://git@github.com:22/acme/ops",
        ] {
            assert_eq!(repository_at(&client, remote).expect(remote).to_string(), "acme/ops");
        }
    }

    #[test]
    fn a_remote_elsewhere_never_meets_the_token() {
        let public = client(PUBLIC_API);
        for remote in [
            "https://evil.example/acme/ops",
            "https://github.com.evil.example/acme/ops",
            "https://github.com@evil.example/acme/ops",
            "git@git.acme.example:acme/ops.git",
            "https://github.com:8443/acme/ops",
        ] {
            let error = repository_at(&public, remote).expect_err(remote).to_string();
            assert!(error.contains("--api-url") && !error.contains("secret"), "{error}");
        }
        let enterprise = client("https://git.acme.example/api/v3");
        assert!(repository_at(&enterprise, "git@git.acme.example:acme/ops.git").is_ok());
        assert!(repository_at(&enterprise, "https://github.com/acme/ops").is_err());
    }

    #[test]
    fn what_is_no_repository_is_told_without_its_password() {
        for remote in
            ["/srv/git/ops", "file:///srv/ops", "https://u:hunter2@github.com/acme", "https://u:hunter2@x"]
        {
            let error = format!("{:#}", repository_at(&client(PUBLIC_API), remote).expect_err(remote));
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
