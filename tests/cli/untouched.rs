//! What holds hosts and is never touched is counted, so that silence about it is no clean bill.

use serde_json::json;

use crate::harness::Folder;

/// One of everything, beside a Service that the hosts could be.
fn tree() -> Folder {
    let encrypted = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  HOST: ENC[AES256_GCM,data:x,type:str]\nsops:\n  mac: ENC[x]\n";
    let env = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n}\nspec:\n  containers:\n  - name: p\n    image: p\n    env:\n\
        \x20   - {name: A_URL, value: 'http://$(REDIS):80'}\n    - {name: B_URL, value: 'http://redis.${NS}.svc:80'}\n\
        \x20   - {name: C_URL, value: 'http://x-${N}:80, http://${M}:80'}\n    - {name: D_URL, value: 'http://{{ .redis }}:80'}\n";
    Folder::repository(&[
        ("service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: redis, namespace: n}\n"),
        ("encrypted.yaml", encrypted),
        ("values.sops.yaml", "redis:\n  host: ENC[x]\nsops:\n  mac: ENC[x]\n"),
        (
            "sealed.yaml",
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {encryptedData: {HOST: AgB}}\n",
        ),
        (
            "encoded.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: n}\ndata:\n  HOST: cmVkaXM=\n",
        ),
        ("env.yaml", env),
        ("chart/templates/a.yaml", "{{- if .Values.x }}\nhost: redis\n{{- end }}\n"),
    ])
}

#[test]
fn what_is_never_touched_is_counted_and_stays() {
    let folder = tree();
    let before = folder.files();
    let ran =
        folder.caulk(&["fix", "--unsafe-fixes", "--write", "--cluster-domain", "cluster.local"]).exits(0);
    assert_eq!(folder.files(), before);
    ran.says(
        "left alone: 2 documents encrypted by SOPS, 1 SealedSecret, 1 Secret in base64, 1 host with $(VAR), 3 hosts with \
         ${VAR}, 1 host with another placeholder",
    )
    .says("skipped: 1 template that make");
    let report = folder.caulk(&["check", "--format", "json"]).exits(0).json();
    let expected = json!({
        "encrypted_documents": 2,
        "sealed_secrets": 1,
        "encoded_secrets": 1,
        "hosts_with_kubernetes_variables": 1,
        "hosts_with_substitutions": 3,
        "hosts_with_placeholders": 1,
        "templates": 1,
    });
    assert_eq!(report["untouched"], expected);
}

#[test]
fn nothing_is_counted_where_the_rule_of_hosts_does_not_run() {
    let report =
        tree().caulk(&["check", "--format", "json", "--rule", "entrypoint-overridden"]).exits(0).json();
    assert!(report.get("untouched").is_none());
}
