//! Registries: manifests and blobs by the distribution specification.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use caulk_transforms::image::ImageRef;
use sha2::{Digest as _, Sha256};
use ureq::{Body, http::Response};

use super::{
    address::Policy,
    credentials::{Credentials, Secret},
    layers::{Blobs, toc::hex},
    manifest::{ACCEPT, Descriptor, MANIFEST_BYTES},
    token::{Authorization, Scope, obtain},
    transport::{Request, Transport, body, header, read_bounded},
    trouble::Trouble,
};

/// A client for all registries of a run.
#[derive(Debug)]
pub(crate) struct Registries {
    transport: Transport,
    policy: Arc<Policy>,
    credentials: Credentials,
    /// Each registry's credentials are looked up once; helpers are slow.
    secrets: Mutex<BTreeMap<String, Arc<Mutex<Option<Secret>>>>>,
    tokens: Mutex<BTreeMap<(String, String), Authorization>>,
    /// How often hosts did not answer.
    silences: Mutex<BTreeMap<String, u32>>,
}

/// A host that did not answer so often, each time after all attempts, is not asked again. Hundreds of images of one dead registry
/// would take hours.
const MAX_SILENCES: u32 = 3;

/// What is asked of a host about a repository.
#[derive(Debug, Clone, Default)]
struct Ask<'a> {
    head: bool,
    path: String,
    accept: Option<&'a str>,
    range: Option<(u64, u64)>,
    /// Whether it is a layer.
    large: bool,
}

impl Registries {
    pub(crate) fn new(transport: Transport, policy: Arc<Policy>, credentials: Credentials) -> Self {
        Self {
            transport,
            policy,
            credentials,
            secrets: Mutex::default(),
            tokens: Mutex::default(),
            silences: Mutex::default(),
        }
    }

    /// Returns the digest that a tag stands for now; `None` if the registry does not say it in its headers.
    pub(crate) fn digest(&self, image: &ImageRef, tag: &str) -> Result<Option<String>, Trouble> {
        let path = format!("manifests/{tag}");
        let ask = Ask { head: true, path, accept: Some(ACCEPT), ..Ask::default() };
        let (response, _) = self.ask(image, &ask)?;
        let digest = header(response.headers(), "docker-content-digest");
        Ok(digest.filter(|digest| super::manifest::is_sha256(digest)).map(str::to_owned))
    }

    /// Returns the bytes of a manifest or index by tag or digest, with their digest.
    pub(crate) fn manifest(&self, image: &ImageRef, reference: &str) -> Result<(Vec<u8>, String), Trouble> {
        let ask = Ask { path: format!("manifests/{reference}"), accept: Some(ACCEPT), ..Ask::default() };
        let (bytes, claimed) = self.fetch(image, &ask, "the manifest", MANIFEST_BYTES)?;
        let digest = format!("sha256:{}", hex(&Sha256::digest(&bytes)));
        let wanted = if reference.contains(':') { Some(reference) } else { claimed.as_deref() };
        match wanted.filter(|wanted| wanted.starts_with("sha256:") && *wanted != digest) {
            Some(wanted) => Err(Trouble::Digest("the manifest", wanted.to_owned())),
            None => Ok((bytes, digest)),
        }
    }

    /// Returns a small blob whole.
    pub(crate) fn blob(
        &self,
        image: &ImageRef,
        blob: &Descriptor,
        what: &'static str,
        bound: u64,
    ) -> Result<Vec<u8>, Trouble> {
        if blob.size > bound {
            return Err(Trouble::TooLarge(what, bound));
        }
        let ask = Ask { path: format!("blobs/{}", blob.digest), ..Ask::default() };
        let (bytes, _) = self.fetch(image, &ask, what, bound)?;
        let digest = format!("sha256:{}", hex(&Sha256::digest(&bytes)));
        if digest == blob.digest { Ok(bytes) } else { Err(Trouble::Digest(what, blob.digest.clone())) }
    }

    /// Reads a small answer whole, again if the connection broke meanwhile, and what it claims for its digest.
    fn fetch(
        &self,
        image: &ImageRef,
        ask: &Ask<'_>,
        what: &'static str,
        bound: u64,
    ) -> Result<(Vec<u8>, Option<String>), Trouble> {
        let attempt = || {
            let (response, host) = self.ask(image, ask)?;
            let claimed = header(response.headers(), "docker-content-digest").map(str::to_owned);
            let bytes = read_bounded(response, &host, what, bound);
            bytes.inspect_err(|trouble| self.note(&host, trouble)).map(|bytes| (bytes, claimed))
        };
        attempt().or_else(|trouble| if trouble.is_silence() { attempt() } else { Err(trouble) })
    }

    /// Asks the mirrors of a registry and then itself.
    fn ask(&self, image: &ImageRef, ask: &Ask<'_>) -> Result<(Response<Body>, String), Trouble> {
        self.policy.check_registry(&image.registry)?;
        let origin = match image.registry.as_str() {
            "docker.io" => "registry-1.docker.io",
            other => other,
        };
        let mirrors = self
            .policy
            .settings(&image.registry)
            .map(|settings| settings.mirrors.as_slice())
            .unwrap_or_default();
        for mirror in mirrors {
            let scope = Scope { registry: mirror, host: mirror, repository: &image.repository };
            // A mirror that fails, for whatever reason, is passed by: the origin is what counts.
            if let Ok(response) = self.ask_host(scope, ask) {
                return Ok((response, mirror.clone()));
            }
        }
        let scope = Scope { registry: &image.registry, host: origin, repository: &image.repository };
        Ok((self.ask_host(scope, ask)?, origin.to_owned()))
    }

