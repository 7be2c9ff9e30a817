//! Standard output and standard error: colours on a terminal alone, and errors that reach the caller.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Result;
use clap::ColorChoice;

use crate::sink::screen;

/// Sets for the whole process when colours are used.
pub(super) fn set_color(choice: ColorChoice) {
    match choice {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

/// Prints a report for people on standard output.
pub(super) fn report(text: &str) -> Result<()> {
    Ok(anstream::stdout().lock().write_all(text.as_bytes())?)
}

/// Prints what `make` makes: told `true` where standard output is no terminal, so that it may hold what eyes should not see.
pub(super) fn piped_exactly(make: impl FnOnce(bool) -> String) -> Result<()> {
    raw(make(!io::stdout().is_terminal()).as_bytes())
}

/// Prints a report for people on standard error, because standard output holds something for machines.
pub(super) fn note(text: &str) -> Result<()> {
    Ok(anstream::stderr().lock().write_all(text.as_bytes())?)
}

/// Prints a report for people that may stand in the log of a workflow: the runner takes none of its lines for a command.
pub(super) fn log(text: &str) -> Result<()> {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let line = line.replace("##[", "#\u{200b}#[");
        out.push_str(&match line.trim_start().starts_with("::") {
            true => line.replacen("::", ":\u{200b}:", 1),
            false => line,
        });
    }
    report(&out)
}

/// Writes bytes to standard output as they are.
pub(super) fn raw(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Prints a patch: as it is for machines, and with the usual colours and nothing treacherous on a terminal.
pub(super) fn patch(text: &str) -> Result<()> {
    let colours = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    if !colours && !io::stdout().is_terminal() {
        return raw(text.as_bytes());
    }
    let mut out = anstream::stdout().lock();
    for line in screen::plain_lines(text).split_inclusive('\n') {
        let style = match line.as_bytes() {
            [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => anstyle::Style::new().bold(),
            [b'@', ..] => anstyle::AnsiColor::Cyan.on_default(),
            [b'-', ..] => anstyle::AnsiColor::Red.on_default(),
            [b'+', ..] => anstyle::AnsiColor::Green.on_default(),
            _ => anstyle::Style::new(),
        };
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        write!(out, "{style}{text}{style:#}{end}")?;
    }
    Ok(())
}

/// Tells why the run failed.
pub(super) fn error(error: &anyhow::Error) {
    let text = format!("{error:#}");
    let bold = anstyle::AnsiColor::Red.on_default().bold();
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{bold}error:{bold:#} {}", screen::plain_lines(&text));
}
