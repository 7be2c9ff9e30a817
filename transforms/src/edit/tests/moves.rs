use super::{Refusal, check, entry, holder, refuse};
use crate::edit::{EditSet, move_items_before, move_tail_before};
use crate::syntax::{Entry, Stream};

fn moves(stream: &Stream) -> Result<EditSet, Refusal> {
    let container = holder(stream, "command");
    move_items_before(entry(stream, "command"), container.entry("args").expect("the mapping has args"))
}

fn drops(skip: usize) -> impl Fn(&Stream) -> Result<EditSet, Refusal> {
    move |stream| {
        let container = holder(stream, "command");
        move_tail_before(
            entry(stream, "command"),
            skip,
            container.entry("args").expect("the mapping has args"),
        )
    }
}

#[test]
fn brackets_into_brackets() {
    check(
        "command: [\"dashboard\"]\nargs: [\"/config/dashboard.yaml\"]\n",
        moves,
        "args: [\"dashboard\", \"/config/dashboard.yaml\"]\n",
    );
    check("args: [ a,b ]\nimage: x\ncommand: [ 'c', 'd' ]\n", moves, "args: [ c,d,a,b ]\nimage: x\n");
    check("command: [a, \"b c\"]\nargs: ['x', \"y\"]\n", moves, "args: [a, \"b c\", 'x', \"y\"]\n");
}

#[test]
fn a_value_keeps_its_type_in_other_quotes() {
    check(
        "command: [\"8080\", 'yes', \"a: b\"]\nargs: [x]\n",
        moves,
        "args: [\"8080\", \"yes\", \"a: b\", x]\n",
    );
    check("command: [8080, a]\nargs: [\"x\"]\n", moves, "args: [8080, \"a\", \"x\"]\n");
    check("command: [\"a\\tb\", \"it's\"]\nargs: ['x']\n", moves, "args: ['a\tb', 'it''s', 'x']\n");
}

#[test]
fn lines_into_lines() {
    check("command:\n  - a\n  - b\nargs:\n  - c\n", moves, "args:\n  - a\n  - b\n  - c\n");
    check("command:\n- a\nargs:\n    -   c\nimage: x\n", moves, "args:\n    - a\n    -   c\nimage: x\n");
    check(
        "x:\n  args:\n  - c\n  command:\n    - 'a'\n    - >-\n      b\n      c\n",
        moves,
        "x:\n  args:\n  - a\n  - >-\n    b\n    c\n  - c\n",
    );
}

#[test]
fn comments_move_with_their_items() {
    check(
        "command: # run it\n  # the server\n  - server # not the worker\n\n  # flags\n  - --x\n  # - --debug\nargs:\n# first\n- a # one\n",
        moves,
        "args: # run it\n# the server\n- server # not the worker\n\n# flags\n- --x\n# - --debug\n# first\n- a # one\n",
    );
    check(
        "command: [server] # not the worker\nargs:\n  # first\n  - a\n",
        moves,
        "args:\n  - server # not the worker\n  # first\n  - a\n",
    );
    check(
        "command: [\n  # program\n  \"server\", # why\n  \"x\"\n ] # end\nargs: # all\n  - a\n",
        moves,
        "# end\nargs: # all\n  # program\n  - server # why\n  - x\n  - a\n",
    );
    check("command: [server, x]   # why\nargs: [a]\n", moves, "args: [server, x, a]   # why\n");
    check(
        "command: [server, x] # why\nargs: [a] # because\n",
        moves,
        "# why\nargs: [server, x, a] # because\n",
    );
}

#[test]
fn comments_above_the_key_stay_above_args() {
    check("# how\ncommand: [a]\n# what\nargs: [b]\n", moves, "# how\n# what\nargs: [a, b]\n");
    check(
        "# how\ncommand: [a]\nimage: x\n# what\nargs: [b]\n",
        moves,
        "image: x\n# how\n# what\nargs: [a, b]\n",
    );
    check(
        "# what\nargs: [b]\nimage: x\n# how\ncommand: [a]\n",
        moves,
        "# how\n# what\nargs: [a, b]\nimage: x\n",
    );
    check("- args:\n    - b\n  # how\n  command: [a]\n", moves, "- args:\n    # how\n    - a\n    - b\n");
    refuse("- args: [b]\n  # how\n  command: [a]\n", moves, &Refusal::CommentInFlow);
}

