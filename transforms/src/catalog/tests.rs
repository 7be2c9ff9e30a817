use super::*;

fn facts(image: &str) -> Option<ImageFacts> {
    lookup(&ImageRef::parse(image).expect("an image"))
}

#[test]
fn authentik_takes_server_and_worker() {
    let facts = facts("ghcr.io/goauthentik/server:2024.12.1").expect("known");
    assert_eq!(facts.entrypoint, ["dumb-init", "--", "ak"]);
    assert_eq!(facts.forwards, Forwards::OwnProgram);
    assert_eq!(facts.caveats, []);
    for word in ["server", "worker"] {
        assert!(facts.arguments.iter().any(|known| known == word));
        assert!(facts.absent.iter().any(|known| known == word));
    }
}