    fn ask_host(&self, scope: Scope<'_>, ask: &Ask<'_>) -> Result<Response<Body>, Trouble> {
        if self.silences.lock().unwrap_or_else(PoisonError::into_inner).get(scope.host) >= Some(&MAX_SILENCES)
        {
            return Err(Trouble::GivenUp(scope.host.to_owned()));
        }
        let answer = self.ask_on(scope, ask);
        answer.inspect_err(|trouble| self.note(scope.host, trouble))
    }

    /// Takes note of a host that does not answer.
    fn note(&self, host: &str, trouble: &Trouble) {
        if trouble.is_silence() {
            let mut silences = self.silences.lock().unwrap_or_else(PoisonError::into_inner);
            *silences.entry(host.to_owned()).or_default() += 1;
        }
    }

    fn ask_on(&self, scope: Scope<'_>, ask: &Ask<'_>) -> Result<Response<Body>, Trouble> {
        let scheme = if self.policy.is_insecure(scope.host) { "http" } else { "https" };
        let mut request = Request {
            head: ask.head,
            url: format!("{scheme}://{}/v2/{}/{}", scope.host, scope.repository, ask.path),
            authorization: self.known_token(scope),
            accept: ask.accept,
            range: ask.range,
            large: ask.large,
            ..Request::default()
        };
        let mut response = self.transport.send(&request)?;
        if response.status() == 401 {
            let challenge = header(response.headers(), "www-authenticate").unwrap_or_default().to_owned();
            let secret = self.secret(scope.registry);
            let authorization = obtain(&self.transport, &self.policy, scope, &challenge, &secret)?;
            request.authorization = Some(authorization.header.clone());
            self.remember_token(scope, authorization);
            response = self.transport.send(&request)?;
        }
        let host = || scope.registry.to_owned();
        match response.status().as_u16() {
            200..=299 => Ok(response),
            401 | 403 => Err(Trouble::Unauthorized(host(), "")),
            404 => Err(Trouble::NotFound(host())),
            429 => Err(Trouble::Limited(host())),
            status => Err(Trouble::Status(host(), status)),
        }
    }

    fn known_token(&self, scope: Scope<'_>) -> Option<String> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tokens.get(&(scope.host.to_owned(), scope.repository.to_owned()))?;
        (known.until > Instant::now()).then(|| known.header.clone())
    }

    fn remember_token(&self, scope: Scope<'_>, authorization: Authorization) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert((scope.host.to_owned(), scope.repository.to_owned()), authorization);
    }

    fn secret(&self, registry: &str) -> Secret {
        let slot = {
            let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(secrets.entry(registry.to_owned()).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert_with(|| self.credentials.get(registry)).clone()
    }
}

/// The layers of one image in its registry.
pub(crate) struct RemoteBlobs<'a> {
    pub(crate) registries: &'a Registries,
    pub(crate) image: &'a ImageRef,
    pub(crate) missed: &'a Missed,
}

/// Images whose registry left a question open, with the reason.
#[derive(Debug, Default)]
pub(crate) struct Missed(Mutex<BTreeMap<ImageRef, String>>);

impl Missed {
    pub(crate) fn note(&self, image: &ImageRef, trouble: &Trouble) {
        if trouble.leaves_open() {
            let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            missed.entry(image.clone()).or_insert_with(|| trouble.to_string());
        }
    }

    pub(crate) fn all(&self) -> BTreeMap<ImageRef, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Blobs for RemoteBlobs<'_> {
    fn open(&self, layer: &Descriptor) -> Result<Box<dyn Read + '_>, Trouble> {
        let ask = Ask { path: format!("blobs/{}", layer.digest), large: true, ..Ask::default() };
        let asked = self.registries.ask(self.image, &ask);
        let (response, host) = asked.inspect_err(|trouble| self.missed.note(self.image, trouble))?;
        let reader = body(response, &host);
        Ok(Box::new(Watched { reader, blobs: self, host }))
    }

    fn range(&self, layer: &Descriptor, from: u64, length: u64) -> Result<Option<Vec<u8>>, Trouble> {
        if length == 0 {
            return Ok(None);
        }
        let path = format!("blobs/{}", layer.digest);
        let ask = Ask { path, range: Some((from, length)), large: true, ..Ask::default() };
        let asked = self.registries.ask(self.image, &ask);
        let (response, host) = asked.inspect_err(|trouble| self.missed.note(self.image, trouble))?;
        // A server that ignores the range would send the whole layer.
        if response.status() != 206 {
            return Ok(None);
        }
        read_bounded(response, &host, "a part of a layer", length).map(Some)
    }
}

/// A layer that is read, whose end before its time is noted.
struct Watched<'a, R> {
    reader: R,
    blobs: &'a RemoteBlobs<'a>,
    host: String,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).inspect_err(|error| {
            if let Some(trouble) = error.get_ref().and_then(|inner| inner.downcast_ref::<Trouble>()) {
                self.blobs.registries.note(&self.host, trouble);
                self.blobs.missed.note(self.blobs.image, trouble);
            }
        })
    }
}