#[test]
fn brackets_over_several_lines() {
    check(
        "command:\n  # program\n  - server # why\n  - x\nargs: [\n  # first\n  \"a\", # one\n  \"b\"\n ]\n",
        moves,
        "args: [\n  # program\n  \"server\", # why\n  \"x\",\n  # first\n  \"a\", # one\n  \"b\"\n ]\n",
    );
    check("command: [a]\nargs: [b,\n  c]\n", moves, "args: [a, b,\n  c]\n");
    check(
        "{\n  \"command\": [\"a\"],\n  \"args\": [\n    \"b\"\n  ]\n}\n",
        moves,
        "{\n  \"args\": [\n    \"a\",\n    \"b\"\n  ]\n}\n",
    );
    check("{args: [b], command: [a]}\n", moves, "{args: [a, b]}\n");
    check("- {name: x, command: [a], args: [b]} # c\n", moves, "- {name: x, args: [a, b]} # c\n");
}

#[test]
fn brackets_into_lines_and_back() {
    check(
        "- name: x\n  command: [\"sh\", '-c', \"a, b\"]\n  args:\n  - \"d\"\n",
        moves,
        "- name: x\n  args:\n  - \"sh\"\n  - \"-c\"\n  - \"a, b\"\n  - \"d\"\n",
    );
    check("command:\n- a, b\n- '[c]'\nargs: [d]\n", moves, "args: [\"a, b\", \"[c]\", d]\n");
    check("command:\n- a\nargs: [\"d\"]\n", moves, "args: [\"a\", \"d\"]\n");
    refuse("command:\n- a # c\nargs: [d]\n", moves, &Refusal::CommentInFlow);
    refuse("command:\n- |\n  a\n  b\nargs: [d]\n", moves, &Refusal::ItemOfSeveralLines);
    refuse("command:\n- a\n  b\nargs: [d]\n", moves, &Refusal::ItemOfSeveralLines);
}

#[test]
fn command_is_the_first_key_behind_a_dash() {
    check("- command: [a]\n  args: [b]\n  name: x\n", moves, "- args: [a, b]\n  name: x\n");
    check(
        "- command: # why\n  - a\n  name: x\n  args:\n  - b\n",
        moves,
        "- name: x\n  args: # why\n  - a\n  - b\n",
    );
    check("- - command: [a]\n    args: [b]\n", moves, "- - args: [a, b]\n");
    refuse("- command: [a]\n  # x\n  name: x\n  args: [b]\n", moves, &Refusal::CommentInTheWay);
}

#[test]
fn empty_args_give_their_name() {
    check("command: [a]\nargs: []\n", moves, "args: [a]\n");
    check("command: [a]\nargs:\nimage: x\n", moves, "args: [a]\nimage: x\n");
    check("args: ~\nimage: x\ncommand:\n  - a # c\n", moves, "image: x\nargs:\n  - a # c\n");
    check(
        "command: [a]\n# none\nargs: [] # needed\nimage: x\n",
        moves,
        "args: [a]\n# none\n# needed\nimage: x\n",
    );
    check("- args: []\n  command: [a]\n  name: x\n", moves, "- args: [a]\n  name: x\n");
    check("- args:\n  name: x\n  command: [a]\n", moves, "- name: x\n  args: [a]\n");
    check("{\"command\": [\"a\"], \"args\": []}\n", moves, "{\"args\": [\"a\"]}\n");
    check("{\"args\": null, \"command\": [\"a\"]}\n", moves, "{\"args\": [\"a\"]}\n");
    check("command: [a, b, c]\nargs: []\n", drops(1), "args: [b, c]\n");
    check("'command':\n- a\n- b\nargs: []\n", drops(1), "'args':\n- b\n");
    refuse("- args: [] # c\n  command: [a]\n", moves, &Refusal::CommentInTheWay);
}

#[test]
fn a_key_that_is_no_string_is_no_name_for_another_key() {
    for text in ["'x': [a]\n~: []\n", "'x': [a]\n: # c\n", "'x': [a]\n80: []\n", "'x': [a]\n!!int 80: []\n"] {
        let swap = |stream: &Stream| {
            let entries: Vec<Entry<'_>> = holder(stream, "x").entries().collect();
            move_items_before(entries[0], entries[1])
        };
        refuse(text, swap, &Refusal::NotAScalar);
    }
}

