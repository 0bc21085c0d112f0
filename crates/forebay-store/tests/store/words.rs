//! Words in columns that this program doesn't know are errors, never defaults.

use forebay_store::{
    breakers,
    handoffs::{self, HandoffFilter},
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
        insert into forebay.ingestion_handoffs
                (reference_id, pipeline_id, payload_hash, version, state, change, reason_code)
            select gen_random_uuid(), pipeline_id, sha256(''), 1, 'parked', 'added', 'added' from forebay.pipelines";
    client.batch_execute(newer).await.unwrap();
    let filter = HandoffFilter { limit: 10, ..HandoffFilter::default() };
    let error = handoffs::list(&client, &filter).await.unwrap_err();
    assert_eq!(error.to_string(), "the column state contains the unknown word \"parked\"");
    assert_eq!(handoffs::counts(&client, None).await.unwrap_err().code(), "unknown_word");
}
