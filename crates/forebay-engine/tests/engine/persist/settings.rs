//! The settings of a source stay as they are stored until a request gives others.

use forebay_domain::{
    guards::GuardPolicy,
    rules::{FieldRules, Normalise},
    run::OnDuplicate,
};
use forebay_engine::persist::{Overrides, PersistRequest};

use super::{SOURCE, Shop, counts, day, lines, numbered};

/// A request that gives nothing but its source and key.
fn plain(number: i64) -> PersistRequest {
    PersistRequest { observed_at: Some(day(number)), ..PersistRequest::new(SOURCE, ["id"]) }
}

/// The same, but without a key and for the whole scope.
fn plain_complete(number: i64) -> PersistRequest {
    PersistRequest { complete: true, key_fields: Vec::new(), ..plain(number) }
}

const UNCHANGED: [u64; 8] = [1, 0, 0, 1, 0, 0, 0, 0];

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_request_uses_the_stored_rules() {
    let shop = Shop::open().await;
    let trim = Normalise { trim: true, ..Normalise::default() };
    let with_rules = PersistRequest {
        rules: Some(FieldRules {
            ignore: ["hits".to_owned()].into(),
            volatile: ["fetched".to_owned()].into(),
            normalise: [("title".to_owned(), trim)].into(),
        }),
        ..plain(1)
    };
    shop.persist(with_rules, r#"{"id":"a","hits":1,"fetched":1,"title":"T"}"#).await;
    let policy = "select policy, parser_version from forebay.sources";
    let stored = shop.rows(policy).await;
    let again = shop.persist(plain(2), r#"{"id":"a","hits":2,"fetched":2,"title":" T "}"#).await;
    assert_eq!(counts(&again), UNCHANGED);
    assert_eq!(shop.rows(policy).await, stored);
    // Rules that are given replace the stored ones, even with none.
    let without = PersistRequest { rules: Some(FieldRules::default()), ..plain(3) };
    let changed = shop.persist(without, r#"{"id":"a","hits":2,"fetched":2,"title":" T "}"#).await;
    assert_eq!(counts(&changed), [1, 0, 1, 0, 0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_request_uses_the_stored_duplicate_policy_and_sequence() {
    let shop = Shop::open().await;
    let given = PersistRequest {
        on_duplicate: Some(OnDuplicate::Last),
        sequence_field: Some(Some("n".to_owned())),
        ..plain(1)
    };
    shop.persist(given, r#"{"id":"a","n":1}"#).await;
    let twice = shop.persist(plain(2), "{\"id\":\"a\",\"n\":2}\n{\"id\":\"a\",\"n\":3}").await;
    assert_eq!(counts(&twice), [2, 0, 1, 0, 0, 0, 1, 0]);
    assert_eq!(shop.at("a", day(2)).await.unwrap(), r#"{"id":"a","n":3}"#, "the last record counts");
    shop.persist(plain(3), r#"{"id":"a","n":2}"#).await;
    assert_eq!(shop.at("a", day(3)).await.unwrap(), r#"{"id":"a","n":3}"#, "a lower number is older");
    let unsequenced = PersistRequest { sequence_field: Some(None), ..plain(4) };
    shop.persist(unsequenced, r#"{"id":"a","n":1}"#).await;
    assert_eq!(shop.at("a", day(4)).await.unwrap(), r#"{"id":"a","n":1}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_request_marks_records_with_the_stored_contract_column() {
    let shop = Shop::open().await;
    let contract = PersistRequest { contract_version_column: Some(Some("v".to_owned())), ..plain(1) };
    shop.persist(contract, r#"{"id":"a","v":2}"#).await;
    shop.persist(plain(2), r#"{"id":"a","v":3}"#).await;
    let version = "select contract_version from forebay.\"references\"";
    assert_eq!(shop.rows(version).await, ["3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_request_uses_the_stored_guards() {
    let shop = Shop::open().await;
    let guards = GuardPolicy { max_removed_share: Some(0.9), ..GuardPolicy::default() };
    let first = PersistRequest { guards: Some(guards), ..plain(1) };
    shop.persist(first, &numbered(0..100, 1)).await;
    let status = async |request: PersistRequest, records: std::ops::Range<usize>| {
        shop.persist(request, &numbered(records, 1)).await.status.as_str()
    };
    // The default share of 0.5 would hold this run.
    assert_eq!(status(plain_complete(2), 0..40).await, "complete");
    assert_eq!(status(plain_complete(3), 0..2).await, "held");
    // An override is valid for one run.
    let once = Overrides { max_removed_share: Some(0.1), ..Overrides::default() };
    assert_eq!(status(PersistRequest { overrides: once, ..plain_complete(4) }, 0..20).await, "held");
    assert_eq!(status(plain_complete(5), 0..20).await, "complete");
    let off = Overrides { guards: Some(false), ..Overrides::default() };
    assert_eq!(status(PersistRequest { overrides: off, ..plain_complete(6) }, 0..1).await, "complete");
    let share =
        "select policy #>> '{guards,max_removed_share}', policy #>> '{guards,enabled}' from forebay.sources";
    assert_eq!(shop.rows(share).await, ["0.9 true"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_request_uses_the_stored_share_of_rejected_records() {
    let shop = Shop::open().await;
    let broken = |num_broken: usize| {
        lines((0..10).map(
            |key| {
                if key < num_broken { "{]".to_owned() } else { format!("{{\"id\":\"K{key}\"}}") }
            },
        ))
    };
    let lenient = PersistRequest { max_rejected_share: Some(0.7), ..plain(1) };
    shop.persist(lenient, &broken(0)).await;
    let status = async |request, num_broken| shop.persist(request, &broken(num_broken)).await.status.as_str();
    // The default share of 0.1 would fail this run.
    assert_eq!(status(plain(2), 6).await, "partial");
    assert_eq!(status(plain(3), 8).await, "failed");
    let once = Overrides { max_rejected_share: Some(0.9), ..Overrides::default() };
    assert_eq!(status(PersistRequest { overrides: once, ..plain(4) }, 8).await, "partial");
    assert_eq!(status(plain(5), 8).await, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_a_plain_request_does_not_write_the_source() {
    let shop = Shop::open().await;
    let guards = GuardPolicy { max_removed_share: Some(0.3), ..GuardPolicy::default() };
    let first = PersistRequest { guards: Some(guards), max_rejected_share: Some(0.3), ..plain(1) };
    shop.persist(first, r#"{"id":"a"}"#).await;
    let row = "select xmin, updated_at from forebay.sources";
    let before = shop.rows(row).await;
    shop.persist(plain(2), r#"{"id":"a"}"#).await;
    assert_eq!(shop.rows(row).await, before);
}
