use super::*;
use crate::facts::ImageFacts;

fn built(text: &str, base: Option<&ImageFacts>) -> Result<Built, String> {
    let dockerfile = Dockerfile::parse(text).map_err(|error| error.to_string())?;
    let recipe = dockerfile.recipe(None, &BTreeMap::new()).map_err(|error| error.to_string())?;
    recipe.apply(base)
}

fn base() -> ImageFacts {
    ImageFacts {
        entrypoint: vec!["docker-entrypoint.sh".to_owned()],
        cmd: vec!["node".to_owned()],
        path: Some("/usr/local/bin:/usr/bin".to_owned()),
        ..ImageFacts::default()
    }
}

fn argv(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn an_entrypoint_clears_an_inherited_command_only() {
    let own = built("FROM node:24\nENTRYPOINT [\"dumb-init\", \"--\", \"ak\"]\n", Some(&base()))
        .expect("it builds");
    assert_eq!((own.entrypoint, own.cmd), (argv(&["dumb-init", "--", "ak"]), argv(&[])));
    let after = built("FROM node:24\nCMD [\"a\"]\nENTRYPOINT [\"b\"]\n", Some(&base())).expect("it builds");
    assert_eq!((after.entrypoint, after.cmd), (argv(&["b"]), argv(&["a"])));
    let staged =
        built("FROM node:24 AS x\nCMD [\"a\"]\nFROM x\nENTRYPOINT [\"b\"]\n", None).expect("it builds");
    assert_eq!(staged.cmd, argv(&[]));
    let inherited = built("FROM node:24\nCMD [\"serve\"]\n", Some(&base())).expect("it builds");
    assert_eq!(inherited.entrypoint, argv(&["docker-entrypoint.sh"]));
    assert!(inherited.inherited_entrypoint);
    let emptied = built("FROM node:24\nENTRYPOINT []\n", Some(&base())).expect("it builds");
    assert_eq!((emptied.entrypoint, emptied.cmd), (argv(&[]), argv(&[])));
}

#[test]
fn an_unknown_base_is_said_to_be_unknown() {
    assert!(built("FROM acme/base\nCMD [\"serve\"]\n", None).is_err());
    // An own entrypoint needs nothing of the base.
    assert!(built("FROM acme/base\nENTRYPOINT [\"a\"]\n", None).is_ok());
}

#[test]
fn the_shell_form_is_run_by_the_shell() {
    let plain = built("FROM scratch\nENTRYPOINT exec top -b\n", None).expect("it builds");
    assert_eq!(plain.entrypoint, argv(&["/bin/sh", "-c", "exec top -b"]));
    let bash = built("FROM scratch\nSHELL [\"/bin/bash\", \"-ec\"]\nCMD a | b\n", None).expect("it builds");
    assert_eq!(bash.cmd, argv(&["/bin/bash", "-ec", "a | b"]));
    let quotes = built("FROM scratch\nENTRYPOINT ['a', 'b']\n", None).expect("it builds");
    assert_eq!(quotes.entrypoint, argv(&["/bin/sh", "-c", "['a', 'b']"]), "single quotes are no JSON");
}

#[test]
fn path_follows_env_and_arg() {
    let text = "ARG ROOT=/opt\nFROM debian\nARG ROOT\nENV HOME=/home/a PATH=\"${ROOT}/bin:$PATH\"\nENV PATH /x:$PATH\nENTRYPOINT [\"a\"]\n";
    let known = ImageFacts { path: Some("/usr/bin".to_owned()), ..ImageFacts::default() };
    assert_eq!(built(text, Some(&known)).expect("it builds").path.as_deref(), Some("/x:/opt/bin:/usr/bin"));
    assert_eq!(built(text, None).expect("it builds").path, None);
    let scratch = built("FROM scratch\nENV PATH=/a:$PATH\n", None).expect("it builds");
    assert_eq!(
        scratch.path.as_deref(),
        Some("/a:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    );
    let unknown = built("FROM debian\nENV PATH=$JAVA_HOME/bin:$PATH\nENTRYPOINT [\"a\"]\n", Some(&known))
        .expect("it builds");
    assert_eq!(unknown.path, None, "the base image may set JAVA_HOME");
}

#[test]
fn heredocs_comments_and_continued_lines_are_read() {
    let text = "# syntax=docker/dockerfile:1\nFROM debian\nRUN <<EOF\nENTRYPOINT [\"wrong\"]\nEOF\nRUN echo $((1 << 2)) && cat <<<x\n\
                COPY <<-\"END\" /a\n\tCMD wrong\n\tEND\nENTRYPOINT [\"a\", \\\n  # why\n\n  \"b\"]\n";
    let own = built(text, None).expect("it builds");
    assert_eq!((own.entrypoint, own.cmd), (argv(&["a", "b"]), argv(&[])));
    assert!(matches!(
        Dockerfile::parse("FROM a\nRUN <<EOF\nx\n"),
        Err(DockerfileError::Line { line: 2, .. })
    ));
    let windows = "# escape=`\nFROM scratch\nENTRYPOINT [\"a\", `\n \"b\"]\n";
    assert_eq!(built(windows, None).expect("it builds").entrypoint, argv(&["a", "b"]));
}

#[test]
fn stages_are_found_by_name_number_and_default() {
    let text = "ARG TAG=3\nFROM golang:1 AS build\nENTRYPOINT [\"wrong\"]\nFROM alpine:${TAG} AS run\nENTRYPOINT [\"right\"]\nFROM run AS debug\nCMD [\"x\"]\n";
    let dockerfile = Dockerfile::parse(text).expect("it parses");
    let recipe = |target| dockerfile.recipe(target, &BTreeMap::new()).expect("the stage is there");
    assert_eq!(recipe(None).base, Base::Image("alpine:3".to_owned()));
    assert_eq!(recipe(Some("BUILD")).base, Base::Image("golang:1".to_owned()));
    assert_eq!(recipe(Some("1")).apply(None).expect("it builds").entrypoint, argv(&["right"]));
    assert!(dockerfile.recipe(Some("nope"), &BTreeMap::new()).is_err());
    let args = BTreeMap::from([("TAG".to_owned(), "4".to_owned())]);
    assert_eq!(
        dockerfile.recipe(Some("run"), &args).expect("it is there").base,
        Base::Image("alpine:4".to_owned())
    );
    let unknown = Dockerfile::parse("ARG BASE\nFROM $BASE\nENTRYPOINT [\"a\"]\n").expect("it parses");
    assert_eq!(
        unknown.recipe(None, &BTreeMap::new()).expect("a stage").base,
        Base::Unknown("$BASE".to_owned())
    );
    // A stage that names itself means an image of that name, not itself.
    let own = Dockerfile::parse("FROM redis AS redis\n").expect("it parses");
    assert_eq!(own.recipe(None, &BTreeMap::new()).expect("a stage").base, Base::Image("redis".to_owned()));
}

#[test]
fn a_copied_script_is_traced_to_the_build_context() {
    let text = "FROM scratch\nWORKDIR /app\nCOPY . .\nCOPY --chmod=755 docker/entrypoint.sh /entrypoint.sh\nCOPY a.sh b.sh /usr/local/bin/\nCOPY --from=build /x /out\n";
    let own = built(text, None).expect("it builds");
    assert_eq!(own.source_of("/entrypoint.sh").as_deref(), Some("docker/entrypoint.sh"));
    assert_eq!(own.source_of("/usr/local/bin/b.sh").as_deref(), Some("b.sh"));
    assert_eq!(own.source_of("/app/bin/run").as_deref(), Some("bin/run"));
    assert_eq!(own.source_of("/out"), None);
    assert_eq!(own.source_of("/etc/passwd"), None);
}

#[test]
fn hostile_text_ends_without_a_panic() {
    for text in [
        "",
        "FROM",
        "FROM a AS",
        "FROM a b c",
        "ENV",
        "FROM a\nENV",
        "FROM a\nCOPY",
        "FROM a\nCOPY --from",
        "FROM a\nENTRYPOINT",
        "FROM ${",
        "FROM ${a:-${b:-${c",
        "FROM a\nENV A=${B:-é}",
        "\\",
        "FROM a\n\\",
        "FROM a\nENTRYPOINT [1, 2]",
    ] {
        let _ = built(text, None);
    }
}
