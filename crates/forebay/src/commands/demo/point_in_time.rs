//! The seventh step: references as of day 1, next to what they are now.

use std::collections::BTreeSet;

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    demo::{self, RunChange},
    history,
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    report::Story,
    stage::{COURSES, Stage},
};
use crate::{
    demo::catalogue,
    failure::Failure,
    ui::{Table, format, table::Column},
};

/// Step 7: a course that changed, one that went, and all of them.
pub(super) async fn compare(
    stage: &Stage,
    story: &mut Story<'_>,
    changes: &[RunChange],
) -> Result<(), Failure> {
    let mut step = story.begin("point_in_time", "Any reference as of any time");
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
                let parsed = text.map(|text| serde_json::from_str::<Value>(&text)).transpose();
                parsed.map_err(|error| {
                    Failure::new("payload_unreadable", "a payload is not JSON").because(&error)
                })
            };
            let mut wrong = Vec::new();
            for (key, expected) in &shown {
                if payload(key, at).await?.as_ref() != Some(expected) {
                    wrong.push(key.clone());
                }
            }
            let num_then = demo::num_at(&**client, COURSES.name, at).await?;
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

    let time = format::timestamp(at);
    step.say(format!("{course} as it was at {time}, next to what it is now:"));
    let (table, num_same) = side_by_side(then.as_ref(), now.as_ref());
    step.say(format!("({num_same} more fields are the same on both days.)"));
    step.table(table);
    step.figure("at", at)?;
    step.figure("record_key", &course)?;
    step.figure("then", then)?;
    step.figure("now", now)?;
    step.figure("num_then", num_then)?;
    step.check(
        format!("all {} courses, asked for as of then, are what the site showed", format::count(num_then)),
        &(wrong, num_then),
        &(Vec::new(), shown.len() as u64),
    )?;
    step.check(
        format!("{gone} is not there now; as of then it is"),
        &(gone_then.is_some(), gone_now.is_some()),
        &(true, false),
    )?;
    step.command(format!("forebay history courses/{course} --at {at:.0}"));
    step.command(format!("forebay export --source courses --at {at:.0}"));
    story.end(step)
}

/// The fields that differ, and how many do not.
fn side_by_side(then: Option<&Value>, now: Option<&Value>) -> (Table, usize) {
    let fields = |side: Option<&Value>| side.and_then(Value::as_object).cloned().unwrap_or_default();
    let (then, now) = (fields(then), fields(now));
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => format::plain(text),
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
            table.row([name.clone(), text(before), text(after)]);
        }
    }
    (table, num_same)
}
