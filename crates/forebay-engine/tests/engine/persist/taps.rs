//! Singer taps: only streams that the tap reports as complete remove records, and the state is stored with the records.

use forebay_engine::persist::{PersistRequest, RunReport, persist, release};
use forebay_sources::{Format, ReadOptions};
use forebay_store::states::{self, SourceState};
use serde_json::json;

use super::{Shop, counts, guarded, incremental, lines, read_as};

impl Shop {
    async fn tap(&self, day: i64, text: &str) -> RunReport {
        let options = ReadOptions { format: Format::Singer, ..ReadOptions::default() };
        // The tap itself reports whether it has sent everything.
        let request = PersistRequest { complete: false, ..guarded(day) };
        let input = read_as(Box::new(std::io::Cursor::new(text.to_owned())), options);
        persist(&self.database, request, input, &|_| {}).await.unwrap()
    }

    async fn state(&self) -> Option<SourceState> {
        let source_id =
            self.client.query_one("select source_id from forebay.sources", &[]).await.unwrap().get(0);
        states::find(&self.client, source_id, "").await.unwrap()
    }
}

/// Records of a version, with the tap's messages around them.
fn messages(ids: &[usize], version: i64, activated: bool, state: &str) -> String {
    let schema = json!({"type": "SCHEMA", "stream": "items", "schema": {}, "key_properties": ["id"]});
    let record =
        |id: &usize| json!({"type": "RECORD", "stream": "items", "record": {"id": id}, "version": version});
    let whole = json!({"type": "ACTIVATE_VERSION", "stream": "items", "version": version});
    let state = json!({"type": "STATE", "value": {"at": state}});
    let messages = std::iter::once(schema).chain(ids.iter().map(record));
    let messages = messages.chain(activated.then_some(whole)).chain([state]);
    lines(messages.map(|message| message.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_complete_taps_remove_references() {
    let shop = Shop::open().await;
    assert_eq!(counts(&shop.tap(1, &messages(&[1, 2, 3], 1, true, "one")).await), [3, 3, 0, 0, 0, 0, 0, 0]);
    // Some records, without a message that there are no others.
    let report = shop.tap(2, &messages(&[3, 4], 1, false, "two")).await;
    assert_eq!(counts(&report), [2, 1, 0, 1, 0, 0, 0, 0], "{report:?}");
    let statement = "select is_complete from forebay.scrape_runs order by run_id desc limit 1";
    assert!(!shop.client.query_one(statement, &[]).await.unwrap().get::<_, bool>(0));
    assert_eq!(counts(&shop.tap(3, &messages(&[2, 3, 4], 2, true, "three")).await), [3, 0, 0, 3, 1, 0, 0, 0]);
    let state = shop.state().await.unwrap();
    assert_eq!((state.state.as_deref(), state.version), (Some(r#"{"at": "three"}"#), Some(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_a_held_run_is_not_stored() {
    let shop = Shop::open().await;
    let all: Vec<usize> = (0..20).collect();
    shop.tap(1, &messages(&all, 1, true, "one")).await;
    let report = shop.tap(2, &messages(&[1, 2], 2, true, "two")).await;
    assert_eq!(report.reason_code.as_deref(), Some("mass_removal"));
    assert_eq!(shop.state().await.unwrap().state.as_deref(), Some(r#"{"at": "one"}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_names_the_key_and_the_last_record_of_a_key_wins() {
    let shop = Shop::open().await;
    let options = ReadOptions { format: Format::Singer, ..ReadOptions::default() };
    let tap = async |key_properties: &str, key_fields: &[&str]| {
        let text = format!(
            "{{\"type\":\"SCHEMA\",\"stream\":\"items\",\"schema\":{{}},\"key_properties\":{key_properties}}}\n\
             {{\"type\":\"RECORD\",\"stream\":\"items\",\"record\":{{\"code\":1,\"metric\":1}}}}\n\
             {{\"type\":\"RECORD\",\"stream\":\"items\",\"record\":{{\"code\":1,\"metric\":100}}}}\n"
        );
        let request = PersistRequest::new("taps", key_fields.iter().copied());
        persist(
            &shop.database,
            request,
            read_as(Box::new(std::io::Cursor::new(text)), options.clone()),
            &|_| {},
        )
        .await
    };
    let error = tap("[]", &[]).await.unwrap_err();
    assert_eq!(error.code(), "key_unknown", "{error}");
    let report = tap("[\"code\"]", &[]).await.unwrap();
    assert_eq!(counts(&report), [2, 1, 0, 0, 0, 0, 1, 0]);
    assert_eq!(
        shop.row("select record_key, payload ->> 'metric' from forebay.\"references\"").await,
        "1 100"
    );
    // The stored key counts, also if the tap names another one.
    assert_eq!(counts(&tap("[\"id\"]", &[]).await.unwrap()), [2, 0, 0, 1, 0, 0, 1, 0]);
    assert_eq!(tap("[\"code\"]", &["metric"]).await.unwrap_err().code(), "key_changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_without_records_empties_the_stream_once_an_operator_agrees() {
    let shop = Shop::open().await;
    shop.tap(1, &messages(&[1, 2, 3], 1, true, "one")).await;
    let report = shop.tap(2, &messages(&[], 2, true, "two")).await;
    assert_eq!((report.status.as_str(), report.reason_code.as_deref()), ("held", Some("empty_run")));
    assert_eq!((report.counts.num_removed, report.num_withheld), (0, 3));
    release(&shop.database, report.run_id, &crate::operator()).await.unwrap();
    let active = "select count(*) from forebay.\"references\" where removed_at is null";
    assert_eq!(shop.row(active).await, "0");
    // Without a new version, or with guards off, a run without records removes nothing.
    let shop = Shop::open().await;
    shop.tap(1, &messages(&[1, 2, 3], 1, true, "one")).await;
    assert_eq!(counts(&shop.tap(2, &messages(&[], 1, true, "two")).await), [0; 8]);
    let options = ReadOptions { format: Format::Singer, ..ReadOptions::default() };
    let input = read_as(Box::new(std::io::Cursor::new(messages(&[], 2, true, "three"))), options);
    let report = persist(&shop.database, incremental(3), input, &|_| {}).await.unwrap();
    assert_eq!(counts(&report), [0; 8]);
    assert_eq!(shop.row(active).await, "3");
}
