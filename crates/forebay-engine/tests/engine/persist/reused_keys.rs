//! Keys that a re-key has left behind, and records that have them again.

use forebay_domain::{
    guards::{GuardPolicy, RemovalPolicy},
    rekey::RekeyPolicy,
    run::OnDuplicate,
};
use forebay_engine::persist::{self, PersistRequest};
use forebay_store::history::{self, ReferenceName};

use super::{SOURCE, Shop, complete, counts, guarded, incremental, lines};

const KEYS: &str = "select string_agg(record_key || '=' || (payload ->> 'title'), ' ' order by record_key) \
                    from forebay.\"references\" where removed_at is null";
const IDS: &str = "select array_agg(reference_id order by reference_id) from forebay.\"references\"";
const ALIASES: &str = "select array_agg((alias_id, reference_id, record_key, run_id) order by alias_id) \
                       from forebay.reference_aliases";
/// Aliases that hide a reference with the same id.
const SHADOWED: &str = "select count(*) from forebay.reference_aliases as a \
                        join forebay.\"references\" as r on r.reference_id = a.alias_id";
const MISMATCHED: &str = "select count(*) from forebay.\"references\" where payload ->> 'id' <> record_key";

fn course(key: &str, title: &str) -> String {
    format!("{{\"id\":\"{key}\",\"title\":\"{title}\"}}\n")
}

fn courses(prefix: &str) -> String {
    lines((0..5).map(|n| course(&format!("{prefix}{n}"), &format!("T{n}")).trim_end().to_owned()))
}

fn follow(request: PersistRequest) -> PersistRequest {
    let guards = GuardPolicy { rekey: RekeyPolicy::Follow, ..GuardPolicy::default() };
    PersistRequest { guards: Some(guards), ..request }
}

fn with(policy: &OnDuplicate, request: PersistRequest) -> PersistRequest {
    PersistRequest { on_duplicate: Some(policy.clone()), ..follow(request) }
}

/// Five courses under keys a0 to a4, then under b0 to b4.
async fn moved(policy: &OnDuplicate) -> Shop {
    let shop = Shop::open().await;
    shop.persist(with(policy, guarded(1)), &courses("a")).await;
    let report = shop.persist(with(policy, guarded(2)), &courses("b")).await;
    assert_eq!((report.num_rekeyed, report.counts.num_added), (5, 0), "{report:?}");
    shop
}

