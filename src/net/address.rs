//! Which addresses and which registries may be contacted.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::trouble::Trouble;

/// Public registries that everybody pulls from; images on them are asked for without further configuration.
const PUBLIC: &[&str] = &[
    "cgr.dev",
    "codeberg.org",
    "docker.elastic.co",
    "docker.io",
    "docker.n8n.io",
    "gcr.io",
    "ghcr.io",
    "icr.io",
    "k8s.gcr.io",
    "lscr.io",
    "mcr.microsoft.com",
    "nvcr.io",
    "public.ecr.aws",
    "quay.io",
    "registry.access.redhat.com",
    "registry.gitlab.com",
    "registry.k8s.io",
    "registry.opensource.zalan.do",
    "registry.suse.com",
    "us-docker.pkg.dev",
    "us-central1-docker.pkg.dev",
    "europe-docker.pkg.dev",
    "xpkg.upbound.io",
];

/// What the user's side says of one registry. A repository under analysis has no say in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Whether it may have a private address.
    pub private: bool,
    /// Whether it is spoken to without TLS.
    pub insecure: bool,
    /// Hosts that are asked first, in this order.
    pub mirrors: Vec<String>,
    /// Hosts of token services that may get its credentials, besides the known ones.
    pub token_hosts: Vec<String>,
}

/// The registries that may be asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    /// What the user's side named; only these may have private addresses.
    configured: BTreeMap<String, RegistrySettings>,
    /// Registries for which the user has credentials.
    with_credentials: BTreeSet<String>,
    /// Mirrors and token services count as configured too.
    helpers: BTreeSet<String>,
    /// The host of the proxy that the environment names.
    proxy: Option<String>,
}

impl Policy {
    pub(crate) fn new(
        configured: BTreeMap<String, RegistrySettings>,
        with_credentials: BTreeSet<String>,
        proxy: Option<String>,
    ) -> Self {
        let named =
            configured.values().flat_map(|settings| settings.mirrors.iter().chain(&settings.token_hosts));
        let helpers = named.cloned().collect();
        Self { configured, with_credentials, helpers, proxy }
    }

    /// Allows one service that the user's side named by its address, whatever that address is.
    pub(crate) fn of_service(host: &str, private: bool, insecure: bool, proxy: Option<String>) -> Self {
        let settings = RegistrySettings { private, insecure, ..RegistrySettings::default() };
        Self { configured: BTreeMap::from([(host.to_owned(), settings)]), proxy, ..Self::default() }
    }

    /// Checks that a registry, as images name it, may be asked.
    pub(crate) fn check_registry(&self, registry: &str) -> Result<(), Trouble> {
        let allowed = PUBLIC.contains(&registry)
            || registry.ends_with(".pkg.dev")
            || self.configured.contains_key(registry)
            || self.with_credentials.contains(registry);
        if allowed { Ok(()) } else { Err(Trouble::NotAllowed(registry.to_owned())) }
    }

    pub(crate) fn settings(&self, registry: &str) -> Option<&RegistrySettings> {
        self.configured.get(registry)
    }

    /// Tells whether a host may be spoken to without TLS. `host` has its port if there is one.
    pub(crate) fn is_insecure(&self, host: &str) -> bool {
        self.configured.get(host).is_some_and(|settings| settings.insecure)
    }

    /// Tells whether a host may have a private address. `host` has its port if there is one.
    fn may_be_private(&self, host: &str) -> bool {
        self.configured.get(host).is_some_and(|settings| settings.private)
            || self.helpers.contains(host)
            || self.proxy.as_deref() == Some(host)
    }

    /// Checks an address that a name stands for.
    pub(crate) fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Trouble> {
        if is_reserved(address) && !self.may_be_private(host) {
            return Err(Trouble::Forbidden(format!("{host} ({address})")));
        }
        Ok(())
    }

