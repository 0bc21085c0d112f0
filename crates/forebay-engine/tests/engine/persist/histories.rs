//! A hundred runs on a database, with bad days put in: what the domain decides about counts holds for stored data.
//!
//! The histories of all kinds of sources are in the tests of `forebay_domain::guards`. Here one is persisted, so that the
//! numbers that guards learn from are those that runs really store.

use forebay_engine::persist;

use super::{Shop, guarded, lines};

const NUM_DAYS: usize = 100;

/// A number from 0 to `bound`, without it, that looks random and depends on `day` alone.
fn dice(day: usize, salt: usize, bound: usize) -> usize {
    let mixed = (day * 1_000_003 + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15_usize);
    (mixed >> 33) % bound
}

/// A catalogue on each day, as (key, content): a few edits, up to two additions and up to three removals.
fn catalogue() -> Vec<Vec<(usize, usize)>> {
    let mut list: Vec<(usize, usize)> = (0..120).map(|key| (key, key)).collect();
    let mut next = list.len();
    let mut days = Vec::new();
    for day in 0..NUM_DAYS {
        for number in 0..dice(day, 1, 4) {
            let place = dice(day, 10 + number, list.len());
            list[place].1 += 1_000;
        }
        for number in 0..dice(day, 2, 4) {
            list.remove(dice(day, 20 + number, list.len()));
        }
        for _ in 0..dice(day, 3, 3) {
            list.push((next, next));
            next += 1;
        }
        days.push(list.clone());
    }
    days
}

fn text(list: &[(usize, usize)], prefix: &str) -> String {
    let record = |(key, n): &(usize, usize)| {
        format!("{{\"id\":\"{prefix}{key:05}\",\"n\":{n},\"title\":\"Title {n}\",\"price\":\"{n}\"}}")
    };
    lines(list.iter().map(record))
}

/// What a scrape of a good day becomes on some days; `None`: it is a good one.
fn spoilt(day: usize, good: &[(usize, usize)]) -> Option<String> {
    Some(match day {
        20 => String::new(),
        35 | 90 => text(&good[..good.len() * 6 / 10], "K"),
        50 => {
            lines(good.iter().map(|(key, n)| format!("{{\"id\":\"K{key:05}\",\"n\":{n},\"price\":\"{n}\"}}")))
        }
        65 => "{\"id\":\"error\",\"title\":\"503 Service Unavailable\"}\n".to_owned(),
        80 => text(good, "new-"),
        _ => return None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_hundred_runs_bad_days_are_held_and_good_ones_are_not() {
    let shop = Shop::open().await;
    let (mut held_on, mut bad_days) = (Vec::new(), Vec::new());
    for (day, good) in catalogue().iter().enumerate() {
        let bad = spoilt(day, good);
        let number = i64::try_from(day).unwrap() + 1;
        let records = bad.clone().unwrap_or_else(|| text(good, "K"));
        let report = shop.persist(guarded(number), &records).await;
        if report.status.as_str() == "held" {
            held_on.push(day);
            if bad.is_none() {
                persist::release(&shop.database, report.run_id).await.unwrap();
            }
        }
        if bad.is_some() {
            bad_days.push(day);
        } else {
            let active = "select count(*) from forebay.\"references\" where removed_at is null";
            let num_active: usize = shop.row(active).await.parse().unwrap();
            // A page that is no record stays until the next day that is good.
            assert!(num_active.abs_diff(good.len()) <= 1, "day {day}: {num_active} of {}", good.len());
        }
    }
    let false_alarms: Vec<_> = held_on.iter().filter(|day| !bad_days.contains(day)).collect();
    assert!(bad_days.iter().all(|day| held_on.contains(day)), "held on {held_on:?}");
    assert!(false_alarms.len() <= 2, "held on {false_alarms:?}");
}
