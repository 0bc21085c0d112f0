//! Records that nothing identifies: their content is their key, so distinct rows are appended.

use forebay_domain::{guards::GuardPolicy, rekey::RekeyPolicy, rules::FieldRules};
use forebay_engine::{
    persist::{self, PersistRequest},
    source::rename_field,
};
use forebay_sources::{Format, ReadOptions};

use super::{Shop, complete, counts, guarded, in_scope, incremental, lines, read_as};

fn by_hash(request: PersistRequest) -> PersistRequest {
    PersistRequest { key_fields: vec!["$hash".to_owned()], ..request }
}

fn readings(numbers: std::ops::Range<usize>) -> String {
    lines(
        numbers.map(|number| format!("{{\"sensor\":\"S\",\"celsius\":{number},\"note\":\"read by hand\"}}")),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn distinct_rows_are_appended_once() {
    let shop = Shop::open().await;
    // The same row twice, in one window and in two, is one.
    let pieces = ["{\"a\":1}\n{\"a\":2}\n{ \"a\": 1.0 }\n", "{\"a\":2}\n{\"a\":3}\n"];
    let report = shop.persist_in_pieces(by_hash(incremental(1)), &pieces).await;
    assert_eq!((counts(&report), report.num_handoffs), ([5, 3, 0, 0, 0, 0, 2, 0], 3));
    let again = shop.persist(by_hash(incremental(2)), &(pieces.concat() + "{\"a\":4}\n")).await;
    assert_eq!((counts(&again), again.num_handoffs), ([6, 1, 0, 3, 0, 0, 2, 0], 1));
    // SQL computes the same ids from the stored hash.
    let same = "select count(*) from forebay.\"references\" where record_key = encode(version_hash, 'hex')
        and reference_id = forebay.reference_id('shop', encode(version_hash, 'hex'))";
    assert_eq!(shop.row(same).await, "4");
    assert_eq!(shop.row("select count(*) from forebay.reference_revisions").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_complete_run_a_changed_row_is_a_removal_and_an_addition() {
    let shop = Shop::open().await;
    for number in 1..7 {
        shop.persist(by_hash(guarded(number)), &readings(0..40)).await;
    }
    // Four rows change a little; the guard against re-keys must not pair them with what they were.
    let text = readings(4..40) + &readings(0..4).replace("hand", "eye");
    let report = shop.persist(by_hash(guarded(7)), &text).await;
    assert_eq!((report.status.as_str(), counts(&report)), ("complete", [40, 4, 0, 36, 4, 0, 0, 0]));
    // A mass of them meets the guard against mass removals; the additions are applied.
    let report = shop.persist(by_hash(guarded(8)), &readings(0..40).replace("hand", "machine")).await;
    assert_eq!((report.status.as_str(), report.reason_code.as_deref()), ("held", Some("mass_removal")));
    assert_eq!((report.counts.num_added, report.num_withheld), (40, 40));
    let error = persist::rekey(&shop.database, report.run_id, &crate::operator()).await.unwrap_err();
    assert_eq!(error.code(), "not_a_rekey");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_scopes_are_part_of_the_key() {
    let shop = Shop::open().await;
    let rules = FieldRules { volatile: ["seen_at".to_owned()].into(), ..FieldRules::default() };
    let volatile = |number: i64| PersistRequest { rules: Some(rules.clone()), ..by_hash(complete(number)) };
    shop.persist(volatile(1), "{\"a\":1,\"seen_at\":1}\n").await;
    assert_eq!(
        counts(&shop.persist(volatile(2), "{\"a\":1,\"seen_at\":2}\n").await),
        [1, 0, 0, 1, 0, 0, 0, 0]
    );
    // With other rules, each record has another hash.
    let report = shop.persist(by_hash(complete(3)), "{\"a\":1,\"seen_at\":2}\n").await;
    assert_eq!(counts(&report), [1, 1, 0, 0, 1, 0, 0, 0]);

    let shop = Shop::open().await;
    let key_fields = vec!["$hash".to_owned(), "$scope".to_owned()];
    for (number, term) in [(1, "term=1"), (2, "term=2")] {
        let request = in_scope(term, PersistRequest { key_fields: key_fields.clone(), ..guarded(number) });
        assert_eq!(shop.persist(request, "{\"a\":1}\n").await.counts.num_added, 1);
    }
    let scopes = "select right(record_key, 7) from forebay.\"references\" order by 1";
    assert_eq!(shop.rows(scopes).await, ["|term=1", "|term=2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_lasting_key_is_refused() {
    let shop = Shop::open().await;
    let follow = GuardPolicy { rekey: RekeyPolicy::Follow, ..GuardPolicy::default() };
    let flag = Some("/deleted".parse().unwrap());
    for (request, code) in [
        (PersistRequest { guards: Some(follow), ..by_hash(complete(1)) }, "setting_conflict"),
        (PersistRequest { removed_when: flag, ..by_hash(complete(1)) }, "setting_conflict"),
        (
            PersistRequest { key_fields: vec!["$hash".into(), "id".into()], ..complete(1) },
            "key_field_invalid",
        ),
    ] {
        let error = shop.try_persist(request, "{\"id\":1}\n").await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.hint().is_some(), "{error}");
    }
    assert_eq!(shop.row("select count(*) from forebay.sources").await, "0");
    shop.persist(by_hash(complete(1)), "{\"id\":1}\n").await;
    let error =
        rename_field(&shop.database, "shop", "id", "ID", false, &crate::operator()).await.unwrap_err();
    assert_eq!((error.code(), error.hint().is_some()), ("key_is_hash", true));
    // A key of fields is another key.
    assert_eq!(shop.try_persist(complete(2), "{\"id\":1}\n").await.unwrap_err().code(), "key_changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_a_key_says_how_to_go_on() {
    let shop = Shop::open().await;
    let options = ReadOptions { format: Format::Singer, ..ReadOptions::default() };
    let tap = async |key_fields: &[&str]| {
        let text = "{\"type\":\"SCHEMA\",\"stream\":\"log\",\"schema\":{},\"key_properties\":[]}\n\
                    {\"type\":\"RECORD\",\"stream\":\"log\",\"record\":{\"line\":\"x\"}}\n\
                    {\"type\":\"RECORD\",\"stream\":\"log\",\"record\":{\"line\":\"x\",\"_sdc_deleted_at\":\"2026-01-01\"}}\n";
        let request = PersistRequest::new("log", key_fields.iter().copied());
        let input = read_as(Box::new(std::io::Cursor::new(text)), options.clone());
        persist::persist(&shop.database, request, input, &|_| {}).await
    };
    let error = tap(&[]).await.unwrap_err();
    assert_eq!(error.code(), "key_unknown");
    assert!(error.hint().unwrap().contains("--key '$hash'"), "{:?}", error.hint());
    assert_eq!(counts(&tap(&["$hash"]).await.unwrap()), [2, 2, 0, 0, 0, 0, 0, 0]);
}
