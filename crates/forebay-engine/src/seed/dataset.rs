//! What all parts of the made-up data share: its names, its times, and how its records are persisted.

use std::io::Cursor;

use forebay_domain::{
    access::{Role, Skin},
    scope::Scope,
};
use forebay_sources::{Format, ReadOptions};
use forebay_store::{actions::Actor, connect::Database, sources};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    error::{Error, Result},
    persist::{Input, PersistRequest, RunReport, persist},
};

/// Every source but the course has a name that begins with it.
pub(super) const PREFIX: &str = "seed.";

/// A made-up source.
#[derive(Clone, Copy, Debug)]
pub(super) struct MadeUp {
    pub(super) name: &'static str,
    pub(super) entity_type: &'static str,
}

pub(super) const COURSES: MadeUp = MadeUp { name: "seed.courses", entity_type: "course" };
pub(super) const EVENTS: MadeUp = MadeUp { name: "seed.events", entity_type: "event" };
pub(super) const ROOMS: MadeUp = MadeUp { name: "seed.rooms", entity_type: "room" };
pub(super) const REVIEWS: MadeUp = MadeUp { name: "seed.reviews", entity_type: "review" };
pub(super) const PROFESSORS: MadeUp = MadeUp { name: "seed.professors", entity_type: "professor" };
pub(super) const BOOKS: MadeUp = MadeUp { name: "seed.books", entity_type: "book" };
pub(super) const MENUS: MadeUp = MadeUp { name: "seed.menus", entity_type: "menu" };
pub(super) const SHUTTLES: MadeUp = MadeUp { name: "seed.shuttles", entity_type: "shuttle" };

/// All sources, the course included.
pub(super) const NAMES: [&str; 9] = [
    COURSES.name,
    EVENTS.name,
    ROOMS.name,
    REVIEWS.name,
    PROFESSORS.name,
    BOOKS.name,
    MENUS.name,
    SHUTTLES.name,
    "content.seed.rust-basics",
];

/// The database, and the time that the ages of the data refer to.
pub(super) struct Dataset<'a> {
    pub(super) database: &'a Database,
    pub(super) now: Timestamp,
}

impl Dataset<'_> {
    pub(super) fn days_ago(&self, days: i64) -> Timestamp {
        self.ago(SignedDuration::from_hours(24 * days))
    }

    pub(super) fn ago(&self, age: SignedDuration) -> Timestamp {
        self.now.checked_sub(age).unwrap_or(self.now)
    }

    /// Persists records as a complete run of this age.
    pub(super) async fn persist(&self, of: MadeUp, days: i64, records: &[Value]) -> Result<RunReport> {
        let lines: Vec<String> = records.iter().map(Value::to_string).collect();
        self.persist_lines(of, days, &lines.join("\n")).await
    }

    /// The same with an input as text.
    pub(super) async fn persist_lines(&self, of: MadeUp, days: i64, lines: &str) -> Result<RunReport> {
        let request = PersistRequest {
            entity_type: Some(of.entity_type.to_owned()),
            scope: scope(),
            complete: true,
            observed_at: Some(self.days_ago(days)),
            publish: Some(of.name == COURSES.name),
            engine: "scrapy".to_owned(),
            ..PersistRequest::new(of.name, ["id"])
        };
        let options = ReadOptions { format: Format::JsonLines, ..ReadOptions::default() };
        let name = format!("{}.jsonl", of.name.trim_start_matches(PREFIX));
        let input = Input::bytes(name, Box::new(Cursor::new(lines.to_owned())), options);
        persist(self.database, request, input, &|_| {}).await
    }

    /// The id of a made-up source in the database.
    pub(super) async fn source_id(&self, of: MadeUp) -> Result<i32> {
        let source = sources::find(&**self.database.client().await?, of.name).await?;
        Ok(source.ok_or_else(|| Error::NotScraped { source_name: of.name.to_owned() })?.source_id)
    }
}

/// The made-up operator, the same on every machine.
pub(super) fn operator(reason: &str) -> Actor {
    let name = "ada".to_owned();
    let from = Some("seed".to_owned());
    Actor { name, role: Role::Operator, skin: Skin::Cli, from, reason: None }.because(Some(reason))
}

/// The scope of all runs: no entry of the ledger with it belongs to anyone else.
pub(super) fn scope() -> Scope {
    Scope::parse(["campus=seed"]).unwrap_or_default()
}
