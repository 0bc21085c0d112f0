//! The cost of failures: compares the database's function with the domain's tables, for every class and number, with
//! and without newer content.

use std::collections::BTreeMap;

use forebay_domain::{
    handoff::{Change, FailureClass, POLICIES, State, backoff, end_attempt, failure_event},
    identity::ReferenceId,
};
use forebay_store::jobs;

use super::{LEASE, PIPELINE, World, failure};

const MOST: u32 = 12;

/// The n-th failure of a class, with or without a follow-up.
#[derive(Clone, Copy, Debug)]
struct Case {
    class: FailureClass,
    num_failures: u32,
    has_follow_up: bool,
}

#[tokio::test]
async fn the_policies_in_the_database_match_the_domain() {
    let world = World::open().await;
    let statement = "select failure_class, max_failures, extract(epoch from base_delay)::int8, \
         extract(epoch from max_delay)::int8, uses_attempt from forebay.failure_policies order by failure_class";
    let mut stored: Vec<(String, Option<i32>, i64, i64, bool)> = world
        .client
        .query_typed(statement, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)))
        .collect();
    let mut expected: Vec<_> = POLICIES
        .iter()
        .map(|policy| {
            let most = policy.max_failures.map(|most| i32::try_from(most).unwrap());
            let (base, max) = (policy.base_delay.as_secs(), policy.max_delay.as_secs());
            (policy.class.as_str().to_owned(), most, base, max, policy.uses_attempt)
        })
        .collect();
    stored.sort();
    expected.sort();
    assert_eq!(stored, expected);
}

#[tokio::test]
async fn every_failure_ends_as_the_domain_defines() {
    let world = World::open().await;
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for class in FailureClass::ALL {
        for num_failures in 1..=MOST {
            for has_follow_up in [false, true] {
                let key = format!("{class}-{num_failures}-{has_follow_up}");
                world.add(&key, 0).await;
                cases.insert(key, Case { class, num_failures, has_follow_up });
            }
        }
    }
    let claimed = jobs::claim(&world.client, PIPELINE, 1000, LEASE, "worker", None).await.unwrap();
    assert_eq!(claimed.len(), cases.len());
    for (key, case) in &cases {
        let id = World::id(key);
        let num_before = case.num_failures - 1;
        let before = match case.class {
            FailureClass::Transient => {
                format!("update forebay.ingestion_handoffs as h set num_attempts = {num_before}")
            }
            FailureClass::Lost => format!(
                "insert into forebay.ingestion_attempts \
                     (reference_id, pipeline_id, payload_hash, attempt, failure_class, reason_code, message) \
                 select h.reference_id, h.pipeline_id, h.payload_hash, n, 'lost', 'lease_expired', '' \
                 from generate_series(1, {num_before}) as n, forebay.ingestion_handoffs as h"
            ),
            // These classes have a limit of one or none, so earlier failures do not count.
            FailureClass::Throttled | FailureClass::Permanent | FailureClass::Poison => continue,
        };
        world.client.batch_execute(&format!("{before} where h.reference_id = '{id}'")).await.unwrap();
    }
    for (key, _) in cases.iter().filter(|(_, case)| case.has_follow_up) {
        world.enqueue(&world.client, key, World::content(key, 1).1, 2, Change::Updated).await;
    }
    let failures: Vec<_> = claimed
        .iter()
        .map(|job| (failure(job.reference_id, cases[&job.record_key].class), job.receipt))
        .collect();
    jobs::fail(&world.client, world.pipeline.pipeline_id, &failures, None).await.unwrap();
    for (key, case) in &cases {
        check(&world, key, *case).await;
    }
}

async fn check(world: &World, key: &str, case: Case) {
    let expected =
        end_attempt(failure_event(case.class, case.num_failures), case.has_follow_up, false).unwrap();
    let id: ReferenceId = World::id(key);
    let statement = format!(
        "select h.state, h.reason_code, j.version, j.state, j.not_before, j.receipt_is_null \
         from forebay.handoffs as h left join lateral ( \
             select n.version, n.state, f.receipt is null as receipt_is_null, \
                 extract(epoch from f.not_before - now())::float8 as not_before \
             from forebay.ingestion_handoffs as f join forebay.handoffs as n \
                 on n.reference_id = f.reference_id and n.payload_hash = f.payload_hash \
             where f.reference_id = h.reference_id) as j on true \
         where h.reference_id = '{id}' and h.version = 1"
    );
    let row = world.client.query_typed_one(&statement, &[]).await.unwrap();
    let stored = (row.get::<_, &str>(0), row.get::<_, &str>(1));
    assert_eq!(stored, (expected.to.as_str(), expected.reason.unwrap().as_str()), "{case:?}");
    // The remaining job: of the follow-up, of the same content, or none.
    let left: Option<(i32, &str)> = row.get::<_, Option<i32>>(2).zip(row.get(3));
    let wanted = match (case.has_follow_up, expected.to) {
        (true, _) => Some((2, State::Pending.as_str())),
        (false, State::Retrying) => Some((1, State::Retrying.as_str())),
        (false, _) => None,
    };
    assert_eq!(left, wanted, "{case:?}");
    if let Some(wait) = row.get::<_, Option<f64>>(4) {
        assert_eq!(row.get::<_, Option<bool>>(5), Some(true), "{case:?}");
        let longest = backoff(case.class, case.num_failures, 1.0).filter(|_| !case.has_follow_up);
        let longest = longest.map_or(0.0, |longest| longest.as_secs_f64());
        assert!(wait <= longest, "{case:?}: {wait} is longer than {longest}");
    }
}
