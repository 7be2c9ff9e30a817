use super::*;

#[test]
fn locations_become_absolute_or_are_refused() {
    let base = "https://a.example:1/v2/x?y";
    assert_eq!(join(base, "/z").as_deref(), Some("https://a.example:1/z"));
    assert_eq!(join(base, "//b/z").as_deref(), Some("https://b/z"));
    assert_eq!(join(base, "http://c/z").as_deref(), Some("http://c/z"));
    assert_eq!(join(base, "file:///etc/passwd"), None);
    assert_eq!(join(base, "z"), None);
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    assert!(same_origin("https://a/x", "https://A/y"));
    assert!(!same_origin("https://a/x", "http://a/x"));
    assert!(!same_origin("https://a/x", "https://a:8443/x"));
    assert!(!same_origin("https://a/x", "https://user@a/x"));
}
