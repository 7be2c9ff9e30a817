//! The simple commands of a shell script, each with the conditions under which it runs.

use super::{
    command::{Command, is_assignment},
    lexer::{Token, tokens},
};

/// A script as its simple commands, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) commands: Vec<Command>,
    /// Whether a `for` loop without `in` goes over the arguments.
    pub(super) implicit_for: bool,
}

/// Parses a script.
///
/// # Errors
/// The reason, as a lower-case fragment, where its structure is not understood.
pub(super) fn parse(text: &str) -> Result<Script, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        script: Script::default(),
        context: Context::default(),
        depth: 0,
    };
    parser.list(&[])?;
    if parser.at == parser.tokens.len() {
        Ok(parser.script)
    } else {
        Err("its blocks do not match".to_owned())
    }
}

#[derive(Default, Clone)]
struct Context {
    guards: Vec<String>,
    in_function: bool,
    piped: bool,
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    script: Script,
    context: Context,
    depth: usize,
}

/// Deeper nesting than any entrypoint has; it bounds the recursion.
const MAX_DEPTH: usize = 64;

impl Parser {
    fn word(&self) -> Option<&str> {
        match self.tokens.get(self.at) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn operator(&self) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some(Token::Operator(operator)) => Some(operator),
            _ => None,
        }
    }

    fn skip_separators(&mut self) {
        while matches!(self.operator(), Some(";" | "\n")) {
            self.at += 1;
        }
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        self.skip_separators();
        if self.word() == Some(word) || self.operator() == Some(word) {
            self.at += 1;
            return Ok(());
        }
        Err(format!("`{word}` is missing"))
    }

    /// Reads commands up to one of the words, and returns their text.
    fn list(&mut self, until: &[&str]) -> Result<String, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("its blocks are nested too deeply".to_owned());
        }
        self.skip_separators();
        let start = self.at;
        while let Some(token) = self.tokens.get(self.at) {
            let ends = match token {
                Token::Word(word) => until.contains(&word.as_str()),
                Token::Operator(operator) => until.contains(operator),
            };
            if ends {
                break;
            }
            self.and_or()?;
            if self.operator() == Some("&") {
                return Err("it starts something in the background".to_owned());
            }
            self.skip_separators();
        }
        self.depth -= 1;
        Ok(self.text(start, self.at))
    }

    fn text(&self, start: usize, end: usize) -> String {
        let words: Vec<&str> = self
            .tokens
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .map(|token| match token {
                Token::Word(word) => word.as_str(),
                Token::Operator("\n") => ";",
                Token::Operator(operator) => operator,
            })
            .collect();
        words.join(" ").trim_end_matches([' ', ';']).to_owned()
    }

    fn and_or(&mut self) -> Result<(), String> {
        let start = self.at;
        let outer = self.context.guards.len();
        self.pipeline()?;
        while matches!(self.operator(), Some("&&" | "||")) {
            let guard = self.text(start, self.at);
            self.at += 1;
            while self.operator() == Some("\n") {
                self.at += 1;
            }
            self.context.guards.truncate(outer);
            self.context.guards.push(guard);
            self.pipeline()?;
        }
        self.context.guards.truncate(outer);
        Ok(())
    }

    fn pipeline(&mut self) -> Result<(), String> {
        while self.word() == Some("!") {
            self.at += 1;
        }
        let first = self.script.commands.len();
        self.command()?;
        if self.operator() != Some("|") {
            return Ok(());
        }
        while self.operator() == Some("|") {
            self.at += 1;
            while self.operator() == Some("\n") {
                self.at += 1;
            }
            self.command()?;
        }
        for command in &mut self.script.commands[first..] {
            command.piped = true;
        }
        Ok(())
    }

    fn command(&mut self) -> Result<(), String> {
        match self.tokens.get(self.at) {
            Some(Token::Operator("(")) => self.subshell(),
            Some(Token::Operator(operator)) => Err(format!("`{}` is out of place", operator.escape_debug())),
            None => Err("it ends too early".to_owned()),
            Some(Token::Word(word)) => match word.as_str() {
                "if" => self.conditional(),
                "while" | "until" => self.repeated(),
                "for" => self.each(),
                "case" => self.case(),
                "{" => {
                    self.at += 1;
                    self.list(&["}"])?;
                    self.expect("}")?;
                    self.redirections();
                    Ok(())
                }
                "[[" => self.test(),
                "function" => {
                    self.at += 2;
                    if self.operator() == Some("(") {
                        self.at += 1;
                        self.expect(")")?;
                    }
                    self.function()
                }
                "then" | "else" | "elif" | "fi" | "do" | "done" | "esac" | "}" | "select" | "coproc"
                | "time" => Err(format!("`{word}` is out of place")),
                _ if self.tokens.get(self.at + 1) == Some(&Token::Operator("(")) => {
                    self.at += 2;
                    self.expect(")")?;
                    self.function()
                }
                _ => {
                    self.simple();
                    Ok(())
                }
            },
        }
    }

    fn subshell(&mut self) -> Result<(), String> {
        if self.tokens.get(self.at + 1) == Some(&Token::Operator("(")) {
            return Err("it uses ((...))".to_owned());
        }
        self.at += 1;
        let outer = std::mem::replace(&mut self.context.piped, true);
        self.list(&[")"])?;
        self.context.piped = outer;
        self.expect(")")?;
        self.redirections();
        Ok(())
    }

    fn function(&mut self) -> Result<(), String> {
        self.skip_separators();
        let outer = std::mem::replace(&mut self.context.in_function, true);
        self.command()?;
        self.context.in_function = outer;
        Ok(())
    }

    fn conditional(&mut self) -> Result<(), String> {
        self.at += 1;
        let mut guard = self.condition("then")?;
        loop {
            self.guarded(guard.clone(), &["elif", "else", "fi"])?;
            match self.word() {
                Some("elif") => {
                    self.at += 1;
                    // That the earlier conditions failed is a condition too.
                    guard = format!("not {guard} ; {}", self.condition("then")?);
                }
                Some("else") => {
                    self.at += 1;
                    guard = format!("not {guard}");
                }
                _ => break,
            }
        }
        self.expect("fi")?;
        self.redirections();
        Ok(())
    }

    /// Reads a condition with the word that ends it. What runs in it may not be the script's end.
    fn condition(&mut self, end: &str) -> Result<String, String> {
        self.context.guards.push("condition".to_owned());
        let text = self.list(&[end])?;
        self.context.guards.pop();
        self.expect(end)?;
        Ok(text)
    }

    fn guarded(&mut self, guard: String, until: &[&str]) -> Result<(), String> {
        self.context.guards.push(guard);
        self.list(until)?;
        self.context.guards.pop();
        Ok(())
    }

    fn repeated(&mut self) -> Result<(), String> {
        self.at += 1;
        let guard = self.condition("do")?;
        self.guarded(format!("while {guard}"), &["done"])?;
        self.expect("done")?;
        self.redirections();
        Ok(())
    }

    fn each(&mut self) -> Result<(), String> {
        let start = self.at;
        self.at += 2;
        while self.operator() == Some("\n") {
            self.at += 1;
        }
        if self.word() == Some("in") {
            while self.word().is_some() {
                self.at += 1;
            }
        } else {
            self.script.implicit_for = true;
        }
        let guard = self.text(start, self.at);
        self.expect("do")?;
        self.guarded(guard, &["done"])?;
        self.expect("done")?;
        self.redirections();
        Ok(())
    }

    fn case(&mut self) -> Result<(), String> {
        let subject = self.tokens.get(self.at + 1).cloned();
        let Some(Token::Word(subject)) = subject else { return Err("a case has no subject".to_owned()) };
        self.at += 2;
        self.expect("in")?;
        let mut earlier = false;
        loop {
            self.skip_separators();
            if self.word() == Some("esac") {
                break;
            }
            if self.operator() == Some("(") {
                self.at += 1;
            }
            let start = self.at;
            while self.word().is_some() || self.operator() == Some("|") {
                self.at += 1;
            }
            let pattern = self.text(start, self.at);
            self.expect(")")?;
            // A later branch runs only if the earlier patterns did not match.
            let after = if earlier { " (after others)" } else { "" };
            self.guarded(format!("case {subject} in {pattern}{after}"), &[";;", "esac"])?;
            earlier = true;
            if self.operator() == Some(";;") {
                self.at += 1;
            }
        }
        self.expect("esac")?;
        self.redirections();
        Ok(())
    }

    /// `[[ ... ]]`, whose operators are no shell operators.
    fn test(&mut self) -> Result<(), String> {
        let start = self.at;
        while self.at < self.tokens.len() && self.word() != Some("]]") {
            self.at += 1;
        }
        self.expect("]]")?;
        let words = vec![self.text(start, self.at)];
        self.push(words);
        Ok(())
    }

    fn simple(&mut self) {
        let mut words = Vec::new();
        while let Some(Token::Word(word)) = self.tokens.get(self.at) {
            let word = word.clone();
            self.at += 1;
            match redirection(&word) {
                Some(true) => {}
                Some(false) => self.at += usize::from(self.word().is_some()),
                None if words.is_empty() && is_assignment(&word) => {}
                None => words.push(word),
            }
        }
        self.push(words);
    }

    fn push(&mut self, words: Vec<String>) {
        let Context { guards, in_function, piped } = self.context.clone();
        self.script.commands.push(Command { words, guards, in_function, piped });
    }

    fn redirections(&mut self) {
        while let Some(complete) = self.word().and_then(redirection) {
            self.at += if complete { 1 } else { 2 };
        }
    }
}

/// Tells whether a word is a redirection, and if so whether its target belongs to it.
fn redirection(word: &str) -> Option<bool> {
    let rest = word.trim_start_matches(|character: char| character.is_ascii_digit());
    let rest = rest.strip_prefix('&').unwrap_or(rest);
    let target = rest.trim_start_matches(['<', '>']);
    if target.len() == rest.len() {
        return None;
    }
    let target = target.strip_prefix(['&', '|']).unwrap_or(target);
    // The delimiter of a heredoc was taken with its operator already.
    Some(!target.is_empty() || rest.starts_with("<<"))
}
