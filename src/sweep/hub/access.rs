//! Who may read and write which owner's repositories.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use crate::{
    github::{Client, Settings},
    sweep::plan::{Failure, FailureKind},
};

/// The clients of a sweep: one for a token, one an installation for an App.
#[derive(Debug)]
pub struct Access {
    client: Client,
    /// By the owner's name in small letters; none unless the credentials are an App's.
    installed: Option<BTreeMap<String, Client>>,
}

impl Access {
    /// Makes the clients. An App is asked where it is installed; otherwise nothing is sent.
    ///
    /// # Errors
    /// If the settings are wrong, or GitHub does not tell the App's installations.
    pub fn new(settings: Settings) -> Result<Self> {
        let client = Client::new(settings)?;
        let mut installed = None;
        if client.is_app() {
            let found = client.installations().context("failed to list the App's installations")?;
            let active = found.into_iter().filter(|each| each.suspended_at.is_none());
            let clients = active
                .map(|each| Ok((each.account.login.to_ascii_lowercase(), client.for_installation(each.id)?)));
            installed = Some(clients.collect::<Result<_>>()?);
        }
        Ok(Self { client, installed })
    }

    /// Returns the client that may work on an owner's repositories.
    ///
    /// # Errors
    /// If the App is not installed there.
    pub fn of(&self, owner: &str) -> Result<&Client, Failure> {
        let Some(installed) = &self.installed else { return Ok(&self.client) };
        installed.get(&owner.to_ascii_lowercase()).ok_or_else(|| Failure {
            kind: FailureKind::Forbidden,
            reason: format!("the App is not installed for {owner}, or suspended there"),
        })
    }

    /// Returns the owners for whom the App is installed; none unless the credentials are an App's.
    #[must_use]
    pub fn owners(&self) -> Option<Vec<String>> {
        Some(self.installed.as_ref()?.keys().cloned().collect())
    }

    /// Returns the client that speaks for nobody in particular.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Returns how many calls were made so far, by kind.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        // All clients count together.
        self.client.calls()
    }
}
