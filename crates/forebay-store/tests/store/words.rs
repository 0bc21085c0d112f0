//! The words in columns are those of the domain; one that this program doesn't know is an error, never a default.

use forebay_domain::{
    breaker::{BreakerReason, BreakerState, CallOutcome},
    content::{ContentStatus, CourseType, ValidationStatus, bloom::BloomLevel},
    drift::{DriftChange, JsonType},
    handoff::{Change, FailureClass, ReasonCode, State},
    notify::{NotificationState, NotifierKind, NotifyEvent},
    reject::RejectReason,
    run::RunStatus,
};
use forebay_store::{
    breakers,
    freshness::SyncStatus,
    handoffs::{self, HandoffFilter},
    logs::Level,
    runs, testing,
};

#[tokio::test]
async fn an_unknown_status_is_an_error_that_names_it() {
    let database = testing::database().await;
    let client = database.client().await;
    let newer = "alter table forebay.scrape_runs drop constraint scrape_runs_status_check;
        insert into forebay.sources (name, entity_type, key_fields) values ('s', 't', '{id}');
        insert into forebay.scrape_runs
                (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at, ended_at)
            select source_id, '', 'paused', true, true, 'test', '-', now(), now() from forebay.sources";
    client.batch_execute(newer).await.unwrap();
    let error = runs::find(&client, 1).await.unwrap_err();
    assert_eq!(error.code(), "unknown_word");
    assert_eq!(error.to_string(), "the column status contains the unknown word \"paused\"");
    assert!(error.hint().unwrap().contains("newer Forebay"), "{error:?}");
}

#[tokio::test]
async fn unknown_words_of_breakers_are_errors() {
    let database = testing::database().await;
    let client = database.client().await;
    let newer = "alter table forebay.circuit_breaker_state
            drop constraint circuit_breaker_state_state_check,
            drop constraint circuit_breaker_state_outcomes_check;
        insert into forebay.sources (name, entity_type, key_fields) values ('s', 't', '{id}');
        insert into forebay.circuit_breaker_state (source_id, state, reason_code, changed_at)
            select source_id, 'ajar', 'new', now() from forebay.sources";
    client.batch_execute(newer).await.unwrap();
    let error = breakers::find(&client, 1).await.unwrap_err();
    assert_eq!(error.to_string(), "the column state contains the unknown word \"ajar\"");
    let outcomes = "update forebay.circuit_breaker_state set state = 'closed', outcomes = '{success,puzzled}', \
         outcome_times = array[now(), now()]";
    client.batch_execute(outcomes).await.unwrap();
    let error = breakers::find(&client, 1).await.unwrap_err();
    assert_eq!(error.to_string(), "the column outcomes contains the unknown word \"puzzled\"");
}

#[tokio::test]
async fn an_unknown_state_of_a_hand_off_is_an_error() {
    let database = testing::database().await;
    let client = database.client().await;
    let newer = "alter table forebay.ingestion_handoffs drop constraint ingestion_handoffs_state_check;
        insert into forebay.ingestion_handoffs (reference_id, pipeline_id, source_id, payload_hash, state)
            select gen_random_uuid(), pipeline_id, 1, sha256(''), 'parked' from forebay.pipelines";
    client.batch_execute(newer).await.unwrap();
    let filter = HandoffFilter { limit: 10, ..HandoffFilter::default() };
    let error = handoffs::list(&client, &filter).await.unwrap_err();
    assert_eq!(error.to_string(), "the column state contains the unknown word \"parked\"");
    assert_eq!(handoffs::counts(&client, None).await.unwrap_err().code(), "unknown_word");
}

