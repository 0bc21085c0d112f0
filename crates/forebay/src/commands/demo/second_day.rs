//! The sixth step: the next day's changes are kept field by field, and what was ingested follows.

use forebay_store::{
    demo::{self, RunChange},
    stats,
};

use super::{
    report::Story,
    stage::{COURSES, EVENTS, Stage, ingest, runs_figure, runs_table, scrape},
};
use crate::{
    demo::catalogue,
    failure::Failure,
    ui::{Table, format, table::Column},
};

/// Step 6: day 2 of the site. Returns what changed.
pub(super) async fn scrape_and_ingest(
    stage: &Stage,
    story: &mut Story<'_>,
) -> Result<Vec<RunChange>, Failure> {
    let mut step = story.begin("second_day", "Day 2: what changed is kept field by field");
    let (runs, changes, num_succeeded) = stage
        .work(async |database| {
            let courses = scrape(database, COURSES, stage.url("/day/2/courses"), stage.second_day).await?;
            let events = scrape(database, EVENTS, stage.url("/day/2/events"), stage.second_day).await?;
            let changes = demo::run_changes(&**database.client().await?, courses.run_id).await?;
            let worked = ingest(database).await?;
            let num_succeeded: u64 = worked.pipelines.iter().map(|pipeline| pipeline.num_succeeded).sum();
            Ok(([courses, events], changes, num_succeeded))
        })
        .await?;
    let (differences, num_courses, num_documents, totals) = stage
        .work(async |database| {
            let client = database.client().await?;
            let differences = demo::num_differences(&**client).await?;
            let num_courses = demo::num_courses(&**client).await?;
            let num_documents = demo::num_documents(&**client).await?;
            Ok((differences, num_courses, num_documents, stats::totals(&**client, None).await?))
        })
        .await?;

    let num_handoffs: u64 = runs.iter().map(|run| run.num_handoffs).sum();
    step.say("The site was scraped as it is today. The database tells what changed since yesterday:");
    let mut table = Table::new([
        Column::text("course"),
        Column::text("change"),
        Column::text("field"),
        Column::text("before"),
        Column::text("after"),
    ]);
    let mut figures = Vec::new();
    for change in &changes {
        let value = |value: &Option<String>| value.as_deref().map_or_else(String::new, format::plain);
        table.row([
            change.record_key.clone(),
            change.change.clone(),
            change.field.clone().unwrap_or_default(),
            value(&change.old),
            value(&change.new),
        ]);
        figures.push(serde_json::json!({
            "record_key": change.record_key, "change": change.change, "field": change.field,
        }));
    }
    step.table(runs_table(&runs));
    step.table(table);
    step.figure("runs", runs_figure(&runs))?;
    step.figure("changes", figures)?;
    step.figure("num_courses", num_courses)?;
    step.check("the database found what the site changed, and nothing else", &found(&changes), &expected())?;
    step.check("each change was ingested", &num_succeeded, &num_handoffs)?;
    step.check(
        format!(
            "{} follows: {} rows, those of removed courses gone",
            demo::COURSES,
            format::count(num_courses)
        ),
        &differences,
        &0,
    )?;
    step.check("so do the documents", &num_documents, &totals.num_active)?;
    step.command("forebay history courses/KEY");
    story.end(step)?;
    Ok(changes)
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

/// What the site says of itself. A course's `updated` changes whenever something of it does.
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
