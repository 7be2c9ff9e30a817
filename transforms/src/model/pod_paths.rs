//! Where the kinds keep their pods and containers. A new kind is one line here.

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// A pod's spec: `containers`, `initContainers`, `ephemeralContainers`.
    Pod,
    /// A container.
    Container,
    /// The values of a Helm chart.
    Values,
}

/// A kind and the place of its pods.
#[derive(Debug)]
pub(super) struct PodPath {
    /// The API group.
    pub(super) group: &'static str,
    /// The kind.
    pub(super) kind: &'static str,
    /// The path, in steps: a key, `*` for all values of a mapping, `[]` for all items of a sequence.
    pub(super) path: &'static str,
    /// What stands there.
    pub(super) holds: Holds,
}

const fn pod(group: &'static str, kind: &'static str, path: &'static str) -> PodPath {
    PodPath { group, kind, path, holds: Holds::Pod }
}

const fn container(group: &'static str, kind: &'static str, path: &'static str) -> PodPath {
    PodPath { group, kind, path, holds: Holds::Container }
}

const fn values(group: &'static str, kind: &'static str, path: &'static str) -> PodPath {
    PodPath { group, kind, path, holds: Holds::Values }
}

/// Every known place, by kind. The empty kind is a values file.
#[rustfmt::skip]
pub(super) const POD_PATHS: &[PodPath] = &[
    pod("", "DeploymentConfig", "spec.template.spec"),
    pod("", "Pod", "spec"),
    pod("", "PodTemplate", "template.spec"),
    pod("", "ReplicationController", "spec.template.spec"),
    pod("agent.k8s.elastic.co", "Agent", "spec.daemonSet.podTemplate.spec"),
    pod("agent.k8s.elastic.co", "Agent", "spec.deployment.podTemplate.spec"),
    pod("agent.k8s.elastic.co", "Agent", "spec.statefulSet.podTemplate.spec"),
    pod("apm.k8s.elastic.co", "ApmServer", "spec.podTemplate.spec"),
    pod("apps", "DaemonSet", "spec.template.spec"),
    pod("apps", "Deployment", "spec.template.spec"),
    pod("apps", "ReplicaSet", "spec.template.spec"),
    pod("apps", "StatefulSet", "spec.template.spec"),
    pod("apps.kruise.io", "CloneSet", "spec.template.spec"),
    pod("apps.kruise.io", "DaemonSet", "spec.template.spec"),
    pod("apps.kruise.io", "StatefulSet", "spec.template.spec"),
    pod("apps.openshift.io", "DeploymentConfig", "spec.template.spec"),
    pod("argoproj.io", "AnalysisTemplate", "spec.metrics.[].provider.job.spec.template.spec"),
    pod("argoproj.io", "ClusterAnalysisTemplate", "spec.metrics.[].provider.job.spec.template.spec"),
    pod("argoproj.io", "Rollout", "spec.template.spec"),
    pod("autoops.k8s.elastic.co", "AutoOpsAgentPolicy", "spec.podTemplate.spec"),
    pod("batch", "CronJob", "spec.jobTemplate.spec.template.spec"),
    pod("batch", "Job", "spec.template.spec"),
    pod("beat.k8s.elastic.co", "Beat", "spec.daemonSet.podTemplate.spec"),
    pod("beat.k8s.elastic.co", "Beat", "spec.deployment.podTemplate.spec"),
    pod("elasticsearch.k8s.elastic.co", "Elasticsearch", "spec.nodeSets.[].podTemplate.spec"),
    pod("enterprisesearch.k8s.elastic.co", "EnterpriseSearch", "spec.podTemplate.spec"),
    pod("extensions", "DaemonSet", "spec.template.spec"),
    pod("extensions", "Deployment", "spec.template.spec"),
    pod("extensions", "ReplicaSet", "spec.template.spec"),
    pod("jobset.x-k8s.io", "JobSet", "spec.replicatedJobs.[].template.spec.template.spec"),
    pod("keda.sh", "ScaledJob", "spec.jobTargetRef.template.spec"),
    pod("kibana.k8s.elastic.co", "Kibana", "spec.podTemplate.spec"),
    pod("kubeflow.org", "MPIJob", "spec.mpiReplicaSpecs.*.template.spec"),
    pod("kubeflow.org", "PyTorchJob", "spec.pytorchReplicaSpecs.*.template.spec"),
    pod("kubeflow.org", "TFJob", "spec.tfReplicaSpecs.*.template.spec"),
    pod("logstash.k8s.elastic.co", "Logstash", "spec.podTemplate.spec"),
    pod("maps.k8s.elastic.co", "ElasticMapsServer", "spec.podTemplate.spec"),
    pod("packageregistry.k8s.elastic.co", "PackageRegistry", "spec.podTemplate.spec"),
    pod("serving.knative.dev", "Configuration", "spec.template.spec"),
    pod("serving.knative.dev", "Revision", "spec"),
    pod("serving.knative.dev", "Service", "spec.template.spec"),
    container("argoproj.io", "ClusterWorkflowTemplate", "spec.templates.[].container"),
    container("argoproj.io", "ClusterWorkflowTemplate", "spec.templates.[].containerSet.containers.[]"),
    container("argoproj.io", "ClusterWorkflowTemplate", "spec.templates.[].initContainers.[]"),
    container("argoproj.io", "ClusterWorkflowTemplate", "spec.templates.[].sidecars.[]"),
    container("argoproj.io", "CronWorkflow", "spec.workflowSpec.templates.[].container"),
    container("argoproj.io", "CronWorkflow", "spec.workflowSpec.templates.[].containerSet.containers.[]"),
    container("argoproj.io", "CronWorkflow", "spec.workflowSpec.templates.[].initContainers.[]"),
    container("argoproj.io", "CronWorkflow", "spec.workflowSpec.templates.[].sidecars.[]"),
    container("argoproj.io", "Workflow", "spec.templates.[].container"),
    container("argoproj.io", "Workflow", "spec.templates.[].containerSet.containers.[]"),
    container("argoproj.io", "Workflow", "spec.templates.[].initContainers.[]"),
    container("argoproj.io", "Workflow", "spec.templates.[].sidecars.[]"),
    container("argoproj.io", "WorkflowTemplate", "spec.templates.[].container"),
    container("argoproj.io", "WorkflowTemplate", "spec.templates.[].containerSet.containers.[]"),
    container("argoproj.io", "WorkflowTemplate", "spec.templates.[].initContainers.[]"),
    container("argoproj.io", "WorkflowTemplate", "spec.templates.[].sidecars.[]"),
    container("tekton.dev", "ClusterTask", "spec.sidecars.[]"),
    container("tekton.dev", "ClusterTask", "spec.steps.[]"),
    container("tekton.dev", "Pipeline", "spec.tasks.[].taskSpec.sidecars.[]"),
    container("tekton.dev", "Pipeline", "spec.tasks.[].taskSpec.steps.[]"),
    container("tekton.dev", "PipelineRun", "spec.pipelineSpec.tasks.[].taskSpec.sidecars.[]"),
    container("tekton.dev", "PipelineRun", "spec.pipelineSpec.tasks.[].taskSpec.steps.[]"),
    container("tekton.dev", "Task", "spec.sidecars.[]"),
    container("tekton.dev", "Task", "spec.steps.[]"),
    container("tekton.dev", "TaskRun", "spec.taskSpec.sidecars.[]"),
    container("tekton.dev", "TaskRun", "spec.taskSpec.steps.[]"),
    values("", "", ""),
    values("argoproj.io", "Application", "spec.source.helm.valuesObject"),
    values("argoproj.io", "Application", "spec.sources.[].helm.valuesObject"),
    values("helm.fluxcd.io", "HelmRelease", "spec.values"),
    values("helm.toolkit.fluxcd.io", "HelmRelease", "spec.values"),
];