    /// Checks a name before it is looked up; behind a proxy nobody else will.
    pub(crate) fn check_host(&self, host: &str) -> Result<(), Trouble> {
        if self.may_be_private(host) {
            return Ok(());
        }
        let name = without_port(host).trim_end_matches('.').to_ascii_lowercase();
        if let Ok(address) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
            return self.check_address(host, address);
        }
        let local = ["localhost", "local", "internal", "home.arpa", "svc", "cluster.local"];
        // A name without a dot is looked up in the search domains of this machine. Numbers alone, also
        // hexadecimal ones, are IPv4 addresses to some resolvers.
        let reserved = !name.contains('.')
            || local.iter().any(|suffix| name == *suffix || name.ends_with(&format!(".{suffix}")))
            || name
                .rsplit('.')
                .next()
                .is_some_and(|last| last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit()));
        if reserved { Err(Trouble::Forbidden(host.to_owned())) } else { Ok(()) }
    }
}

/// Returns a host without its port; the brackets of an IPv6 address stay.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Tells whether an address is anything but a public unicast one.
/// Source: the IANA special-purpose address registries for IPv4 and IPv6.
pub(crate) fn is_reserved(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_reserved_v4(address),
        IpAddr::V6(address) => is_reserved_v6(address),
    }
}

fn is_reserved_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Carrier-grade NAT, where cloud metadata services live too; protocol assignments; 6to4 relays; benchmarks.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        // Azure's platform address is public by its number and reaches only the host's own services.
        || address == Ipv4Addr::new(168, 63, 129, 16)
}

fn is_reserved_v6(address: Ipv6Addr) -> bool {
    // An IPv4 address in any of its IPv6 disguises is judged as what it is.
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_reserved_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(mapped) = address.to_ipv4() {
        return is_reserved_v4(mapped);
    }
    match segments {
        // NAT64, well-known and local.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x64, 0xff9b, 1, ..] => true,
        // 6to4.
        [0x2002, high, low, ..] => embedded(high, low),
        // Only 2000::/3 is global unicast; Teredo and documentation lie inside it.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => true,
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reserved(text: &str) -> bool {
        is_reserved(text.parse().expect("an address"))
    }

    #[test]
    fn only_public_addresses_pass() {
        let bad = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.192",
            "168.63.129.16",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
            "ff02::1",
        ];
        for address in bad {
            assert!(reserved(address), "{address}");
        }
        for address in [
            "1.1.1.1",
            "140.82.121.34",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::808:808",
            "2002:808:808::",
        ] {
            assert!(!reserved(address), "{address}");
        }
    }

    #[test]
    fn names_of_local_things_are_refused_before_any_lookup() {
        let policy = Policy::default();
        for host in [
            "localhost",
            "localhost:5000",
            "registry",
            "metadata.google.internal",
            "a.svc.cluster.local",
            "10.0.0.1:5000",
            "[::1]:5000",
            "0x7f.1",
            "127.1",
            "2130706433",
            "printer.local.",
        ] {
            assert!(matches!(policy.check_host(host), Err(Trouble::Forbidden(_))), "{host}");
        }
        for host in ["ghcr.io", "registry-1.docker.io", "cdn01.quay.io:443", "140.82.121.34"] {
            assert_eq!(policy.check_host(host), Ok(()), "{host}");
        }
    }

    #[test]
    fn what_the_user_names_may_be_private_and_nothing_else() {
        let settings = RegistrySettings {
            private: true,
            mirrors: vec!["mirror.lan:5001".to_owned()],
            ..RegistrySettings::default()
        };
        let configured = BTreeMap::from([("127.0.0.1:5000".to_owned(), settings)]);
        let policy = Policy::new(configured, BTreeSet::from(["acme.example".to_owned()]), None);
        assert_eq!(policy.check_host("127.0.0.1:5000"), Ok(()));
        assert_eq!(policy.check_host("mirror.lan:5001"), Ok(()));
        assert!(policy.check_host("127.0.0.1:5001").is_err(), "another port is another service");
        assert_eq!(policy.check_registry("127.0.0.1:5000"), Ok(()));
        assert_eq!(policy.check_registry("acme.example"), Ok(()));
        assert!(matches!(policy.check_registry("evil.example"), Err(Trouble::NotAllowed(_))));
        let private = "10.0.0.1".parse().expect("an address");
        assert!(
            policy.check_address("acme.example", private).is_err(),
            "credentials allow the registry, not the network"
        );
    }
}
