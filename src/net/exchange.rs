//! One request with a body of any kind, and its whole answer: what an API client is built on.

use ureq::http::{HeaderMap, Method, Request, Response, header};

use super::{
    secrets,
    transport::{self, MAX_REDIRECTS, Transport},
    trouble::Trouble,
};

impl Transport {
    /// Sends a request once and reads the answer up to a bound. Redirects are followed within the same origin alone: what
    /// another host says is no answer of the one that was asked, and the credentials are not for it.
    pub(crate) fn exchange(
        &self,
        request: &Request<Vec<u8>>,
        bound: u64,
    ) -> Result<Response<Vec<u8>>, Trouble> {
        let mut url = request.uri().to_string();
        let host = transport::host_of(&url)?;
        for _ in 0..=MAX_REDIRECTS {
            self.check_url(&url, &host)?;
            let answer = self.attempt(request, &url).map_err(|error| transport::trouble(&host, &error))?;
            if !matches!(answer.status().as_u16(), 301 | 302 | 307 | 308) {
                let (parts, body) = answer.into_parts();
                let bytes = transport::read_bounded(Response::new(body), &host, "the answer", bound)?;
                return Ok(Response::from_parts(parts, bytes));
            }
            let refused = |target: &str| Trouble::Redirect(host.clone(), target.to_owned());
            let location =
                transport::header(answer.headers(), "location").ok_or_else(|| refused("nowhere"))?;
            let target = transport::join(&url, location).ok_or_else(|| refused("no address"))?;
            if !transport::same_origin(&url, &target) {
                return Err(refused(&transport::host_of(&target).unwrap_or_else(|_| "no host".to_owned())));
            }
            // 301 and 302 leave open what becomes of a request that changes something.
            let asks = matches!(*request.method(), Method::GET | Method::HEAD);
            if !asks && matches!(answer.status().as_u16(), 301 | 302) {
                return Err(refused("another address; was it renamed?"));
            }
            url = target;
        }
        Err(Trouble::Redirect(host, "one place after the other".to_owned()))
    }

    fn attempt(&self, request: &Request<Vec<u8>>, url: &str) -> Result<Response<ureq::Body>, ureq::Error> {
        let authorization = transport::header(request.headers(), "authorization");
        authorization.into_iter().for_each(secrets::remember);
        let mut builder = Request::builder().method(request.method().clone()).uri(url);
        if let Some(headers) = builder.headers_mut() {
            *headers = kept(request.headers());
        }
        match request.body().is_empty() {
            true => self.agent().run(builder.body(())?),
            false => self.agent().run(builder.body(request.body().as_slice())?),
        }
    }
}

/// The length and the host are the client's own business.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    kept.remove(header::CONTENT_LENGTH);
    kept.remove(header::HOST);
    kept
}
