//! Structured data as sites embed it, valid and invalid.

use serde_json::json;

use super::*;
use crate::kinds::tests::{link, links, page, records, settings};

const EVENTS: &[u8] = include_bytes!("../../../fixtures/json_ld/events.html");

fn harvest(of: serde_json::Value, role: Role) -> Harvest {
    let page = page("https://example.edu/events", EVENTS);
    settings::<JsonLd>(of).harvest(&page, &link(&page, role)).unwrap()
}

#[test]
fn the_objects_of_the_wanted_types_are_records() {
    let harvest = harvest(
        json!({"url": "https://example.edu/events", "types": ["https://schema.org/Event", "Course"]}),
        Role::Listing,
    );
    let records = records(&harvest);
    let names: Vec<_> = records.iter().map(|record| record["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Open day – spring", "Lecture on tides", "CSC 126", "Escaped & sound", "In a list"]);
    assert!(records.iter().all(|record| record.get("@context").is_none()));
    assert_eq!(records[0]["location"]["address"]["addressLocality"], "Staten Island");
    assert_eq!(records[2]["hasCourseInstance"]["courseMode"], "onsite");
    assert_eq!(records[0]["@id"], "https://example.edu/events/1#event");
    assert_eq!(harvest.block.records[0].place.line, 3);
    let text = harvest.block.text(&harvest.block.records[0]);
    assert!(memchr::memmem::find(text, b"\"price\": 0.00,").is_some(), "numbers are kept as written");
}

#[test]
fn a_broken_block_is_rejected_and_the_others_are_read() {
    let harvest = harvest(json!({"url": "https://example.edu/events", "types": ["Event"]}), Role::Listing);
    assert_eq!(harvest.block.records.len(), 4);
    let [rejected] = harvest.block.rejected.as_slice() else { panic!("{:?}", harvest.block.rejected) };
    assert_eq!(rejected.reject.reason.as_str(), "invalid_json");
    assert_eq!(rejected.place.line, 25);
    assert!(rejected.raw.starts_with(b"{\"@type\": \"Event\", \"name\": \"cut off\""));
}

#[test]
fn without_types_every_object_is_a_record() {
    let harvest = harvest(json!({"url": "https://example.edu/events"}), Role::Listing);
    let types: Vec<_> = records(&harvest).iter().map(|record| record["@type"].to_string()).collect();
    assert_eq!(types.len(), 8, "{types:?}");
    assert!(types.contains(&"\"Organization\"".to_owned()) && types.contains(&"\"ItemList\"".to_owned()));
}

#[test]
fn links_are_followed_from_listings_only() {
    let of = json!({"url": "https://example.edu/events", "types": ["Event"], "follow": "li.event a", "next": "a[rel=next]"});
    let listing = harvest(of.clone(), Role::Listing);
    assert_eq!(
        links(&listing),
        [
            (Role::Detail, "https://example.edu/events/1"),
            (Role::Detail, "https://example.edu/events/7"),
            (Role::Listing, "https://example.edu/events?page=2"),
        ]
    );
    assert_eq!(listing.num_refused_links, 1);
    assert!(harvest(of, Role::Detail).links.is_empty());
}

#[test]
fn settings_are_checked() {
    let kind: JsonLd = settings(json!({"url": "https://example.edu/", "types": ["https://schema.org/"]}));
    assert_eq!(kind.check().unwrap_err().code(), "invalid_source_setting");
}
