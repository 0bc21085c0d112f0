//! The made-up university behind the demo site: what its courses and events are on a given day.
//!
//! There is no stored state and no randomness. Courses form an endless numbered list, and a day is a window on it
//! that moves by one at its start and by two at its end, so a course's state follows from its number and the day
//! alone, and any page of any day is made without making the days before it. [`changes`] tells what a day brought,
//! by the same numbers; tests hold the two together.

use jiff::{ToSpan, civil};
use serde::Serialize;

/// Courses on the first day.
const FIRST_COURSES: u64 = 40;
/// New courses on each later day.
const NEW_PER_DAY: u64 = 2;
/// Events, which stay the same on every day.
const EVENTS: u64 = 15;
/// How far into the window of its day the course stands whose seats, instructor or title change.
const SEATS_AT: u64 = 4;
const INSTRUCTOR_AT: u64 = 9;
const TITLE_AT: u64 = 14;

/// Subject, its code, and what its courses are about.
const SUBJECTS: [(&str, &str, [&str; 5]); 8] = [
    ("Computing", "CSC", ["Algorithms", "Databases", "Compilers", "Networks", "Operating Systems"]),
    ("Mathematics", "MTH", ["Linear Algebra", "Calculus", "Probability", "Topology", "Number Theory"]),
    ("Biology", "BIO", ["Genetics", "Ecology", "Botany", "Cell Biology", "Marine Life"]),
    ("History", "HIS", ["the Silk Road", "City States", "the Printing Press", "Trade Guilds", "Cartography"]),
    ("Literature", "LIT", ["the Short Story", "Epic Poetry", "Travel Writing", "Drama", "Translation"]),
    ("Physics", "PHY", ["Mechanics", "Optics", "Thermodynamics", "Acoustics", "Astronomy"]),
    ("Economics", "ECO", ["Markets", "Public Finance", "Game Theory", "Labour", "Development"]),
    ("Art", "ART", ["Painting", "Ceramics", "Photography", "Printmaking", "Typography"]),
];
const FORMS: [&str; 5] = ["Introduction to", "Topics in", "Methods of", "Seminar on", "Advanced Studies in"];
const FIRST_NAMES: [&str; 9] =
    ["Amara", "Bruno", "Chiara", "Devon", "Elif", "Farid", "Greta", "Hiro", "Ines"];
const LAST_NAMES: [&str; 7] = ["Okafor", "Lindqvist", "Marchetti", "Tanaka", "Novak", "Haddad", "Whitlock"];
const ROOMS: [&str; 4] = ["North Hall", "the Old Library", "Room 214", "the Observatory"];
const EVENT_KINDS: [&str; 5] = ["Open Lecture", "Workshop", "Exhibition", "Concert", "Career Fair"];

/// A course as the site shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Course {
    /// Subject code and number; never used twice.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) instructor: String,
    pub(super) semester: &'static str,
    pub(super) credits: u64,
    pub(super) seats: u64,
    pub(super) description: String,
    pub(super) url: String,
    /// The day of its latest change.
    pub(super) updated: civil::Date,
}

/// An event as the site shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) venue: &'static str,
    /// Local time without an offset, as such sites write it.
    pub(super) starts: civil::DateTime,
    pub(super) url: String,
    pub(super) updated: civil::Date,
}

/// What a day brought, compared with the day before: ids of courses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Changes {
    /// Courses that are new.
    pub(crate) added: Vec<String>,
    /// Courses that are gone.
    pub(crate) removed: Vec<String>,
    /// Courses that changed, each with the field that did. Its `updated` changes with it.
    pub(crate) changed: Vec<(String, &'static str)>,
}

/// What changed from the day before `day`. Nothing on day 1, when everything is new.
pub(crate) fn changes(day: u16) -> Changes {
    if day < 2 {
        return Changes { added: Vec::new(), removed: Vec::new(), changed: Vec::new() };
    }
    let (start, end) = window(day);
    Changes {
        added: (end - NEW_PER_DAY..end).map(course_id).collect(),
        removed: vec![course_id(start - 1)],
        changed: [(SEATS_AT, "seats"), (INSTRUCTOR_AT, "instructor"), (TITLE_AT, "title")]
            .map(|(at, field)| (course_id(start - 1 + at), field))
            .to_vec(),
    }
}

