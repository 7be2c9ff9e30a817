//! Without --online not one packet is sent.

use crate::{
    server::{Content, Server},
    world::{World, compose, deployment, has, incident, run},
};

fn world(server: &Server) -> World {
    let image = format!("{}/bad/server:1", server.host);
    World::new(&[
        ("a.yaml", &deployment("a", &image)),
        ("b.yaml", &deployment("b", "ghcr.io/goauthentik/server:2024.12.1")),
        ("compose.yaml", &compose(&[&image])),
    ])
}

fn server() -> Server {
    let mut content = Content::default();
    content.add("bad/server:1", &incident());
    Server::start(content)
}

#[test]
fn neither_the_registry_nor_a_proxy_hears_of_an_offline_run() {
    let server = server();
    let world = world(&server);
    world.write(
        "home/.docker/config.json",
        &format!(r#"{{"auths":{{"{}":{{"auth":"dXNlcjp3b3Jk"}}}}}}"#, server.host),
    );
    for args in [
        &["fix", "--insecure-registry", server.host.as_str()][..],
        &["check"],
        &["image", "ghcr.io/goauthentik/server:2024.12.1", "--", "server"],
    ] {
        let mut command = world.command(args);
        for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy"] {
            command.env(name, format!("http://{}", server.host));
        }
        let ran = run(&mut command);
        assert_ne!(ran.code, 2, "{ran:?}");
    }
    assert_eq!(server.connections(), 0);
    world.online(&server.host, &[]);
    assert!(server.connections() > 0, "an online run is heard of");
}

/// The system calls themselves: no socket of the internet is ever made.
#[test]
fn an_offline_run_makes_no_socket() {
    if !has("strace") {
        return;
    }
    let server = server();
    let world = world(&server);
    let trace = world.path("trace");
    let sockets = |args: &[&str]| {
        let mut command = world.command(args);
        let mut strace = std::process::Command::new("strace");
        strace.args(["-f", "-qq", "-e", "trace=socket,connect,sendto,sendmsg", "-o"]).arg(&trace);
        strace.arg(command.get_program()).args(args).current_dir(world.path("repo")).env_clear();
        for (name, value) in command.get_envs().filter_map(|(name, value)| Some((name, value?))) {
            strace.env(name, value);
        }
        // Touching the command keeps its folder alive until here.
        command.env_remove("UNUSED");
        let ran = run(&mut strace);
        assert!(ran.code == 0 || ran.code == 1, "{ran:?}");
        let text = std::fs::read_to_string(&trace).expect("a trace");
        text.lines().filter(|line| line.contains("AF_INET")).count()
    };
    assert_eq!(sockets(&["fix", "--insecure-registry", &server.host]), 0);
    let online = sockets(&["fix", "--online", "--insecure-registry", &server.host]);
    assert!(online > 0, "the trace sees the sockets of an online run");
}
