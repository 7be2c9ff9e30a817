//! The server: connections, faults, and who is let in.

use std::{
    io::BufReader,
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    call::{self, Call},
    contract,
    exchange::{Exchange, Log, is_git},
    fault::{Fault, Hook, Moment, Seen},
    graphql,
    http::{self, Request, Response},
    identity::Identity,
    refusal::Refusal,
    rest, smart,
    state::World,
};

/// A running server. It answers until the process ends; what it keeps on disk goes with the value.
///
/// When one of [`Server::start`] goes, every exchange that it had is checked against GitHub's own OpenAPI description and GraphQL
/// schema, and the test fails if one is not as described. Where node or its packages are absent that is left out with a word,
/// unless the variable `CAULK_REQUIRE_SERVERS` is set.
pub struct Server {
    pub(crate) shared: Arc<Shared>,
    site: String,
    folder: Option<tempfile::TempDir>,
}

pub(crate) struct Shared {
    pub(crate) world: Mutex<World>,
    log: Mutex<Log>,
    hook: Mutex<Box<Hook>>,
    hold: Mutex<Hold>,
    changed: Condvar,
}

/// The request that is to be held, and whether it is.
#[derive(Debug, Default)]
struct Hold {
    at: Option<(usize, Moment)>,
    held: bool,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("site", &self.site).finish_non_exhaustive()
    }
}

impl Server {
    /// Starts a server in a folder of its own. Where the variable `STAND_IN_LOG` names a folder, its exchanges go there.
    ///
    /// # Panics
    /// If there is no port or no room.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = std::env::var_os("STAND_IN_LOG").map(|logs| {
            let name = folder.path().file_name().map(|name| name.to_string_lossy().into_owned());
            Path::new(&logs).join(format!("{}.jsonl", name.unwrap_or_default().trim_start_matches('.')))
        });
        let mut server = Self::start_in(folder.path(), log.as_deref()).expect("a server");
        server.folder = Some(folder);
        server
    }

    /// Starts a server that keeps its repositories in the folder and writes its exchanges to the file.
    ///
    /// # Errors
    /// If there is no port, or the file cannot be written.
    pub fn start_in(root: &Path, log: Option<&Path>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let site = format!("http://{}", listener.local_addr()?);
        let world = World { root: root.to_owned(), site: site.clone(), ..World::default() };
        let log = log.map(Log::to_file).transpose()?.unwrap_or_default();
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            log: Mutex::new(log),
            hook: Mutex::new(Box::new(|_| None)),
            hold: Mutex::default(),
            changed: Condvar::new(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        Ok(Self { shared, site, folder: None })
    }

    /// Returns the address, of the API and of the site alike: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.site
    }

    /// Chooses the faults of all further requests.
    pub fn on_request(&self, hook: impl FnMut(&Seen) -> Option<Fault> + Send + 'static) {
        *self.shared.hook.lock().expect("the hook") = Box::new(hook);
    }

    /// Lets the next so many requests whose call contains the text fail; then all is well.
    pub fn fail(&self, times: usize, call: &str, fault: Fault) {
        let (call, mut left) = (call.to_owned(), times);
        self.on_request(move |seen| {
            let hit = left > 0 && seen.call.contains(&call);
            left -= usize::from(hit);
            hit.then(|| fault.clone())
        });
    }

    /// Holds the request of this number, counted from [`Server::forget`], so that its sender can be ended meanwhile.
    pub fn hold(&self, number: usize, moment: Moment) {
        *self.shared.hold.lock().expect("the hold") = Hold { at: Some((number, moment)), held: false };
    }

    /// Waits until a request is held, at most so long.
    #[must_use]
    pub fn is_held(&self, patience: Duration) -> bool {
        let hold = self.shared.hold.lock().expect("the hold");
        let waited = self.shared.changed.wait_timeout_while(hold, patience, |hold| !hold.held);
        waited.expect("the hold").0.held
    }

    /// Cuts the connection of the request that is held, and holds no other.
    pub fn release(&self) {
        *self.shared.hold.lock().expect("the hold") = Hold::default();
        self.shared.changed.notify_all();
    }

    /// Runs a program and kills it after its request of this number, before it hears the answer. Tells whether it had so many.
    ///
    /// # Panics
    /// If the program cannot be started, or does neither end nor come so far in five minutes.
    pub fn ends_after(&self, command: &mut Command, number: usize) -> bool {
        self.forget();
        self.hold(number, Moment::After);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
        let deadline = Instant::now() + Duration::from_secs(300);
        let held = loop {
            if self.is_held(Duration::from_millis(10)) {
                break true;
            }
            if child.try_wait().expect("a state").is_some() {
                break false;
            }
            assert!(Instant::now() < deadline, "request {number} never came");
        };
        let _ = child.kill();
        child.wait().expect("it ended");
        self.release();
        held
    }

    /// Returns all exchanges since the start or the last [`Server::forget`].
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.log.lock().expect("the log").remembered().to_vec()
    }

    /// Returns the calls so far, as in [`Seen::call`].
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.exchanges().into_iter().map(|exchange| exchange.call).collect()
    }

    /// Returns how many exchanges read and how many write.
    #[must_use]
    pub fn spent(&self) -> (usize, usize) {
        let exchanges = self.exchanges();
        let writes = exchanges.iter().filter(|exchange| exchange.writes()).count();
        (exchanges.len() - writes, writes)
    }

    /// Forgets the exchanges and counts requests anew.
    pub fn forget(&self) {
        self.shared.log.lock().expect("the log").forget();
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world.lock().expect("the world")
    }
}

