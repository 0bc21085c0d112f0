//! The first four steps: a database, day 1 of the site persisted, ingested, and searched.

use forebay_engine::{persist::RunReport, work};
use forebay_store::{
    demo::{self, TableWrites},
    migrations, stats,
};

use super::{
    report::Story,
    stage::{
        COURSES, EVENTS, Stage, ingest as drain, runs_figure, runs_table, scrape as persist, table_pipeline,
    },
};
use crate::{
    failure::Failure,
    ui::{Table, format, table::Column},
};

/// What later steps need to know of day 1.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The server's counters before it.
    pub(super) before: Vec<TableWrites>,
    pub(super) runs: [RunReport; 2],
    pub(super) num_references: u64,
    num_handoffs: u64,
}

/// Step 1: a database with the schema, and the pipelines. Returns the server's counters before anything is stored.
pub(super) async fn database(stage: &Stage, story: &mut Story<'_>) -> Result<Vec<TableWrites>, Failure> {
    let mut step = story.begin("database", "A database of its own");
    let (version, totals) = stage
        .work(async |database| {
            let mut client = database.client().await?;
            migrations::ensure(&mut client, true).await?;
            work::declare(database, &[table_pipeline()]).await?;
            Ok((demo::server_version(&**client).await?, stats::totals(&**client, None).await?))
        })
        .await?;
    let counters = stage.counters().await?;
    let num_tables = counters.iter().filter(|table| table.schema == "forebay").count();
    step.say(match &stage.data_dir {
        Some(data_dir) => format!("A private PostgreSQL {version} runs in {data_dir}."),
        None => format!("The configured server runs PostgreSQL {version}."),
    });
    step.say(format!(
        "The demo has made the database {} there, so nothing of yours is touched, and in it Forebay's schema: \
         {num_tables} tables.",
        demo::DATABASE
    ));
    step.figure("server_version", version)?;
    step.figure("database", demo::DATABASE)?;
    step.figure("num_tables", num_tables)?;
    step.check("the database holds no reference yet", &(totals.num_active + totals.num_removed), &0)?;
    step.command("forebay db up");
    story.end(step)?;
    Ok(counters)
}

/// Step 2: day 1 of the site is scraped and persisted.
pub(super) async fn scrape(
    stage: &Stage,
    story: &mut Story<'_>,
    before: Vec<TableWrites>,
) -> Result<Loaded, Failure> {
    let mut step = story.begin("first_day", "Day 1: a site is scraped, its records become references");
    let (runs, totals) = stage
        .work(async |database| {
            let courses = persist(database, COURSES, stage.url("/day/1/courses"), stage.first_day).await?;
            let events = persist(database, EVENTS, stage.url("/day/1/events"), stage.first_day).await?;
            let totals = stats::totals(&**database.client().await?, None).await?;
            Ok(([courses, events], totals))
        })
        .await?;
    let num_seen: u64 = runs.iter().map(|run| run.counts.num_seen).sum();
    let num_handoffs: u64 = runs.iter().map(|run| run.num_handoffs).sum();
    step.say(format!("A made-up university answers on {} with pages of JSON.", stage.url("/day/1/courses")));
    step.say(format!(
        "Each record got an id computed from source and key, and a hash of its content. Each promises a hand-off \
         to every pipeline that takes it: {} in all, in the transaction that wrote the reference.",
        format::count(num_handoffs)
    ));
    step.table(runs_table(&runs));
    step.figure("runs", runs_figure(&runs))?;
    step.figure("num_references", totals.num_active)?;
    step.figure("num_handoffs", num_handoffs)?;
    step.check("the database holds one reference for each record seen", &totals.num_active, &num_seen)?;
    let pending = totals.handoffs.get("pending").copied().unwrap_or_default();
    step.check("every hand-off that was promised waits in the database", &pending, &num_handoffs)?;
    step.command("forebay persist courses.json --source courses --key id --records /items --complete");
    story.end(step)?;
    Ok(Loaded { before, runs, num_references: totals.num_active, num_handoffs })
}

