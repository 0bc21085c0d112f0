//! A record that the database refuses costs only that record.

use forebay_engine::persist::PersistRequest;

use super::{Shop, counts, guarded, incremental, lines, numbered};

/// Any number of records may be rejected.
fn tolerant(request: PersistRequest) -> PersistRequest {
    PersistRequest { max_rejected_share: Some(1.0), ..request }
}

const REJECTED: &str =
    "select line, reason_code, raw_text from forebay.rejected_records order by run_id, line";

#[tokio::test(flavor = "multi_thread")]
async fn a_check_and_a_trigger_refuse_single_records() {
    for straight in [true, false] {
        let request = if straight { incremental } else { guarded };
        let shop = Shop::open().await;
        shop.persist(tolerant(request(1)), &numbered(0..1, 1)).await;
        shop.client
            .batch_execute(
                "alter table forebay.\"references\" add constraint no_seven check (payload ->> 'n' <> '7');
                create function pg_temp_refuse() returns trigger language plpgsql as $$
                    begin
                        if new.record_key = 'K30' then raise exception 'not this one'; end if;
                        return new;
                    end $$;
                create trigger refuse before insert or update on forebay.\"references\"
                    for each row execute function pg_temp_refuse();",
            )
            .await
            .unwrap();
        // One is refused when it is added, one when it is changed, and one by the trigger.
        let bad = ["{\"id\":\"bad\",\"n\":7}", "{\"id\":\"K0\",\"n\":7}"];
        let text = numbered(1..40, 1) + &lines(bad.iter().map(|bad| (*bad).to_owned()));
        let report = shop.persist(tolerant(request(2)), &text).await;
        assert_eq!(counts(&report)[..2], [41, 38], "{straight}: {:?}", report.counts);
        assert_eq!(report.counts.num_rejected, 3);
        assert_eq!(report.counts.num_removed, 0, "a refused record was seen");
        assert_eq!(
            shop.rows(REJECTED).await,
            [
                "30 refused {\"id\":\"K30\",\"n\":1}",
                "40 refused {\"id\":\"bad\",\"n\":7}",
                "41 refused {\"id\":\"K0\",\"n\":7}",
            ]
        );
        let messages = shop.rows("select message from forebay.rejected_records order by line").await;
        assert!(messages[0].contains("not this one"), "{messages:?}");
        assert!(messages[1].contains("no_seven") && messages[1].contains("23514"), "{messages:?}");
        assert_eq!(
            shop.row("select count(*), bool_and(version = 1) from forebay.\"references\"").await,
            "39 t",
            "{straight}"
        );
        assert_eq!(
            shop.row("select sum(num_seen), sum(num_added), sum(num_rejected) from forebay.scrape_runs")
                .await,
            "42 39 3"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_field_name_costs_its_record() {
    let shop = Shop::open().await;
    let name = "é".repeat(600);
    let long = |n: usize| format!("{{\"id\":\"long\",\"{name}\":{n}}}\n");
    for day in 1..=3 {
        let n = usize::try_from(day).unwrap();
        let report = shop.persist(guarded(day), &(numbered(0..20, n) + &long(n))).await;
        assert_eq!((report.counts.num_seen, report.counts.num_rejected), (21, 1), "{report:?}");
        let expected = if day == 1 { [20, 0] } else { [0, 20] };
        assert_eq!([report.counts.num_added, report.counts.num_updated], expected);
    }
    let reasons = "select distinct reason_code, message from forebay.rejected_records";
    let reason = shop.row(reasons).await;
    assert!(reason.starts_with("field_name_too_long the name of the field \"éééé"), "{reason}");
    assert!(reason.ends_with("has 1200 bytes; the longest allowed one has 1024"), "{reason}");
    // The longest name is stored, also as a revision.
    let name = "n".repeat(1024);
    for n in [1, 2] {
        let text = format!("{{\"id\":\"K0\",\"{name}\":{n}}}\n");
        assert_eq!(shop.persist(incremental(10 + n), &text).await.counts.num_updated, 1);
    }
}