fn policies() -> [OnDuplicate; 5] {
    [
        OnDuplicate::First,
        OnDuplicate::Last,
        OnDuplicate::Merge,
        OnDuplicate::Reject,
        OnDuplicate::Newest("title".parse().unwrap()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_the_moved_record_it_is_another_one() {
    for policy in policies() {
        let shop = moved(&policy).await;
        // In one window, and in windows before and after the moved record.
        let (new, moved) = (course("a3", "new"), courses("b"));
        for (day, report) in [
            (3, shop.persist(with(&policy, guarded(3)), &(moved.clone() + &new)).await),
            (4, shop.persist_in_pieces(with(&policy, guarded(4)), &[&new, &moved]).await),
            (5, shop.persist_in_pieces(with(&policy, complete(5)), &[&moved, &new]).await),
        ] {
            let expected = [6, u64::from(day == 3), 0, 6 - u64::from(day == 3), 0, 0, 0, 0];
            assert_eq!(counts(&report), expected, "{policy} {report:?}");
            assert_eq!(shop.row(KEYS).await, "a3=new b0=T0 b1=T1 b2=T2 b3=T3 b4=T4");
        }
        let changed = course("a3", "newer") + &course("a3", "newest");
        let report = shop.persist(with(&policy, incremental(6)), &changed).await;
        assert_eq!((report.counts.num_updated, report.counts.num_added), (1, 0), "{policy}: it is known");
        let report = shop.persist(with(&policy, complete(7)), &moved).await;
        assert_eq!(counts(&report), [5, 0, 0, 5, 1, 0, 0, 0], "{policy}: only the other record is gone");
        assert_eq!(shop.row(MISMATCHED).await, "0");
    }
}

/// The title of the record that a name finds.
async fn title(shop: &Shop, key: &str) -> String {
    let name = ReferenceName::parse(&format!("{SOURCE}/{key}")).unwrap();
    let found = history::find(&shop.client, &name).await.unwrap().unwrap();
    let payload: serde_json::Value = serde_json::from_str(&found.payload).unwrap();
    format!("{} {}", found.record_key, payload["title"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_finds_the_record_that_has_the_key_now() {
    let shop = moved(&OnDuplicate::First).await;
    assert_eq!(title(&shop, "a3").await, "b3 T3", "nobody else has the key");
    shop.persist(follow(guarded(3)), &(courses("b") + &course("a3", "new"))).await;
    assert_eq!(title(&shop, "a3").await, "a3 new");
    assert_eq!(title(&shop, "b3").await, "b3 T3");
    assert_eq!(title(&shop, "a2").await, "b2 T2");
    // The second record moves on, too, and a third one gets the key.
    let second = courses("b") + &course("c3", "new");
    shop.persist(follow(guarded(4)), &second).await;
    assert_eq!(title(&shop, "a3").await, "b3 T3", "of those that had the key, the first is found");
    shop.persist(follow(guarded(5)), &(second + &course("a3", "newest"))).await;
    assert_eq!(title(&shop, "a3").await, "a3 newest");
    assert_eq!(title(&shop, "c3").await, "c3 new");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incremental_run_cannot_tell() {
    for policy in policies() {
        let shop = moved(&policy).await;
        let before = shop.row(KEYS).await;
        let report = shop.persist(with(&policy, incremental(3)), &course("a3", "new")).await;
        assert_eq!(counts(&report), [1, 0, 0, 0, 0, 0, 0, 1], "{policy} {report:?}");
        let reason = "select reason_code || ' ' || message from forebay.rejected_records";
        let reason = shop.row(reason).await;
        assert!(reason.starts_with("key_reused the key \"a3\"") && reason.contains("\"b3\""), "{reason}");
        assert_eq!(shop.row(KEYS).await, before);
        // Neither can a complete run that misses a part.
        let broken = course("a3", "new") + "{\n" + &courses("b");
        let report = shop.persist(with(&policy, guarded(4)), &broken).await;
        assert_eq!((report.counts.num_added, report.counts.num_rejected), (0, 2), "{policy} {report:?}");
        assert_eq!(shop.row(KEYS).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_record_leaves_its_old_key_free() {
    let shop = moved(&OnDuplicate::First).await;
    let gone = courses("b").replace(&course("b3", "T3"), "");
    shop.persist(follow(complete(3)), &gone).await;
    let report = shop.persist(follow(incremental(4)), &(course("a3", "new") + &course("b3", "T3"))).await;
    assert_eq!(counts(&report), [2, 1, 0, 0, 0, 1, 0, 0]);
    assert_eq!(shop.row(KEYS).await, "a3=new b0=T0 b1=T1 b2=T2 b3=T3 b4=T4");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_move_back_and_ids_stay() {
    for request in [guarded, complete] {
        for policy in policies() {
            let shop = moved(&policy).await;
            let ids = shop.row(IDS).await;
            shop.persist(with(&policy, guarded(3)), &courses("c")).await;
            for (number, prefix) in (4..).zip(["a", "b", "a", "b", "c", "a"]) {
                let report = shop.persist(with(&policy, request(number)), &courses(prefix)).await;
                assert_eq!(counts(&report), [5, 0, 5, 0, 0, 0, 0, 0], "{policy} {prefix} {report:?}");
                assert_eq!(shop.row(IDS).await, ids, "{policy} {prefix}");
                assert_eq!(shop.row(MISMATCHED).await, "0", "{policy} {prefix}");
                let again = shop.persist(with(&policy, request(number)), &courses(prefix)).await;
                assert_eq!(counts(&again), [5, 0, 0, 5, 0, 0, 0, 0], "{policy} {prefix} {again:?}");
            }
            assert_eq!(shop.row(KEYS).await, "a0=T0 a1=T1 a2=T2 a3=T3 a4=T4");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn some_keys_move_back_while_others_are_new() {
    let shop = moved(&OnDuplicate::First).await;
    let ids = shop.row(IDS).await;
    // b0 has its old key again; a1 is new, because b1 is still there.
    let text = courses("b").replace(&course("b0", "T0"), &course("a0", "T0")) + &course("a1", "new");
    let report = shop.persist(follow(guarded(3)), &text).await;
    assert_eq!(counts(&report), [6, 1, 1, 4, 0, 0, 0, 0], "{report:?}");
    assert_eq!(shop.row(KEYS).await, "a0=T0 a1=new b1=T1 b2=T2 b3=T3 b4=T4");
    assert!(report.warnings.iter().any(|warning| warning.starts_with("1 record moves back")), "{report:?}");
    assert_eq!(shop.row(&format!("{IDS} where first_seen_run_id = 1")).await, ids);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_another_record_has_does_not_move_back() {
    let shop = moved(&OnDuplicate::First).await;
    let moved: i64 = shop.row("select max(run_id) from forebay.scrape_runs").await.parse().unwrap();
    shop.persist(follow(guarded(3)), &(courses("b") + &course("a3", "new"))).await;
    let (_, totals, _) = persist::preview_revert(&shop.database, moved).await.unwrap();
    let reverted = persist::revert(&shop.database, moved, &crate::operator()).await.unwrap();
    assert_eq!((totals.num_rekeyed, reverted.run.num_rekeyed), (4, 4));
    let keys = "select string_agg(record_key, ' ' order by record_key) from forebay.\"references\"";
    assert_eq!(shop.row(keys).await, "a0 a1 a2 a3 a4 b3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_return_leaves_no_alias() {
    let shop = moved(&OnDuplicate::First).await;
    let aliases = shop.row(ALIASES).await;
    let wary = GuardPolicy { min_changed: 1, max_changed_share: 0.1, ..follow(guarded(3)).guards.unwrap() };
    let report = shop.persist(PersistRequest { guards: Some(wary), ..guarded(3) }, &courses("a")).await;
    assert_eq!((report.status.as_str(), report.num_withheld), ("held", 5), "{report:?}");
    persist::reject(&shop.database, report.run_id, &crate::operator()).await.unwrap();
    assert_eq!(shop.row(ALIASES).await, aliases, "no key moved");
    let report = shop.persist(follow(guarded(4)), &(courses("a") + &courses("b"))).await;
    assert_eq!(counts(&report), [10, 5, 0, 5, 0, 0, 0, 0], "{report:?}");
    assert_eq!(shop.row(SHADOWED).await, "0", "an unchanged page would stand for the other record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_record_takes_its_id_from_an_alias() {
    let shop = moved(&OnDuplicate::First).await;
    // The courses go back to their first keys and away again, so the ids of the keys in between are aliases.
    for (number, prefix) in (3..).zip(["a", "b"]) {
        let report = shop.persist(follow(guarded(number)), &courses(prefix)).await;
        assert_eq!(counts(&report), [5, 0, 5, 0, 0, 0, 0, 0], "{prefix} {report:?}");
    }
    let report = shop.persist(follow(guarded(5)), &(courses("a") + &courses("b"))).await;
    assert_eq!(counts(&report), [10, 5, 0, 5, 0, 0, 0, 0], "{report:?}");
    assert_eq!(shop.row(SHADOWED).await, "0", "an unchanged page would stand for the other record");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_removals_a_reused_key_is_rejected() {
    let shop = moved(&OnDuplicate::First).await;
    let guards = GuardPolicy { removals: RemovalPolicy::Never, ..GuardPolicy::default() };
    let request = PersistRequest { guards: Some(guards), ..guarded(3) };
    let report = shop.persist(request, &(course("a3", "new") + &courses("b"))).await;
    assert_eq!(counts(&report), [6, 0, 0, 5, 0, 0, 0, 1], "{report:?}");
}
