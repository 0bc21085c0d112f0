//! The only module that prints.
//!
//! Two rules apply. With `--output json`, standard output contains exactly one JSON document and everything else goes
//! to standard error. In human form, colour and progress appear only on a terminal and add no information.
//!
//! A command makes one [`Report`] and passes it to [`Ui::show`]. The JSON and the text come from the same value, so
//! they cannot differ. A command that streams (`export`) writes to [`Ui::stream`], and `mcp` to its own lines; both
//! pass their JSON through [`escape_json`].

mod clean;
mod confirm;
pub(crate) mod log;
pub(crate) mod otlp;
mod page;
mod progress;
mod style;
pub(crate) mod table;

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;

pub(crate) use forebay_domain::redact::redact;
pub(crate) use forebay_engine::human::{self as format, escape_json};

pub(crate) use self::{
    page::Page,
    progress::Progress,
    style::{Style, Tone},
    table::Table,
};
use crate::failure::{Exit, Failure};

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text and tables for people
    Human,
    /// One JSON document; `work` prints JSON Lines
    Json,
}

/// A result that can be shown in both forms. The JSON form is stable.
pub(crate) trait Report: Serialize {
    /// Writes the human form.
    fn write(&self, page: &mut Page);
}

/// The output of the process.
#[derive(Debug)]
pub(crate) struct Ui {
    output: Output,
    quiet: bool,
    stdout: Style,
    stderr: Style,
}

impl Ui {
    pub(crate) fn new(output: Output, quiet: bool) -> Self {
        Self {
            output,
            quiet,
            stdout: Style::of(io::stdout().is_terminal()),
            stderr: Style::of(io::stderr().is_terminal()),
        }
    }

    /// Whether `--output json` was given.
    pub(crate) fn is_json(&self) -> bool {
        self.output == Output::Json
    }

    /// Prints the result of a command, once.
    pub(crate) fn show(&self, report: &impl Report) -> Result<(), Failure> {
        if self.is_json() {
            return self.document(report);
        }
        let mut page = Page::new(self.stdout);
        report.write(&mut page);
        self.text(&clean::clean(page.as_str()))
    }

    /// Prints a page of a list. In human form, a note says how to get the next page.
    pub(crate) fn show_page<T>(&self, page: &forebay_views::Page<T>) -> Result<(), Failure>
    where
        forebay_views::Page<T>: Report,
    {
        self.show(page)?;
        if let Some(next) = page.next.as_ref().filter(|_| !self.is_json()) {
            self.note(&format!("there are more; for the next page, add --after {next}"));
        }
        Ok(())
    }

    /// Prints one JSON document on standard output.
    pub(crate) fn document(&self, document: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(document)
            .map_err(|error| Failure::new("output_failed", "the result is not JSON").because(&error))?;
        text.push('\n');
        self.text(&escape_json(&text))
    }

    /// Prints one JSON document on its own line, for a command that prints JSON Lines.
    pub(crate) fn line(&self, document: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string(document)
            .map_err(|error| Failure::new("output_failed", "the result is not JSON").because(&error))?;
        text.push('\n');
        self.text(&escape_json(&text))
    }

    /// Prints text unchanged on standard output, such as a completion script.
    #[expect(clippy::unused_self, reason = "only code with a Ui may print")]
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::output(&error))
    }

    /// Standard output for long results. Map its errors with [`Failure::output`], and flush it.
    #[expect(clippy::unused_self, reason = "only code with a Ui may print")]
    pub(crate) fn stream(&self) -> BufWriter<io::Stdout> {
        BufWriter::with_capacity(64 * 1024, io::stdout())
    }

    /// Prints a note on standard error, unless `--quiet` is set.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Prints a warning on standard error, even with `--quiet`.
    pub(crate) fn warn(&self, text: &str) {
        self.say(&format!("{} {text}", self.stderr.paint(Tone::Warning, "warning:")));
    }

    /// Shows the progress of long work. `total` is in the unit counted, if known.
    pub(crate) fn progress(&self, what: &str, total: Option<u64>) -> Progress {
        Progress::new(what, total, self.stderr.is_terminal() && !self.quiet)
    }

    /// Prints an error and returns the exit code.
    pub(crate) fn fail(&self, failure: &Failure) -> Exit {
        if failure.is_silent() {
            return failure.exit_code();
        }
        if self.is_json() {
            // If this fails too, there is nowhere left to report it.
            let _ = self.document(&failure.document());
            return failure.exit_code();
        }
        let text = failure.to_string();
        let (label, rest) = text.split_once(':').unwrap_or((&text, ""));
        self.say(&format!("{}:{rest}", self.stderr.paint(Tone::Bad, label)));
        failure.exit_code()
    }

    /// A closed standard error doesn't stop the work.
    #[expect(clippy::unused_self, reason = "only code with a Ui may print")]
    fn say(&self, text: &str) {
        let _ = progress::above(|| writeln!(io::stderr().lock(), "{}", clean::clean(&redact(text))));
    }
}
