//! Intervals, cron fields, both clock changes, and random schedules.

use super::*;
use proptest::prelude::*;

fn schedule(expression: &str, zone: &str, jitter_secs: i64) -> Schedule {
    let zone = TimeZone::get(zone).unwrap();
    Schedule::new(expression, zone, SignedDuration::from_secs(jitter_secs)).unwrap()
}

/// The next `number` times after a time, in the schedule's time zone.
fn next_times(schedule: &Schedule, after: &str, number: usize) -> Vec<String> {
    let mut now: Timestamp = after.parse().unwrap();
    let mut times = Vec::new();
    for _ in 0..number {
        now = schedule.next_after(now, 0.0).unwrap();
        times.push(now.to_zoned(schedule.time_zone.clone()).strftime("%F %H:%M %:z").to_string());
    }
    times
}

fn code(expression: &str) -> Result<(), &'static str> {
    Schedule::new(expression, TimeZone::UTC, SignedDuration::ZERO).map(|_| ()).map_err(|error| error.code())
}

#[test]
fn intervals_count_from_the_epoch() {
    let every = schedule("every 6h", "America/New_York", 0);
    assert_eq!(
        every.next_after("2026-03-01T05:59:59.9Z".parse().unwrap(), 0.0),
        "2026-03-01T06:00:00Z".parse().ok()
    );
    assert_eq!(
        every.next_after("2026-03-01T06:00:00Z".parse().unwrap(), 0.0),
        "2026-03-01T12:00:00Z".parse().ok()
    );
    let odd = schedule("every 1d 12h", "UTC", 0);
    let first = odd.next_after(Timestamp::UNIX_EPOCH, 0.0).unwrap();
    assert_eq!(first.as_second(), 36 * 3_600);
}

#[test]
fn missed_times_are_not_made_up_for() {
    // After three days without a worker, one run is due, not twelve.
    let every = schedule("every 6h", "UTC", 0);
    let found = next_times(&every, "2026-03-04T01:00:00Z", 2);
    assert_eq!(found, ["2026-03-04 06:00 +00:00", "2026-03-04 12:00 +00:00"]);
}

#[test]
fn a_skipped_time_runs_after_the_gap() {
    // Berlin's clocks go from 02:00 to 03:00.
    let fixed = schedule("30 2 * * *", "Europe/Berlin", 0);
    let found = next_times(&fixed, "2026-03-27T12:00:00Z", 3);
    assert_eq!(found, ["2026-03-28 02:30 +01:00", "2026-03-29 03:00 +02:00", "2026-03-30 02:30 +02:00"]);
    let repeated = schedule("*/30 * * * *", "Europe/Berlin", 0);
    let found = next_times(&repeated, "2026-03-29T00:15:00Z", 3);
    assert_eq!(found, ["2026-03-29 01:30 +01:00", "2026-03-29 03:00 +02:00", "2026-03-29 03:30 +02:00"]);
}

#[test]
fn a_fixed_time_runs_once_and_repeating_times_run_in_both_hours() {
    // From 03:00 back to 02:00.
    let fixed = schedule("30 2 * * *", "Europe/Berlin", 0);
    let found = next_times(&fixed, "2026-10-24T12:00:00Z", 2);
    assert_eq!(found, ["2026-10-25 02:30 +02:00", "2026-10-26 02:30 +01:00"]);
    let repeated = schedule("*/30 * * * *", "Europe/Berlin", 0);
    let found = next_times(&repeated, "2026-10-25T00:15:00Z", 4);
    assert_eq!(
        found,
        [
            "2026-10-25 02:30 +02:00",
            "2026-10-25 02:00 +01:00",
            "2026-10-25 02:30 +01:00",
            "2026-10-25 03:00 +01:00"
        ]
    );
}

#[test]
fn jitter_delays_by_the_same_each_time() {
    let jittered = schedule("0 4 * * *", "UTC", 3_600);
    let half = |now: &str| jittered.next_after(now.parse().unwrap(), 0.5).unwrap().to_string();
    assert_eq!(half("2026-03-01T03:00:00Z"), "2026-03-01T04:30:00Z");
    // After the time itself, but before the delayed time.
    assert_eq!(half("2026-03-01T04:10:00Z"), "2026-03-01T04:30:00Z");
    assert_eq!(half("2026-03-01T04:30:00Z"), "2026-03-02T04:30:00Z");
}