#[test]
fn the_first_items_can_be_dropped() {
    check("command: [a, b, c]\nargs: [d]\n", drops(1), "args: [b, c, d]\n");
    check("command: [a, b] # why\nargs: [d]\n", drops(1), "args: [b, d] # why\n");
    check(
        "command:\n  - a\n\n  # kept\n  - b # kept\nargs:\n  - d\n",
        drops(1),
        "args:\n  # kept\n  - b # kept\n  - d\n",
    );
    check("command:\n  - a\n  - b\nargs: [d]\n", drops(1), "args: [b, d]\n");
    refuse("command: [a]\nargs: [d]\n", drops(1), &Refusal::NothingToMove);
    for commented in [
        "command:\n  # lost\n  - a\n  - b\n",
        "command:\n  - a # lost\n  - b\n",
        "command: [\n  a, # lost\n  b ]\n",
    ] {
        for args in ["args: [d]\n", "args:\n  - d\n", "args: [\n  d\n ]\n", "args: []\n"] {
            refuse(&format!("{commented}{args}"), drops(1), &Refusal::CommentInTheWay);
        }
    }
}

#[test]
fn comments_at_the_end_of_the_text_move_too() {
    check("args:\n- b\ncommand:\n  - a\n  # - c\n  # - d\n", moves, "args:\n- a\n# - c\n# - d\n- b\n");
    check("args:\n- b\ncommand:\n  - a # c\n", moves, "args:\n- a # c\n- b\n");
}

#[test]
fn a_comment_finds_its_place_behind_blanks() {
    check("args: [b]  \ncommand: [a, c] # why\n", moves, "args: [a, c, b]   # why\n");
}

#[test]
fn scripts_move_as_they_are() {
    check(
        "x:\n    command:\n        - sh\n        - |\n            a\n\n              b # no comment\n    # no\n    args:\n      - c\n",
        moves,
        "x:\n    # no\n    args:\n      - sh\n      - |\n          a\n\n            b # no comment\n      - c\n",
    );
    check(
        "command:\n- |2-\n    a\n- \"b\n  c\"\nargs:\n  - d\n",
        moves,
        "args:\n  - |2-\n      a\n  - \"b\n    c\"\n  - d\n",
    );
    refuse("command:\n- |+\n  a\n\nargs:\n- d\n", moves, &Refusal::BlockScalarAbove);
}

#[test]
fn lines_that_the_block_scalar_above_would_swallow() {
    refuse("a: |+\n  text\ncommand: [a]\n\nargs: [b]\n", moves, &Refusal::BlockScalarAbove);
    refuse("args: [b]\na: |\n  text\ncommand: [a]\n    # odd\nb: c\n", moves, &Refusal::BlockScalarAbove);
    check("a: |\n  text\ncommand: [a]\n\nargs: [b]\n", moves, "a: |\n  text\n\nargs: [a, b]\n");
}

#[test]
fn what_cannot_move_is_refused() {
    use crate::syntax::Frozen;
    refuse("command: a\nargs: [b]\n", moves, &Refusal::NotAList);
    refuse("command: [a]\nargs: b\n", moves, &Refusal::NotAList);
    refuse("command: []\nargs: [b]\n", moves, &Refusal::NothingToMove);
    refuse("command: [[a]]\nargs: [b]\n", moves, &Refusal::ItemIsNoString);
    refuse("command: [~]\nargs: [b]\n", moves, &Refusal::ItemIsNoString);
    refuse("x: &x v\ny:\n  command: [*x]\n  args: [b]\n", moves, &Refusal::ItemIsNoString);
    refuse("command: [&x a]\nargs: [b]\nz: *x\n", moves, &Refusal::AnchorOrAlias);
    refuse("command: &x [a]\nargs: [b]\nz: *x\n", moves, &Refusal::Frozen(Frozen::Anchored));
    refuse("command: [a]\nargs: &x [b]\nz: *x\n", moves, &Refusal::Frozen(Frozen::Anchored));
    refuse("x: &x\n  command: [a]\n  args: [b]\ny: *x\n", moves, &Refusal::Frozen(Frozen::Anchored));
    refuse(
        "x: &x {a: b}\ny:\n  <<: *x\n  command: [a]\n  args: [b]\n",
        moves,
        &Refusal::Frozen(Frozen::MergeKey),
    );
    refuse("command: [a]\nargs: [b]\ncommand: [c]\n", moves, &Refusal::Frozen(Frozen::DuplicateKey));
}
