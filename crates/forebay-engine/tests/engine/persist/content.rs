//! Which parts of a record are stored and compared, and that none of them is altered.

use std::collections::{BTreeMap, BTreeSet};

use forebay_domain::{
    canonical::canonical_text,
    rules::{FieldRules, Normalise},
    run::OnDuplicate,
};
use forebay_engine::persist::PersistRequest;
use forebay_store::{export, sources};

use super::{SOURCE, Shop, complete, counts, day, incremental};

const UNCHANGED: [u64; 8] = [1, 0, 0, 1, 0, 0, 0, 0];
const UPDATED: [u64; 8] = [1, 0, 1, 0, 0, 0, 0, 0];

fn set(fields: &[&str]) -> BTreeSet<String> {
    fields.iter().map(|&field| field.to_owned()).collect()
}

fn with_rules(rules: &FieldRules, number: i64) -> PersistRequest {
    PersistRequest { rules: Some(rules.clone()), ..complete(number) }
}

#[tokio::test(flavor = "multi_thread")]
async fn ignored_fields_are_neither_stored_nor_compared() {
    let shop = Shop::open().await;
    let rules = FieldRules { ignore: set(&["hits", "id"]), ..FieldRules::default() };
    shop.persist(with_rules(&rules, 1), r#"{"id":"a","hits":1,"title":"T"}"#).await;
    assert_eq!(shop.at("a", day(1)).await.unwrap(), r#"{"title":"T"}"#, "a key may be ignored");
    let replay = shop.persist(with_rules(&rules, 2), r#"{"id":"a","hits":2,"title":"T"}"#).await;
    assert_eq!(counts(&replay), UNCHANGED);
    let changed = shop.persist(with_rules(&rules, 3), r#"{"id":"a","hits":3,"title":"U"}"#).await;
    assert_eq!(counts(&changed), UPDATED);
    let fields = "select field_name from forebay.reference_revisions";
    assert_eq!(shop.rows(fields).await, ["title"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn volatile_fields_alone_create_no_version() {
    let shop = Shop::open().await;
    let rules = FieldRules { volatile: set(&["fetched"]), ..FieldRules::default() };
    shop.persist(with_rules(&rules, 1), r#"{"id":"a","fetched":1,"title":"T"}"#).await;
    let replay = shop.persist(with_rules(&rules, 2), r#"{"id":"a","fetched":2,"title":"T"}"#).await;
    assert_eq!(counts(&replay), UNCHANGED);
    assert_eq!(shop.at("a", day(2)).await.unwrap(), r#"{"fetched":1,"id":"a","title":"T"}"#);
    let changed = shop.persist(with_rules(&rules, 3), r#"{"id":"a","fetched":3,"title":"U"}"#).await;
    assert_eq!(counts(&changed), UPDATED);
    assert_eq!(shop.at("a", day(3)).await.unwrap(), r#"{"fetched":3,"id":"a","title":"U"}"#);
    assert_eq!(shop.at("a", day(2)).await.unwrap(), r#"{"fetched":1,"id":"a","title":"T"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn normalised_fields_are_stored_unchanged() {
    let shop = Shop::open().await;
    let normalise = Normalise { trim: true, collapse_whitespace: true, casefold: true };
    let rules =
        FieldRules { normalise: BTreeMap::from([("title".to_owned(), normalise)]), ..FieldRules::default() };
    shop.persist(with_rules(&rules, 1), "{\"id\":\"a\",\"title\":\"Straße  Eins\"}").await;
    let replay =
        shop.persist(with_rules(&rules, 2), "{\"id\":\"a\",\"title\":\" STRASSE\\u00a0eins\\n\"}").await;
    assert_eq!(counts(&replay), UNCHANGED);
    assert_eq!(shop.at("a", day(2)).await.unwrap(), "{\"id\":\"a\",\"title\":\"Straße  Eins\"}");
    assert_eq!(counts(&shop.persist(with_rules(&rules, 3), r#"{"id":"a","title":"Zwei"}"#).await), UPDATED);
    // The rules affect the hash: without them the spelling counts.
    assert_eq!(counts(&shop.persist(complete(4), r#"{"id":"a","title":"ZWEI"}"#).await), UPDATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_stay_with_the_source_and_raise_its_parser_version() {
    let shop = Shop::open().await;
    let rules = FieldRules { ignore: set(&["hits"]), ..FieldRules::default() };
    let record = r#"{"id":"a","hits":1}"#;
    shop.persist(incremental(1), record).await;
    shop.persist(with_rules(&rules, 2), record).await;
    let policy = "select parser_version, policy -> 'rules' ->> 'ignore' from forebay.sources";
    assert_eq!(shop.row(policy).await, "2 [\"hits\"]");
    shop.persist(with_rules(&rules, 3), record).await;
    assert_eq!(shop.row(policy).await, "2 [\"hits\"]");
}

#[tokio::test(flavor = "multi_thread")]
async fn characters_that_postgres_cannot_store_are_replaced_and_reported() {
    let shop = Shop::open().await;
    let record = r#"{"id":"a","nul\u0000l":"x\u0000y","half":"\ud83e","whole":"\ud83e\udd80"}"#;
    let report = shop.persist(complete(1), record).await;
    assert_eq!(counts(&report), [1, 1, 0, 0, 0, 0, 0, 0]);
    assert!(report.warnings.iter().any(|warning| warning.starts_with("3 characters")), "{report:?}");
    let stored =
        "{\"half\":\"\u{fffd}\",\"id\":\"a\",\"nul\u{fffd}l\":\"x\u{fffd}y\",\"whole\":\"\u{1f980}\"}";
    assert_eq!(shop.at("a", day(1)).await.unwrap(), stored);
    assert_eq!(counts(&shop.persist(complete(2), record).await), UNCHANGED);
}

/// Numbers that a double or a careless JSON library would alter, and texts that are easily altered.
const EXACT: [&str; 12] = [
    r#"{"id":"0","n":9007199254740993}"#,
    r#"{"id":"1","n":123456789012345678901234567890}"#,
    r#"{"id":"2","n":0.1000000000000000055511151231257827}"#,
    r#"{"id":"3","n":-0.0}"#,
    r#"{"id":"4","n":1.10}"#,
    r#"{"id":"5","n":1E400}"#,
    r#"{"id":"6","n":3.141592653589793238462643383279}"#,
    r#"{"id":"7","n":1e-7,"m":5e-324,"o":1.7976931348623157e308}"#,
    r#"{"id":"8","t":"\"\\\b\f\n\r\t\u001f\u2028/€𝄞"}"#,
    r#"{"id":"9","b":{"z":1,"a":[true,null,{"":[]}]},"":0}"#,
    r#"{"id":"A","n":100000000000000000000000,"m":1e23}"#,
    r#"{"id":"B","e\u0301":"decomposed","é":"composed"}"#,
];

#[tokio::test(flavor = "multi_thread")]
async fn payloads_round_trip_exactly() {
    let shop = Shop::open().await;
    let lines = EXACT.join("\n");
    let added = shop.persist(complete(1), &lines).await;
    assert_eq!(counts(&added), [12, 12, 0, 0, 0, 0, 0, 0]);
    let source = sources::find(&shop.client, SOURCE).await.unwrap().unwrap();
    for at in [None, Some(day(1))] {
        let mut payloads = export::payloads(&shop.client, &source, None, at).await.unwrap();
        for record in EXACT {
            let payload = payloads.next().await.unwrap().unwrap().to_owned();
            let expected = canonical_text(record.as_bytes()).unwrap();
            assert_eq!(canonical_text(payload.as_bytes()).unwrap(), expected);
            let hash = forebay_domain::identity::VersionHash::of(expected.as_bytes());
            let stored = format!(
                "select encode(version_hash, 'hex') = '{hash}' from forebay.\"references\"
                where record_key = '{}'",
                &record[7..8]
            );
            assert_eq!(shop.row(&stored).await, "t", "{record}");
        }
        assert!(payloads.next().await.unwrap().is_none());
    }
    assert_eq!(counts(&shop.persist(complete(2), &lines).await), [12, 0, 0, 12, 0, 0, 0, 0]);
    // Also in history: each record is changed and read as of an earlier time.
    let changed: Vec<String> =
        EXACT.iter().map(|record| format!("{{\"id\":\"{}\"}}", &record[7..8])).collect();
    let changed = changed.join("\n");
    assert_eq!(counts(&shop.persist(complete(3), &changed).await), [12, 0, 12, 0, 0, 0, 0, 0]);
    for record in EXACT {
        let then = shop.at(&record[7..8], day(2)).await;
        assert_eq!(then, canonical_text(record.as_bytes()).ok(), "{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_merged_even_if_their_key_is_not_stored() {
    let shop = Shop::open().await;
    let rules = FieldRules { ignore: set(&["id"]), ..FieldRules::default() };
    let request =
        |number| PersistRequest { on_duplicate: Some(OnDuplicate::Merge), ..with_rules(&rules, number) };
    let lines = "{\"id\":\"a\",\"x\":1}\n{\"id\":\"a\",\"y\":2}\n";
    shop.persist(request(1), lines).await;
    assert_eq!(shop.at("a", day(1)).await.unwrap(), r#"{"x":1,"y":2}"#);
    assert_eq!(counts(&shop.persist(request(2), lines).await), [2, 0, 0, 1, 0, 0, 1, 0]);
}