/// Keys of a pod's spec that hold containers.
pub(super) const POD_CONTAINERS: &[&str] = &["containers", "initContainers", "ephemeralContainers"];

/// Tells whether the pods of a kind are read where they stand.
pub(crate) fn has_pods(group: &str, kind: &str) -> bool {
    POD_PATHS.iter().any(|known| known.holds == Holds::Pod && (known.group, known.kind) == (group, kind))
}

/// The containers that ECK makes itself, and completes where a pod's template has one of the same name. Source: elastic/cloud-on-k8s:
/// pkg/controller/common/defaults/pod_template.go, and the names in each kind's controller.
const ECK_OWN: &[&str] = &[
    "agent",
    "apm-server",
    "autoops-agent",
    "elasticsearch",
    "enterprise-search",
    "kibana",
    "logstash",
    "maps",
    "package-registry",
];

/// Tells whether an operator fills in what the container leaves out; with the operator's name.
pub(super) fn completed_by(group: &str, container: Option<&str>) -> Option<&'static str> {
    let name = container.filter(|_| group.ends_with(".k8s.elastic.co"))?;
    // Beats' containers are called like the beat.
    let own = ECK_OWN.contains(&name) || name.ends_with("beat") || name.starts_with("elastic-internal-");
    own.then_some("ECK")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        model::{Origin, Repository, SourceFile},
        path::RepoPath,
        syntax,
    };

    /// Returns the names of the containers of an object that has `inner` at the end of a path.
    fn containers(row: &PodPath, inner: &str) -> Vec<(Option<String>, Origin)> {
        let body = row.path.rsplit('.').fold(inner.to_owned(), |inner, step| match step {
            "[]" => format!("[{inner}]"),
            "*" => format!("{{any: {inner}}}"),
            key => format!("{{{key}: {inner}}}"),
        });
        let version = if row.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", row.group) };
        let head = format!("{{apiVersion: {version}, kind: {}, metadata: {{name: x}}", row.kind);
        let text = body.replacen('{', &format!("{head}, "), 1);
        let stream = Arc::new(syntax::parse(text.as_str()).expect("YAML"));
        let path = RepoPath::new("a.yaml").expect("a path");
        let repository = Repository::build(vec![SourceFile { path, stream, protection: None }]);
        repository.containers().iter().map(|found| (found.name.clone(), found.origin.clone())).collect()
    }

    #[test]
    fn every_row_leads_to_its_containers() {
        for row in POD_PATHS.iter().filter(|row| row.holds == Holds::Pod) {
            let found = containers(row, "{containers: [{name: a}], initContainers: [{name: b}]}");
            let names: Vec<_> = found.iter().map(|(name, _)| name.as_deref().unwrap_or_default()).collect();
            assert_eq!(names, ["a", "b"], "{row:?}");
        }
        for row in POD_PATHS.iter().filter(|row| row.holds == Holds::Container) {
            assert_eq!(containers(row, "{name: a}").len(), 1, "{row:?}");
        }
    }

    #[test]
    fn an_operators_own_containers_are_told_from_those_beside_them() {
        let row = POD_PATHS.iter().find(|row| row.kind == "Beat").expect("a row");
        let found = containers(
            row,
            "{containers: [{name: filebeat}, {name: side}], initContainers: [{name: elastic-internal-x}]}",
        );
        let origins: Vec<Origin> = found.into_iter().map(|(_, origin)| origin).collect();
        assert_eq!(origins, [Origin::Operator("ECK"), Origin::Kubernetes, Origin::Operator("ECK")]);
        assert_eq!(completed_by("apps", Some("agent")), None);
    }

    #[test]
    fn rows_are_sorted_and_unique() {
        let key = |row: &PodPath| (row.holds as u8, row.group, row.kind, row.path);
        assert!(POD_PATHS.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));
    }
}
