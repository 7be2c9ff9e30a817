//! Clients for the stand-in.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use caulk::github::{Client, Clock, Credentials, Name, Settings};
use secrecy::SecretString;
use stand_in::{Access, Identity, Server};

/// The repository of most tests.
pub(crate) const REPOSITORY: &str = "acme/app";

/// A clock that never waits, and knows how long it would have.
#[derive(Debug, Default)]
pub(crate) struct Impatient(AtomicU64);

impl Impatient {
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for Impatient {
    fn now(&self) -> u64 {
        1_800_000_000
    }

    fn sleep(&self, time: Duration) -> bool {
        self.0.fetch_add(time.as_millis().try_into().expect("not for ever"), Ordering::SeqCst);
        true
    }
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// Starts a server with one repository and an App that may write to it.
pub(crate) fn start() -> (Server, Client) {
    let server = Server::start();
    server.create(
        REPOSITORY,
        &[("deploy.yaml", "kind: Deployment\n"), ("folder/app.yaml", "a: 1\nb: 2\nc: 3\n")],
    );
    let client = client(&server, Identity::app("caulk", Access::Write));
    (server, client)
}

/// Makes a client for somebody, which waits for nothing.
pub(crate) fn client(server: &Server, identity: Identity) -> Client {
    patient(server, identity, Arc::new(Impatient::default()))
}

pub(crate) fn patient(server: &Server, identity: Identity, clock: Arc<dyn Clock>) -> Client {
    let token = Credentials::Token(SecretString::from(server.sign_in(identity)));
    with(server, token, clock)
}

pub(crate) fn with(server: &Server, credentials: Credentials, clock: Arc<dyn Clock>) -> Client {
    let mut settings = Settings::new(server.url(), credentials);
    settings.patience.silence = Duration::from_secs(5);
    settings.clock = clock;
    Client::new(settings).expect("a client")
}
