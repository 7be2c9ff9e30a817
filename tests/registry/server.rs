//! A registry that can misbehave: small, in this process, and with a log of what it was asked.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::oci::{self, Blobs, Image};

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Whole(u16, Vec<(String, String)>, Vec<u8>),
    /// The connection stays open and silent.
    Silence,
    /// The connection is cut after so many bytes of the body.
    Cut(Vec<u8>, usize),
    /// A body without an end.
    Endless,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::Whole(status, Vec::new(), Vec::new())
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        match self {
            Self::Whole(status, mut headers, body) => {
                headers.push((name.to_owned(), value.to_owned()));
                Self::Whole(status, headers, body)
            }
            other => other,
        }
    }
}

/// Decides over a request before the content is looked at.
pub(crate) type Hook = dyn Fn(&Request, usize) -> Option<Answer> + Send + Sync;

/// A running server. It ends with the process of the test.
pub(crate) struct Server {
    pub(crate) host: String,
    log: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

/// What a server serves.
#[derive(Default)]
pub(crate) struct Content {
    pub(crate) blobs: Blobs,
    /// Manifests by `repository:tag`.
    pub(crate) manifests: BTreeMap<String, (Vec<u8>, &'static str)>,
}

impl Content {
    pub(crate) fn add(&mut self, name: &str, image: &Image) -> String {
        let manifest = image.make(&mut self.blobs);
        let digest = oci::put(&mut self.blobs, manifest.clone());
        self.manifests.insert(name.to_owned(), (manifest, oci::MANIFEST));
        digest
    }

    fn answer(&self, request: &Request) -> Answer {
        let Some(rest) = request.path.strip_prefix("/v2/") else { return Answer::status(404) };
        if let Some((repository, reference)) = rest.split_once("/manifests/") {
            let found = match reference.starts_with("sha256:") {
                true => self.blobs.get(reference).map(|bytes| (bytes.clone(), oci::MANIFEST)),
                false => self.manifests.get(&format!("{repository}:{reference}")).cloned(),
            };
            let Some((bytes, media_type)) = found else { return Answer::status(404) };
            let digest = oci::digest(&bytes);
            return Answer::Whole(200, Vec::new(), bytes)
                .header("content-type", media_type)
                .header("docker-content-digest", &digest);
        }
        let Some((_, digest)) = rest.split_once("/blobs/") else { return Answer::status(404) };
        let Some(bytes) = self.blobs.get(digest) else { return Answer::status(404) };
        let range = request.headers.get("range").and_then(|range| {
            let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
            bytes.get(from.parse::<usize>().ok()?..=to.parse::<usize>().ok()?)
        });
        match range {
            Some(part) => Answer::Whole(206, Vec::new(), part.to_vec()),
            None => Answer::Whole(200, Vec::new(), bytes.clone()),
        }
    }
}

impl Server {
    pub(crate) fn start(content: Content) -> Self {
        Self::with(content, Box::new(|_, _| None))
    }

    /// Starts a server whose hook sees each request first, with the number of requests for the same path before.
    pub(crate) fn with(content: Content, hook: Box<Hook>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        let log: Arc<Mutex<Vec<Request>>> = Arc::default();
        let connections: Arc<AtomicUsize> = Arc::default();
        let server = Self { host, log: Arc::clone(&log), connections: Arc::clone(&connections) };
        let shared = Arc::new((content, hook));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (shared, log) = (Arc::clone(&shared), Arc::clone(&log));
                std::thread::spawn(move || serve(stream, &shared.0, shared.1.as_ref(), &log));
            }
        });
        server
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Returns `METHOD path` of every request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = self.log.lock().expect("the log");
        log.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.log.lock().expect("the log").clone()
    }

    pub(crate) fn forget(&self) {
        self.log.lock().expect("the log").clear();
    }
}

fn serve(stream: TcpStream, content: &Content, hook: &Hook, log: &Mutex<Vec<Request>>) {
    // Whoever hangs up early has its reasons, so errors end the connection and nothing else.
    let Ok(other) = stream.try_clone() else { return };
    let mut reader = BufReader::new(other);
    let mut stream = stream;
    while let Some(request) = read_request(&mut reader) {
        let before = {
            let mut log = log.lock().expect("the log");
            let before =
                log.iter().filter(|old| old.path == request.path && old.method == request.method).count();
            log.push(request.clone());
            before
        };
        let answer = hook(&request, before).unwrap_or_else(|| content.answer(&request));
        if !write_answer(&mut stream, &request, answer) {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    std::io::Read::read_exact(reader, &mut body).ok()?;
    Some(Request { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

fn write_answer(stream: &mut TcpStream, request: &Request, answer: Answer) -> bool {
    match answer {
        Answer::Whole(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("\r\n");
            let body: &[u8] = if request.method == "HEAD" { &[] } else { &body };
            stream.write_all(head.as_bytes()).is_ok() && stream.write_all(body).is_ok()
        }
        Answer::Silence => {
            std::thread::sleep(Duration::from_secs(30));
            false
        }
        Answer::Cut(body, at) => {
            let head = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body.get(..at).unwrap_or(&body));
            false
        }
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n");
            let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
            while stream.write_all(&chunk).is_ok() {}
            false
        }
    }
}
