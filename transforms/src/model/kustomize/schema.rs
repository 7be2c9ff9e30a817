//! Which lists a strategic merge patch merges item by item, and which kinds have no namespace.
//!
//! Kustomize reads both from the OpenAPI document of Kubernetes 1.21 that is built into it: a kind that is not in
//! there has no merge keys, so a patch replaces its lists, and it may have a namespace.

/// What a strategic merge patch needs to know of the fields of a mapping.
#[derive(Debug)]
pub(crate) struct Schema {
    fields: &'static [Field],
}

#[derive(Debug)]
struct Field {
    name: &'static str,
    /// The keys that tell the items of the list apart; empty for a list that is replaced, and for what is no list.
    merge_keys: &'static [&'static str],
    /// The fields of the mapping, or of the items of the list.
    inner: &'static Schema,
}

impl Schema {
    /// Returns the schema of a kind.
    pub(crate) fn of(api_version: &str, kind: &str) -> &'static Self {
        let Some((_, _, _)) = KINDS.iter().find(|(api, name, _)| *api == api_version && *name == kind) else {
            return &UNKNOWN;
        };
        match (api_version, kind) {
            ("apps/v1", "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet")
            | ("batch/v1", "Job")
            | ("v1", "ReplicationController") => &WORKLOAD,
            ("batch/v1" | "batch/v1beta1", "CronJob") => &CRON_JOB,
            ("v1", "Pod") => &POD,
            ("v1", "PodTemplate") => &POD_TEMPLATE,
            ("v1", "Service") => &SERVICE,
            ("v1", "ServiceAccount") => &SERVICE_ACCOUNT,
            (_, "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration") => &WEBHOOKS,
            _ => &KNOWN,
        }
    }

    /// Returns the schema of a field, and the merge keys of its list if it is one whose items are merged.
    pub(crate) fn field(&self, name: &str) -> (&'static Self, &'static [&'static str]) {
        self.fields
            .iter()
            .find(|field| field.name == name)
            .map_or((&UNKNOWN, &[]), |field| (field.inner, field.merge_keys))
    }
}

/// Tells whether objects of this kind are known to have no namespace.
pub(crate) fn is_cluster_scoped(api_version: &str, kind: &str) -> bool {
    KINDS.iter().any(|(api, name, namespaced)| *api == api_version && *name == kind && !namespaced)
}

const fn inner(name: &'static str, inner: &'static Schema) -> Field {
    Field { name, merge_keys: &[], inner }
}

const fn list(name: &'static str, merge_keys: &'static [&'static str], inner: &'static Schema) -> Field {
    Field { name, merge_keys, inner }
}

static UNKNOWN: Schema = Schema { fields: &[] };
static METADATA: Schema = Schema { fields: &[list("ownerReferences", &["uid"], &UNKNOWN)] };
static KNOWN: Schema = Schema { fields: &[inner("metadata", &METADATA)] };
static CONTAINER: Schema = Schema {
    fields: &[
        list("env", &["name"], &UNKNOWN),
        list("ports", &["containerPort", "protocol"], &UNKNOWN),
        list("volumeMounts", &["mountPath"], &UNKNOWN),
        list("volumeDevices", &["devicePath"], &UNKNOWN),
    ],
};
static POD_SPEC: Schema = Schema {
    fields: &[
        list("containers", &["name"], &CONTAINER),
        list("initContainers", &["name"], &CONTAINER),
        list("ephemeralContainers", &["name"], &CONTAINER),
        list("volumes", &["name"], &UNKNOWN),
        list("imagePullSecrets", &["name"], &UNKNOWN),
        list("hostAliases", &["ip"], &UNKNOWN),
        list("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"], &UNKNOWN),
    ],
};
static POD: Schema = Schema { fields: &[inner("metadata", &METADATA), inner("spec", &POD_SPEC)] };
static POD_TEMPLATE: Schema = Schema { fields: &[inner("metadata", &METADATA), inner("template", &POD)] };
static WORKLOAD_SPEC: Schema = Schema { fields: &[inner("template", &POD)] };
static WORKLOAD: Schema = Schema { fields: &[inner("metadata", &METADATA), inner("spec", &WORKLOAD_SPEC)] };
static CRON_JOB_SPEC: Schema = Schema { fields: &[inner("jobTemplate", &WORKLOAD)] };
static CRON_JOB: Schema = Schema { fields: &[inner("metadata", &METADATA), inner("spec", &CRON_JOB_SPEC)] };
static SERVICE_SPEC: Schema = Schema { fields: &[list("ports", &["port", "protocol"], &UNKNOWN)] };
static SERVICE: Schema = Schema { fields: &[inner("metadata", &METADATA), inner("spec", &SERVICE_SPEC)] };
static SERVICE_ACCOUNT: Schema = Schema {
    fields: &[
        inner("metadata", &METADATA),
        list("secrets", &["name"], &UNKNOWN),
        list("imagePullSecrets", &["name"], &UNKNOWN),
    ],
};
static WEBHOOKS: Schema =
    Schema { fields: &[inner("metadata", &METADATA), list("webhooks", &["name"], &UNKNOWN)] };

