//! Generated containers: `command` and `args` in every layout, with comments everywhere.

use caulk_transforms::syntax::parse;

use crate::before::Before;
use crate::change::check;
use crate::choice::Choice;
use crate::pick::Sites;
use crate::tally::Tally;

const WORDS: [&str; 14] = [
    "server",
    "--port=80",
    "-c",
    "/bin/sh",
    "8080",
    "yes",
    "$(POD_IP)",
    "'8080'",
    "\"yes\"",
    "'it''s'",
    "\"a\\tb\"",
    "'a: b'",
    "\"a, b\"",
    "a:b",
];

/// Writes one file and counts its comments.
struct Writer {
    choice: Choice,
    text: String,
    comments: usize,
}

impl Writer {
    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# c{}", self.comments)
    }

    /// Writes a comment behind what stands there, sometimes, and ends the line.
    fn end_line(&mut self) {
        if self.choice.once_in(4) {
            let comment = self.comment();
            let gap = self.choice.of(&[" ", "  ", "\t"]);
            self.text.push_str(gap);
            self.text.push_str(&comment);
        } else if self.choice.once_in(12) {
            self.text.push_str("  ");
        }
        self.text.push('\n');
    }

    /// Writes a comment line or an empty line, sometimes.
    fn between(&mut self, column: usize) {
        if self.choice.once_in(10) {
            self.text.push('\n');
        }
        while self.choice.once_in(4) {
            let odd = if self.choice.once_in(6) { self.choice.below(8) } else { column };
            let comment = self.comment();
            self.text.push_str(&" ".repeat(odd));
            self.text.push_str(&comment);
            self.text.push('\n');
        }
    }

    fn list(&mut self, column: usize) {
        match self.choice.below(8) {
            0 => {
                let empty = self.choice.of(&["", " []", " [ ]", " ~", " null"]);
                self.text.push_str(empty);
                self.end_line();
            }
            1 | 2 => self.brackets(),
            3 => self.bracket_lines(column),
            _ => self.dashes(column),
        }
    }

    fn brackets(&mut self) {
        let (open, comma, close) =
            self.choice.of(&[("[", ", ", "]"), ("[ ", ", ", " ]"), ("[", ",", "]"), ("[", ",  ", ", ]")]);
        let words: Vec<&str> = (0..=self.choice.below(3)).map(|_| self.choice.of(&WORDS)).collect();
        self.text.push_str(&format!(" {open}{}{close}", words.join(comma)));
        self.end_line();
    }

    fn bracket_lines(&mut self, column: usize) {
        self.text.push_str(" [");
        self.end_line();
        let count = 1 + self.choice.below(3);
        let last_comma = self.choice.once_in(2);
        for index in 0..count {
            self.between(column + 2);
            let word = self.choice.of(&WORDS);
            self.text.push_str(&format!("{}{word}", " ".repeat(column + 2)));
            if index + 1 < count || last_comma {
                self.text.push(',');
            }
            self.end_line();
        }
        self.between(column + 2);
        self.text.push_str(&format!("{}]", " ".repeat(column + 1)));
        self.end_line();
    }

    fn dashes(&mut self, column: usize) {
        self.end_line();
        let dash = column + self.choice.below(3) * 2;
        let gap = self.choice.of(&[" ", " ", "   "]);
        for _ in 0..=self.choice.below(3) {
            self.between(dash);
            self.text.push_str(&format!("{}-{gap}", " ".repeat(dash)));
            self.item(dash + 2);
        }
        if self.choice.once_in(4) {
            self.between(dash);
        }
    }

    fn item(&mut self, column: usize) {
        let deeper = " ".repeat(column + self.choice.below(3));
        match self.choice.below(8) {
            0 => {
                let header = self.choice.of(&["|", "|-", ">", ">-", "|+", "| # c", "|2"]);
                let deeper = if header == "|2" { " ".repeat(column) } else { deeper };
                let blank = self.choice.of(&["", "\n", "\n\n"]);
                self.comments += usize::from(header.contains('#'));
                self.text.push_str(&format!("{header}\n{deeper}a # text\n\n{deeper}  b\n{blank}"));
            }
            1 => {
                let (open, close) = self.choice.of(&[("", ""), ("'", "'"), ("\"", "\"")]);
                self.text.push_str(&format!("{open}two\n{deeper}lines{close}"));
                self.end_line();
            }
            _ => {
                let word = self.choice.of(&WORDS);
                self.text.push_str(word);
                self.end_line();
            }
        }
    }

    fn container(&mut self, column: usize) {
        let mut keys = vec!["command", "args", "image", "env", "script"];
        for index in (1..keys.len()).rev() {
            let other = self.choice.below(index + 1);
            keys.swap(index, other);
        }
        let behind_dash = column > 1 && self.choice.once_in(2);
        for (index, key) in keys.into_iter().enumerate() {
            if index == 0 && behind_dash {
                self.text.push_str(&format!("{}- ", " ".repeat(column - 2)));
            } else {
                self.between(column);
                self.text.push_str(&" ".repeat(column));
            }
            let quote = self.choice.of(&["", "", "\"", "'"]);
            self.text.push_str(&format!("{quote}{key}{quote}:"));
            match key {
                "command" | "args" => self.list(column),
                "env" => {
                    self.text.push_str(&format!("\n{}- name: A\n", " ".repeat(column)));
                }
                "script" => {
                    let header = self.choice.of(&["|", "|+", ">-"]);
                    let blank = self.choice.of(&["", "\n"]);
                    self.text.push_str(&format!(" {header}\n{}run # it\n{blank}", " ".repeat(column + 2)));
                }
                _ => {
                    self.text.push_str(" x");
                    self.end_line();
                }
            }
        }
    }
}

fn write(seed: u64) -> String {
    let mut writer = Writer { choice: Choice::seeded(seed), text: String::new(), comments: 0 };
    if writer.choice.once_in(2) {
        writer.text.push_str("kind: Pod\n---\n");
    }
    let column = 2 * writer.choice.below(4);
    if column > 0 {
        writer.text.push_str("containers:\n");
    }
    writer.container(column);
    let mut text = writer.text;
    if writer.choice.once_in(4) {
        text.push_str("---\nkind: Service # last\n");
    }
    if writer.choice.once_in(6) {
        text = text.replace('\n', "\r\n");
    }
    if writer.choice.once_in(4) {
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
    }
    text
}

#[test]
fn edits_of_generated_containers_change_what_they_say() {
    let full = std::env::var_os("CAULK_FULL").is_some();
    let files = if full { 100_000 } else { 3_000 };
    let (mut tally, mut valid) = (Tally::default(), 0);
    for seed in 0..files {
        let text = write(seed);
        let Ok(stream) = parse(text.as_str()) else { continue };
        let Some(before) = Before::of(&stream) else { continue };
        valid += 1;
        let sites = Sites::of(&stream);
        let mut choice = Choice::seeded(!seed);
        for _ in 0..4 {
            if let Some(change) = sites.pick(&mut choice) {
                tally.add(change.helper(), &text, check(&stream, &before, &change));
            }
        }
    }
    tally.report("generated containers");
    assert!(valid * 10 > files * 8, "{valid} of {files} generated texts are YAML");
}
