//! Partial records: each is laid over what is stored, and the result is what is versioned.

use forebay_domain::{
    patch::RecordMode,
    rules::{FieldRules, Normalise},
    run::OnDuplicate,
};
use forebay_engine::persist::PersistRequest;

use super::{Shop, complete, counts, day, guarded, in_scope, incremental, lines};

fn patch(request: PersistRequest) -> PersistRequest {
    let removed_when = Some("deleted".parse().unwrap());
    PersistRequest { mode: Some(RecordMode::Patch), removed_when, ..request }
}

const VERSIONS: &str =
    "select string_agg(field_name, ' ' order by field_name) from forebay.reference_revisions
    group by version order by version";
const STAGED: &str = "select count(*) from forebay.scrape_run_changes";

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_record_is_laid_over_what_is_stored() {
    let shop = Shop::open().await;
    let report = shop
        .persist(patch(incremental(1)), "{\"id\":\"a\",\"x\":1,\"y\":null,\"in\":{\"p\":1,\"q\":1}}\n")
        .await;
    assert_eq!((counts(&report), report.num_handoffs), ([1, 1, 0, 0, 0, 0, 0, 0], 1));
    // Over nothing, a patch is itself without its nulls.
    assert_eq!(shop.at("a", day(1)).await.unwrap(), r#"{"id":"a","in":{"p":1,"q":1},"x":1}"#);
    let text = "{\"id\":\"a\",\"x\":null,\"z\":[1],\"in\":{\"q\":2}}\n{\"id\":\"b\",\"x\":5}\n";
    let report = shop.persist(patch(incremental(2)), text).await;
    assert_eq!((counts(&report), report.num_handoffs), ([2, 1, 1, 0, 0, 0, 0, 0], 2));
    assert_eq!(shop.at("a", day(2)).await.unwrap(), r#"{"id":"a","in":{"p":1,"q":2},"z":[1]}"#);
    assert_eq!(shop.rows(VERSIONS).await, ["in x z"]);
    // A replay, and a patch that says nothing new, write nothing.
    let before = shop.row("select array_agg((r.*, r.xmin)) from forebay.\"references\" as r").await;
    let report = shop.persist(patch(guarded(3)), &(text.to_owned() + "{\"id\":\"b\"}\n")).await;
    assert_eq!((counts(&report), report.num_handoffs), ([3, 0, 0, 2, 0, 0, 1, 0], 0));
    assert_eq!(shop.row("select array_agg((r.*, r.xmin)) from forebay.\"references\" as r").await, before);
    assert_eq!(shop.row(STAGED).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_patches_of_a_key_apply_in_order() {
    let first = "{\"id\":\"a\",\"x\":1,\"in\":{\"p\":1}}\n";
    let rest = ["{\"id\":\"a\",\"y\":2,\"in\":null}\n", "{\"id\":\"a\",\"x\":3,\"in\":{\"q\":2}}\n"];
    for stored in ["", "{\"id\":\"a\",\"in\":{\"old\":1},\"w\":1}\n"] {
        for pieces in
            [vec![first.to_owned() + &rest.concat()], vec![first.into(), rest[0].into(), rest[1].into()]]
        {
            let shop = Shop::open().await;
            shop.persist(complete(1), stored).await;
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let report = shop.persist_in_pieces(patch(incremental(2)), &pieces).await;
            assert_eq!(report.counts.num_duplicate, 2);
            let w = if stored.is_empty() { "" } else { "\"w\":1," };
            let expected = format!("{{\"id\":\"a\",\"in\":{{\"q\":2}},{w}\"x\":3,\"y\":2}}");
            assert_eq!(shop.at("a", day(2)).await.unwrap(), expected, "{pieces:?}");
            assert_eq!(
                shop.row("select max(version) from forebay.\"references\"").await,
                if stored.is_empty() { "1" } else { "2" }
            );
            let replayed = shop.persist_in_pieces(patch(guarded(3)), &pieces).await;
            assert_eq!(counts(&replayed), [3, 0, 0, 1, 0, 0, 2, 0], "{pieces:?}");
            assert_eq!(shop.row(STAGED).await, "0");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_run_says_which_keys_exist_and_guards_see_the_result() {
    let shop = Shop::open().await;
    let rooms = |keys: std::ops::Range<usize>, more: &str| {
        lines(keys.map(|key| format!("{{\"id\":\"K{key}\"{more}}}")))
    };
    shop.persist(patch(guarded(1)), &rooms(0..40, ",\"room\":\"R\",\"n\":1")).await;
    // Only keys and one field; what the records don't have isn't lost.
    let report = shop.persist(patch(guarded(2)), &rooms(1..40, ",\"n\":2")).await;
    assert_eq!((report.status.as_str(), counts(&report)), ("complete", [39, 0, 39, 0, 1, 0, 0, 0]));
    assert_eq!(report.field_coverage["room"].to_bits(), 1.0_f64.to_bits(), "{:?}", report.field_coverage);
    assert!(report.drift.is_empty(), "{:?}", report.drift);
    // Nulls take the field away, from all records at once.
    let report = shop.persist(patch(guarded(3)), &rooms(1..40, ",\"room\":null")).await;
    assert_eq!((report.status.as_str(), report.reason_code.as_deref()), ("held", Some("coverage_drop")));
    assert_eq!(report.num_withheld, 39);
    // A key that vanished continues from its last payload.
    let report = shop.persist(patch(guarded(4)), &rooms(0..40, ",\"n\":4")).await;
    assert_eq!((report.status.as_str(), counts(&report)), ("complete", [40, 0, 39, 0, 0, 1, 0, 0]));
    assert_eq!(shop.at("K0", day(4)).await.unwrap(), r#"{"id":"K0","n":4,"room":"R"}"#);
    assert_eq!(shop.at("K1", day(4)).await.unwrap(), r#"{"id":"K1","n":4,"room":"R"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_record_that_says_that_it_is_gone_the_next_one_starts_from_nothing() {
    let (a, dead, b) =
        ("{\"id\":\"a\",\"x\":1,\"y\":1}\n", "{\"id\":\"a\",\"deleted\":true}\n", "{\"id\":\"a\",\"z\":2}\n");
    let expected = Some(r#"{"id":"a","z":2}"#);
    // Run by run.
    let shop = Shop::open().await;
    for (number, text) in [(1, a), (2, dead), (3, dead), (4, b)] {
        shop.persist(patch(incremental(number)), text).await;
    }
    assert_eq!(shop.at("a", day(3)).await, None);
    assert_eq!(shop.at("a", day(4)).await.as_deref(), expected);
    assert_eq!(counts(&shop.persist(patch(incremental(5)), b).await), [1, 0, 0, 1, 0, 0, 0, 0]);
    // In one run, in one window and in several, over a reference that is active, removed, or not there.
    for before in [vec![], vec![a], vec![a, dead]] {
        for pieces in [
            vec![[a, dead, b].concat()],
            vec![a.into(), dead.into(), b.into()],
            vec![[a, dead].concat(), b.into()],
        ] {
            let shop = Shop::open().await;
            for (number, text) in (1..).zip(&before) {
                shop.persist(patch(incremental(number)), text).await;
            }
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            shop.persist_in_pieces(patch(incremental(7)), &pieces).await;
            assert_eq!(shop.at("a", day(7)).await.as_deref(), expected, "{before:?} {pieces:?}");
            assert_eq!(shop.row(STAGED).await, "0");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_about_the_result() {
    let shop = Shop::open().await;
    let rules = FieldRules {
        ignore: ["token".to_owned()].into(),
        volatile: ["views".to_owned()].into(),
        normalise: [("title".to_owned(), Normalise { casefold: true, ..Normalise::default() })].into(),
    };
    let with_rules = |number| PersistRequest { rules: Some(rules.clone()), ..patch(incremental(number)) };
    shop.persist(with_rules(1), "{\"id\":\"a\",\"title\":\"Logic\",\"views\":1,\"token\":1}\n").await;
    for (number, text) in
        [(2, "{\"id\":\"a\",\"title\":\"LOGIC\"}\n"), (3, "{\"id\":\"a\",\"views\":2,\"token\":2}\n")]
    {
        assert_eq!(counts(&shop.persist(with_rules(number), text).await), [1, 0, 0, 1, 0, 0, 0, 0], "{text}");
    }
    assert_eq!(shop.at("a", day(3)).await.unwrap(), r#"{"id":"a","title":"Logic","views":1}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_another_run_in_between_is_not_undone() {
    let shop = Shop::open().await;
    shop.persist(
        patch(guarded(1)),
        &lines((0..40).map(|key| format!("{{\"id\":\"K{key}\",\"room\":\"R\",\"n\":1}}"))),
    )
    .await;
    let nulls = lines((0..40).map(|key| format!("{{\"id\":\"K{key}\",\"room\":null}}")));
    let held = shop.persist(patch(guarded(5)), &nulls).await;
    assert_eq!((held.status.as_str(), held.num_withheld), ("held", 40));
    // A run of another scope that observed the source at the same time, and does not see the held one.
    let other = in_scope("part=1", patch(incremental(5)));
    assert_eq!(shop.persist(other, "{\"id\":\"K7\",\"n\":2}\n").await.counts.num_updated, 1);
    let released =
        forebay_engine::persist::release(&shop.database, held.run_id, &crate::operator()).await.unwrap();
    assert_eq!((released.counts.num_updated, released.counts.num_rejected), (39, 1));
    assert_eq!(shop.at("K7", day(6)).await.unwrap(), r#"{"id":"K7","n":2,"room":"R"}"#);
    assert_eq!(shop.row("select reason_code from forebay.rejected_records").await, "outdated_patch");
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_need_a_key_and_an_order() {
    let shop = Shop::open().await;
    for policy in ["merge", "reject", "newest_by=at"] {
        let on_duplicate: Option<OnDuplicate> = Some(policy.parse().unwrap());
        let request = PersistRequest { on_duplicate, ..patch(incremental(1)) };
        assert_eq!(shop.try_persist(request, "{\"id\":1}\n").await.unwrap_err().code(), "setting_conflict");
    }
    let request =
        PersistRequest { key_fields: vec!["$hash".to_owned()], removed_when: None, ..patch(incremental(1)) };
    assert_eq!(shop.try_persist(request, "{\"id\":1}\n").await.unwrap_err().code(), "setting_conflict");
}
