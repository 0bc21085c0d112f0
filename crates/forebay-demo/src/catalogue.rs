//! The made-up university behind the demo site: its courses and events on a given day.
//!
//! There is no stored state and no randomness. Courses form an endless numbered list, and a day is a window on it. Each
//! day the window's start moves by one and its end by two. So the state of a course depends only on its number and the
//! day. [`changes`] computes the changes of a day from the same numbers; tests compare both.

use jiff::{ToSpan, civil};
use serde::Serialize;

/// Courses on the first day.
const FIRST_COURSES: u64 = 40;
/// New courses on each later day.
const NEW_PER_DAY: u64 = 2;
/// Events, which stay the same on every day.
const EVENTS: u64 = 15;
/// The positions in the window of the courses whose seats, instructor and title change on a day.
const SEATS_AT: u64 = 4;
const INSTRUCTOR_AT: u64 = 9;
const TITLE_AT: u64 = 14;

/// A subject, its code, and the themes of its courses.
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
pub(crate) struct Course {
    /// Subject code and number, never reused.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) instructor: String,
    pub(crate) semester: &'static str,
    pub(crate) credits: u64,
    pub(crate) seats: u64,
    pub(crate) description: String,
    pub(crate) url: String,
    /// The day of its latest change.
    pub(crate) updated: civil::Date,
}

/// An event as the site shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) venue: &'static str,
    /// Local time without an offset, as many sites write it.
    pub(crate) starts: civil::DateTime,
    pub(crate) url: String,
    pub(crate) updated: civil::Date,
}

/// The changes of a day since the day before: ids of courses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Changes {
    /// New courses.
    pub(crate) added: Vec<String>,
    /// Courses that are no longer listed.
    pub(crate) removed: Vec<String>,
    /// Courses that changed, each with its changed field. Its `updated` changes too.
    pub(crate) changed: Vec<(String, &'static str)>,
}

/// The changes since the day before `day`. None on day 1.
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
        // A course of text, dates and small numbers always serialises.
        (course.id.clone(), serde_json::to_value(&course).unwrap_or_default())
    })
}

/// The number of courses on a day.
pub(crate) fn course_count(day: u16) -> u64 {
    let (start, end) = window(day);
    end - start
}

/// The course at a position of a day's list, from 0.
pub(crate) fn course(day: u16, position: u64) -> Course {
    let number = window(day).0 + position;
    let born = if number < FIRST_COURSES { 1 } else { 2 + (number - FIRST_COURSES) / NEW_PER_DAY };
    // The day on which the course is at the position where a field changes, unless it started there or later.
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

/// The number of events.
pub(crate) fn event_count() -> u64 {
    EVENTS
}

/// The event at a position, from 0.
pub(crate) fn event(position: u64) -> Event {
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

/// The numbers of a day's courses, the second exclusive.
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

/// The entry of a list at a position, which wraps around.
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

    /// The fields in which two states of a course differ, except `updated`.
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
            let (before, after, stated) = (day(number - 1), day(number), changes(number));
            let added: Vec<_> = after.keys().filter(|id| !before.contains_key(*id)).cloned().collect();
            let removed: Vec<_> = before.keys().filter(|id| !after.contains_key(*id)).cloned().collect();
            assert_eq!(sorted(stated.added), added, "day {number}");
            assert_eq!(stated.removed, removed, "day {number}");
            let mut changed = BTreeMap::new();
            for (id, course) in &after {
                if let Some(old) = before.get(id).filter(|old| *old != course) {
                    let fields = differing(old, course);
                    assert_eq!(fields.len(), 1, "day {number}: {id} {fields:?}");
                    assert_ne!(old.updated, course.updated, "day {number}: {id}");
                    changed.insert(id.clone(), fields[0].clone());
                }
            }
            let stated: BTreeMap<_, _> =
                stated.changed.into_iter().map(|(id, field)| (id, field.to_owned())).collect();
            assert_eq!((stated.len(), &stated), (3, &changed), "day {number}");
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
