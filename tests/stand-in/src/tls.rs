//! TLS before a server that has none.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// A process that ends TLS and hands on what it says, with a certificate of its own for `localhost`.
#[derive(Debug)]
pub struct Tls {
    folder: tempfile::TempDir,
    child: Child,
    url: String,
}

const SCRIPT: &str = r#"
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
def copy(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass
def serve(client):
    try:
        client = context.wrap_socket(client, server_side=True)
    except OSError:
        return
    there = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    threading.Thread(target=copy, args=(there, client), daemon=True).start()
    copy(client, there)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"#;

/// The certificate that openssl makes. It is nobody's authority.
const CERTIFICATE: [&str; 17] = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    "key.pem",
    "-out",
    "cert.pem",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
    "-addext",
    "basicConstraints=critical,CA:FALSE",
];

impl Tls {
    /// Starts it before the server with this address.
    ///
    /// # Panics
    /// If the programs are missing and `CAULK_REQUIRE_SERVERS` is set.
    #[must_use]
    pub fn before(url: &str) -> Option<Self> {
        let started = Self::start(url);
        if started.is_none() {
            let word = "there is no openssl or python3";
            assert!(std::env::var_os("CAULK_REQUIRE_SERVERS").is_none(), "{word}");
            let _ = writeln!(std::io::stderr(), "SKIPPED: {word}");
        }
        started
    }

    fn start(url: &str) -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let made =
            Command::new("openssl").args(CERTIFICATE).current_dir(&folder).stderr(Stdio::null()).status();
        made.ok().filter(std::process::ExitStatus::success)?;
        let port = url.trim_end_matches('/').rsplit(':').next()?;
        let mut child = Command::new("python3")
            .args(["-c", SCRIPT, port])
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        Some(Self { folder, child, url: format!("https://localhost:{}", line.trim()) })
    }

    /// Returns the address that speaks TLS.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the file of the certificate, in PEM form.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
