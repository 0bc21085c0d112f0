//! Older data never overwrites newer data.

use super::{Shop, complete, counts, day, guarded, in_scope, incremental};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_older_than_a_complete_one_is_refused() {
    let shop = Shop::open().await;
    shop.persist(complete(5), "{\"id\":\"a\",\"x\":5}").await;
    for request in [complete(4), guarded(4), incremental(4)] {
        let error = shop.try_persist(request, "{\"id\":\"a\",\"x\":4}").await.unwrap_err();
        assert_eq!(error.code(), "observed_out_of_order");
    }
    assert_eq!(
        shop.row("select count(*) from forebay.scrape_runs").await,
        "1",
        "a refused run is not recorded"
    );
    assert_eq!(shop.at("a", day(9)).await.unwrap(), r#"{"id":"a","x":5}"#);
    // The same observation time, and another scope, are accepted.
    assert_eq!(counts(&shop.persist(complete(5), "{\"id\":\"a\",\"x\":6}").await)[2], 1);
    shop.persist(in_scope("part=1", complete(4)), "{\"id\":\"b\"}").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_older_than_the_stored_one_is_rejected() {
    for on_duplicate in [forebay_domain::run::OnDuplicate::First, forebay_domain::run::OnDuplicate::Last] {
        let request = |number| forebay_engine::persist::PersistRequest {
            on_duplicate: Some(on_duplicate.clone()),
            ..incremental(number)
        };
        let shop = Shop::open().await;
        shop.persist(request(3), "{\"id\":\"a\",\"x\":3}\n{\"id\":\"b\",\"x\":3}\n").await;
        let older = "{\"id\":\"n\",\"x\":2}\n{\"id\":\"a\",\"x\":2}\n{\"id\":\"b\",\"x\":3}\n";
        let report = shop.persist(request(2), older).await;
        assert_eq!(counts(&report), [3, 1, 0, 1, 0, 0, 0, 1], "{on_duplicate:?}");
        let rejected = "select line, reason_code, raw_text from forebay.rejected_records";
        assert_eq!(shop.rows(rejected).await, [r#"2 older_than_stored {"id":"a","x":2}"#]);
        assert_eq!(shop.at("a", day(9)).await.unwrap(), r#"{"id":"a","x":3}"#);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_run_neither_restores_nor_removes_nor_moves() {
    let shop = Shop::open().await;
    let one = |request| in_scope("part=1", request);
    let two = |request| in_scope("part=2", request);
    shop.persist(one(complete(1)), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\",\"x\":1}\n").await;
    shop.persist(one(complete(5)), "{\"id\":\"b\"}\n{\"id\":\"c\",\"x\":1}\n").await;
    shop.persist(two(incremental(6)), "{\"id\":\"c\",\"x\":6}\n").await;
    // The other scope observed them on day 3, before they were removed or changed.
    let report = shop.persist(two(incremental(3)), "{\"id\":\"a\"}\n{\"id\":\"c\",\"x\":1}\n").await;
    assert_eq!(counts(&report), [2, 0, 0, 0, 0, 0, 0, 2]);
    let three = |request| in_scope("part=3", request);
    let report = shop.persist(three(incremental(4)), "{\"id\":\"c\",\"x\":6}\n").await;
    assert_eq!(counts(&report), [1, 0, 0, 1, 0, 0, 0, 0]);
    let rows = "select record_key, scope, removed_at is null from forebay.\"references\" order by 1";
    assert_eq!(shop.rows(rows).await, ["a part=1 f", "b part=1 t", "c part=2 t"]);
    // A complete run of the scope on day 4 must not remove records that were added on day 6.
    let report = shop.persist(two(complete(4)), "{\"id\":\"d\"}\n").await;
    assert_eq!(counts(&report), [1, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(shop.rows(rows).await, ["a part=1 f", "b part=1 t", "c part=2 t", "d part=2 t"]);
}
