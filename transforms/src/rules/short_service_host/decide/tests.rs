//! The decision table, row by row.

use super::{Problem, Verdict, decide, distance};
use crate::{
    finding::{Applicability, Evidence},
    hosts::ClusterName,
    model::placement::ClusterId,
    rules::short_service_host::world::{Release, Service, Situation, StatefulSet, World},
};

fn evidence(what: &str) -> Evidence {
    Evidence { what: what.to_owned(), source: "test".to_owned() }
}

fn service(namespace: &str, certain: bool) -> Service {
    Service { cluster: Some(ClusterId(0)), namespace: namespace.into(), certain, maker: None, selector: Vec::new(), doubt: None, evidence: evidence(namespace) }
}

/// `redis` in data, `web` in data and shop, a release `store` and a stateful set `kafka` in data, the namespace empty.
fn world() -> World {
    let mut world = World::default();
    world.services.insert("redis".into(), vec![service("data", true)]);
    world.services.insert("web".into(), vec![service("data", true), service("shop", true)]);
    world.services.insert("guess".into(), vec![service("data", false)]);
    let doubtful = Service { doubt: Some("its delivery may be another's".into()), ..service("data", true) };
    world.services.insert("perhaps".into(), vec![doubtful]);
    world.releases.push(Release {
        cluster: Some(ClusterId(0)),
        namespace: "data".into(),
        names: vec!["store".into()],
        evidence: evidence("store"),
    });
    world.stateful_sets.push(StatefulSet {
        cluster: Some(ClusterId(0)),
        namespace: "data".into(),
        name: "kafka".into(),
        service: "kafka-headless".into(),
        doubt: None,
        evidence: evidence("kafka"),
    });
    for namespace in ["data", "shop", "empty", "home"] {
        world.namespaces.insert(namespace.into(), vec![(Some(ClusterId(0)), evidence(namespace))]);
    }
    world
}

fn situation(namespace: Option<&str>) -> Situation {
    Situation {
        cluster: Some(ClusterId(0)),
        namespace: namespace.map(str::to_owned),
        through: namespace.unwrap_or("nothing").to_owned(),
        evidence: Vec::new(),
    }
}

/// Decides and writes the verdict down in a word or two.
fn told(host: &str, situations: &[Situation]) -> String {
    match decide(&world(), ClusterName::parse(host).expect("a cluster name"), situations) {
        Verdict::Leave(_) => "leave".into(),
        Verdict::Show(..) => "show".into(),
        Verdict::UnknownNamespace { known, .. } => format!("unknown: {}", known.join(",")),
        Verdict::Complete(found) => {
            let pod = found.pod.map(|pod| format!("{pod}.")).unwrap_or_default();
            format!("{} {pod}{}.{}", found.tier.name(), found.service, found.namespace)
        }
    }
}

fn in_one(host: &str, namespace: &str) -> String {
    told(host, &[situation(Some(namespace))])
}

#[test]
fn row_2_the_own_namespace_is_unknown_or_differs() {
    assert_eq!(told("redis", &[situation(None)]), "show");
    assert_eq!(told("other", &[situation(None)]), "leave");
    assert_eq!(told("web", &[situation(Some("data")), situation(Some("shop"))]), "show");
    assert_eq!(told("redis", &[situation(Some("data")), situation(None)]), "show");
    assert_eq!(told("redis", &[situation(Some("data")), situation(Some("data"))]), "safe redis.data");
    assert_eq!(told("redis", &[]), "leave");
    assert_eq!(told("other", &[]), "leave");
}

#[test]
fn row_3_the_service_is_in_the_own_namespace() {
    assert_eq!(in_one("redis", "data"), "safe redis.data");
    assert_eq!(in_one("web", "shop"), "safe web.shop");
    assert_eq!(in_one("guess", "data"), "unsafe guess.data");
}

#[test]
fn row_4_a_release_names_its_services() {
    assert_eq!(in_one("store", "data"), "unsafe store.data");
    assert_eq!(in_one("store-postgresql", "data"), "unsafe store-postgresql.data");
    assert_eq!(in_one("storehouse", "data"), "leave");
    assert_eq!(in_one("store", "shop"), "leave");
}

