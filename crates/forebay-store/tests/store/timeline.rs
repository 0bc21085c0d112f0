//! Changes since a time, a history and a scope, page by page, and their indexes.

use std::collections::BTreeSet;

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    history::{
        self,
        Change::{Added, Removed, Restored, Updated},
    },
    testing,
    timeline::{self, CHANGES, Change, ChangeCursor, ChangeFilter, RevisionCursor},
};
use jiff::Timestamp;
use tokio_postgres::Client;

use crate::story::{Story, day, id};

/// All changes, in pages of `limit`.
async fn all(client: &mut Client, filter: &ChangeFilter, limit: u32) -> Vec<Change> {
    let transaction = client.transaction().await.unwrap();
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let page = timeline::changes(&transaction, filter, from, limit).await.unwrap();
        assert!(page.items.len() <= usize::try_from(limit).unwrap());
        found.extend(page.items);
        match page.next {
            None => return found,
            next => {
                assert_ne!(next, from, "the cursor advances");
                from = next;
            }
        }
    }
}

fn since(time: Timestamp) -> ChangeFilter {
    ChangeFilter { since: time, source: None, entity_type: None }
}

/// The story, with the counts of its runs, which the story itself doesn't set.
async fn story() -> Story {
    let story = Story::build().await;
    let counts = "update forebay.scrape_runs as r set num_added = c.added, num_updated = c.updated,
            num_removed = c.removed, num_restored = c.restored
        from (values (1, 2, 0, 0, 0), (2, 0, 1, 0, 0), (3, 0, 0, 1, 0), (4, 0, 0, 0, 1))
            as c (run_id, added, updated, removed, restored)
        where r.run_id = c.run_id";
    story.client.batch_execute(counts).await.unwrap();
    story
}

#[tokio::test]
async fn changes_are_listed_newest_run_first_on_pages_of_any_size() {
    let mut story = story().await;
    let brief =
        |change: &Change| (change.at, change.change, change.record_key.clone(), change.fields.join(","));
    let mut added = [(id("CSC-126"), "CSC-126"), (id("HST-101"), "HST-101")];
    added.sort_unstable();
    let fields = "credits,room,title".to_owned();
    let expected: Vec<(Timestamp, history::Change, String, String)> = vec![
        (day(4), Restored, "CSC-126".into(), fields.clone()),
        (day(3), Removed, "CSC-126".into(), String::new()),
        (day(2), Updated, "CSC-126".into(), fields),
        (day(1), Added, added[0].1.into(), String::new()),
        (day(1), Added, added[1].1.into(), String::new()),
    ];
    for limit in [1, 2, 3, 50] {
        let found = all(&mut story.client, &since(day(1)), limit).await;
        assert_eq!(found.iter().map(brief).collect::<Vec<_>>(), expected, "pages of {limit}");
    }
    let found = all(&mut story.client, &since(day(3)), 50).await;
    assert_eq!(
        found.iter().map(brief).collect::<Vec<_>>(),
        expected[..2],
        "since refers to the observation time"
    );
    assert_eq!((found[0].version, found[0].num_fields, found[0].run_id), (3, 3, story.runs[3]));
    assert_eq!((found[0].source.as_str(), found[0].entity_type.as_str()), ("courses", "course"));
}

#[tokio::test]
async fn changes_are_filtered_and_exclude_held_runs() {
    let mut story = story().await;
    let of = |source: Option<&str>, entity_type: Option<&str>| ChangeFilter {
        source: source.map(Into::into),
        entity_type: entity_type.map(Into::into),
        ..since(day(1))
    };
    for (filter, count) in [
        (of(Some("courses"), None), 5),
        (of(None, Some("course")), 5),
        (of(Some("courses"), Some("event")), 0),
        (of(Some("others"), None), 0),
        (of(None, Some("event")), 0),
    ] {
        assert_eq!(all(&mut story.client, &filter, 2).await.len(), count, "{filter:?}");
    }
    let held = "update forebay.scrape_runs set status = 'held' where run_id = 2";
    story.client.batch_execute(held).await.unwrap();
    let found = all(&mut story.client, &since(day(1)), 2).await;
    assert!(found.iter().all(|change| change.at != day(2)) && found.len() == 4, "{found:?}");
}

#[tokio::test]
async fn a_history_is_read_backwards_page_by_page() {
    let story = story().await;
    let start = RevisionCursor { at: None, run_id: 0, change: String::new(), field: String::new() };
    let mut found = Vec::new();
    let mut place = Some(start.clone());
    while let Some(from) = place {
        let page = timeline::revisions(&story.client, id("CSC-126"), &from, 2, 5).await.unwrap();
        assert!(page.items.len() <= 2);
        found.extend(page.items);
        place = page.next;
    }
    let whole = timeline::revisions(&story.client, id("CSC-126"), &start, 100, 5).await.unwrap();
    assert_eq!((&whole.items, whole.next), (&found, None));
    let brief: Vec<_> = found.iter().map(|one| (one.at, one.change, one.field.as_str())).collect();
    assert_eq!(
        brief,
        [
            (day(4), Updated, "title"),
            (day(4), Updated, "room"),
            (day(4), Updated, "credits"),
            (day(4), Restored, "removed_at"),
            (day(3), Removed, "removed_at"),
            (day(2), Updated, "title"),
            (day(2), Updated, "room"),
            (day(2), Updated, "credits"),
        ]
    );
    assert_eq!(found[0].old.as_deref(), Some("\"Intro"), "one character more than requested");
    let before = RevisionCursor { at: Some(day(3)), ..start };
    let older = timeline::revisions(&story.client, id("CSC-126"), &before, 100, 5).await.unwrap();
    assert_eq!(older.items, found[5..], "the cursor is exclusive");
}

