//! The client: octocrab's requests, driven by one thread.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context as _;
use http_body_util::BodyExt as _;
use octocrab::{
    OctoBody, Octocrab, OctocrabBuilder, models::InstallationId, service::middleware::base_uri::BaseUriLayer,
};
use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};
use ureq::http::{HeaderMap, Method, Request, Uri};

use super::{
    Result,
    auth::{Credentials, is_public},
    error::{self, Error},
    name::Name,
    pace::{Free, Pace},
    retry::{Clock, SystemClock, Waiting},
    service::{Once, Reads, Repeatable, Service, Shared},
};
use crate::net::{
    address::{Policy, without_port},
    secrets,
    transport::{self, Patience, Transport},
};

/// GitHub's own API.
pub const PUBLIC_API: &str = "https://api.github.com";

/// How GitHub is spoken to. All of it comes from the user's side.
#[derive(Clone)]
pub struct Settings {
    /// The address of the API; a private one must have been named by the user.
    pub api_url: String,
    /// Who caulk is.
    pub credentials: Credentials,
    /// Certificates in PEM form that are trusted instead of the built-in ones.
    pub ca_bundle: Option<Vec<u8>>,
    /// How long to wait for an answer.
    pub patience: Patience,
    /// How often to ask again.
    pub waiting: Waiting,
    /// How fast requests follow each other.
    pub pace: Arc<dyn Pace>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Settings {
    /// Makes the usual settings for an API.
    #[must_use]
    pub fn new(api_url: &str, credentials: Credentials) -> Self {
        Self {
            api_url: api_url.trim_end_matches('/').to_owned(),
            credentials,
            ca_bundle: None,
            patience: Patience::default(),
            waiting: Waiting::default(),
            pace: Arc::new(Free),
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Settings");
        shown.field("api_url", &self.api_url).field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

/// A client for GitHub. Its calls block; each thread of a sweep makes one of its own by cloning the settings.
pub struct Client {
    crab: Octocrab,
    runtime: Arc<tokio::runtime::Runtime>,
    shared: Arc<Shared>,
    settings: Settings,
    host: String,
    /// Whether it speaks for an App's installation.
    installed: bool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// An answer whose status is good.
pub(super) struct Answer {
    headers: HeaderMap,
    body: Vec<u8>,
    call: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        transport::header(&self.headers, name)
    }

    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::Malformed(self.call.clone(), secrets::struck(&error.to_string())))
    }
}

/// What may be done with a request that seems to have failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// What its method promises.
    ByMethod,
    /// It may be repeated: twice is the same as once.
    Repeatable,
    /// It changes nothing.
    Reads,
    /// Twice is not the same as once, whatever its method promises.
    Once,
}

impl Client {
    /// Makes a client. Nothing is sent.
    ///
    /// # Errors
    /// If the address of the API or the CA bundle is malformed, or the API would be spoken to without TLS across a network.
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        let url = settings.api_url.trim_end_matches('/').to_owned();
        let host = transport::host_of(&url).context("the address of the API is malformed")?;
        let insecure = url.starts_with("http://");
        let base: Uri = url.parse().context("the address of the API is malformed")?;
        if insecure && !is_loopback(&host)
            || !insecure && !url.starts_with("https://")
            || base.query().is_some()
        {
            anyhow::bail!(
                "the address of the API must begin with https://, also because the token is sent there"
            );
        }
        let proxy = ureq::Proxy::try_from_env();
        let proxy_host = proxy.as_ref().and_then(|proxy| Some(proxy.uri().authority()?.as_str().to_owned()));
        let policy = Arc::new(Policy::of_service(&host, !is_public(&host), insecure, proxy_host));
        let transport = Transport::new(policy, settings.patience, proxy, settings.ca_bundle.as_deref())
            .map_err(anyhow::Error::msg)
            .context("the CA bundle cannot be used")?;
        let shared = Arc::new(Shared {
            transport,
            waiting: settings.waiting,
            pace: Arc::clone(&settings.pace),
            clock: Arc::clone(&settings.clock),
            reads: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            calls: Mutex::default(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        // The queue in front of the service is a task of this runtime.
        let crab = {
            let _guard = runtime.enter();
            let built = OctocrabBuilder::new_empty()
                .with_service(Service(Arc::clone(&shared)))
                .with_layer(&BaseUriLayer::new(base))
                .with_auth(settings.credentials.state())
                .build();
            match built {
                Ok(crab) => crab,
                Err(never) => match never {},
            }
        };
        Ok(Self { crab, runtime: Arc::new(runtime), shared, settings, host, installed: false })
    }

    /// Returns a client that may work on the repository: for an App that of its installation there, else the same one.
    ///
    /// # Errors
    /// If the App is not installed there.
    pub fn for_repository(&self, name: &Name) -> Result<Self> {
        if !self.is_app() {
            return Ok(self.with(self.crab.clone(), false));
        }
        let found = self.installation(name)?;
        let scoped = self.crab.installation_builder(InstallationId::from(found.id));
        let scoped = scoped.repositories(vec![name.name().to_owned()]).build();
        Ok(self.with(scoped.map_err(|error| unwrap(&error))?, true))
    }

    /// Returns a client for all repositories of an App's installation.
    ///
    /// # Errors
    /// If these are no credentials of an App.
    pub fn for_installation(&self, id: u64) -> Result<Self> {
        let scoped = self.crab.installation(InstallationId::from(id));
        Ok(self.with(scoped.map_err(|error| unwrap(&error))?, true))
    }

    /// Tells whether the credentials are an App's own, with which no repository can be worked on.
    #[must_use]
    pub const fn is_app(&self) -> bool {
        matches!(self.settings.credentials, Credentials::App(_)) && !self.installed
    }

    fn with(&self, crab: Octocrab, installed: bool) -> Self {
        Self {
            crab,
            runtime: Arc::clone(&self.runtime),
            shared: Arc::clone(&self.shared),
            settings: self.settings.clone(),
            host: self.host.clone(),
            installed,
        }
    }

    /// Returns the token that git's own protocol wants; an installation's is asked for first.
    ///
    /// # Errors
    /// If the installation gives none.
    pub fn git_token(&self) -> Result<Option<SecretString>> {
        match (&self.settings.credentials, self.installed) {
            (_, true) => {
                let token = self.runtime.block_on(self.crab.installation_token());
                token.map(Some).map_err(|error| unwrap(&error))
            }
            (Credentials::Token(token), _) => Ok(Some(token.clone())),
            _ => Ok(None),
        }
    }

    /// Returns the host of the API, with its port if there is one.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Tells whether the address is one that the token is for: the site that the API belongs to.
    #[must_use]
    pub fn is_site(&self, url: &str) -> bool {
        let Ok(host) = transport::host_of(url) else { return false };
        let api = self.host.strip_prefix("api.").filter(|_| is_public(&self.host)).unwrap_or(&self.host);
        host == api
    }

    /// Returns how many requests were made so far: those that read, and those that write.
    #[must_use]
    pub fn spent(&self) -> (u64, u64) {
        (self.shared.reads.load(Ordering::Relaxed), self.shared.writes.load(Ordering::Relaxed))
    }

    /// Returns how many requests of each kind were made so far.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the seconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.shared.clock.now()
    }

    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.send(Method::GET, path, None::<&()>, Again::ByMethod)?.parse()
    }

