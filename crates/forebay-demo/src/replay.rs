//! The fifth step: the same scrape again writes nothing, as the server's counters show.

use std::collections::BTreeMap;

use forebay_views::DemoTable;
use jiff::ToSpan;

use crate::{
    database::{TABLE, TableWrites},
    error::Result,
    lists::{COURSES, EVENTS, ingest, scrape},
    memory::Memory,
    runs::{runs_table, summaries},
    stage::Stage,
    step::{Column, Step, Table},
};

/// The tables with the own rows of runs and workers: the run, its lease on the scope, its coverage and log, the state
/// of its source, and the row that shows a worker while it works.
const OWN: [&str; 6] = [
    "forebay.scrape_runs",
    "forebay.scope_leases",
    "forebay.scrape_run_fields",
    "forebay.scrape_logs",
    "forebay.circuit_breaker_state",
    "forebay.workers",
];
/// The tables that must not be written. They are shown even if day 1 wrote nothing to them.
const SHOWN: [&str; 7] = [
    "forebay.references",
    "forebay.reference_revisions",
    "forebay.ingestion_handoffs",
    "forebay.ingestion_outcomes",
    "forebay.documents",
    "forebay.document_chunks",
    TABLE,
];

/// Day 1 is scraped again.
pub(crate) async fn replay(number: usize, stage: &Stage, memory: &Memory) -> Result<Step> {
    let mut step = Step::start(number, "replay", "The same scrape again writes nothing");
    let before = by_table(&stage.counters().await?);
    let an_hour_later = stage.first_day + 1.hours();
    let (runs, summaries, num_claimed) = stage
        .work(async |database| {
            let courses = scrape(database, COURSES, stage.url("/day/1/courses"), an_hour_later).await?;
            let events = scrape(database, EVENTS, stage.url("/day/1/events"), an_hour_later).await?;
            let worked = ingest(database).await?;
            let num_claimed: u64 = worked.pipelines.iter().map(|pipeline| pipeline.num_claimed).sum();
            let runs = [courses, events];
            let summaries = summaries(database, &runs).await?;
            Ok((runs, summaries, num_claimed))
        })
        .await?;
    let after = by_table(&stage.counters().await?);

    let first = difference(&by_table(&memory.at_first), &before);
    let second = difference(&before, &after);
    let num_of = |writes: &BTreeMap<String, u64>, table: &str| writes.get(table).copied().unwrap_or_default();
    let mut table = Table::new([
        Column::text("table"),
        Column::count("rows written by day 1"),
        Column::count("by its replay"),
    ]);
    let others = second.keys().map(String::as_str).filter(|name| !SHOWN.contains(name));
    for name in SHOWN.into_iter().chain(others) {
        let (by_first, by_second) = (num_of(&first, name), num_of(&second, name));
        let shown = if OWN.contains(&name) { format!("{name} (the work itself)") } else { name.to_owned() };
        table.row([shown.into(), by_first.into(), by_second.into()]);
        step.figures.tables.push(DemoTable {
            table: name.to_owned(),
            num_written_first: by_first,
            num_written_replay: by_second,
        });
    }
    step.say("The site was scraped again an hour later, and the workers looked for work.");
    step.say("The server's own counters (pg_stat_user_tables) say what was written:");
    step.table(runs_table(&runs));
    step.table(table);
    step.figures.runs = summaries;

    let num_counted = num_of(&first, "forebay.references");
    step.check("the counters saw every reference of day 1", &num_counted, &memory.num_references)?;
    let written: Vec<&String> = second.keys().filter(|name| !OWN.contains(&name.as_str())).collect();
    step.check("the replay wrote no row except those of the work itself", &written, &Vec::new())?;
    step.check("the workers found nothing to do", &num_claimed, &0)?;
    let num_seen: Vec<u64> = runs.iter().map(|run| run.counts.num_seen).collect();
    let num_before: Vec<u64> = memory.runs.iter().map(|run| run.counts.num_seen).collect();
    step.check("the replay saw every record again", &num_seen, &num_before)?;
    step.command("the same `forebay persist …`, any number of times");
    Ok(step.done())
}

fn by_table(writes: &[TableWrites]) -> BTreeMap<String, u64> {
    writes.iter().map(|table| (format!("{}.{}", table.schema, table.table), table.num_written)).collect()
}

/// The rows written in between, for each table with any.
fn difference(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut written = BTreeMap::new();
    for (table, count) in after {
        let already = before.get(table).copied().unwrap_or_default();
        if *count != already {
            written.insert(table.clone(), count.abs_diff(already));
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_tables_count_from_zero_and_unchanged_ones_are_left_out() {
        let writes = |pairs: &[(&str, u64)]| -> BTreeMap<String, u64> {
            pairs.iter().map(|(table, count)| ((*table).to_owned(), *count)).collect()
        };
        let (before, after) = (writes(&[("a", 3), ("b", 1)]), writes(&[("a", 3), ("b", 4), ("c", 2)]));
        assert_eq!(difference(&before, &after), writes(&[("b", 3), ("c", 2)]));
    }
}
