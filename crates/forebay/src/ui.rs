//! The only place that prints.
//!
//! Two rules decide everything here. With `--output json`, standard output holds exactly one JSON document and
//! whatever else is said goes to standard error. In human form, colour and progress appear on a terminal only, and
//! nothing depends on them: a run that is held says so in words.
//!
//! A command makes one [`Report`] and hands it to [`Ui::show`]; the JSON and the text come from the same value, so
//! they cannot disagree. A command that streams (`export`) writes to [`Ui::stream`].

mod confirm;
pub(crate) mod format;
pub(crate) mod log;
mod page;
mod progress;
mod redact;
mod style;
pub(crate) mod table;

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;

pub(crate) use self::{
    page::Page,
    progress::Progress,
    redact::redact,
    style::{Style, Tone},
    table::Table,
};
use crate::failure::{Exit, Failure};

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text and tables for people
    Human,
    /// One JSON document
    Json,
}

/// A result that can be shown in both forms. Its JSON form is the stable one.
pub(crate) trait Report: Serialize {
    /// Writes the human form.
    fn write(&self, page: &mut Page);
}

/// The terminal, or what stands in its place.
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
        self.text(page.as_str())
    }

    /// Prints one JSON document on standard output.
    pub(crate) fn document(&self, document: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(document)
            .map_err(|error| Failure::new("output_failed", "the result is not JSON").because(&error))?;
        text.push('\n');
        self.text(&text)
    }

    /// Prints text on standard output as it is: the thing asked for, such as a completion script.
    #[expect(clippy::unused_self, reason = "whoever prints must hold the Ui")]
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::output(&error))
    }

    /// Standard output for long results. Map its errors with [`Failure::output`], and flush it.
    #[expect(clippy::unused_self, reason = "whoever prints must hold the Ui")]
    pub(crate) fn stream(&self) -> BufWriter<io::Stdout> {
        BufWriter::with_capacity(64 * 1024, io::stdout())
    }

    /// Says something by the way, on standard error; not with `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Warns, on standard error, also with `--quiet`.
    pub(crate) fn warn(&self, text: &str) {
        self.say(&format!("{} {text}", self.stderr.paint(Tone::Warning, "warning:")));
    }

    /// Progress of something that may take long. `total` is in the unit counted, when known.
    pub(crate) fn progress(&self, what: &str, total: Option<u64>) -> Progress {
        Progress::new(what, total, self.stderr.is_terminal() && !self.quiet)
    }

    /// Tells an error, and gives the exit code to end with.
    pub(crate) fn fail(&self, failure: &Failure) -> Exit {
        if failure.is_silent() {
            return failure.exit_code();
        }
        if self.is_json() {
            // A second failure while telling the first has nowhere to go.
            let _ = self.document(&failure.document());
            return failure.exit_code();
        }
        let text = failure.to_string();
        let (label, rest) = text.split_once(':').unwrap_or((&text, ""));
        self.say(&format!("{}:{rest}", self.stderr.paint(Tone::Bad, label)));
        failure.exit_code()
    }

    /// Standard error may be closed; that is no reason to stop the work.
    #[expect(clippy::unused_self, reason = "whoever prints must hold the Ui")]
    fn say(&self, text: &str) {
        let _ = progress::above(|| writeln!(io::stderr().lock(), "{}", redact(text)));
    }
}
