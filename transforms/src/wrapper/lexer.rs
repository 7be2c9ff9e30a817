//! Words and operators of a shell script, quotes kept.

/// A word as it is written, or an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    /// `;`, `;;`, `&`, `&&`, `|`, `||`, `(`, `)` or a newline.
    Operator(&'static str),
}

/// Splits a script into tokens.
///
/// # Errors
/// The reason, where quotes or substitutions do not end or a form is too unusual to be read with certainty.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut lexer = Lexer { rest: text, tokens: Vec::new(), heredocs: Vec::new() };
    while lexer.step()? {}
    if lexer.heredocs.is_empty() { Ok(lexer.tokens) } else { Err("a heredoc does not end".to_owned()) }
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Vec<Token>,
    /// The delimiters of heredocs whose bodies begin on the next line; with whether tabs are stripped.
    heredocs: Vec<(String, bool)>,
}

/// Deeper nesting than any entrypoint has; it bounds the recursion.
const MAX_DEPTH: usize = 32;

/// Longer operators stand before their beginnings.
const OPERATORS: [&str; 10] = [";;", "&&", "||", ";", "&", "|", "(", ")", "\n", "\r\n"];

impl Lexer<'_> {
    fn step(&mut self) -> Result<bool, String> {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        if let Some(rest) = self.rest.strip_prefix("\\\n") {
            self.rest = rest;
            return Ok(true);
        }
        if self.rest.is_empty() {
            return Ok(false);
        }
        if self.rest.starts_with('#') {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.rest = &self.rest[end..];
            return Ok(true);
        }
        if let Some(operator) = OPERATORS.iter().find(|operator| self.rest.starts_with(**operator)) {
            // `&>` and `>&` are redirections, which are read as part of a word.
            if *operator != "&" || !self.rest.starts_with("&>") {
                self.rest = &self.rest[operator.len()..];
                let newline = operator.ends_with('\n');
                self.tokens.push(Token::Operator(if newline { "\n" } else { operator }));
                if newline {
                    self.skip_heredocs()?;
                }
                return Ok(true);
            }
        }
        self.word()?;
        Ok(true)
    }

    fn word(&mut self) -> Result<(), String> {
        let length = word_length(self.rest)?;
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        if let Some(at) = word.find("<<").filter(|_| !word.starts_with(['"', '\''])) {
            self.heredoc(word, at)?;
        }
        self.tokens.push(Token::Word(word.replace("\\\n", "")));
        Ok(())
    }

    fn heredoc(&mut self, word: &str, at: usize) -> Result<(), String> {
        let after = &word[at + 2..];
        if after.starts_with('<') {
            return Ok(());
        }
        let (after, tabs) = after.strip_prefix('-').map_or((after, false), |rest| (rest, true));
        let mut delimiter = after.to_owned();
        if delimiter.is_empty() {
            // `<< EOF`: the delimiter is the next word.
            self.rest = self.rest.trim_start_matches([' ', '\t']);
            let length = word_length(self.rest)?;
            let (next, rest) = self.rest.split_at(length);
            delimiter = next.to_owned();
            self.rest = rest;
        }
        delimiter.retain(|character| !matches!(character, '"' | '\'' | '\\'));
        if delimiter.is_empty() {
            return Err("a heredoc has no delimiter".to_owned());
        }
        self.heredocs.push((delimiter, tabs));
        Ok(())
    }

    fn skip_heredocs(&mut self) -> Result<(), String> {
        for (delimiter, tabs) in std::mem::take(&mut self.heredocs) {
            loop {
                if self.rest.is_empty() {
                    return Err("a heredoc does not end".to_owned());
                }
                let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
                self.rest = rest;
                let line = if tabs { line.trim_start_matches('\t') } else { line };
                if line.trim_end_matches('\r') == delimiter {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Returns the length in bytes of the word at the beginning of a text.
fn word_length(text: &str) -> Result<usize, String> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b';' | b'|' | b'(' | b')' => break,
            // `2>&1` and `&>file` belong to the word; any other ampersand ends it.
            b'&' if at > 0 && matches!(bytes.get(at - 1), Some(b'>' | b'<')) => at += 1,
            b'&' if bytes.get(at + 1) == Some(&b'>') => at += 2,
            b'&' => break,
            _ => at += piece(&text[at..], 0)?,
        }
    }
    // Something that is no word, such as a lone carriage return, would not move the reading on.
    if at == 0 { Err("a character is out of place".to_owned()) } else { Ok(at) }
}

/// Returns the length of one quoted piece, substitution, escape or character.
fn piece(text: &str, depth: usize) -> Result<usize, String> {
    if depth > MAX_DEPTH {
        return Err("its substitutions are nested too deeply".to_owned());
    }
    let first = text.chars().next().map_or(1, char::len_utf8);
    match text.as_bytes().first() {
        Some(b'\'') => {
            text[1..].find('\'').map(|end| end + 2).ok_or_else(|| "a quote does not end".to_owned())
        }
        Some(b'"') => double_quoted(text, depth + 1),
        Some(b'\\') => Ok(1 + text[1..].chars().next().map_or(0, char::len_utf8)),
        Some(b'`') => {
            text[1..].find('`').map(|end| end + 2).ok_or_else(|| "a backquote does not end".to_owned())
        }
        Some(b'$') => match text.as_bytes().get(1) {
            Some(b'(') => enclosed(text, (b'(', b')'), depth + 1),
            Some(b'{') => enclosed(text, (b'{', b'}'), depth + 1),
            Some(b'\'') => Err("it uses $'...'".to_owned()),
            // `$#` and `$*` would otherwise look like comments and patterns.
            Some(b'#' | b'*' | b'@' | b'?' | b'!' | b'-' | b'$') => Ok(2),
            _ => Ok(1),
        },
        _ => Ok(first),
    }
}

fn double_quoted(text: &str, depth: usize) -> Result<usize, String> {
    let mut at = 1;
    while at < text.len() {
        match text.as_bytes().get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\'') => at += 1,
            _ => at += piece(&text[at..], depth)?,
        }
    }
    Err("a quote does not end".to_owned())
}

/// Returns the length of a substitution, with everything nested in it.
fn enclosed(text: &str, (open, close): (u8, u8), level: usize) -> Result<usize, String> {
    let mut depth = 0_usize;
    // The dollar sign stands first.
    let mut at = 1;
    while let Some(&byte) = text.as_bytes().get(at) {
        if byte == open {
            depth += 1;
            at += 1;
        } else if byte == close {
            depth -= 1;
            at += 1;
            if depth == 0 {
                return Ok(at);
            }
        } else if byte == b'<' && text[at..].starts_with("<<") && open == b'(' {
            return Err("a heredoc stands in a substitution".to_owned());
        } else {
            at += piece(&text[at..], level)?;
        }
    }
    Err("a substitution does not end".to_owned())
}