/// The courses of a day as the site shows them, each with its id.
pub(crate) fn shown(day: u16) -> impl Iterator<Item = (String, serde_json::Value)> {
    (0..course_count(day)).map(move |position| {
        let course = course(day, position);
        // Text, dates and small numbers: there is nothing in a course that JSON does not take.
        (course.id.clone(), serde_json::to_value(&course).unwrap_or_default())
    })
}

/// How many courses there are on a day.
pub(super) fn course_count(day: u16) -> u64 {
    let (start, end) = window(day);
    end - start
}

/// The course at a position of a day's list, from 0.
pub(super) fn course(day: u16, position: u64) -> Course {
    let number = window(day).0 + position;
    let born = if number < FIRST_COURSES { 1 } else { 2 + (number - FIRST_COURSES) / NEW_PER_DAY };
    // The day on which the course stands where a field changes; if it is there from the start, it never was.
    let change_day =
        |at: u64| (number + 2).checked_sub(at).filter(|when| *when > born && *when <= u64::from(day));
    let (seats_changed, instructor_changed, title_changed) =
        (change_day(SEATS_AT), change_day(INSTRUCTOR_AT), change_day(TITLE_AT));
    let latest =
        [seats_changed, instructor_changed, title_changed].into_iter().flatten().max().unwrap_or(born);

    let (subject, _, themes) = pick(&SUBJECTS, number);
    let theme = pick(&themes, number / 8);
    let form = pick(&FORMS, number / 8 + number / 40 + number);
    let id = course_id(number);
    Course {
        title: if title_changed.is_some() {
            format!("{form} {theme}, Revised")
        } else {
            format!("{form} {theme}")
        },
        instructor: person(if instructor_changed.is_some() { number + 5 } else { number }),
        semester: if number % 4 == 3 { "Fall 2026" } else { "Spring 2026" },
        credits: 2 + number * 7 % 3,
        seats: 20 + number * 13 % 41 + if seats_changed.is_some() { 5 } else { 0 },
        description: format!("{subject} course on {theme}. Weekly meetings in {}.", pick(&ROOMS, number / 3)),
        url: format!("https://courses.example.edu/{}", id.to_lowercase()),
        updated: date(latest),
        id,
    }
}

/// How many events there are.
pub(super) fn event_count() -> u64 {
    EVENTS
}

/// The event at a position, from 0.
pub(super) fn event(position: u64) -> Event {
    let (subject, ..) = pick(&SUBJECTS, position * 3);
    let hour = [9, 11, 14, 18][usize::from(position % 4 == 1) + 2 * usize::from(position.is_multiple_of(3))];
    Event {
        id: format!("ev-{:03}", position + 1),
        title: format!("{}: {subject}", pick(&EVENT_KINDS, position)),
        venue: pick(&ROOMS, position),
        starts: date(10 + position * 3).at(hour, 0, 0, 0),
        url: format!("https://events.example.edu/ev-{:03}", position + 1),
        updated: date(1),
    }
}

/// The numbers of a day's courses: from the first, up to but without the second.
fn window(day: u16) -> (u64, u64) {
    let passed = u64::from(day.saturating_sub(1));
    (passed, FIRST_COURSES + NEW_PER_DAY * passed)
}

fn course_id(number: u64) -> String {
    let (_, code, _) = pick(&SUBJECTS, number);
    format!("{code}-{}", 101 + number / 8)
}

fn person(number: u64) -> String {
    format!("{} {}", pick(&FIRST_NAMES, number), pick(&LAST_NAMES, number))
}

/// The calendar date of a day. Day 1 is 12 January 2026.
fn date(day: u64) -> civil::Date {
    let passed = i64::try_from(day.saturating_sub(1)).unwrap_or(i64::MAX).min(1_000_000);
    civil::date(2026, 1, 12).saturating_add(passed.days())
}

