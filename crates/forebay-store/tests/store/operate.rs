//! Operators' operations on hand-offs: each has the effect that the transition table defines, and none takes a claimed
//! job from its worker.

use forebay_domain::{
    handoff::{Event, Refusal, State, next},
    identity::ReferenceId,
};
use forebay_store::{
    actions::Actor,
    handoffs::{self, HandoffFilter, Mode, Operated, Operation, Selection},
    tables::{self, OnRemoved, TableName},
    testing,
};
use jiff::Timestamp;
use tokio_postgres::Client;

const OPERATIONS: [Event; 5] = [Event::Retry, Event::Cancel, Event::Hold, Event::Release, Event::Snooze];

/// `n` references of one source, each at version 2, without hand-offs.
async fn references(client: &Client, n: usize) {
    let statement = format!(
        "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'record', '{{id}}');
        insert into forebay.scrape_runs (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at)
            select source_id, '', 'running', true, true, 'test', '-', '2026-03-20' from forebay.sources;
        insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
            select forebay.reference_id('s', n::text), '2026-01-01', '2026-03-15', '2026-03-15', 1, 1, source_id, 2,
                sha256(n::text::bytea), 'record', '', n::text, jsonb_build_object('id', n)
            from forebay.sources, generate_series(1, {n}) as n"
    );
    client.batch_execute(&statement).await.unwrap();
}

/// Hands off a version of reference `n` to the pipeline `documents`, in a given state. What is open is due in an hour.
async fn handoff(client: &Client, n: usize, version: i32, state: State) {
    let of = format!(
        "forebay.reference_id('s', '{n}'), 1, sha256('{n}/{version}'), {version}, 1, 'updated', 'transient',
        'endpoint_gone', 3, 'no answer'"
    );
    let columns =
        "reference_id, pipeline_id, payload_hash, version, generation, change, reason_code, failure_code,
        num_attempts, last_error";
    let statement = if state.is_terminal() {
        format!(
            "insert into forebay.ingestion_outcomes ({columns}, state, enqueued_at) values ({of}, '{state}', now())"
        )
    } else {
        let (state, receipt) = match state {
            State::Active => (State::Retrying, "gen_random_uuid()"),
            state => (state, "null"),
        };
        format!(
            "insert into forebay.ingestion_handoffs ({columns}, source_id, attempt, not_before, receipt, state)
                values ({of}, 1, 3, now() + interval '1 hour', {receipt}, '{state}')"
        )
    };
    client.batch_execute(&statement).await.unwrap();
}

/// Adds a version as the follow-up of what is claimed of reference `n`.
async fn follow_up(client: &Client, n: usize, version: i32) {
    let statement = format!(
        "update forebay.ingestion_handoffs
            set next_payload_hash = sha256('{n}/{version}'), next_version = {version}, next_generation = 1,
                next_change = 'updated', next_state = 'pending', next_reason_code = 'updated', next_enqueued_at = now()
            where reference_id = forebay.reference_id('s', '{n}')"
    );
    client.batch_execute(&statement).await.unwrap();
}

fn of(n: usize) -> Selection {
    Selection { reference_ids: vec![ReferenceId::compute("s", &n.to_string())], ..Selection::default() }
}

async fn operate(client: &mut Client, event: Event, selection: &Selection, mode: Mode) -> Operated {
    let until: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
    let operation = match event {
        Event::Retry => Operation::Retry { priority: handoffs::REPAIR_PRIORITY },
        Event::Cancel => Operation::Cancel { running: false },
        Event::Hold => Operation::Hold,
        Event::Release => Operation::Release,
        Event::Snooze => Operation::Snooze { until },
        other => panic!("{other:?} is not an operator's event"),
    };
    handoffs::operate(client, operation, selection, mode, &Actor::library()).await.unwrap()
}

/// State, reason, generation, failures, and whether it is finished, for one hand-off.
async fn row(client: &Client, n: usize, version: i32) -> (String, String, i32, i32, bool) {
    let statement = format!(
        "select state, reason_code, generation, num_attempts, finished_at is not null
            from forebay.handoffs where payload_hash = sha256('{n}/{version}')"
    );
    let row = client.query_one(&statement, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))
}

