use super::{Refusal, check, entry, refuse};
use crate::edit::{EditSet, remove_entry, rename_key};
use crate::syntax::{Frozen, Stream};

fn rename(stream: &Stream) -> Result<EditSet, Refusal> {
    rename_key(entry(stream, "command"), "args")
}

fn remove(stream: &Stream) -> Result<EditSet, Refusal> {
    remove_entry(entry(stream, "command"))
}

#[test]
fn a_key_is_renamed_in_its_quotes() {
    check("command: [a] # c\n", rename, "args: [a] # c\n");
    check("- 'command':   # c\n    - a\n", rename, "- 'args':   # c\n    - a\n");
    check("{\"command\":[\"a\"]}\n", rename, "{\"args\":[\"a\"]}\n");
    check("command: &x [a]\ny: *x\n", rename, "args: &x [a]\ny: *x\n");
    check("command: [a]\n", |stream| rename_key(entry(stream, "command"), "a: b"), "\"a: b\": [a]\n");
}

#[test]
fn a_key_is_not_renamed() {
    refuse("command: [a]\nargs:\n", rename, &Refusal::KeyExists("args".into()));
    refuse("x: &x\n  command: [a]\ny: *x\n", rename, &Refusal::Frozen(Frozen::Anchored));
    refuse("? command\n: [a]\n", rename, &Refusal::Frozen(Frozen::ExplicitKey));
    refuse("x: &x {a: b}\ny:\n  <<: *x\n  command: [a]\n", rename, &Refusal::Frozen(Frozen::MergeKey));
}

#[test]
fn an_entry_goes_with_its_comments() {
    check("a: b\n# above\ncommand: [a] # behind\n\n# next\nc: d\n", remove, "a: b\n\n# next\nc: d\n");
    check("a: b # kept\ncommand:\n  - a\n  # - b\n# next\nc: d\n", remove, "a: b # kept\n# next\nc: d\n");
    check(
        "a: b\n\n# above\ncommand: x\n",
        |stream| remove_entry(entry(stream, "a")),
        "\n# above\ncommand: x\n",
    );
    check("- command: [a] # behind\n  b: c\n", remove, "- b: c\n");
    check("- a: b\n  command: |\n    text\n\n    # text\n  c: d\n", remove, "- a: b\n  c: d\n");
    check("{command: [a], b: c}\n", remove, "{b: c}\n");
    check("{b: c, command: [a]} # x\n", remove, "{b: c} # x\n");
    check("{b: c, command: [a], } # x\n", remove, "{b: c, } # x\n");
    check("{b: ,command: [a]}\n", remove, "{b: }\n");
}

#[test]
fn the_final_line_break_stays_as_it_was() {
    let run = |text: &str| super::run(text, &remove);
    assert_eq!(run("a: b\ncommand: [a]").as_deref(), Ok("a: b"));
    assert_eq!(run("a: b\n\n# c\ncommand: [a]").as_deref(), Ok("a: b"));
    assert_eq!(run("a: b\ncommand: [a]\n").as_deref(), Ok("a: b\n"));
    assert_eq!(run("a: b  \ncommand: [a]").as_deref(), Ok("a: b  "));
    assert_eq!(run("a: |-\n  b\ncommand: [a]").as_deref(), Ok("a: |-\n  b"));
    assert_eq!(run("a: |-\n  b\n    \ncommand: [a]"), Err(Refusal::BlockScalarAbove));
    assert_eq!(run("a: |\n  b\ncommand: [a]"), Err(Refusal::BlockScalarAbove));
}

#[test]
fn an_entry_does_not_go() {
    refuse("- command: [a]\n", remove, &Refusal::WouldBeEmpty);
    refuse("- command: [a]\n  # next\n  b: c\n", remove, &Refusal::CommentInTheWay);
    refuse("command: [&x a]\nb: *x\n", remove, &Refusal::AnchorOrAlias);
    refuse("{\n  command: [a], # c\n  b: c\n}\n", remove, &Refusal::CommentInTheWay);
    refuse("{b:, command: [a]}\n", remove, &Refusal::SharedLine);
    refuse("a: |+\n  b\ncommand: [a]\n\nc: d\n", remove, &Refusal::BlockScalarAbove);
}
