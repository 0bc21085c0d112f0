//! The first four steps: a database; day 1 of the site persisted, ingested, and searched.

use forebay_engine::{
    retrieval::{self, SearchOptions},
    work,
};
use forebay_store::{migrations, stats};
use forebay_views::{PipelineWork, SearchHit};

use crate::{
    database::{self, DATABASE, TABLE},
    error::Result,
    lists::{COURSES, EVENTS, ingest as drain, scrape as persist, table_pipeline},
    memory::Memory,
    runs::{runs_table, summaries},
    stage::Stage,
    step::{Column, Step, Table},
};

/// Characters of a snippet to show.
const SNIPPET: usize = 60;

/// A database with the schema and the pipelines. Remembers the server's counters before anything is stored.
pub(crate) async fn database(number: usize, stage: &Stage, memory: &mut Memory) -> Result<Step> {
    let mut step = Step::start(number, "database", "A database of its own");
    let (version, totals) = stage
        .work(async |database| {
            let mut client = database.client().await?;
            migrations::ensure(&mut client, true).await?;
            work::declare(database, &[table_pipeline()]).await?;
            Ok((database::server_version(&**client).await?, stats::totals(&**client, None).await?))
        })
        .await?;
    let counters = stage.counters().await?;
    let num_tables = counters.iter().filter(|table| table.schema == "forebay").count();
    step.say(match stage.data_dir() {
        Some(data_dir) => format!("A private PostgreSQL {version} runs in {data_dir}."),
        None => format!("The configured server runs PostgreSQL {version}."),
    });
    step.say(format!(
        "The demo created the database {DATABASE} there and does not touch yours. It contains Forebay's schema: \
         {num_tables} tables."
    ));
    step.count("num_tables", num_tables as u64);
    step.check("the database contains no reference yet", &(totals.num_active + totals.num_removed), &0)?;
    step.command("forebay db up");
    memory.at_first = counters;
    Ok(step.done())
}

/// Day 1 of the site is scraped and persisted.
pub(crate) async fn scrape(number: usize, stage: &Stage, memory: &mut Memory) -> Result<Step> {
    let mut step =
        Step::start(number, "first_day", "Day 1: a site is scraped, and its records become references");
    let (runs, summaries, totals) = stage
        .work(async |database| {
            let courses = persist(database, COURSES, stage.url("/day/1/courses"), stage.first_day).await?;
            let events = persist(database, EVENTS, stage.url("/day/1/events"), stage.first_day).await?;
            let totals = stats::totals(&**database.client().await?, None).await?;
            let runs = [courses, events];
            let summaries = summaries(database, &runs).await?;
            Ok((runs, summaries, totals))
        })
        .await?;
    let num_seen: u64 = runs.iter().map(|run| run.counts.num_seen).sum();
    let num_handoffs: u64 = runs.iter().map(|run| run.num_handoffs).sum();
    step.say(format!("A made-up university serves pages of JSON on {}.", stage.url("/day/1/courses")));
    step.say(format!(
        "Each record got an id computed from its source and key, and a hash of its content. The transaction that \
         wrote the references also queued a hand-off for each pipeline that subscribes to them: {num_handoffs} in \
         total."
    ));
    step.table(runs_table(&runs));
    step.figures.runs = summaries;
    step.count("num_references", totals.num_active);
    step.count("num_handoffs", num_handoffs);
    step.check("the database contains one reference for each record seen", &totals.num_active, &num_seen)?;
    let pending = totals.handoffs.get("pending").copied().unwrap_or_default();
    step.check("every queued hand-off waits in the database", &pending, &num_handoffs)?;
    step.command("forebay persist courses.json --source courses --key id --records /items --complete");
    memory.runs = runs.into();
    memory.num_references = totals.num_active;
    memory.num_handoffs = num_handoffs;
    Ok(step.done())
}

/// What was handed off is ingested.
pub(crate) async fn ingest(number: usize, stage: &Stage, memory: &Memory) -> Result<Step> {
    let mut step = Step::start(number, "ingest", "The hand-offs are ingested");
    let (report, rows, differences, documents, totals) = stage
        .work(async |database| {
            let report = drain(database).await?;
            let client = database.client().await?;
            let rows = database::courses(&**client, 3).await?;
            let differences = database::num_differences(&**client).await?;
            let documents = database::num_documents(&**client).await?;
            Ok((report, rows, differences, documents, stats::totals(&**client, None).await?))
        })
        .await?;
    step.say(format!(
        "Two pipelines took them: one fills a user table, {TABLE}, and the other indexes text for search."
    ));
    let mut pipelines =
        Table::new([Column::text("pipeline"), Column::count("succeeded"), Column::count("failed")]);
    for pipeline in &report.pipelines {
        pipelines.row([
            pipeline.pipeline.as_str().into(),
            pipeline.num_succeeded.into(),
            pipeline.num_failed.into(),
        ]);
        step.figures.pipelines.push(PipelineWork::new(pipeline, None));
    }
    step.table(pipelines);
    let mut sample = Table::new([
        Column::text("id"),
        Column::text("title"),
        Column::text("instructor"),
        Column::count("seats"),
    ]);
    for row in rows {
        let seats = u64::try_from(row.seats).unwrap_or_default();
        sample.row([row.id.into(), row.title.into(), row.instructor.into(), seats.into()]);
    }
    step.table(sample);
    step.count("num_documents", documents);
    let succeeded = totals.handoffs.get("succeeded").copied().unwrap_or_default();
    step.check("the database counts every hand-off as succeeded", &succeeded, &memory.num_handoffs)?;
    step.check(format!("{TABLE} equals the references, row by row"), &differences, &0)?;
    step.check("every reference has its document", &documents, &memory.num_references)?;
    step.command("forebay work --drain");
    Ok(step.done())
}

/// A search for a word of the data.
pub(crate) async fn search(number: usize, stage: &Stage) -> Result<Step> {
    let mut step = Step::start(number, "search", "The documents are searched");
    let (word, hits) = stage
        .work(async |database| {
            let client = database.client().await?;
            let first = database::courses(&**client, 1).await?;
            let word = first.first().and_then(|course| course.description.split(' ').next());
            let word = word.unwrap_or_default().to_owned();
            let options = SearchOptions { limit: 5, ..SearchOptions::default() };
            let found = retrieval::search(database, &word, &options).await?;
            Ok((word, found.hits))
        })
        .await?;
    step.say(format!(
        "Postgres's full-text search finds {word}, a word from the description of the first course:"
    ));
    let mut table = Table::new([Column::text("reference"), Column::text("title"), Column::text("where")]);
    for hit in &hits {
        let name = format!("{}/{}", hit.source, hit.record_key);
        table.row([name.as_str().into(), hit.title.as_str().into(), shortened(&hit.snippet).into()]);
    }
    step.table(table);
    step.check("something was found", &hits.is_empty(), &false)?;
    let wanted = word.to_lowercase();
    let num_without = hits.iter().filter(|hit| !hit.snippet.to_lowercase().contains(&wanted)).count();
    step.check("each document that was found contains the word", &num_without, &0)?;
    step.figures.hits = hits.into_iter().map(SearchHit::from).collect();
    step.command(format!("forebay search {word}"));
    Ok(step.done())
}

/// The start of a snippet, with `…` where it was cut.
fn shortened(snippet: &str) -> String {
    match snippet.char_indices().nth(SNIPPET) {
        Some((end, _)) => format!("{}…", &snippet[..end]),
        None => snippet.to_owned(),
    }
}