    /// As [`Client::get`], with the headers.
    pub(super) fn ask(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, None::<&()>, Again::ByMethod)
    }

    /// As [`Client::get`], with `None` for what is not there.
    pub(super) fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>> {
        match self.get(path) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gets all pages of a list, up to so many items.
    pub(super) fn list<T: DeserializeOwned>(&self, path: &str, most: usize) -> Result<Vec<T>> {
        let mut all = Vec::new();
        let sign = if path.contains('?') { '&' } else { '?' };
        for page in 1.. {
            let part: Vec<T> = self.get(&format!("{path}{sign}per_page=100&page={page}"))?;
            let last = part.len() < 100;
            all.extend(part);
            if last || all.len() >= most {
                break;
            }
        }
        all.truncate(most);
        Ok(all)
    }

    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        again: Again,
    ) -> Result<T> {
        self.send(Method::POST, path, Some(body), again)?.parse()
    }

    pub(super) fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.send(Method::PATCH, path, Some(body), Again::ByMethod)?.parse()
    }

    /// As [`Client::patch`], for a change that adds to what is there.
    pub(super) fn patch_once<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.send(Method::PATCH, path, Some(body), Again::Once)?.parse()
    }

    pub(super) fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        again: Again,
    ) -> Result<Answer> {
        let call = format!("{method} {}", path.split('?').next().unwrap_or(path));
        let malformed = |reason: String| Error::Malformed(call.clone(), reason);
        let text =
            body.map(serde_json::to_string).transpose().map_err(|error| malformed(error.to_string()))?;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        if text.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = text.map_or_else(OctoBody::empty, OctoBody::from);
        let mut request = request.body(body).map_err(|error| malformed(error.to_string()))?;
        match again {
            Again::ByMethod => {}
            Again::Repeatable => drop(request.extensions_mut().insert(Repeatable)),
            Again::Reads => drop(request.extensions_mut().insert(Reads)),
            Again::Once => drop(request.extensions_mut().insert(Once)),
        }
        let answer = self.runtime.block_on(async {
            let response = self.crab.execute(request).await?;
            let (parts, body) = response.into_parts();
            octocrab::Result::Ok((parts, body.collect().await?.to_bytes().to_vec()))
        });
        let (parts, body) = answer.map_err(|error| unwrap(&error))?;
        if parts.status.is_success() {
            return Ok(Answer { headers: parts.headers, body, call });
        }
        let accepted = ["x-accepted-github-permissions", "x-accepted-oauth-scopes"];
        let accepted = accepted.iter().find_map(|name| transport::header(&parts.headers, name));
        let accepted = accepted.filter(|text| !text.is_empty() && matches!(parts.status.as_u16(), 403 | 404));
        Err(error::refusal(&call, parts.status.as_u16(), accepted.map(str::to_owned), &body))
    }
}

/// Finds our own error in octocrab's, whose text is not for people.
fn unwrap(error: &octocrab::Error) -> Error {
    if let octocrab::Error::GitHub { source, .. } = error {
        let body = serde_json::json!({ "message": source.message }).to_string();
        return error::refusal("POST access_tokens", source.status_code.as_u16(), None, body.as_bytes());
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(ours) = inner.downcast_ref::<Error>() {
            return ours.clone();
        }
        cause = inner.source();
    }
    Error::Credentials("the credentials cannot be used to sign in to GitHub".to_owned())
}

fn is_loopback(host: &str) -> bool {
    let name = without_port(host).trim_matches(['[', ']']);
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