impl Drop for Server {
    /// Checks every exchange of a test against GitHub's own descriptions.
    fn drop(&mut self) {
        if self.folder.is_some() && !thread::panicking() {
            let faults = contract::faults(self.shared.log.lock().expect("the log").all());
            assert!(faults.is_empty(), "not as GitHub describes it:\n{}", faults.join("\n"));
        }
    }
}

/// When the limits are counted anew, in seconds since 1970.
pub(crate) fn reset() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs()) + 3600
}

fn serve(stream: &TcpStream, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    // Whoever hangs up early has its reasons, so errors end the connection and nothing else.
    let (Ok(other), Ok(mut writer)) = (stream.try_clone(), stream.try_clone()) else { return };
    let mut reader = BufReader::new(other);
    while let Ok(Some(request)) = http::read(&mut reader) {
        let Some(response) = exchange(shared, &request) else { break };
        if http::write(&mut writer, &response, request.method == "HEAD").is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// Carries out a request, with the faults that it has. Without an answer the connection is cut.
fn exchange(shared: &Shared, request: &Request) -> Option<Response> {
    let seen = shared.log.lock().expect("the log").begin(request);
    let fault = shared.hook.lock().expect("the hook")(&seen);
    let record = |response: Option<&Response>, login: &str| {
        shared.log.lock().expect("the log").end(&seen, request, response, login, fault.is_some());
    };
    if shared.held(seen.number, Moment::Before) {
        record(None, "");
        return None;
    }
    if let Some(first) = fault.as_ref().filter(|fault| fault.comes_first()) {
        let answer = match first {
            Fault::Answer(response) => Some(response.clone()),
            Fault::Hang(time) => {
                thread::sleep(*time);
                None
            }
            _ => None,
        };
        record(answer.as_ref(), "");
        return answer;
    }
    let (response, login) = shared.carry_out(request);
    let response = match &fault {
        Some(Fault::AnswerAfter(other)) => other.clone(),
        _ => response,
    };
    record(Some(&response), &login);
    match fault {
        Some(Fault::DropAfter) => return None,
        Some(Fault::HangAfter(time)) => {
            thread::sleep(time);
            return None;
        }
        Some(Fault::Slow(time)) => thread::sleep(time),
        _ => {}
    }
    (!shared.held(seen.number, Moment::After)).then_some(response)
}

impl Shared {
    /// Holds a request until it is released, if it is the one.
    fn held(&self, number: usize, moment: Moment) -> bool {
        let mut hold = self.hold.lock().expect("the hold");
        if hold.at != Some((number, moment)) {
            return false;
        }
        hold.held = true;
        self.changed.notify_all();
        drop(self.changed.wait_while(hold, |hold| hold.held).expect("the hold"));
        true
    }

    fn carry_out(&self, request: &Request) -> (Response, String) {
        let known = self.identity(request);
        let login = known.as_ref().map(|identity| identity.login.clone()).unwrap_or_default();
        if is_git(&request.path) {
            return (smart::handle(&self.world, known.as_ref(), request), login);
        }
        let response = match known {
            None => Refusal::new(401, "Bad credentials").into(),
            Some(identity) => self.api(&identity, request),
        };
        let reset = reset().to_string();
        let headers = [
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "4999"),
            ("x-ratelimit-used", "1"),
            ("x-ratelimit-reset", reset.as_str()),
            ("x-github-request-id", "0000:0000"),
        ];
        (headers.iter().fold(response, |response, (name, value)| response.with(name, value)), login)
    }

    fn api(&self, identity: &Identity, request: &Request) -> Response {
        let world = &mut self.world.lock().expect("the world");
        let body = match request.body.is_empty() {
            true => Value::Null,
            false => match serde_json::from_slice(&request.body) {
                Ok(body) => body,
                Err(_) => return Refusal::new(400, "Problems parsing JSON").into(),
            },
        };
        let mut call = Call { world, identity, request, query: call::query(&request.query), body };
        match graphql::is_graphql(&request.path) {
            true => graphql::handle(&mut call),
            false => rest::handle(&mut call).unwrap_or_else(Response::from),
        }
    }

    /// Returns who asks: nobody without a token, none with a wrong one.
    fn identity(&self, request: &Request) -> Option<Identity> {
        let Some(header) = request.headers.get("authorization") else { return Some(Identity::default()) };
        let bearer = header.split_once(' ').filter(|(kind, _)| !kind.eq_ignore_ascii_case("basic"));
        let token = bearer.map(|(_, token)| token.trim().to_owned()).or_else(|| smart::token(header))?;
        let world = self.world.lock().expect("the world");
        // An App's own token is looked at by the calls that it is for.
        let of_app = || token.starts_with("ey").then(Identity::default);
        world.tokens.get(&token).cloned().or_else(of_app)
    }
}
