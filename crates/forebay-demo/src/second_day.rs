//! The sixth step: the changes of the next day are stored field by field, and the pipelines follow.

use forebay_store::stats;
use forebay_views::DemoChange;

use crate::{
    catalogue,
    database::{self, RunChange, TABLE},
    error::Result,
    lists::{COURSES, EVENTS, ingest, scrape},
    memory::Memory,
    runs::{runs_table, summaries},
    stage::Stage,
    step::{Column, Step, Table},
};

/// Day 2 of the site. Remembers what changed.
pub(crate) async fn scrape_and_ingest(number: usize, stage: &Stage, memory: &mut Memory) -> Result<Step> {
    let mut step = Step::start(number, "second_day", "Day 2: each change is stored field by field");
    let (runs, summaries, changes, num_succeeded) = stage
        .work(async |database| {
            let courses = scrape(database, COURSES, stage.url("/day/2/courses"), stage.second_day).await?;
            let events = scrape(database, EVENTS, stage.url("/day/2/events"), stage.second_day).await?;
            let changes = database::run_changes(&**database.client().await?, courses.run_id).await?;
            let worked = ingest(database).await?;
            let num_succeeded: u64 = worked.pipelines.iter().map(|pipeline| pipeline.num_succeeded).sum();
            let runs = [courses, events];
            let summaries = summaries(database, &runs).await?;
            Ok((runs, summaries, changes, num_succeeded))
        })
        .await?;
    let (differences, num_courses, num_documents, totals) = stage
        .work(async |database| {
            let client = database.client().await?;
            let differences = database::num_differences(&**client).await?;
            let num_courses = database::num_courses(&**client).await?;
            let num_documents = database::num_documents(&**client).await?;
            Ok((differences, num_courses, num_documents, stats::totals(&**client, None).await?))
        })
        .await?;

    let num_handoffs: u64 = runs.iter().map(|run| run.num_handoffs).sum();
    step.say("The site was scraped a day later. The database knows what changed since:");
    let mut table = Table::new([
        Column::text("course"),
        Column::text("change"),
        Column::text("field"),
        Column::text("before"),
        Column::text("after"),
    ]);
    for change in &changes {
        let text = |value: &Option<String>| value.clone().unwrap_or_default().into();
        table.row([
            change.record_key.as_str().into(),
            change.change.as_str().into(),
            text(&change.field),
            text(&change.old),
            text(&change.new),
        ]);
        step.figures.changes.push(DemoChange {
            record_key: change.record_key.clone(),
            change: change.change.clone(),
            field_name: change.field.clone(),
        });
    }
    step.table(runs_table(&runs));
    step.table(table);
    step.figures.runs = summaries;
    step.count("num_courses", num_courses);
    step.check("the database found exactly the changes of the site", &found(&changes), &expected())?;
    step.check("each change was ingested", &num_succeeded, &num_handoffs)?;
    step.check(
        format!("{TABLE} follows: {num_courses} rows, without those of removed courses"),
        &differences,
        &0,
    )?;
    step.check("the documents follow too", &num_documents, &totals.num_active)?;
    step.command("forebay history courses/KEY");
    memory.changes = changes;
    Ok(step.done())
}

type Change = (String, String, String);

fn found(changes: &[RunChange]) -> Vec<Change> {
    let mut found: Vec<Change> = changes
        .iter()
        .map(|c| (c.record_key.clone(), c.change.clone(), c.field.clone().unwrap_or_default()))
        .collect();
    found.sort();
    found
}

/// The changes of the site. The `updated` of a course changes with every other field.
fn expected() -> Vec<Change> {
    let changes = catalogue::changes(2);
    let change = |id: &str, what: &str, field: &str| (id.to_owned(), what.to_owned(), field.to_owned());
    let mut expected = Vec::new();
    expected.extend(changes.added.iter().map(|id| change(id, "added", "")));
    expected.extend(changes.removed.iter().map(|id| change(id, "removed", "")));
    for (id, field) in &changes.changed {
        expected.extend([change(id, "updated", field), change(id, "updated", "updated")]);
    }
    expected.sort();
    expected
}
