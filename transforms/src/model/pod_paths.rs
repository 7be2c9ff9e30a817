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
    pod("batch", "CronJob", "spec.jobTemplate.spec.template.spec"),
    pod("batch", "Job", "spec.template.spec"),
    pod("extensions", "DaemonSet", "spec.template.spec"),
    pod("extensions", "Deployment", "spec.template.spec"),
    pod("extensions", "ReplicaSet", "spec.template.spec"),
    pod("jobset.x-k8s.io", "JobSet", "spec.replicatedJobs.[].template.spec.template.spec"),
    pod("keda.sh", "ScaledJob", "spec.jobTargetRef.template.spec"),
    pod("kubeflow.org", "MPIJob", "spec.mpiReplicaSpecs.*.template.spec"),
    pod("kubeflow.org", "PyTorchJob", "spec.pytorchReplicaSpecs.*.template.spec"),
    pod("kubeflow.org", "TFJob", "spec.tfReplicaSpecs.*.template.spec"),
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
