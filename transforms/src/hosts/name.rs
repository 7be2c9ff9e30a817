//! What a host name says: Service, namespace, cluster domain.

use crate::rule::HostForm;

/// The longest DNS name, in bytes, without a final dot.
const LONGEST_NAME: usize = 253;
/// The longest label.
const LONGEST_LABEL: usize = 63;

/// What follows `service.namespace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suffix<'a> {
    /// Nothing.
    None,
    /// `.svc`.
    Svc,
    /// `.svc.` and this domain.
    Domain(&'a str),
}

/// A host name that may be a Service's name in cluster DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName<'a> {
    /// The pod (or other label) before the Service: `kafka-0` of `kafka-0.kafka.data.svc`.
    pub pod: Option<&'a str>,
    /// The Service.
    pub service: &'a str,
    /// The namespace. In a name of two labels it may also be a Service, and `service` a pod: see [`Self::as_pod`].
    pub namespace: Option<&'a str>,
    /// What follows.
    pub suffix: Suffix<'a>,
    /// The name ends in a dot: it is absolute, and no search list completes it.
    pub dot: bool,
}

impl<'a> ClusterName<'a> {
    /// Reads a host; none if it is an address, a local name, or has a shape that no Service's name has.
    ///
    /// One label is a Service, two are a Service and its namespace, three a pod, its Service and a namespace (or a
    /// public name); with `.svc` the labels before it are the same without doubt.
    #[must_use]
    pub fn parse(host: &'a str) -> Option<Self> {
        let (name, dot) = host.strip_suffix('.').map_or((host, false), |name| (name, true));
        if !is_dns_name(name) || is_address(name) || is_local(name) {
            return None;
        }
        let (before, suffix) = split_suffix(name);
        let mut labels = before.split('.');
        let (first, second, third) = (labels.next()?, labels.next(), labels.next());
        if labels.next().is_some() {
            return None;
        }
        let (pod, service, namespace) = match (second, third) {
            (None, _) => (None, first, None),
            (Some(namespace), None) => (None, first, Some(namespace)),
            (Some(service), Some(namespace)) => (Some(first), service, Some(namespace)),
        };
        // `x.svc` names no namespace: it is a typing error or a public name.
        let known = namespace.is_some() || suffix == Suffix::None;
        (known && is_service_label(service)).then_some(Self { pod, service, namespace, suffix, dot })
    }

    /// Returns the other reading of two labels, `pod.service`, with the namespace left open.
    #[must_use]
    pub fn as_pod(&self) -> Option<Self> {
        let two = self.pod.is_none() && self.suffix == Suffix::None;
        let service = self.namespace.filter(|service| two && is_service_label(service))?;
        Some(Self { pod: Some(self.service), service, namespace: None, ..*self })
    }

    /// Tells whether the name is complete: it has a domain.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self.suffix, Suffix::Domain(_))
    }

    /// Writes the name in full, the pod before it kept.
    #[must_use]
    pub fn complete(&self, namespace: &str, domain: &str, form: HostForm) -> String {
        let pod = self.pod.map(|pod| format!("{pod}.")).unwrap_or_default();
        let service = self.service;
        match form {
            HostForm::Fqdn => format!("{pod}{service}.{namespace}.svc.{domain}"),
            HostForm::FqdnDot => format!("{pod}{service}.{namespace}.svc.{domain}."),
            HostForm::Svc => format!("{pod}{service}.{namespace}.svc"),
        }
    }
}

/// Tells whether `label` is a DNS-1123 label: what a namespace is called.
#[must_use]
pub fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| is_letter_or_digit(*byte));
    bytes.len() <= LONGEST_LABEL
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| is_letter_or_digit(*byte) || *byte == b'-')
}

/// Tells whether `label` is a DNS-1035 label, as a Service's name is: it begins with a letter.
#[must_use]
pub fn is_service_label(label: &str) -> bool {
    is_label(label) && label.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
}

