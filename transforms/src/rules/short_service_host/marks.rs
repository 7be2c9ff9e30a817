//! Where in the text of an object the words are without which it says nothing about looking names up.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::proxies;
use crate::model::value::{Texts, Value};

/// Of every key and value that [`super::pods::Look`] takes note of, a part that is written in one case only. A backslash may hide
/// any letter.
static WORDS: LazyLock<[Finder<'static>; 9]> = LazyLock::new(|| {
    [
        "hostname",
        "hostAliases",
        "hostNetwork",
        "dnsConfig",
        "dnsPolicy",
        "onfigMap",
        "ecret",
        "/etc",
        "\\",
    ]
    .map(Finder::new)
});

/// The places of such words in an object that stands in one text; none where it is composed of several, or has aliases.
pub(super) struct Marks(Option<Vec<usize>>);

impl Marks {
    /// Looks for the words.
    pub(super) fn of(texts: &Texts, whole: &Value) -> Self {
        let Value::Source(place) = whole else { return Self(None) };
        let stream = texts.stream(place.text);
        let span = stream.node(place.node).span().filter(|_| !stream.may_have_aliases());
        let Some(span) = span else { return Self(None) };
        let text = span.of(stream.text());
        let words = WORDS.iter().flat_map(|word| word.find_iter(text.as_bytes()));
        let mut found: Vec<usize> = words.chain(proxies::mentions(text)).map(|at| span.start as usize + at).collect();
        found.sort_unstable();
        Self(Some(found))
    }

    /// Tells whether a value of the object may hold such a word.
    pub(super) fn may_be_in(&self, texts: &Texts, value: &Value) -> bool {
        let (Some(found), Value::Source(place)) = (&self.0, value) else { return true };
        let Some(span) = texts.node(*place).span() else { return true };
        let next = found.partition_point(|at| *at < span.start as usize);
        found.get(next).is_some_and(|at| *at < span.end as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::pods::Look;
    use super::*;
    use crate::{
        finding::FileId,
        model::{SourceFile, value::TextId},
        path::RepoPath,
        syntax,
    };

    fn looks(text: &str) -> (String, String, Marks) {
        let stream = Arc::new(syntax::parse(text).expect("YAML"));
        let root = stream.documents().next().and_then(|document| document.root()).expect("a root").id();
        let path = RepoPath::new("a.yaml").expect("a path");
        let texts = Texts::new(&[SourceFile { path, stream: Arc::clone(&stream), protection: None }]);
        let whole = texts.value(TextId::of_file(FileId(0)), stream.node(root));
        let all = Look::through(&texts, &whole, &Marks(None));
        (format!("{all:?}"), format!("{:?}", Look::at(&texts, &whole)), Marks::of(&texts, &whole))
    }

    #[test]
    fn whatever_an_object_says_has_a_mark() {
        let nothing = format!("{:?}", Look::default());
        for part in [
            "hostname: web",
            "\"host\\u006eame\": web",
            "hostAliases: [{ip: 1.2.3.4, hostnames: [redis]}]",
            "volumeMounts: [{name: x, mountPath: /etc/hosts}]",
            "globalMounts: [{path: /etc/}]",
            "dnsConfig: {options: [{name: ndots, value: '1'}]}",
            "dnsPolicy: None",
            "dnsPolicy: \"Defaul\\\n    t\"",
            "hostNetwork: true",
            "env: [{name: A, valueFrom: {configMapKeyRef: {name: x, key: y}}}]",
            "envFrom: [{secretRef: {name: x}}]",
            "envFrom: [{configMap: x}]",
            "volumes: [{secret: {secretName: x}}]",
            "persistence: {x: {type: configMap, name: y}}",
            "valuesFrom: [{kind: Secret, name: y}]",
            "env: [{name: HTTPS_Proxy, value: x}]",
            "env: {all_proxy: x}",
            "command: ['-Dhttp.proxyHost=x']",
            "args: [\"export http_pro\\\n    xy=x\"]",
        ] {
            for text in [
                format!("kind: Pod\nspec:\n  other: [{{a: b}}]\n  {part}\n"),
                format!("kind: Pod\na: &x 1\nb: *x\nspec:\n  {part}\n"),
            ] {
                let (all, marked, _) = looks(&text);
                assert_eq!(all, marked, "{text}");
                assert_ne!(all, nothing, "{text}");
            }
        }
    }

    #[test]
    fn an_object_that_says_nothing_has_none() {
        let (_, _, marks) = looks("kind: Pod\nspec:\n  containers: [{image: x, env: [{name: A, value: b}]}]\n");
        assert_eq!(marks.0, Some(Vec::new()));
    }
}