#[test]
fn errors_say_what_is_wrong() {
    for good in ["every 1s", "every 2w", "every 90 m", "0 4 * * *", "@daily", "0 4 * * MON-FRI", "0 0 29 2 *"]
    {
        assert_eq!(code(good), Ok(()), "{good}");
    }
    for (bad, expected) in [
        ("every", "schedule_cron"),
        ("every  ", "schedule_cron"),
        ("every 6", "schedule_interval"),
        ("every h", "schedule_interval"),
        ("every 6y", "schedule_interval"),
        ("every 6é", "schedule_interval"),
        ("every 0h", "schedule_out_of_bounds"),
        ("every 367d", "schedule_out_of_bounds"),
        ("every 99999999999999999999h", "schedule_out_of_bounds"),
        ("every 9223372036854775807w", "schedule_out_of_bounds"),
        ("", "schedule_cron"),
        ("* * * *", "schedule_cron"),
        ("0 0 4 * * *", "schedule_cron"),
        ("61 * * * *", "schedule_cron"),
        ("@sometimes", "schedule_cron"),
        ("0 0 31 2 *", "schedule_never"),
    ] {
        assert_eq!(code(bad), Err(expected), "{bad:?}");
    }
    assert_eq!(code(&"* ".repeat(200)), Err("schedule_too_long"));
    let jitter =
        |seconds| Schedule::new("every 1h", TimeZone::UTC, SignedDuration::from_secs(seconds)).map(|_| ());
    assert_eq!(jitter(3_600), Ok(()));
    assert_eq!(jitter(3_601), Err(ScheduleError::Jitter));
    assert_eq!(jitter(-1), Err(ScheduleError::Jitter));
}

/// Random cron expressions: five fields of small steps and numbers.
fn cron() -> impl Strategy<Value = String> {
    let field = |low: u32, high: u32| {
        prop_oneof![
            3 => Just("*".to_owned()),
            1 => (2_u32..20).prop_map(|step| format!("*/{step}")),
            2 => (low..=high).prop_map(|number| number.to_string()),
            1 => (low..high).prop_map(move |from| format!("{from}-{high}")),
        ]
    };
    (field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_next_time_is_always_later(
        expression in cron(),
        zone in prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("America/New_York"), Just("Australia/Lord_Howe")],
        start in 1_700_000_000_i64..1_900_000_000,
        jitter in 0.0_f64..1.0,
        max_jitter in 0_i64..7_200,
    ) {
        let schedule = schedule(&expression, zone, max_jitter);
        let mut now = Timestamp::from_second(start).unwrap();
        for _ in 0..5 {
            let next = schedule.next_after(now, jitter).unwrap();
            prop_assert!(next > now, "{} then {}", now, next);
            // From just before it, it is still the next time, so there is none in between.
            let before = next - SignedDuration::from_nanos(1);
            prop_assert_eq!(schedule.next_after(before, jitter), Some(next));
            now = next;
        }
    }

    #[test]
    fn each_interval_has_one_time(seconds in 1_i64..100_000, start in 0_i64..2_000_000_000, jitter in 0.0_f64..1.0) {
        let schedule = schedule(&format!("every {seconds}s"), "UTC", seconds);
        let now = Timestamp::from_second(start).unwrap();
        let next = schedule.next_after(now, jitter).unwrap();
        prop_assert!(next > now && next.as_second() - start <= seconds);
        let after = schedule.next_after(next, jitter).unwrap();
        prop_assert_eq!(after.as_second() - next.as_second(), seconds);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(every )?[0-9a-z*/,@ #L?é-]{0,30}") {
        if let Ok(schedule) = Schedule::new(&text, TimeZone::UTC, SignedDuration::ZERO) {
            let _ = schedule.next_after(Timestamp::from_second(1_800_000_000).unwrap(), 0.3);
        }
    }
}
