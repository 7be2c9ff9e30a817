//! Markdown read by another parser, for tests of what becomes of hostile texts.

use comrak::{Options, markdown_to_html};

/// Renders Markdown as GitHub does.
pub(crate) fn html(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.render.r#unsafe = true;
    markdown_to_html(markdown, &options)
}

/// Fails if the text, which `markdown` was made of, does anything in it: `plain` is what is made of a harmless text.
#[track_caller]
pub(crate) fn assert_harmless(text: &str, markdown: &str, plain: &str) {
    let (rendered, expected) = (html(markdown), html(plain));
    let ((tags, prose), (expected, _)) = (taken_apart(&rendered), taken_apart(&expected));
    assert_eq!(tags, expected, "{text:?} changes what the text is made of:\n{markdown}");
    let bytes = prose.as_bytes();
    let next = |at: usize| bytes.get(at + 1).copied().unwrap_or(b' ');
    for (at, byte) in bytes.iter().enumerate() {
        let bad = match byte {
            b'@' => next(at).is_ascii_alphanumeric(),
            b'#' => next(at).is_ascii_digit(),
            _ => false,
        };
        assert!(!bad, "{text:?} mentions somebody or something: {prose}");
    }
    assert!(!prose.contains("://") && !prose.contains("www.e"), "{text:?} leads away: {prose}");
    assert!(!prose.to_ascii_lowercase().contains("gh-1"), "{text:?} names an issue: {prose}");
    let commands = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
    assert!(!markdown.lines().any(commands), "{text:?} is a command of a workflow:\n{markdown}");
    let steers = |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{1b}' | '\0' | '\r');
    assert!(!markdown.contains(steers), "{text:?} steers:\n{markdown}");
}

/// Splits HTML into its tags, without those of code in lines, and the text outside of code.
fn taken_apart(html: &str) -> (Vec<&str>, String) {
    let (mut tags, mut text, mut code) = (Vec::new(), String::new(), 0_usize);
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        if code == 0 {
            text.push_str(&rest[..start]);
        }
        let end = start + rest[start..].find('>').expect("the end of a tag") + 1;
        let tag = &rest[start..end];
        match tag {
            "</code>" => code -= 1,
            tag if tag.starts_with("<code") => code += 1,
            tag => tags.push(tag),
        }
        rest = &rest[end..];
    }
    text.push_str(rest);
    (tags, text)
}
