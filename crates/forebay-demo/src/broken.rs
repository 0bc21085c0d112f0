//! The last step: the site breaks, and a guard withholds the removals.

use forebay_domain::run::RunStatus;
use forebay_engine::clock;
use forebay_store::stats;

use crate::{
    catalogue,
    database::{self, TABLE},
    error::Result,
    lists::{COURSES, ingest, scrape as persist},
    runs::{runs_table, summaries},
    stage::Stage,
    step::Step,
};

/// Day 3, on which most of the list is missing.
pub(crate) async fn scrape(number: usize, stage: &Stage) -> Result<Step> {
    let mut step = Step::start(number, "broken_day", "Day 3: the site breaks, and nothing is lost");
    let (run, summaries, num_claimed, before, after, differences) = stage
        .work(async |database| {
            let client = database.client().await?;
            let before = stats::totals(&**client, None).await?;
            let run = persist(database, COURSES, stage.url("/broken/day/3/courses"), clock::now()).await?;
            let worked = ingest(database).await?;
            let num_claimed: u64 = worked.pipelines.iter().map(|pipeline| pipeline.num_claimed).sum();
            let after = stats::totals(&**client, None).await?;
            let summaries = summaries(database, std::slice::from_ref(&run)).await?;
            let differences = database::num_differences(&**client).await?;
            Ok((run, summaries, num_claimed, before, after, differences))
        })
        .await?;
    let num_listed = catalogue::shown(3).count() as u64;
    step.say(format!(
        "The site responded with success, but listed only {} of its {num_listed} courses and no link to the others.",
        run.counts.num_seen
    ));
    step.say(
        "Removing what was not seen would have emptied most of the table. A guard withheld these removals, and the rest of \
         the run was applied:",
    );
    for message in &run.messages {
        step.say(format!("  {}: {message}", run.reason_code.as_deref().unwrap_or_default()));
    }
    step.table(runs_table([&run]));
    step.figures.runs = summaries;
    step.count("num_references", after.num_active);
    step.check("a guard held the run", &run.status, &RunStatus::Held)?;
    step.check(
        "no reference was removed",
        &(run.counts.num_removed, after.num_active),
        &(0, before.num_active + run.counts.num_added),
    )?;
    step.check("what was seen was ingested", &num_claimed, &run.num_handoffs)?;
    step.check(format!("{TABLE} equals the references"), &differences, &0)?;
    step.command("forebay runs list --status held");
    step.command(format!("forebay runs reject {}, or release it if the site was right", run.run_id));
    Ok(step.done())
}