#[tokio::test]
async fn a_scope_is_read_by_id_page_by_page() {
    let story = story().await;
    let scope = forebay_domain::scope::Scope::default();
    let (mut keys, mut after, mut pages) = (BTreeSet::new(), None, 0);
    loop {
        let page = timeline::active(&story.client, "course", &scope, after, 1, 40).await.unwrap();
        // One of the payloads is longer than 40 bytes.
        keys.extend(page.items.into_iter().map(|one| (one.record_key, one.payload.is_some())));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(
        (keys.into_iter().collect::<Vec<_>>(), pages),
        (vec![("CSC-126".into(), false), ("HST-101".into(), true)], 2)
    );
    for (entity_type, scope) in [("event", ""), ("course", "semester=Spring 2026")] {
        let page =
            timeline::active(&story.client, entity_type, &scope.parse().unwrap(), None, 9, 40).await.unwrap();
        assert!(page.items.is_empty(), "{entity_type} {scope}");
    }
}

/// A source with a first run that added 30,000 references, and a thousand small runs after it.
async fn many(client: &Client) {
    let fill = "
        insert into forebay.sources (name, entity_type, key_fields) values ('s', 'record', '{id}');
        insert into forebay.scrape_runs (source_id, scope, status, is_complete, with_handoffs, engine, input,
                observed_at, ended_at, num_added, num_updated)
            select 1, '', 'complete', true, true, 'test', '-', '2026-03-01', now(),
                case n when 1 then 30000 else 2 end, case n when 1 then 0 else 1 end
            from generate_series(1, 1001) as n;
        insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
            select forebay.reference_id('s', n::text), '2026-03-01', '2026-03-01', '2026-03-01',
                greatest(1, 2 + (n - 30001) / 2), 1, 1, 1, sha256(n::text::bytea), 'record', '', n::text, '{}'
            from generate_series(1, 32000) as n;
        select forebay_private.ensure_month('reference_revisions', '2026-03-01');
        insert into forebay.reference_revisions
            select forebay.reference_id('s', n::text), '2026-03-01', n, 2, 'updated', 'title', '1', '2'
            from generate_series(2, 1001) as n";
    client.batch_execute(fill).await.unwrap();
}

#[tokio::test]
async fn large_and_small_runs_are_read_completely_and_by_index() {
    let database = testing::database().await;
    let mut client = database.client().await;
    for table in ["\"references\"", "scrape_runs"] {
        let off = format!("alter table forebay.{table} set (autovacuum_enabled = off)");
        client.batch_execute(&off).await.unwrap();
    }
    many(&client).await;
    for with_statistics in [false, true] {
        if with_statistics {
            client.batch_execute("vacuum (analyze)").await.unwrap();
        }
        let transaction = client.transaction().await.unwrap();
        let first = timeline::changes(&transaction, &since(day(1)), None, 100).await.unwrap();
        assert_eq!(first.items.len(), 100);
        let plan = "prepare planned (timestamptz, text, text, int8, uuid, int8) as ";
        transaction.batch_execute("set local plan_cache_mode = force_custom_plan").await.unwrap();
        transaction.batch_execute(&format!("{plan}{CHANGES}")).await.unwrap();
        let explain = "explain execute planned ('2026-01-01', null, null, 900, \
             '00000000-0000-0000-0000-000000000000', 101)";
        let rows = transaction.query(explain, &[]).await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = lines.join("\n");
        for index in ["references_by_first_run", "references_pkey", "scrape_run_id_reference_id_idx"] {
            assert!(plan.contains(index), "{index} is not used:\n{plan}");
        }
        assert!(
            !plan.contains("Seq Scan on references") && !plan.contains("Seq Scan on reference_revisions"),
            "{plan}"
        );
        transaction.rollback().await.unwrap();
        client.batch_execute("deallocate all").await.unwrap();
    }
    let found = all(&mut client, &since(day(1)), 100).await;
    let added = found.iter().filter(|change| change.change == Added).map(|change| change.reference_id);
    let added: BTreeSet<ReferenceId> = added.collect();
    assert_eq!((added.len(), found.len()), (32_000, 33_000));
    assert!(found.windows(2).all(|pair| {
        let place =
            |change: &Change| ChangeCursor { run_id: change.run_id, reference_id: change.reference_id };
        let (one, other) = (place(&pair[0]), place(&pair[1]));
        one.run_id > other.run_id || (one.run_id == other.run_id && one.reference_id < other.reference_id)
    }));
}
