//! The service under octocrab: each request goes through our transport, as often as may be and not faster than it should.

use std::{
    collections::BTreeMap,
    error,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use http_body_util::BodyExt as _;
use octocrab::OctoBody;
use ureq::http::{Method, Request, Response, Uri};

use super::{
    error::Error,
    pace::{Kind, Pace},
    retry::{self, Clock, Judgement, Waiting},
};
use crate::net::transport::Transport;

/// No answer of GitHub's is larger: a tree of 100,000 entries is at most 7 MB.
const LARGEST_ANSWER: u64 = 32 << 20;

/// A mark on a request: doing it twice is the same as doing it once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repeatable;

/// A mark on a request: it changes nothing, whatever its method.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reads;

/// A mark on a request: doing it twice is not the same as doing it once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Once;

/// What all requests share.
pub(super) struct Shared {
    pub(super) transport: Transport,
    pub(super) waiting: Waiting,
    pub(super) pace: Arc<dyn Pace>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reads: AtomicU64,
    pub(super) writes: AtomicU64,
    pub(super) calls: Mutex<BTreeMap<String, u64>>,
}

#[derive(Clone)]
pub(super) struct Service(pub(super) Arc<Shared>);

type BoxError = Box<dyn error::Error + Send + Sync>;

impl tower_service::Service<Request<OctoBody>> for Service {
    type Response = Response<OctoBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<OctoBody>) -> Self::Future {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            parts.uri = graphql_of_enterprise(parts.uri)?;
            let bytes = body.collect().await?.to_bytes().to_vec();
            let answer = shared.send(&Request::from_parts(parts, bytes))?;
            Ok(answer.map(OctoBody::from))
        })
    }
}

impl Shared {
    /// Sends a request, again where that is safe and may help.
    fn send(&self, request: &Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Error> {
        let kind = kind(request);
        let mut attempt = 1;
        loop {
            if !self.clock.sleep(self.pace.before(kind)) {
                return Err(Error::Stopped);
            }
            let counter = if kind == Kind::Read { &self.reads } else { &self.writes };
            counter.fetch_add(1, Ordering::Relaxed);
            self.count(request);
            let outcome = self.transport.exchange(request, LARGEST_ANSWER);
            let judgement = match &outcome {
                Ok(answer) => {
                    let limits = retry::limits(answer.headers());
                    self.pace.after(kind, limits);
                    retry::judge(answer.status().as_u16(), limits, answer.body(), self.clock.now())
                }
                Err(trouble) if trouble.is_passing() => Judgement::Passing(None),
                Err(_) => Judgement::Final,
            };
            let last = attempt >= self.waiting.attempts;
            let wait = match judgement {
                Judgement::Limited(wait) if last || wait > self.waiting.longest => {
                    return Err(Error::Limited(wait.as_secs()));
                }
                Judgement::Limited(wait) => wait,
                Judgement::Passing(wait) if !last && is_repeatable(request) => {
                    wait.unwrap_or_else(|| self.waiting.backoff(attempt)).min(self.waiting.longest)
                }
                Judgement::Passing(_) | Judgement::Final => return Ok(outcome?),
            };
            if !self.clock.sleep(wait) {
                return Err(Error::Stopped);
            }
            attempt += 1;
        }
    }

    fn count(&self, request: &Request<Vec<u8>>) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(route(request)).or_default() += 1;
    }
}

/// Names the kind of a call: its method and path, without what is particular to one repository.
fn route(request: &Request<Vec<u8>>) -> String {
    let path = request.uri().path();
    let rest = match path.split_once("/repos/") {
        Some((_, of)) => {
            of.splitn(3, '/').nth(2).map_or("repos/*".to_owned(), |rest| format!("repos/*/{rest}"))
        }
        None => path.trim_start_matches('/').to_owned(),
    };
    let word = |part: &&str| {
        *part == "*" || part.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_".contains(&byte))
    };
    let most = if rest.starts_with("repos/*/git/") { 4 } else { 3 };
    let kept: Vec<&str> = rest.split('/').take_while(word).take(most).collect();
    format!("{} /{}", request.method(), kept.join("/"))
}

fn kind(request: &Request<Vec<u8>>) -> Kind {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD)
        || request.extensions().get::<Reads>().is_some()
        || asks_for_token(request);
    if reads { Kind::Read } else { Kind::Write }
}

/// A POST that may have been carried out is never sent again from here: whoever sent it looks for its effect first.
fn is_repeatable(request: &Request<Vec<u8>>) -> bool {
    if request.extensions().get::<Once>().is_some() {
        return false;
    }
    *request.method() != Method::POST
        || request.extensions().get::<Repeatable>().is_some()
        || request.extensions().get::<Reads>().is_some()
        || asks_for_token(request)
}

/// A further token of an installation harms nobody.
fn asks_for_token(request: &Request<Vec<u8>>) -> bool {
    request.uri().path().ends_with("/access_tokens")
}

/// GitHub Enterprise Server has its REST calls below `/api/v3` and GraphQL at `/api/graphql`.
fn graphql_of_enterprise(uri: Uri) -> Result<Uri, ureq::http::Error> {
    let Some(front) = uri.path().strip_suffix("/api/v3/graphql") else { return Ok(uri) };
    let path = format!("{front}/api/graphql");
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(path.parse()?);
    Ok(Uri::from_parts(parts)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_has_its_own_place_on_enterprise_servers() {
        let moved = |text: &'static str| {
            graphql_of_enterprise(Uri::from_static(text)).expect("an address").to_string()
        };
        assert_eq!(moved("https://git.acme.example/api/v3/graphql"), "https://git.acme.example/api/graphql");
        assert_eq!(moved("https://api.github.com/graphql"), "https://api.github.com/graphql");
    }

    #[test]
    fn calls_of_one_kind_are_counted_together() {
        let named = |path: &str| {
            let request = Request::builder().uri(format!("https://a.example{path}")).body(Vec::new());
            route(&request.expect("a request"))
        };
        assert_eq!(named("/repos/acme/site"), "GET /repos/*");
        assert_eq!(named("/api/v3/repos/acme/site/pulls/12/files?page=2"), "GET /repos/*/pulls");
        assert_eq!(named("/repos/acme/site/git/ref/heads/Main"), "GET /repos/*/git/ref");
        assert_eq!(named("/graphql"), "GET /graphql");
        assert_eq!(named("/app/installations/7/access_tokens"), "GET /app/installations");
    }

    #[test]
    fn a_post_without_mark_and_what_adds_are_sent_once() {
        let request = |method: Method| {
            Request::builder().method(method).uri("https://a.example/x").body(Vec::new()).expect("a request")
        };
        assert!(!is_repeatable(&request(Method::POST)));
        for method in [Method::GET, Method::PATCH, Method::PUT, Method::DELETE] {
            assert!(is_repeatable(&request(method)));
        }
        let mut adding = request(Method::PATCH);
        adding.extensions_mut().insert(Once);
        assert!(!is_repeatable(&adding));
        let mut marked = request(Method::POST);
        marked.extensions_mut().insert(Repeatable);
        assert!(is_repeatable(&marked));
        assert_eq!(kind(&marked), Kind::Write);
    }
}
