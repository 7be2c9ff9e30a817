//! Repositories served on loopback by git itself: `git http-backend` behind a small HTTP server that can misbehave.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use base64::Engine as _;
use secrecy::SecretString;

use crate::harness::git;

/// The one token that the server knows.
pub(crate) const TOKEN: &str = "ghs_0123456789secret";

/// How the server behaves.
#[derive(Debug, Clone)]
pub(crate) enum Mood {
    /// As it should.
    Good,
    /// It answers every request with a status.
    Status(u16),
    /// It sends elsewhere.
    Redirect(String),
    /// It accepts connections and says nothing.
    Silent,
    /// It answers with something else than git's protocol.
    Page,
    /// It breaks off after so many bytes of a body.
    Cut(usize),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
}

/// A server, which ends with the process.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    pub(crate) address: String,
    mood: Arc<Mutex<Mood>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (mood, seen) = (Arc::new(Mutex::new(Mood::Good)), Arc::new(Mutex::new(Vec::new())));
        let server = Self { folder, address, mood: Arc::clone(&mood), seen: Arc::clone(&seen) };
        let root = server.folder.path().to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, mood, seen) = (root.clone(), Arc::clone(&mood), Arc::clone(&seen));
                thread::spawn(move || answer(stream, &root, &mood, &seen));
            }
        });
        server
    }

    /// Serves a copy of a repository under a name.
    pub(crate) fn serve(&self, name: &str, from: &Path) -> PathBuf {
        let path = self.folder.path().join(name);
        let (from, to) = (from.to_string_lossy(), path.to_string_lossy());
        git(self.folder.path(), &["clone", "--quiet", "--bare", "--no-local", &from, &to]);
        git(&path, &["config", "http.receivepack", "true"]);
        git(&path, &["config", "uploadpack.allowFilter", "true"]);
        git(&path, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        path
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    pub(crate) fn becomes(&self, mood: Mood) {
        *self.mood.lock().expect("a lock") = mood;
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("a lock").clone()
    }
}

pub(crate) fn token() -> SecretString {
    SecretString::from(TOKEN.to_owned())
}

fn answer(mut stream: TcpStream, root: &Path, mood: &Mutex<Mood>, seen: &Mutex<Vec<Seen>>) {
    let Some((request, body)) = request(&stream) else { return };
    seen.lock().expect("a lock").push(request.clone());
    let mood = mood.lock().expect("a lock").clone();
    let plain = |status: &str, headers: &str| {
        format!("HTTP/1.1 {status}\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n")
    };
    let told = match mood {
        Mood::Status(status) => plain(&format!("{status} No"), "retry-after: 7\r\n").into_bytes(),
        Mood::Redirect(ref target) => {
            let tail =
                request.line.split(' ').nth(1).and_then(|path| path.find("/info/refs").map(|at| &path[at..]));
            let target = format!("{target}{}", tail.unwrap_or_default());
            // One that leads to this server leads there once.
            match request.line.contains("/moved") {
                true => backend(&request, &body, root),
                false => plain("301 Moved", &format!("location: {target}\r\n")).into_bytes(),
            }
        }
        Mood::Silent => {
            thread::sleep(Duration::from_secs(20));
            return;
        }
        Mood::Page => {
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi"
                .to_vec()
        }
        Mood::Good | Mood::Cut(_) => match authorized(&request) {
            false => plain("401 Unauthorized", "www-authenticate: Basic\r\n").into_bytes(),
            true => backend(&request, &body, root),
        },
    };
    let told = match mood {
        Mood::Cut(bytes) if request.line.starts_with("POST") => &told[..told.len().min(bytes)],
        _ => &told[..],
    };
    let _ = stream.write_all(told);
}

fn request(stream: &TcpStream) -> Option<(Seen, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((Seen { line: line.trim_end().to_owned(), headers }, body))
}

fn authorized(request: &Seen) -> bool {
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{TOKEN}"));
    request.headers.get("authorization").is_some_and(|told| *told == format!("Basic {expected}"))
}

/// Lets git answer. Its answer is that of a CGI program.
fn backend(request: &Seen, body: &[u8], root: &Path) -> Vec<u8> {
    let mut words = request.line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path.replace("/moved", ""))
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", method)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", "bot")
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("git runs");
    let mut input = child.stdin.take().expect("a pipe");
    let body = body.to_vec();
    let writer = thread::spawn(move || drop(input.write_all(&body)));
    let output = child.wait_with_output().expect("git ends").stdout;
    writer.join().expect("the body is written");
    let split = output.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let (head, rest) = (String::from_utf8_lossy(&output[..split]).into_owned(), &output[split + 4..]);
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let kept: String =
        head.lines().filter(|line| !line.starts_with("Status: ")).map(|line| format!("{line}\r\n")).collect();
    let head =
        format!("HTTP/1.1 {status}\r\n{kept}content-length: {}\r\nconnection: close\r\n\r\n", rest.len());
    [head.as_bytes(), rest].concat()
}
