//! The only place that prints: the report on standard output, notes and errors on standard error.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

use crate::{
    failure::{Exit, Failure},
    report::Report,
};

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Tables for people
    Human,
    /// One JSON document
    Json,
}

/// Where a benchmark prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    form: Form,
}

impl Output {
    pub(crate) fn new(form: Form) -> Self {
        Self { form }
    }

    /// Prints the report.
    pub(crate) fn show(self, report: &Report) -> Result<(), Failure> {
        match self.form {
            Form::Human => print(&report.to_string()),
            Form::Json => print_json(report),
        }
    }

    /// Prints an error, and returns the exit code.
    pub(crate) fn fail(self, failure: &Failure) -> Exit {
        if self.form == Form::Json {
            // There is nowhere to report that the error cannot be printed.
            let _ = print_json(&json!({ "error": failure }));
        } else {
            self.note(&format!("error[{}]: {}", failure.code, failure.message));
            if let Some(hint) = &failure.hint {
                self.note(&format!("hint: {hint}"));
            }
        }
        failure.exit
    }

    /// Says on standard error what is happening. A closed standard error does not stop a benchmark.
    #[expect(clippy::unused_self, reason = "only code that was given the output may print")]
    pub(crate) fn note(self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

fn print_json(document: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(document).map_err(io::Error::from)?;
    text.push('\n');
    print(&text)
}

fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