/// Step 3: what was handed off is ingested.
pub(super) async fn ingest(stage: &Stage, story: &mut Story<'_>, loaded: &Loaded) -> Result<(), Failure> {
    let mut step = story.begin("ingest", "The hand-offs are carried out");
    let (report, rows, differences, documents, totals) = stage
        .work(async |database| {
            let report = drain(database).await?;
            let client = database.client().await?;
            let rows = demo::courses(&**client, 3).await?;
            let differences = demo::num_differences(&**client).await?;
            let documents = demo::num_documents(&**client).await?;
            Ok((report, rows, differences, documents, stats::totals(&**client, None).await?))
        })
        .await?;
    step.say(format!(
        "Two pipelines took them: one fills an ordinary table of yours, {}, the other indexes text for search.",
        demo::COURSES
    ));
    let mut pipelines =
        Table::new([Column::text("pipeline"), Column::number("succeeded"), Column::number("failed")]);
    let mut figures = Vec::new();
    for pipeline in &report.pipelines {
        let numbers = [pipeline.num_succeeded, pipeline.num_failed];
        pipelines.row([pipeline.pipeline.clone()].into_iter().chain(numbers.map(format::count)));
        figures.push(serde_json::json!({
            "pipeline": pipeline.pipeline,
            "num_succeeded": pipeline.num_succeeded,
            "num_failed": pipeline.num_failed,
        }));
    }
    step.table(pipelines);
    let mut sample = Table::new([
        Column::text("id"),
        Column::text("title"),
        Column::text("instructor"),
        Column::number("seats"),
    ]);
    let mut sampled = Vec::new();
    for row in rows {
        sampled.push(serde_json::json!({
            "id": row.id, "title": row.title, "instructor": row.instructor, "seats": row.seats,
        }));
        sample.row([row.id, row.title, row.instructor, row.seats.to_string()]);
    }
    step.table(sample);
    step.figure("pipelines", figures)?;
    step.figure("sample", sampled)?;
    step.figure("num_documents", documents)?;
    let succeeded = totals.handoffs.get("succeeded").copied().unwrap_or_default();
    step.check("the database counts every hand-off as succeeded", &succeeded, &loaded.num_handoffs)?;
    step.check(format!("{} equals the references, row by row", demo::COURSES), &differences, &0)?;
    step.check("every reference has its document", &documents, &loaded.num_references)?;
    step.command("forebay work --drain");
    story.end(step)
}

/// Step 4: a search for a word of the data.
pub(super) async fn search(stage: &Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    let mut step = story.begin("search", "The documents are searched");
    let (word, hits) = stage
        .work(async |database| {
            let client = database.client().await?;
            let first = demo::courses(&**client, 1).await?;
            let word = first.first().and_then(|course| course.description.split(' ').next());
            let word = word.unwrap_or_default().to_owned();
            let hits = work::search(database, &word, None, 5).await?;
            Ok((word, hits))
        })
        .await?;
    step.say(format!(
        "Postgres's own full-text search looks for {word}, a word of the first course's description:"
    ));
    let mut found = Vec::new();
    let mut table = Table::new([Column::text("reference"), Column::text("title"), Column::text("where")]);
    for hit in &hits {
        let name = format!("{}/{}", hit.source, hit.record_key);
        let snippet = format::shortened(&format::plain(&hit.snippet), 60);
        table.row([name.clone(), format::plain(&hit.title), snippet]);
        found.push(serde_json::json!({ "reference": name, "title": hit.title, "snippet": hit.snippet }));
    }
    step.table(table);
    step.figure("query", &word)?;
    step.figure("hits", found)?;
    step.check("something was found", &hits.is_empty(), &false)?;
    let wanted = word.to_lowercase();
    let strangers = hits.iter().filter(|hit| !hit.snippet.to_lowercase().contains(&wanted)).count();
    step.check("the word stands in each document that was found", &strangers, &0)?;
    step.command(format!("forebay search {word}"));
    story.end(step)
}
