//! The seventh step: references as of day 1, next to their current values.

use std::collections::BTreeSet;

use forebay_domain::identity::ReferenceId;
use forebay_store::history;
use forebay_views::{DemoComparison, Json};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    catalogue,
    database::{self, RunChange},
    error::Result,
    lists::COURSES,
    stage::Stage,
    step::{Column, Step, Table},
};

/// A course that changed, one that was removed, and all of them.
pub(crate) async fn compare(number: usize, stage: &Stage, changes: &[RunChange]) -> Result<Step> {
    let mut step = Step::start(number, "point_in_time", "Any reference as of any time");
    let at = stage.first_day;
    let key_of = |what: &str| changes.iter().find(|c| c.change == what).map(|c| c.record_key.clone());
    let (course, gone) = (key_of("updated").unwrap_or_default(), key_of("removed").unwrap_or_default());
    let shown: Vec<(String, Value)> = catalogue::shown(1).collect();
    let (then, now, gone_then, gone_now, num_then, wrong) = stage
        .work(async |database| {
            let client = database.client().await?;
            let payload = async |key: &str, at: Timestamp| {
                let id = ReferenceId::compute(COURSES.name, key);
                let text = history::reference_at(&**client, id, at).await?;
                Ok::<_, crate::Error>(text.map(|text| serde_json::from_str::<Value>(&text)).transpose()?)
            };
            let mut wrong = Vec::new();
            for (key, expected) in &shown {
                if payload(key, at).await?.as_ref() != Some(expected) {
                    wrong.push(key.clone());
                }
            }
            let num_then = database::num_at(&**client, COURSES.name, at).await?;
            Ok((
                payload(&course, at).await?,
                payload(&course, stage.second_day).await?,
                payload(&gone, at).await?,
                payload(&gone, stage.second_day).await?,
                num_then,
                wrong,
            ))
        })
        .await?;

    let time = at.strftime("%Y-%m-%d %H:%M:%S UTC");
    step.say(format!("{course} as of {time}, next to its current values:"));
    let (table, num_same) = side_by_side(then.as_ref(), now.as_ref());
    step.say(format!("({num_same} other fields did not change.)"));
    step.table(table);
    step.figures.compared = Some(DemoComparison {
        record_key: course.clone(),
        at: at.into(),
        then: then.as_ref().map(Json::from),
        now: now.as_ref().map(Json::from),
    });
    step.count("num_then", num_then);
    step.check(
        format!("all {num_then} courses, read as of then, equal what the site showed"),
        &(wrong, num_then),
        &(Vec::new(), shown.len() as u64),
    )?;
    step.check(
        format!("{gone} is removed now, but can be read as of then"),
        &(gone_then.is_some(), gone_now.is_some()),
        &(true, false),
    )?;
    step.command(format!("forebay history courses/{course} --at {at:.0}"));
    step.command(format!("forebay export --source courses --at {at:.0}"));
    Ok(step.done())
}

/// The fields that differ, and the number of the others.
fn side_by_side(then: Option<&Value>, now: Option<&Value>) -> (Table, usize) {
    let fields = |side: Option<&Value>| side.and_then(Value::as_object).cloned().unwrap_or_default();
    let (then, now) = (fields(then), fields(now));
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "(absent)".to_owned(),
    };
    let mut table = Table::new([Column::text("field"), Column::text("as of day 1"), Column::text("now")]);
    let mut num_same = 0;
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    for name in names {
        let (before, after) = (then.get(name), now.get(name));
        if before == after {
            num_same += 1;
        } else {
            table.row([name.as_str().into(), text(before).into(), text(after).into()]);
        }
    }
    (table, num_same)
}