/// The entry of a list at an endless position.
fn pick<T: Copy>(list: &[T], position: u64) -> T {
    let index = usize::try_from(position % list.len() as u64).unwrap_or_default();
    list[index]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn day(day: u16) -> BTreeMap<String, Course> {
        (0..course_count(day))
            .map(|position| course(day, position))
            .map(|course| (course.id.clone(), course))
            .collect()
    }

    /// Fields in which two states of a course differ, but for `updated`.
    fn differing(before: &Course, after: &Course) -> Vec<String> {
        let fields = |course| match serde_json::to_value(course).unwrap() {
            serde_json::Value::Object(fields) => fields,
            other => panic!("{other}"),
        };
        let (before, after) = (fields(before), fields(after));
        before.keys().filter(|name| *name != "updated" && before[*name] != after[*name]).cloned().collect()
    }

    #[test]
    fn the_first_day_has_40_courses_and_15_events_with_ids_of_their_own() {
        assert_eq!(day(1).len(), 40);
        let events: BTreeMap<_, _> =
            (0..event_count()).map(event).map(|event| (event.id.clone(), event)).collect();
        assert_eq!(events.len(), 15);
        assert!(changes(1).added.is_empty());
    }

    #[test]
    fn each_day_differs_from_the_one_before_by_exactly_its_changes() {
        for number in (2..80).chain([9_999, u16::MAX]) {
            let (before, after, told) = (day(number - 1), day(number), changes(number));
            let added: Vec<_> = after.keys().filter(|id| !before.contains_key(*id)).cloned().collect();
            let removed: Vec<_> = before.keys().filter(|id| !after.contains_key(*id)).cloned().collect();
            assert_eq!(sorted(told.added), added, "day {number}");
            assert_eq!(told.removed, removed, "day {number}");
            let mut changed = BTreeMap::new();
            for (id, course) in &after {
                if let Some(old) = before.get(id).filter(|old| *old != course) {
                    let fields = differing(old, course);
                    assert_eq!(fields.len(), 1, "day {number}: {id} {fields:?}");
                    assert_ne!(old.updated, course.updated, "day {number}: {id}");
                    changed.insert(id.clone(), fields[0].clone());
                }
            }
            let told: BTreeMap<_, _> =
                told.changed.into_iter().map(|(id, field)| (id, field.to_owned())).collect();
            assert_eq!((told.len(), &told), (3, &changed), "day {number}");
        }
    }

    #[test]
    fn the_second_day_for_the_record() {
        insta::assert_snapshot!(json(&changes(2)), @r#"
        {
          "added": [
            "CSC-106",
            "MTH-106"
          ],
          "removed": [
            "CSC-101"
          ],
          "changed": [
            [
              "LIT-101",
              "seats"
            ],
            [
              "MTH-102",
              "instructor"
            ],
            [
              "ECO-102",
              "title"
            ]
          ]
        }
        "#);
        insta::assert_snapshot!(json(&course(1, 5)), @r#"
        {
          "id": "PHY-101",
          "title": "Introduction to Mechanics",
          "instructor": "Farid Haddad",
          "semester": "Spring 2026",
          "credits": 4,
          "seats": 44,
          "description": "Physics course on Mechanics. Weekly meetings in the Old Library.",
          "url": "https://courses.example.edu/phy-101",
          "updated": "2026-01-12"
        }
        "#);
        insta::assert_snapshot!(json(&event(0)), @r#"
        {
          "id": "ev-001",
          "title": "Open Lecture: Computing",
          "venue": "North Hall",
          "starts": "2026-01-21T14:00:00",
          "url": "https://events.example.edu/ev-001",
          "updated": "2026-01-12"
        }
        "#);
    }

    fn json(value: &impl Serialize) -> String {
        serde_json::to_string_pretty(value).unwrap()
    }

    fn sorted(mut ids: Vec<String>) -> Vec<String> {
        ids.sort();
        ids
    }
}