#[tokio::test]
async fn the_words_of_the_domain_match_the_check_constraints() {
    let database = testing::database().await;
    let client = database.client().await;
    let revisions = Change::ALL.into_iter().filter(|change| *change != Change::Added).map(Change::as_str);
    let changes = Change::ALL.map(Change::as_str).to_vec();
    let breakers = BreakerState::ALL.map(BreakerState::as_str).to_vec();
    let reasons = BreakerReason::ALL.map(BreakerReason::as_str).to_vec();
    let types = JsonType::ALL.map(JsonType::as_str).to_vec();
    let words = |states: Vec<State>| states.into_iter().map(State::as_str).collect::<Vec<_>>();
    let (only_settled, only_open) = (
        [
            ReasonCode::NewerVersion,
            ReasonCode::Cancelled,
            ReasonCode::Permanent,
            ReasonCode::Poison,
            ReasonCode::AttemptsExhausted,
        ],
        [ReasonCode::Held],
    );
    // An operator can't snooze a follow-up, and it has failed in no attempt.
    let never_of_follow_ups = [
        ReasonCode::Snoozed,
        ReasonCode::NewerVersion,
        ReasonCode::Transient,
        ReasonCode::Throttled,
        ReasonCode::LeaseLost,
        ReasonCode::Permanent,
        ReasonCode::Poison,
        ReasonCode::AttemptsExhausted,
    ];
    let reasons_except = |others: &[ReasonCode]| {
        let reasons = ReasonCode::ALL.into_iter().filter(|reason| !others.contains(reason));
        reasons.map(ReasonCode::as_str).collect::<Vec<_>>()
    };
    let expected = [
        ("scrape_runs_status_check", RunStatus::ALL.map(RunStatus::as_str).to_vec()),
        ("rejected_records_reason_code_check", RejectReason::ALL.map(RejectReason::as_str).to_vec()),
        ("reference_revisions_change_check", revisions.collect()),
        (
            "ingestion_handoffs_state_check",
            words(State::ALL.into_iter().filter(|state| state.is_waiting()).collect()),
        ),
        ("ingestion_handoffs_next_state_check", words(vec![State::Pending, State::Held, State::Cancelled])),
        ("ingestion_handoffs_next_change_check", changes.clone()),
        ("ingestion_handoffs_next_reason_code_check", reasons_except(&never_of_follow_ups)),
        (
            "ingestion_outcomes_state_check",
            words(State::ALL.into_iter().filter(|state| state.is_terminal()).collect()),
        ),
        ("ingestion_handoffs_reason_code_check", reasons_except(&only_settled)),
        ("ingestion_outcomes_reason_code_check", reasons_except(&only_open)),
        ("ingestion_handoffs_change_check", changes.clone()),
        ("ingestion_outcomes_change_check", changes),
        ("ingestion_attempts_failure_class_check", FailureClass::ALL.map(FailureClass::as_str).to_vec()),
        ("notifiers_kind_check", NotifierKind::ALL.map(NotifierKind::as_str).to_vec()),
        ("notifier_alerts_event_check", NotifyEvent::ALL.map(NotifyEvent::as_str).to_vec()),
        ("notifications_state_check", NotificationState::ALL.map(NotificationState::as_str).to_vec()),
        ("notifications_failure_class_check", FailureClass::ALL.map(FailureClass::as_str).to_vec()),
        ("sync_metadata_status_check", SyncStatus::ALL.map(SyncStatus::as_str).to_vec()),
        ("circuit_breaker_state_state_check", breakers.clone()),
        ("circuit_breaker_transitions_from_state_check", breakers.clone()),
        ("circuit_breaker_transitions_to_state_check", breakers),
        ("circuit_breaker_state_reason_code_check", reasons.clone()),
        ("circuit_breaker_transitions_reason_code_check", reasons),
        ("circuit_breaker_state_outcomes_check", CallOutcome::ALL.map(CallOutcome::as_str).to_vec()),
        ("scrape_run_fields_json_types_check", types.clone()),
        ("scrape_run_drift_old_types_check", types.clone()),
        ("scrape_run_drift_new_types_check", types),
        ("scrape_run_drift_change_check", DriftChange::ALL.map(DriftChange::as_str).to_vec()),
        ("content_pieces_status_check", ContentStatus::ALL.map(ContentStatus::as_str).to_vec()),
        ("course_metadata_course_type_check", CourseType::ALL.map(CourseType::as_str).to_vec()),
        ("course_lessons_bloom_level_check", BloomLevel::ALL.map(BloomLevel::as_str).to_vec()),
        (
            "course_lessons_validation_status_check",
            ValidationStatus::ALL.map(ValidationStatus::as_str).to_vec(),
        ),
        ("scrape_logs_level_check", Level::ALL.map(Level::as_str).to_vec()),
    ];
    for (constraint, mut expected) in expected {
        expected.sort_unstable();
        // Partitions have constraints with the same names.
        let statement = "select array(select m[1] from regexp_matches(pg_get_constraintdef(oid), '''([a-z0-9_]+)''', 'g') as m) \
             from pg_constraint where conname = $1 and coninhcount = 0";
        let mut words: Vec<String> = client.query_one(statement, &[&constraint]).await.unwrap().get(0);
        words.sort_unstable();
        assert_eq!(words, expected, "{constraint}");
    }
}