/// Tells whether `name` is a sequence of DNS-1123 labels.
#[must_use]
pub fn is_dns_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME && name.split('.').all(is_label)
}

/// Tells whether `name` is an IPv4 address.
#[must_use]
pub fn is_address(name: &str) -> bool {
    name.parse::<std::net::Ipv4Addr>().is_ok()
}

/// Tells whether `name` means this machine, or the one that runs containers.
#[must_use]
pub fn is_local(name: &str) -> bool {
    matches!(name, "localhost" | "localhost.localdomain" | "host.docker.internal" | "host.minikube.internal")
        || name.ends_with(".localhost")
        || name.ends_with(".docker.internal")
}

const fn is_letter_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Splits at the label `svc`, which a namespace's label precedes.
fn split_suffix(name: &str) -> (&str, Suffix<'_>) {
    if let Some(before) = name.strip_suffix(".svc") {
        return (before, Suffix::Svc);
    }
    name.split_once(".svc.").map_or((name, Suffix::None), |(before, domain)| (before, Suffix::Domain(domain)))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts<'a> = (Option<&'a str>, &'a str, Option<&'a str>, Suffix<'a>, bool);

    fn parts(host: &str) -> Option<Parts<'_>> {
        ClusterName::parse(host).map(|name| (name.pod, name.service, name.namespace, name.suffix, name.dot))
    }

    #[test]
    fn every_shape_of_a_service_name_is_read() {
        use Suffix::{Domain, None as Nothing, Svc};
        assert_eq!(parts("redis"), Some((None, "redis", None, Nothing, false)));
        assert_eq!(parts("redis."), Some((None, "redis", None, Nothing, true)));
        assert_eq!(parts("redis.data"), Some((None, "redis", Some("data"), Nothing, false)));
        assert_eq!(parts("redis.data.svc"), Some((None, "redis", Some("data"), Svc, false)));
        let full = Some((None, "redis", Some("data"), Domain("cluster.local"), true));
        assert_eq!(parts("redis.data.svc.cluster.local."), full);
        assert_eq!(parts("k-0.k.data"), Some((Some("k-0"), "k", Some("data"), Nothing, false)));
        let pod = Some((Some("k-0"), "k", Some("data"), Domain("cluster.milkyway"), false));
        assert_eq!(parts("k-0.k.data.svc.cluster.milkyway"), pod);
    }

    #[test]
    fn what_no_service_is_called_is_refused() {
        let long = "a".repeat(64);
        for host in [
            "",
            ".",
            "a..b",
            "-a",
            "a-",
            "a_b",
            "Redis",
            "10.0.0.1",
            "localhost",
            "host.docker.internal",
            "redis.svc",
            "a.b.example.org",
            "1redis",
            "x.localhost",
            "svc",
            &long,
        ] {
            let allowed = host == "svc";
            assert_eq!(parts(host).is_some(), allowed, "{host}");
        }
    }

    #[test]
    fn two_labels_may_be_a_pod_and_its_service() {
        let name = ClusterName::parse("kafka-0.kafka").expect("a name");
        let pod = name.as_pod().expect("the other reading");
        assert_eq!((pod.pod, pod.service, pod.namespace), (Some("kafka-0"), "kafka", None));
        assert_eq!(
            pod.complete("data", "cluster.local", HostForm::Fqdn),
            "kafka-0.kafka.data.svc.cluster.local"
        );
        assert!(ClusterName::parse("kafka").expect("a name").as_pod().is_none());
    }

    #[test]
    fn names_are_completed_in_the_form_asked_for() {
        let name = ClusterName::parse("redis").expect("a name");
        let full = |form| name.complete("data", "cluster.local", form);
        assert_eq!(full(HostForm::Fqdn), "redis.data.svc.cluster.local");
        assert_eq!(full(HostForm::FqdnDot), "redis.data.svc.cluster.local.");
        assert_eq!(full(HostForm::Svc), "redis.data.svc");
    }
}
