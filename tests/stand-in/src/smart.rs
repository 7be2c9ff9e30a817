//! Git's own protocol by `git http-backend`, and archives by `git archive`.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
    thread,
};

use base64::Engine as _;

use crate::{
    call::{decode, visible},
    http::{Request, Response},
    identity::{Access, Identity},
    state::World,
    sync,
};

/// Answers a request of git. The world is locked only before and after, as pushes take their time.
pub(crate) fn handle(world: &Mutex<World>, identity: Option<&Identity>, request: &Request) -> Response {
    let path = decode(&request.path);
    let pushes = path.ends_with("/git-receive-pack") || request.query.contains("git-receive-pack");
    let Some(identity) = identity else { return plain(401, "Invalid username or token.") };
    let (key, folder) = {
        let world = world.lock().expect("the world");
        match place(&world, identity, &path, pushes) {
            Ok(found) => found,
            Err(response) => return response,
        }
    };
    if let Some((_, revision)) = path.split_once("/legacy.tar.gz/") {
        return archive(&folder, &key, revision);
    }
    let rest = path.split_once(".git").map_or("", |(_, rest)| rest);
    let response = backend(request, &folder, rest, &identity.login);
    if path.ends_with("/git-receive-pack") {
        let mut world = world.lock().expect("the world");
        if let Err(refusal) = sync::moved(&mut world, &key, &identity.login) {
            return plain(500, refusal.message());
        }
    }
    response
}

/// Reads the token out of what git sends.
pub(crate) fn token(header: &str) -> Option<String> {
    let packed = header.strip_prefix("Basic ").or_else(|| header.strip_prefix("basic "))?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(packed.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.split_once(':')?.1.to_owned())
}

fn place(
    world: &World,
    identity: &Identity,
    path: &str,
    pushes: bool,
) -> Result<(String, PathBuf), Response> {
    let mut parts = path.trim_start_matches('/').splitn(3, '/');
    let (owner, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let key = world.key(owner, name.trim_end_matches(".git"));
    let missing = || match identity.login.is_empty() {
        true => plain(401, "Authentication required.").with("www-authenticate", "Basic realm=\"GitHub\""),
        false => plain(404, "Repository not found."),
    };
    visible(world, identity, &key, Access::Read).map_err(|_| missing())?;
    if pushes && identity.login.is_empty() {
        return Err(missing());
    }
    if pushes && let Err(refusal) = visible(world, identity, &key, Access::Write) {
        let login = &identity.login;
        let text = match refusal.message().contains("archived") {
            true => "This repository was archived so it is read-only.".to_owned(),
            false => format!("Permission to {owner}/{name} denied to {login}."),
        };
        return Err(plain(403, &text));
    }
    let folder = world.repository(&key).map_err(|_| missing())?.path.clone();
    Ok((key, folder))
}

fn plain(status: u16, text: &str) -> Response {
    let response = Response { status, headers: Vec::new(), body: text.as_bytes().to_vec() };
    let response = response.with("content-type", "text/plain; charset=utf-8");
    if status == 401 { response.with("www-authenticate", "Basic realm=\"GitHub\"") } else { response }
}

fn archive(folder: &Path, key: &str, revision: &str) -> Response {
    let prefix = format!("--prefix={}-0000000/", key.replace('/', "-"));
    let output = Command::new("git")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .arg("--git-dir")
        .arg(folder)
        .args(["archive", "--format=tar.gz", &prefix, "--end-of-options", revision])
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let response = Response { status: 200, headers: Vec::new(), body: output.stdout };
            response.with("content-type", "application/x-gzip")
        }
        _ => plain(404, "Not Found"),
    }
}

/// Lets git answer. Its answer is that of a CGI program.
fn backend(request: &Request, folder: &Path, rest: &str, login: &str) -> Response {
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let child = Command::new("git")
        .arg("http-backend")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", rest)
        .env("QUERY_STRING", &request.query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", login)
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return plain(500, "git does not run") };
    let mut input = child.stdin.take().expect("a pipe");
    let body = request.body.clone();
    let writer = thread::spawn(move || drop(input.write_all(&body)));
    let output = child.wait_with_output().map(|output| output.stdout).unwrap_or_default();
    drop(writer.join());
    let Some(split) = output.windows(4).position(|four| four == b"\r\n\r\n") else {
        return plain(500, "git has no answer");
    };
    let head = String::from_utf8_lossy(&output[..split]).into_owned();
    let mut response = Response { status: 200, headers: Vec::new(), body: output[split + 4..].to_vec() };
    for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        match name.eq_ignore_ascii_case("status") {
            true => {
                response.status = value.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(500);
            }
            false => response.headers.push((name.to_owned(), value.to_owned())),
        }
    }
    response
}