#[test]
fn row_5_the_service_is_elsewhere() {
    assert_eq!(in_one("redis", "shop"), "unsafe redis.data");
    assert_eq!(in_one("web", "empty"), "show");
    assert_eq!(in_one("guess", "shop"), "show");
    let guessed = Situation { cluster: None, ..situation(Some("shop")) };
    assert_eq!(told("redis", &[guessed]), "show");
    let other = Situation { cluster: Some(ClusterId(1)), ..situation(Some("shop")) };
    assert_eq!(told("redis", &[other]), "leave");
}

#[test]
fn row_6_nothing_is_known() {
    assert_eq!(in_one("unheard-of", "data"), "leave");
}

#[test]
fn rows_7_and_8_the_namespace_is_written() {
    assert_eq!(in_one("redis.data", "shop"), "safe redis.data");
    assert_eq!(told("redis.data", &[situation(None)]), "safe redis.data");
    assert_eq!(in_one("redis.data.svc", "shop"), "safe redis.data");
    assert_eq!(in_one("other.data.svc", "shop"), "safe other.data");
    assert_eq!(in_one("other.data", "shop"), "unsafe other.data");
    assert_eq!(in_one("other.default.svc", "shop"), "safe other.default");
    assert_eq!(in_one("other.home", "shop"), "show");
    assert_eq!(in_one("nas.home.svc", "shop"), "safe nas.home");
    assert_eq!(in_one("www.data.com", "shop"), "leave");
    assert_eq!(in_one("example.com", "shop"), "leave");
}

#[test]
fn row_9_the_namespace_is_nowhere() {
    assert_eq!(in_one("redis.dtaa", "shop"), "unknown: data");
    assert_eq!(in_one("redis.sh", "shop"), "leave");
    assert_eq!(in_one("redis.example", "shop"), "leave");
    assert_eq!(in_one("redis.example.svc", "shop"), "unknown: data");
    assert_eq!(in_one("x.redis.dtaa", "shop"), "leave");
    assert_eq!(in_one("web.shpo.svc", "shop"), "unknown: shop,data");
    assert_eq!(in_one("web.shpo.svc.cluster.local", "shop"), "unknown: shop,data");
    assert_eq!(in_one("redis.data.svc.cluster.local", "shop"), "leave");
    assert_eq!(in_one("guess.dtaa", "shop"), "leave");
}

#[test]
fn row_10_pods_of_stateful_sets() {
    assert_eq!(in_one("kafka-0.kafka-headless", "data"), "safe kafka-0.kafka-headless.data");
    assert_eq!(in_one("kafka-0.kafka-headless", "shop"), "leave");
    assert_eq!(in_one("kafka-0.kafka-headless.data.svc", "shop"), "safe kafka-0.kafka-headless.data");
    assert_eq!(in_one("kafka-0", "data"), "unsafe kafka-0.kafka-headless.data");
    assert_eq!(in_one("kafka-x", "data"), "leave");
}

#[test]
fn a_final_dot_makes_a_name_complete() {
    assert_eq!(in_one("redis.", "data"), "leave");
    assert_eq!(in_one("redis.data.svc.cluster.local.", "data"), "leave");
}

#[test]
fn what_is_elsewhere_is_told_apart_from_what_is_here() {
    let problem = |host: &str, own: &str| match decide(
        &world(),
        ClusterName::parse(host).expect("a cluster name"),
        &[situation(Some(own))],
    ) {
        Verdict::Complete(found) => Some((found.problem, found.tier)),
        _ => None,
    };
    assert_eq!(problem("redis", "data"), Some((Problem::OwnNamespace, Applicability::Safe)));
    assert_eq!(problem("redis", "shop"), Some((Problem::OtherNamespace, Applicability::Unsafe)));
    assert_eq!(problem("redis.data", "shop"), Some((Problem::Qualified, Applicability::Safe)));
    assert_eq!(problem("kafka-1", "data"), Some((Problem::BarePod, Applicability::Unsafe)));
}

#[test]
fn the_distance_of_names_counts_letters() {
    assert_eq!(distance("istio-sysem", "istio-system"), 1);
    assert_eq!(distance("", "abc"), 3);
    assert_eq!(distance("abc", "abc"), 0);
}

#[test]
fn a_service_that_may_be_elsewhere_is_safe_by_its_full_name_alone() {
    let here = [situation(Some("data"))];
    assert_eq!(told("perhaps", &here), "unsafe perhaps.data");
    assert_eq!(told("perhaps.data", &here), "unsafe perhaps.data");
    assert_eq!(told("perhaps.data.svc", &here), "safe perhaps.data");
}