/// The kinds that kustomize knows, and whether they have a namespace.
/// Source: kubernetes-sigs/kustomize, kyaml/openapi/openapi.go, `precomputedIsNamespaceScoped`.
#[rustfmt::skip]
static KINDS: &[(&str, &str, bool)] = &[
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", false),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", false),
    ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", false),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration", false),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", false),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", false),
    ("apiregistration.k8s.io/v1", "APIService", false),
    ("apiregistration.k8s.io/v1beta1", "APIService", false),
    ("apps/v1", "ControllerRevision", true),
    ("apps/v1", "DaemonSet", true),
    ("apps/v1", "Deployment", true),
    ("apps/v1", "ReplicaSet", true),
    ("apps/v1", "StatefulSet", true),
    ("autoscaling/v1", "HorizontalPodAutoscaler", true),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", true),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", true),
    ("batch/v1", "CronJob", true),
    ("batch/v1", "Job", true),
    ("batch/v1beta1", "CronJob", true),
    ("certificates.k8s.io/v1", "CertificateSigningRequest", false),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", false),
    ("coordination.k8s.io/v1", "Lease", true),
    ("discovery.k8s.io/v1", "EndpointSlice", true),
    ("extensions/v1beta1", "Ingress", true),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", false),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration", false),
    ("networking.k8s.io/v1", "Ingress", true),
    ("networking.k8s.io/v1", "IngressClass", false),
    ("networking.k8s.io/v1", "NetworkPolicy", true),
    ("networking.k8s.io/v1beta1", "Ingress", true),
    ("networking.k8s.io/v1beta1", "IngressClass", false),
    ("node.k8s.io/v1", "RuntimeClass", false),
    ("node.k8s.io/v1beta1", "RuntimeClass", false),
    ("policy/v1", "PodDisruptionBudget", true),
    ("policy/v1beta1", "PodDisruptionBudget", true),
    ("policy/v1beta1", "PodSecurityPolicy", false),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", false),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", false),
    ("rbac.authorization.k8s.io/v1", "Role", true),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", true),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRole", false),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", false),
    ("rbac.authorization.k8s.io/v1beta1", "Role", true),
    ("rbac.authorization.k8s.io/v1beta1", "RoleBinding", true),
    ("scheduling.k8s.io/v1", "PriorityClass", false),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", false),
    ("storage.k8s.io/v1", "CSIDriver", false),
    ("storage.k8s.io/v1", "CSINode", false),
    ("storage.k8s.io/v1", "StorageClass", false),
    ("storage.k8s.io/v1", "VolumeAttachment", false),
    ("storage.k8s.io/v1beta1", "CSIDriver", false),
    ("storage.k8s.io/v1beta1", "CSINode", false),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", true),
    ("storage.k8s.io/v1beta1", "StorageClass", false),
    ("storage.k8s.io/v1beta1", "VolumeAttachment", false),
    ("v1", "ConfigMap", true),
    ("v1", "Endpoints", true),
    ("v1", "Event", true),
    ("v1", "LimitRange", true),
    ("v1", "Namespace", false),
    ("v1", "Node", false),
    ("v1", "PersistentVolume", false),
    ("v1", "PersistentVolumeClaim", true),
    ("v1", "Pod", true),
    ("v1", "PodTemplate", true),
    ("v1", "ReplicationController", true),
    ("v1", "ResourceQuota", true),
    ("v1", "Secret", true),
    ("v1", "Service", true),
    ("v1", "ServiceAccount", true),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_merged_by_name_where_the_kind_is_known() {
        let pod = Schema::of("apps/v1", "Deployment").field("spec").0.field("template").0.field("spec").0;
        assert_eq!(pod.field("containers").1, ["name"]);
        let old = Schema::of("extensions/v1beta1", "Deployment")
            .field("spec")
            .0
            .field("template")
            .0
            .field("spec")
            .0;
        assert!(old.field("containers").1.is_empty(), "kustomize does not know this version any more");
    }

    #[test]
    fn scope_is_known_by_exact_version() {
        assert!(is_cluster_scoped("v1", "Namespace"));
        assert!(!is_cluster_scoped("v1", "Service"));
        assert!(!is_cluster_scoped("cert-manager.io/v1", "ClusterIssuer"), "unknown kinds get a namespace");
    }
}
