//! A step of the demo as a value: what it did, its figures and tables, and the claims that it checked.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use forebay_views::{DemoFigures, DemoStep};

use crate::error::{Error, Result};

/// One step.
#[derive(Debug)]
pub struct Step {
    /// From 1.
    pub number: usize,
    /// A stable word for it.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What happened, in paragraphs.
    pub text: Vec<String>,
    /// What was read.
    pub figures: DemoFigures,
    /// The claims that were checked, and hold.
    pub checked: Vec<String>,
    /// Commands that do the same with the user's own data.
    pub commands: Vec<String>,
    /// How long the step took.
    pub duration_ms: u64,
    /// The figures for people.
    pub tables: Vec<Table>,
    started: Instant,
}

/// Rows under titled columns; each row has as many cells as there are columns.
#[derive(Debug)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its title.
    pub title: &'static str,
    /// Whether its cells are counts.
    pub is_count: bool,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text that may come from outside: it may contain control characters.
    Text(String),
    /// A count.
    Count(u64),
}

impl Step {
    /// Starts a step.
    pub(crate) fn start(number: usize, name: &'static str, title: &'static str) -> Self {
        Self {
            number,
            name,
            title,
            text: Vec::new(),
            figures: DemoFigures::default(),
            checked: Vec::new(),
            commands: Vec::new(),
            duration_ms: 0,
            tables: Vec::new(),
            started: Instant::now(),
        }
    }

    /// Ends the step.
    pub(crate) fn done(mut self) -> Self {
        self.duration_ms = millis(self.started.elapsed());
        self
    }

    /// Adds a paragraph.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.text.push(text.into());
    }

    /// Adds a count to its figures.
    pub(crate) fn count(&mut self, name: &str, count: u64) {
        self.figures.counts.insert(name.to_owned(), count);
    }

    /// Adds a table.
    pub(crate) fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Adds a command.
    pub(crate) fn command(&mut self, command: impl Into<String>) {
        self.commands.push(command.into());
    }

    /// Makes a claim: what was found must equal what was expected.
    ///
    /// Errors: `demo_failed`, which names the step.
    pub(crate) fn check<T: PartialEq + Debug>(
        &mut self,
        claim: impl Into<String>,
        found: &T,
        expected: &T,
    ) -> Result<()> {
        let claim = claim.into();
        if found == expected {
            self.checked.push(claim);
            return Ok(());
        }
        Err(Error::ClaimFailed {
            number: self.number,
            name: self.name,
            claim,
            found: format!("{found:?}"),
            expected: format!("{expected:?}"),
        })
    }
}

impl Table {
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl Column {
    pub(crate) fn text(title: &'static str) -> Self {
        Self { title, is_count: false }
    }

    pub(crate) fn count(title: &'static str) -> Self {
        Self { title, is_count: true }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<Step> for DemoStep {
    fn from(step: Step) -> Self {
        Self {
            number: step.number as u64,
            name: step.name.to_owned(),
            title: step.title.to_owned(),
            text: step.text,
            figures: step.figures,
            checked: step.checked,
            commands: step.commands,
            duration_ms: step.duration_ms,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_does_not_hold_names_its_step() {
        let mut step = Step::start(1, "replay", "The same again");
        step.check("one is one", &1, &1).unwrap();
        let error = step.check("nothing was written", &2, &0).unwrap_err();
        assert_eq!(error.code(), "demo_failed");
        insta::assert_snapshot!(
            error.to_string(),
            @"step 1 (replay) does not hold: nothing was written; found 2 instead of 0"
        );
        assert_eq!(step.checked, ["one is one"]);
    }
}
