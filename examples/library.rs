//! Forebay as a library: persist records, ask for fresh data, and ingest what changed.
//!
//! Run it twice: `cargo run -p forebay-engine --example library -- /tmp/forebay-library`. The second run changes
//! nothing.

#![expect(clippy::print_stdout, reason = "a program that shows what it does")]

use std::{env, error::Error, path::PathBuf, sync::Arc};

use forebay_engine::{
    clock,
    domain::scope::Scope,
    ensure::{EnsureOptions, Gate, Wanted},
    freshness::Policies,
    persist::{Input, PersistRequest, persist},
    scrape::{Scraper, SourceDefinition, SourceKind},
    sources::ReadOptions,
    store::{Database, OpenOptions, Target, migrations},
    work::{WorkOptions, drain},
};

const COURSES: &str = r#"[{"id": 1, "title": "Logic"}, {"id": 2, "title": "Sets"}]"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // A private Postgres in a folder. `Target::Url` connects to a server instead, which `forebay db up` migrates.
    let data_dir = env::args_os().nth(1).map_or_else(|| PathBuf::from("forebay-library"), PathBuf::from);
    let database = Database::open(Target::Embedded { data_dir }, OpenOptions::default()).await?;
    migrations::ensure(&mut *database.client().await?, database.is_embedded()).await?;
    let database = Arc::new(database);

    // Records that this program has: new ones and changes are stored, and handed off to the pipelines.
    let request = PersistRequest { complete: true, ..PersistRequest::new("courses", ["id"]) };
    let input = Input::bytes("courses", Box::new(COURSES.as_bytes()), ReadOptions::default());
    let run = persist(&database, request, input, &|_| {}).await?;
    println!("persisted {}: {} added, {} updated", run.source, run.counts.num_added, run.counts.num_updated);

    // Records that Forebay scrapes when somebody asks for them and the stored ones are stale.
    let command =
        serde_json::from_str(r#"{"argv": ["echo", "{\"id\": \"open day\", \"month\": \"May\"}"]}"#)?;
    let events = SourceDefinition {
        entity_type: "event".to_owned(),
        key_fields: vec!["id".to_owned()],
        complete: true,
        ..SourceDefinition::new("events", SourceKind::Command(command))
    };
    let sources = Arc::new([(events.name.clone(), events)].into());
    let scraper = Scraper::new(Arc::clone(&database), clock::network(), sources);
    let gate = Gate::new(scraper, Policies::default());
    let wanted = Wanted { entity_type: "event".to_owned(), scope: Scope::default() };
    let answer = gate.ensure(&wanted, EnsureOptions::default()).await;
    println!("{} events, from {}", answer.num_records.unwrap_or(0), answer.answered_from.as_str());
    gate.finish().await;

    // The pipeline `documents`, which every database has, indexes what was handed off.
    let work = drain(&database, &WorkOptions::default(), &|_| {}).await?;
    for pipeline in &work.pipelines {
        println!("{}: {} delivered", pipeline.pipeline, pipeline.num_succeeded);
    }
    drop(gate);
    Arc::into_inner(database).ok_or("the database is still in use")?.close().await?;
    Ok(())
}
