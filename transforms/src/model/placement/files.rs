//! Files whose text becomes part of an object: values of releases, sources of generated ConfigMaps and Secrets.

use std::{collections::BTreeMap, sync::Arc};

use super::{Delivery, FilePlacement, Namespace, Placement, deliver::State};
use crate::{
    model::{
        kustomize::{Resource, list},
        value::{Place, Texts},
    },
    path::RepoPath,
};

/// Returns where the texts of files land, by path.
pub(super) fn placements(
    state: &State<'_>,
    by_object: &[Vec<Placement>],
) -> BTreeMap<RepoPath, Vec<FilePlacement>> {
    let mut result: BTreeMap<RepoPath, Vec<FilePlacement>> = BTreeMap::new();
    for (number, delivery) in state.deliveries.iter().enumerate() {
        let releases = releases(state, number, delivery, by_object);
        for (path, generator) in &delivery.built.values {
            let Some(made) = made_by(delivery, *generator) else { continue };
            let list = result.entry(path.clone()).or_default();
            for placement in placements_of(&state.texts, delivery, made, &releases) {
                if !list.contains(&placement) {
                    list.push(placement);
                }
            }
        }
    }
    result
}

fn made_by(delivery: &Delivery, generator: Place) -> Option<&Resource> {
    delivery.built.resources.iter().find(|each| each.generator == Some(generator))
}

/// Returns the releases of a delivery, each with the namespace of its pods.
fn releases<'d>(
    state: &State<'_>,
    number: usize,
    delivery: &'d Delivery,
    by_object: &[Vec<Placement>],
) -> Vec<(&'d Resource, Namespace)> {
    let _ = state;
    let pods = |at: usize, resource: &Resource| {
        let list = by_object.get(resource.object?.0 as usize)?;
        let own = list.iter().find(|each| {
            each.delivery.is_some_and(|(id, place)| id.0 as usize == number && place as usize == at)
        })?;
        Some(own.pods.clone())
    };
    let all = delivery.built.resources.iter().enumerate().filter(|(_, each)| &*each.kind == "HelmRelease");
    all.filter_map(|(at, each)| Some((each, pods(at, each)?))).collect()
}

/// Values go where their release goes; anything else is read by pods beside the ConfigMap or Secret.
fn placements_of(
    texts: &Texts,
    delivery: &Delivery,
    made: &Resource,
    releases: &[(&Resource, Namespace)],
) -> Vec<FilePlacement> {
    let takes = |release: &&(&Resource, Namespace)| {
        let Some(spec) = texts.get(&release.0.value, "spec") else { return false };
        list(texts, &spec, "valuesFrom").iter().any(|from| {
            texts.text_at(from, &["kind"]).as_deref() == Some(&*made.kind)
                && texts.text_at(from, &["name"]).is_some_and(|name| made.is_or_was_named(&name))
        })
    };
    let former = made.previous.iter().map(|each| Arc::clone(&each.name));
    let names: Vec<Arc<str>> = former.chain([Arc::clone(&made.name)]).collect();
    let takers: Vec<FilePlacement> = releases
        .iter()
        .filter(takes)
        .map(|(release, pods)| FilePlacement {
            cluster: delivery.cluster,
            pods: pods.clone(),
            taker: format!("HelmRelease/{}", release.name),
            names: names.clone(),
            doubt: delivery.doubt.clone(),
        })
        .collect();
    if !takers.is_empty() {
        return takers;
    }
    let own = made.namespace.as_ref().or(delivery.default_namespace.as_ref());
    let own = own.and_then(|text| delivery.variables.fill(text)).filter(|text| super::deliver::is_name(text));
    vec![FilePlacement {
        cluster: delivery.cluster,
        pods: own.map_or(Namespace::Unknown, |text| Namespace::Known(Arc::from(text))),
        taker: format!("{}/{}", made.kind, made.name),
        names,
        doubt: delivery.doubt.clone(),
    }]
}