async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(client: &Client, sql: &str) -> T {
    client.query_one(&format!("select {sql}"), &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn every_operation_follows_the_transition_table() {
    let database = testing::database().await;
    let mut client = database.client().await;
    references(&client, State::ALL.len() * OPERATIONS.len()).await;
    let mut n = 0;
    for state in State::ALL {
        for event in OPERATIONS {
            n += 1;
            handoff(&client, n, 1, state).await;
            let dry = operate(&mut client, event, &of(n), Mode::DryRun).await;
            assert_eq!(row(&client, n, 1).await.0, state.as_str(), "a dry run changes nothing");
            let done = operate(&mut client, event, &of(n), Mode::Act).await;
            assert_eq!(dry, done, "{state} {event:?}: a dry run reports the same effects");

            let (new_state, reason, generation, attempts, is_finished) = row(&client, n, 1).await;
            let jobs = format!(
                "coalesce((select case when not_before <= now() then 'due' when not_before > '2099-01-01' then 'off'
                    else 'later' end from forebay.ingestion_handoffs
                    where state <> 'held' and reference_id = forebay.reference_id('s', '{n}')), 'none')"
            );
            let found: String = one(&client, &jobs).await;
            match next(state, event) {
                Ok(to) => {
                    assert_eq!((done.num_done, done.refused.len()), (1, 0), "{state} {event:?}");
                    assert_eq!(new_state, to.to.as_str(), "{state} {event:?}");
                    assert_eq!(reason, to.reason.unwrap().as_str(), "{state} {event:?}");
                    assert_eq!(generation, 1 + i32::from(to.raises_generation), "{state} {event:?}");
                    assert_eq!(attempts, if to.raises_generation { 0 } else { 3 }, "{state} {event:?}");
                    assert_eq!(is_finished, to.to.is_terminal(), "{state} {event:?}");
                    let expected = match event {
                        Event::Retry | Event::Release => "due",
                        Event::Snooze => "off",
                        _ => "none",
                    };
                    assert_eq!(found, expected, "{state} {event:?}");
                }
                Err(refusal) => {
                    assert_eq!(
                        (done.num_done, done.refused.get(&refusal)),
                        (0, Some(&1)),
                        "{state} {event:?}"
                    );
                    assert_eq!((new_state.as_str(), generation), (state.as_str(), 1), "{state} {event:?}");
                    let waits = matches!(state, State::Pending | State::Retrying | State::Active);
                    assert_eq!(found, if waits { "later" } else { "none" }, "{state} {event:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_retry_needs_the_latest_version_and_supersedes_others() {
    let database = testing::database().await;
    let mut client = database.client().await;
    references(&client, 2).await;
    handoff(&client, 1, 1, State::Failed).await;
    handoff(&client, 1, 2, State::Succeeded).await;
    let failed = Selection { state: Some(State::Failed), ..Selection::default() };
    let refused = operate(&mut client, Event::Retry, &failed, Mode::Act).await;
    assert_eq!((refused.num_done, refused.refused.get(&Refusal::NotLatest)), (0, Some(&1)));

    handoff(&client, 2, 1, State::Held).await;
    handoff(&client, 2, 2, State::Failed).await;
    let done = operate(&mut client, Event::Retry, &failed, Mode::Act).await;
    assert_eq!(done.num_done, 1);
    assert_eq!(row(&client, 2, 1).await.0, "superseded");
    assert_eq!(row(&client, 2, 2).await.0, "pending");
    let priority: i16 = one(&client, "priority from forebay.ingestion_handoffs").await;
    assert_eq!(priority, handoffs::REPAIR_PRIORITY);
}

#[tokio::test]
async fn succeeded_hand_offs_are_retried_only_on_request() {
    let database = testing::database().await;
    let mut client = database.client().await;
    references(&client, 1).await;
    handoff(&client, 1, 1, State::Succeeded).await;
    let of_pipeline = Selection { pipeline: Some("documents".into()), ..Selection::default() };
    assert_eq!(operate(&mut client, Event::Retry, &of_pipeline, Mode::Act).await, Operated::default());
    let by_state = Selection { state: Some(State::Succeeded), ..of_pipeline };
    assert_eq!(operate(&mut client, Event::Retry, &by_state, Mode::Act).await.num_done, 1);
}

#[tokio::test]
async fn a_follow_up_is_held_and_released_without_touching_the_attempt() {
    let database = testing::database().await;
    let mut client = database.client().await;
    references(&client, 3).await;
    for n in 1..=3 {
        handoff(&client, n, 1, State::Active).await;
        follow_up(&client, n, 2).await;
    }
    let snoozed = operate(&mut client, Event::Snooze, &of(1), Mode::Act).await;
    assert_eq!(snoozed.refused.get(&Refusal::AttemptUnderWay), Some(&2), "the attempt and its follow-up");
    for n in 1..=2 {
        assert_eq!(operate(&mut client, Event::Hold, &of(n), Mode::Act).await.num_done, 1);
        assert_eq!(row(&client, n, 2).await.0, "held");
    }
    assert_eq!(operate(&mut client, Event::Release, &of(2), Mode::Act).await.num_done, 1);
    assert_eq!(operate(&mut client, Event::Cancel, &of(3), Mode::Act).await.num_done, 1);
    assert_eq!(operate(&mut client, Event::Retry, &of(3), Mode::Act).await.num_done, 1);

    let ended = "select count(*) from forebay_private.end_attempts(1,
        array(select reference_id from forebay.ingestion_handoffs), array(select receipt from forebay.ingestion_handoffs),
        '{}', '{}', '{}', '{}', true)
        where verdict = 'done'";
    assert_eq!(client.query_one(ended, &[]).await.unwrap().get::<_, i64>(0), 3);
    let left = "string_agg(record_key || ' ' || h.generation || ' ' || h.state, ', ' order by record_key)
        from forebay.ingestion_handoffs as h join forebay.\"references\" using (reference_id)
        where h.payload_hash = sha256(convert_to(record_key || '/2', 'UTF8')) and h.receipt is null";
    let left: String = one(&client, left).await;
    assert_eq!(left, "1 1 held, 2 1 pending, 3 2 pending", "a held follow-up waits for its release");
    for n in 1..=3 {
        assert_eq!(row(&client, n, 1).await.0, "succeeded");
    }
}

#[tokio::test]
async fn concurrent_operators_retry_each_hand_off_once() {
    const NUM: u32 = 2500;
    let database = testing::database().await;
    let (mut first, mut second) = (database.client().await, database.client().await);
    references(&first, NUM as usize).await;
    let fill = "insert into forebay.ingestion_outcomes (reference_id, pipeline_id, payload_hash, version, generation, state,
            change, reason_code, failure_code, enqueued_at)
        select reference_id, 1, version_hash, 1, 1, 'failed', 'added', 'permanent', 'endpoint_gone', now()
        from forebay.\"references\"";
    first.batch_execute(fill).await.unwrap();
    let by_code = Selection { reason_code: Some("endpoint_gone".into()), ..Selection::default() };

    let few = Selection { limit: Some(1200), ..by_code.clone() };
    let dry = operate(&mut first, Event::Retry, &few, Mode::DryRun).await;
    assert_eq!((dry.num_done, dry.done.len()), (1200, 1));
    let (left, right) = tokio::join!(
        operate(&mut first, Event::Retry, &by_code, Mode::Act),
        operate(&mut second, Event::Retry, &by_code, Mode::Act),
    );
    assert_eq!(left.num_done + right.num_done, u64::from(NUM));
    let once: i64 =
        one(&first, "count(*) from forebay.handoffs where generation = 2 and state = 'pending'").await;
    let jobs: i64 =
        one(&first, "count(*) from forebay.ingestion_handoffs where generation = 2 and not_before <= now()")
            .await;
    assert_eq!((once, jobs), (i64::from(NUM), i64::from(NUM)));
}

#[tokio::test]
async fn selections_combine_their_conditions() {
    let database = testing::database().await;
    let mut client = database.client().await;
    references(&client, 1).await;
    handoff(&client, 1, 1, State::Failed).await;
    let past: Timestamp = "2001-01-01T00:00:00Z".parse().unwrap();
    let future: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
    let any = Selection::default;
    for (selection, expected) in [
        (Selection { pipeline: Some("documents".into()), ..any() }, 1),
        (Selection { pipeline: Some("other".into()), ..any() }, 0),
        (Selection { source: Some("s".into()), ..any() }, 1),
        (Selection { source: Some("t".into()), ..any() }, 0),
        (Selection { reason_code: Some("transient".into()), ..any() }, 1),
        (Selection { reason_code: Some("poison".into()), ..any() }, 0),
        (Selection { since: Some(past), until: Some(future), ..any() }, 1),
        (Selection { since: Some(future), ..any() }, 0),
        (Selection { until: Some(past), ..any() }, 0),
        (Selection { limit: Some(0), ..any() }, 0),
    ] {
        let found = operate(&mut client, Event::Retry, &selection, Mode::DryRun).await;
        assert_eq!(found.num_done, expected, "{selection:?}");
    }

    let filter = HandoffFilter {
        reason_code: Some("endpoint_gone".into()),
        source: Some("s".into()),
        since: Some(past),
        limit: 10,
        ..HandoffFilter::default()
    };
    let listed = handoffs::list(&client, &filter).await.unwrap();
    assert_eq!(listed[0].failure_code.as_deref(), Some("endpoint_gone"));
    let none = HandoffFilter { since: Some(future), ..filter };
    assert!(handoffs::list(&client, &none).await.unwrap().is_empty());

    handoff(&client, 1, 2, State::Held).await;
    let status: String = one(
        &client,
        "string_agg(concat_ws(' ', source, record_key, pipeline, state, failure_code, version), ', ')
            from forebay.handoff_status",
    )
    .await;
    assert_eq!(status, "s 1 documents held endpoint_gone 2", "only the latest hand-off");
}

#[tokio::test]
async fn tables_report_missing_and_extra_rows() {
    let database = testing::database().await;
    let client = database.client().await;
    references(&client, 3).await;
    let ids: Vec<ReferenceId> = (1..=4).map(|n| ReferenceId::compute("s", &n.to_string())).collect();
    let table = TableName::parse("shop.courses").unwrap();
    let none = tables::verify_page(&client, &table, OnRemoved::Mark, &ids).await.unwrap();
    assert_eq!(none, [false; 4], "a missing table contains no rows");
    // Reference 1 is correct, 2 was removed, 3 has no row, and 4 never was a reference.
    let fill = "create schema shop;
        create table shop.courses (reference_id uuid primary key, removed_at timestamptz);
        insert into shop.courses select forebay.reference_id('s', n::text) from unnest('{1, 2, 4}'::int[]) as n;
        update forebay.\"references\" set removed_at = now() where record_key = '2'";
    client.batch_execute(fill).await.unwrap();
    for (on_removed, marked) in
        [(OnRemoved::Delete, false), (OnRemoved::Mark, false), (OnRemoved::Mark, true)]
    {
        if marked {
            client.batch_execute("update shop.courses set removed_at = now() where reference_id <> forebay.reference_id('s', '1')").await.unwrap();
        }
        let found = tables::verify_page(&client, &table, on_removed, &ids).await.unwrap();
        assert_eq!(found, [true, !marked, false, !marked]);
        let mut expected = if marked { Vec::new() } else { vec![ids[1], ids[3]] };
        expected.sort_unstable();
        let mut extra = Vec::new();
        while let [id] = tables::extra_page(
            &client,
            &table,
            on_removed,
            extra.last().copied().unwrap_or(ReferenceId([0; 16])),
            1,
        )
        .await
        .unwrap()[..]
        {
            extra.push(id);
        }
        assert_eq!(extra, expected);
    }
}
