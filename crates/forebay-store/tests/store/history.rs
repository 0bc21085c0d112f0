//! The lookup of one reference, and its versions, removals and restorations.

use forebay_domain::{canonical::canonical_text, diff::FieldChange};
use forebay_store::history::{
    self,
    Change::{Added, Removed, Restored, Updated},
    ReferenceName, VersionEvent,
};
use jiff::ToSpan;

use crate::story::{FIRST, SECOND, Story, day, id};

fn field(field: &str, old: Option<&str>, new: Option<&str>) -> FieldChange {
    FieldChange { field: field.into(), old: old.map(Into::into), new: new.map(Into::into) }
}

#[tokio::test]
async fn all_events_are_listed_in_order() {
    let story = Story::build().await;
    let name = ReferenceName::parse("courses/CSC-126").unwrap();
    let reference = history::find(&story.client, &name).await.unwrap().unwrap();
    assert_eq!((reference.version, reference.removed_at), (3, None));
    assert_eq!((reference.first_seen_at, reference.changed_at), (day(1), day(4)));
    assert_eq!(reference.source, "courses");

    let event = |day_number: usize, change, version, fields| VersionEvent {
        at: day(day_number),
        run_id: story.runs[day_number - 1],
        change,
        version,
        fields,
    };
    let expected = [
        event(1, Added, 1, vec![]),
        event(
            2,
            Updated,
            2,
            vec![
                field("credits", Some("4"), None),
                field("room", None, Some("null")),
                field("title", Some("\"Beginning\""), Some("\"Introduction\"")),
            ],
        ),
        event(3, Removed, 2, vec![]),
        event(4, Restored, 3, vec![]),
        event(
            4,
            Updated,
            3,
            vec![
                field("credits", None, Some("4")),
                field("room", Some("null"), None),
                field("title", Some("\"Introduction\""), Some("\"Beginning\"")),
            ],
        ),
    ];
    assert_eq!(history::versions(&story.client, &reference).await.unwrap(), expected);
}

#[tokio::test]
async fn a_payload_can_be_read_at_any_time() {
    let story = Story::build().await;
    let hour = 1.hour();
    for (at, expected) in [
        (day(1) - hour, None),
        (day(1), Some(FIRST)),
        (day(2) - hour, Some(FIRST)),
        (day(2), Some(SECOND)),
        (day(3) - hour, Some(SECOND)),
        (day(3), None),
        (day(4) - hour, None),
        (day(4), Some(FIRST)),
        (day(9), Some(FIRST)),
    ] {
        let payload = history::reference_at(&story.client, id("CSC-126"), at).await.unwrap();
        let payload = payload.map(|text| canonical_text(text.as_bytes()).unwrap());
        assert_eq!(payload.as_deref(), expected, "{at}");
    }
}

#[tokio::test]
async fn after_a_rekey_it_is_found_by_both_keys_and_all_ids() {
    let story = Story::build().await;
    let sql = format!(
        "update forebay.\"references\" set record_key = 'csc/126' where reference_id = '{kept}';
        insert into forebay.reference_aliases (alias_id, reference_id, source_id, record_key, run_id)
        values ('{alias}', '{kept}', {}, 'csc/126', 1)",
        story.source.source_id,
        kept = id("CSC-126"),
        alias = id("csc/126"),
    );
    story.client.batch_execute(&sql).await.unwrap();
    let by_id = [id("CSC-126"), id("csc/126")].map(|id| id.to_string());
    for text in ["courses/CSC-126", "courses/csc/126", by_id[0].as_str(), by_id[1].as_str()] {
        let name = ReferenceName::parse(text).unwrap();
        let found = history::find(&story.client, &name).await.unwrap().unwrap();
        assert_eq!(found.reference_id, id("CSC-126"), "{text}");
        assert_eq!(found.record_key, "csc/126", "{text}");
    }
    for text in ["courses/CSC-127", "events/CSC-126"] {
        let name = ReferenceName::parse(text).unwrap();
        assert!(history::find(&story.client, &name).await.unwrap().is_none(), "{text}");
    }
}
