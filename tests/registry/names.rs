//! What stands between caulk and a registry: names that lie about their addresses, and proxies.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
};

use crate::{
    server::{Content, Server},
    world::{World, has, incident, run},
};

fn server() -> Server {
    let mut content = Content::default();
    content.add("team/server:1", &incident());
    Server::start(content)
}

/// A name that is looked up to a private address, in a mount namespace with a hosts file of its own.
#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so loudly")]
fn a_name_that_stands_for_a_private_address_is_refused_after_the_lookup() {
    let namespaces = || Command::new("unshare").args(["--mount", "true"]).output();
    if !has("unshare") || !namespaces().expect("unshare runs").status.success() {
        eprintln!("SKIPPED: no mount namespace can be made here");
        return;
    }
    let server = server();
    let port = server.host.rsplit_once(':').expect("a port").1.to_owned();
    let host = format!("registry.evil.example:{port}");
    let world = World::new(&[]);
    world.write("hosts", "127.0.0.1 registry.evil.example\n");
    // Credentials put a registry on the allow list; they say nothing of its address.
    world
        .write("home/.docker/config.json", &format!(r#"{{"auths":{{"{host}":{{"auth":"dXNlcjp3b3Jk"}}}}}}"#));
    let ask = |more: &[&str]| {
        let image = format!("{host}/team/server:1");
        let caulk = world.command(&[&["image", &image, "--online"], more].concat());
        let mut command = Command::new("unshare");
        let bind = format!("mount --bind {} /etc/hosts && exec \"$@\"", world.path("hosts").display());
        command.args(["--mount", "sh", "-c", &bind, "sh"]).arg(caulk.get_program()).args(caulk.get_args());
        for (name, value) in caulk.get_envs().filter_map(|(name, value)| Some((name, value?))) {
            command.env(name, value);
        }
        run(command.current_dir(world.path("repo"))).out
    };
    let refused = ask(&[]);
    assert!(refused.contains("(127.0.0.1) is a private, local or reserved address"), "{refused}");
    assert_eq!(server.connections(), 0);
    let allowed = ask(&["--insecure-registry", &host]);
    assert!(allowed.contains("dumb-init"), "the user's side may: {allowed}");
}

/// A proxy that connects to whatever it is asked for, and remembers that.
fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&log);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || tunnel(stream, &seen));
        }
    });
    (host, log)
}

fn tunnel(mut client: TcpStream, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let target = line.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    while line.trim_end() != "" {
        line.clear();
        reader.read_line(&mut line).ok()?;
    }
    seen.lock().expect("the log").push(target.clone());
    let mut server = TcpStream::connect(target).ok()?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let (mut back, mut away) = (server.try_clone().ok()?, client.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut away);
        let _ = away.shutdown(Shutdown::Both);
    });
    // Whatever came along with the head belongs to the server.
    let early = reader.buffer().to_vec();
    server.write_all(&early).ok()?;
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        server.write_all(buffer.get(..read)?).ok()?;
    }
    let _ = server.shutdown(Shutdown::Both);
    Some(())
}

#[test]
fn a_proxy_of_the_environment_is_used_and_passed_by_where_it_says_so() {
    let (server, (proxy, seen)) = (server(), proxy());
    let world = World::new(&[]);
    let ask = |image: &str, env: &[(&str, &str)], more: &[&str]| {
        let mut command = world.command(&[&["image", image, "--online", "--tag-ttl", "0"], more].concat());
        for (name, value) in env {
            command.env(name, value);
        }
        run(&mut command).out
    };
    let image = format!("{}/team/server:1", server.host);
    let url = format!("http://{proxy}");
    let allowed = ["--insecure-registry", server.host.as_str()];
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        seen.lock().expect("the log").clear();
        let told = ask(&image, &[(name, &url)], &allowed);
        assert!(told.contains("dumb-init"), "{name}: {told}");
        let targets = seen.lock().expect("the log").clone();
        assert!(!targets.is_empty() && targets.iter().all(|target| *target == server.host), "{targets:?}");
    }
    seen.lock().expect("the log").clear();
    let told = ask(&image, &[("HTTPS_PROXY", &url), ("NO_PROXY", "127.0.0.1")], &allowed);
    assert!(told.contains("dumb-init"), "{told}");
    assert_eq!(*seen.lock().expect("the log"), [""; 0], "it was passed by");
    // The proxy looks names up, so what is refused is refused before it.
    let refused = ask(&image, &[("HTTPS_PROXY", &url)], &["--registry", "other.example"]);
    assert!(refused.contains("is not on the allow list"), "{refused}");
    assert_eq!(*seen.lock().expect("the log"), [""; 0], "it was not asked");
}
