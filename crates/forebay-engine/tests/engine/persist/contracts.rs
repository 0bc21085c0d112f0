//! Records with another contract version: their references are marked in the transaction that writes them.

use forebay_engine::persist::{self, PersistRequest};

use super::{Shop, complete, guarded, lines};

const VERSIONS: &str =
    "select contract_version, count(*) from forebay.\"references\" where removed_at is null
    group by 1 order by 1";

fn legacy(request: PersistRequest) -> PersistRequest {
    PersistRequest { contract_version_column: Some(Some("contract".into())), ..request }
}

/// Records with a contract version.
fn of_version(range: std::ops::Range<usize>, version: u32) -> String {
    lines(range.map(|key| format!("{{\"id\":\"K{key}\",\"contract\":{version}}}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn written_references_get_their_contract_version() {
    let shop = Shop::open().await;
    shop.persist(legacy(complete(1)), &(of_version(0..4, 2) + "{\"id\":\"none\"}\n")).await;
    assert_eq!(shop.rows(VERSIONS).await, ["0 1", "2 4"]);
    shop.persist(legacy(guarded(2)), &(of_version(0..4, 3) + "{\"id\":\"none\"}\n")).await;
    assert_eq!(shop.rows(VERSIONS).await, ["0 1", "3 4"], "staged changes too");
    // A failed run leaves the records that it wrote, and the next run finds them unchanged.
    let broken = lines((0..20).map(|_| "{]".to_owned()));
    let text = of_version(0..5, 4) + &broken;
    let report = shop.persist(legacy(complete(3)), &text).await;
    assert_eq!(report.status.as_str(), "failed");
    assert_eq!(shop.rows(VERSIONS).await, ["0 1", "4 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn released_references_get_their_contract_version() {
    let shop = Shop::open().await;
    shop.persist(legacy(complete(1)), &of_version(0..40, 2)).await;
    let held = shop.persist(legacy(guarded(2)), &of_version(0..10, 3)).await;
    assert_eq!(held.status.as_str(), "held");
    assert_eq!(shop.rows(VERSIONS).await, ["2 30", "3 10"]);
    persist::release(&shop.database, held.run_id, &crate::operator()).await.unwrap();
    assert_eq!(shop.rows(VERSIONS).await, ["3 10"]);
}
