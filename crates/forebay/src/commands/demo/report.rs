//! What `forebay demo` prints: a numbered step at a time, as they are done, or one document at the end.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    failure::Failure,
    ui::{self, Page, Table, Tone, Ui, format},
};

/// What to try next, and what it does.
const NEXT: [(&str, &str); 3] = [
    ("forebay init", "writes a forebay.toml to name your sources and pipelines in"),
    (
        "forebay persist FILE --source NAME --key FIELD --complete",
        "keeps your own scrape; run it twice, the second writes nothing",
    ),
    ("forebay work --drain", "ingests what changed; `forebay search WORD` finds it"),
];

/// The steps so far.
pub(super) struct Story<'a> {
    ui: &'a Ui,
    steps: Vec<Step>,
}

/// One step. The JSON form leaves tables out; `figures` has what they show.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    number: usize,
    /// A stable word for it.
    name: &'static str,
    title: &'static str,
    told: Vec<String>,
    figures: Map<String, Value>,
    /// The claims that were checked, and held.
    checked: Vec<String>,
    commands: Vec<String>,
    duration_ms: u64,
    #[serde(skip)]
    tables: Vec<Table>,
    #[serde(skip)]
    started: Instant,
}

/// How the demo ended.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) started: Instant,
    /// Where the kept database is; None: it was dropped.
    pub(super) kept: Option<Place>,
}

/// A kept database.
#[derive(Debug, Serialize)]
pub(super) struct Place {
    /// Its name, and where, for people.
    pub(super) target: String,
    /// How to connect, where that needs no password.
    pub(super) url: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    steps: &'a [Step],
    num_checked: usize,
    kept: &'a Option<Place>,
    duration_ms: u64,
    next: Vec<&'static str>,
}

impl<'a> Story<'a> {
    pub(super) fn new(ui: &'a Ui) -> Self {
        Self { ui, steps: Vec::new() }
    }

    /// Begins a step.
    pub(super) fn begin(&self, name: &'static str, title: &'static str) -> Step {
        Step {
            number: self.steps.len() + 1,
            name,
            title,
            told: Vec::new(),
            figures: Map::new(),
            checked: Vec::new(),
            commands: Vec::new(),
            duration_ms: 0,
            tables: Vec::new(),
            started: Instant::now(),
        }
    }

    /// Ends a step: people see it now.
    pub(super) fn end(&mut self, mut step: Step) -> Result<(), Failure> {
        step.duration_ms = millis(step.started.elapsed());
        if !self.ui.is_json() {
            self.ui.show(&step)?;
        }
        self.steps.push(step);
        Ok(())
    }

    /// Ends the demo.
    pub(super) fn close(&self, ending: &Ending) -> Result<(), Failure> {
        let document = Document {
            steps: &self.steps,
            num_checked: self.steps.iter().map(|step| step.checked.len()).sum(),
            kept: &ending.kept,
            duration_ms: millis(ending.started.elapsed()),
            next: NEXT.iter().map(|(command, _)| *command).collect(),
        };
        self.ui.show(&document)
    }
}

impl Step {
    /// Tells something, in a sentence or two.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.told.push(text.into());
    }

    /// Adds a figure to the document.
    pub(super) fn figure(&mut self, name: &str, value: impl Serialize) -> Result<(), Failure> {
        let value = serde_json::to_value(value)
            .map_err(|error| Failure::new("output_failed", "a figure is not JSON").because(&error))?;
        self.figures.insert(name.to_owned(), value);
        Ok(())
    }

    /// Shows a table.
    pub(super) fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Names a command that does the same for the user's own data.
    pub(super) fn command(&mut self, command: impl Into<String>) {
        self.commands.push(command.into());
    }

    /// Makes a claim, which must hold: what was found must be what was expected.
    ///
    /// Errors: `demo_failed`, which names the step.
    pub(super) fn check<T: PartialEq + Debug>(
        &mut self,
        claim: impl Into<String>,
        found: &T,
        expected: &T,
    ) -> Result<(), Failure> {
        let claim = claim.into();
        if found == expected {
            self.checked.push(claim);
            return Ok(());
        }
        let message = format!(
            "step {} ({}) does not hold: {claim}; found {found:?} instead of {expected:?}",
            self.number, self.name
        );
        Err(Failure::new("demo_failed", message)
            .hint("this is a fault of Forebay; `forebay demo --keep` leaves the database to look into"))
    }
}

impl ui::Report for Step {
    fn write(&self, page: &mut Page) {
        if self.number > 1 {
            page.line("");
        }
        page.toned(Tone::Heading, &format!("{}. {}", self.number, self.title));
        let width = page.style().room();
        for text in &self.told {
            for line in wrapped(&format::plain(text), width) {
                page.line(&line);
            }
        }
        for table in &self.tables {
            page.line("");
            page.table(table, "");
        }
        if !self.tables.is_empty() {
            page.line("");
        }
        for claim in &self.checked {
            page.toned(Tone::Good, &format!("checked: {claim}"));
        }
        for (place, command) in self.commands.iter().enumerate() {
            let label = if place == 0 { "for your data:" } else { "          and:" };
            page.toned(Tone::Faint, &format!("{label} {command}"));
        }
    }
}

impl ui::Report for Document<'_> {
    fn write(&self, page: &mut Page) {
        let took = format::duration(Duration::from_millis(self.duration_ms));
        page.line("");
        page.toned(
            Tone::Heading,
            &format!("Done in {took}; {} claims were checked and hold", self.num_checked),
        );
        match self.kept {
            None => page
                .line("The demo's database was dropped; `forebay demo --keep` leaves it to look around in."),
            Some(place) => place.write(page),
        }
        page.heading("Next");
        page.fields(NEXT.iter().map(|(command, what)| (*command, (*what).to_owned())));
    }
}

impl Place {
    fn write(&self, page: &mut Page) {
        page.line(&format!("The demo's database was kept: {}.", self.target));
        if let Some(url) = &self.url {
            page.line(&format!("  psql '{url}'"));
            page.line(&format!("  forebay --database-url '{url}' stats"));
            page.line("It answers while a Forebay command runs; `forebay work` in another terminal is one.");
        }
        page.line("The next `forebay demo` drops it.");
    }
}

impl Ending {
    /// Whether a database was kept that is gone when this process ends, with the private cluster.
    pub(super) fn is_private(&self) -> bool {
        self.kept.as_ref().is_some_and(|place| place.url.is_some())
    }
}

/// A text in lines that are no wider than `width`, unless a word is.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Output;

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(wrapped("  one two three", 9), ["  one two", "three"]);
        assert_eq!(wrapped("incomprehensibilities", 9), ["incomprehensibilities"]);
        assert_eq!(wrapped("", 9), [""]);
    }

    #[test]
    fn a_claim_that_does_not_hold_names_its_step() {
        let ui = Ui::new(Output::Json, true);
        let mut step = Story::new(&ui).begin("replay", "The same again");
        step.check("one is one", &1, &1).unwrap();
        let failure = step.check("nothing was written", &2, &0).unwrap_err();
        assert_eq!(failure.code(), "demo_failed");
        insta::assert_snapshot!(
            failure.full_message(),
            @"step 1 (replay) does not hold: nothing was written; found 2 instead of 0"
        );
        assert_eq!(step.checked, ["one is one"]);
    }
}
