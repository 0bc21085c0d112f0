//! Calendars: valid, invalid and hostile ones.

use RejectReason::{DuplicateKey, InvalidRecord, MissingKey, TruncatedRecord};
use serde_json::json;

use super::*;
use crate::{
    Role,
    kinds::{
        mutation::{Random, mutated},
        tests::{link, page, records, settings},
    },
};

const TERM: &[u8] = include_bytes!("../../../fixtures/ical/term.ics");
const BROKEN: &[u8] = include_bytes!("../../../fixtures/ical/broken.ics");
const VERSIONS: &[u8] = include_bytes!("../../../fixtures/ical/versions.ics");

fn try_read(body: impl Into<Vec<u8>>) -> Result<Harvest, Error> {
    let kind: Ical = settings(json!({"url": "https://example.edu/term.ics"}));
    let page = page("https://example.edu/term.ics", body);
    kind.harvest(&page, &link(&page, Role::Listing))
}

fn read(body: impl Into<Vec<u8>>) -> Harvest {
    try_read(body).unwrap()
}

fn rejects(harvest: &Harvest) -> Vec<(u64, RejectReason)> {
    harvest.block.rejected.iter().map(|one| (one.place.line, one.reject.reason)).collect()
}

#[test]
fn events_become_records() {
    let harvest = read(TERM);
    let expected = [
        json!({
            "uid": "csc126-lecture@example.edu", "recurrence_id": "", "sequence": 3,
            "summary": "Introduction to Computer Science, lecture",
            "description": "Bring a laptop.\nRoom may change; see the website for the latest news.",
            "location": "Building 1N, Room 2",
            "status": "CONFIRMED",
            "url": "https://www.example.edu/csc126",
            "rrule": "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260520T000000Z",
            "categories": ["lecture", "computer science", "a,b"],
            "exdates": ["2026-03-16T09:00:00", "2026-03-18T09:00:00", "2026-03-30T13:00:00Z"],
            "organizer": {"name": "Turing, Alan", "email": "alan@example.edu"},
            "geo": {"latitude": 40.6, "longitude": -74.15},
            "last_modified": "2026-01-10T12:00:00Z",
            "all_day": false, "time_zone": "America/New_York",
            "start": "2026-03-02T09:00:00", "start_utc": "2026-03-02T14:00:00Z",
            "end": "2026-03-02T10:15:00", "end_utc": "2026-03-02T15:15:00Z"
        }),
        json!({
            "uid": "csc126-lecture@example.edu", "recurrence_id": "20260304T090000", "sequence": 4,
            "summary": "Moved lecture", "all_day": false, "time_zone": "America/New_York",
            "start": "2026-03-04T11:00:00", "start_utc": "2026-03-04T16:00:00Z",
            "end": "2026-03-04T12:15:00", "end_utc": "2026-03-04T17:15:00Z"
        }),
        json!({
            "uid": "holiday@example.edu", "recurrence_id": "", "sequence": 0, "summary": "Spring break",
            "all_day": true, "start": "2026-04-06", "end": "2026-04-11"
        }),
        json!({
            "uid": "strange-zone@example.edu", "recurrence_id": "", "sequence": 0, "summary": "Zone of another family",
            "all_day": false, "time_zone": "Eastern Standard Time", "start": "2026-03-01T09:00:00"
        }),
        json!({
            "uid": "floating@example.edu", "recurrence_id": "", "sequence": 0, "summary": "Wherever you are",
            "all_day": false, "start": "2026-03-01T09:00:00"
        }),
    ];
    assert_eq!(records(&harvest), expected);
    assert_eq!(harvest.block.records[0].place.line, 13);
    assert_eq!(harvest.num_cancelled, 1);
    assert_eq!(rejects(&harvest), []);
}

#[test]
fn broken_events_are_rejected_and_the_others_are_read() {
    let harvest = read(BROKEN);
    let uids: Vec<_> = records(&harvest).iter().map(|record| record["uid"].clone()).collect();
    assert_eq!(uids, ["good@example.edu", "good-too@example.edu"]);
    assert_eq!(
        rejects(&harvest),
        [
            (6, MissingKey),
            (10, InvalidRecord),
            (13, InvalidRecord),
            (17, InvalidRecord),
            (22, InvalidRecord),
            (27, TruncatedRecord),
            (34, TruncatedRecord),
            // The end of the calendar is missing.
            (37, TruncatedRecord),
        ]
    );
    let messages: Vec<&str> = harvest.block.rejected.iter().map(|one| one.reject.message.as_str()).collect();
    assert_eq!(messages[2], "DTSTART is not a date or time: tomorrow");
    assert_eq!(messages[3], "line 20: it has no colon");
    assert!(harvest.block.rejected[0].raw.ends_with(b"SUMMARY:No UID\nEND:VEVENT\n"));
}

#[test]
fn the_newer_version_of_an_event_wins() {
    let harvest = read(VERSIONS);
    let summaries: Vec<_> = records(&harvest).iter().map(|record| record["summary"].clone()).collect();
    assert_eq!(summaries, ["newest", "newest"]);
    assert_eq!(harvest.num_cancelled, 1);
    assert_eq!(rejects(&harvest), [(9, DuplicateKey), (16, DuplicateKey), (30, DuplicateKey)]);
}

#[test]
fn a_cancelled_calendar_yields_no_records() {
    let text = "BEGIN:VCALENDAR\nMETHOD:CANCEL\nBEGIN:VEVENT\nUID:a\nEND:VEVENT\nEND:VCALENDAR\n\
        begin:vcalendar\nbegin:vevent\nuid:b\ndtstart:20260301\nend:vevent\nend:vcalendar";
    let harvest = read(text);
    assert_eq!((records(&harvest).len(), harvest.num_cancelled), (1, 1));
    assert_eq!(rejects(&harvest), []);
}

#[test]
fn a_page_that_is_not_a_calendar_is_unreadable() {
    for body in ["", "<html>Sign in</html>", "BEGIN:VEVENT\nUID:a\nEND:VEVENT"] {
        assert_eq!(try_read(body).unwrap_err().code(), "page_unreadable", "{body}");
    }
    assert!(read("\u{feff}BEGIN:VCALENDAR\nEND:VCALENDAR").block.records.is_empty());
}

#[test]
fn deep_nesting_and_mutations_are_harmless() {
    let deep =
        format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20260301\n{}", "BEGIN:X\n".repeat(200_000));
    assert_eq!(read(deep).block.records.len(), 0);
    let words = [
        "BEGIN:VEVENT\n",
        "END:VEVENT\n",
        "BEGIN:VCALENDAR\n",
        "END:VCALENDAR\n",
        "\n ",
        "\r\n\t",
        ";",
        ":",
        "\"",
        "=",
        "\\",
        ",",
        "UID:a\n",
        "DURATION:P99999999999999999999W\n",
        "DTSTART:99991231T235959Z\n",
        "TZID=/../../x",
        "SEQUENCE:-1\n",
        "GEO:nan;inf\n",
        "\0",
        "\u{feff}",
    ];
    let mut random = Random(0x1ca1_5eed_0bad_cafe);
    for round in 0..4000 {
        let body = mutated([TERM, BROKEN, VERSIONS][round % 3], &words, &mut random);
        let Ok(harvest) = try_read(body) else { continue };
        for record in records(&harvest) {
            assert!(
                record["uid"].is_string()
                    && record["recurrence_id"].is_string()
                    && record["sequence"].is_u64()
            );
            assert!(record["start"].is_string() && record["all_day"].is_boolean());
        }
        assert!(harvest.block.rejected.iter().all(|one| one.raw.len() <= 64 << 10));
    }
}
