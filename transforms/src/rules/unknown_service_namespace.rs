//! A host names a namespace that is defined nowhere, while its Service is known in another one.

use super::short_service_host;
use crate::{
    finding::{Applicability, Finding},
    rule::{Context, Meta, Rule},
};

/// The rule.
#[derive(Debug)]
pub(super) struct UnknownServiceNamespace;

static META: Meta = Meta {
    id: "unknown-service-namespace",
    summary: "a host names a namespace that is defined nowhere, while its Service is in another one",
    best: Applicability::Display,
    default_on: true,
    page: include_str!("unknown_service_namespace/README.md"),
};

impl Rule for UnknownServiceNamespace {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn prepare(&self, cx: &Context<'_>) {
        let _ = short_service_host::host_texts(cx);
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        findings.extend(short_service_host::unknown_namespaces(cx, META.id));
    }
}
