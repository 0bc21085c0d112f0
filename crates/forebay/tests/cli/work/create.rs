//! A table that was dropped: its pipeline stops, and an operator creates the table again.

use serde_json::json;

use super::{BOTH, courses, drain, of, persist};
use crate::{Sandbox, database::database};

#[test]
fn a_dropped_table_is_created_again_and_filled_only_on_request() {
    let sandbox = Sandbox::new();
    let db = database();
    sandbox.configure(BOTH);
    persist(&db, &sandbox, &courses()[..2]);
    drain(&db, &sandbox);
    db.execute("drop table public.seats");
    persist(&db, &sandbox, &courses());
    let (exit, work) = db.json(&sandbox, "work --drain");
    assert_eq!(exit, 1, "{work}");
    assert_eq!(of(&work, "seats")["error"]["code"], "table_gone");
    assert_eq!(of(&work, "finder")["num_succeeded"], 1);
    let (exit, text) = db.text(&sandbox, "handoffs verify --pipeline seats");
    assert!(exit == 1 && text.contains("its table is gone or was replaced: forebay work --create"), "{text}");
    let (_, doctor) = db.json(&sandbox, "doctor");
    let checks = doctor["checks"].as_array().unwrap();
    let gone = checks.iter().find(|check| check["code"] == "targets").unwrap();
    assert_eq!(gone["next"], "forebay work --create --pipeline seats", "{gone}");

    let (exit, work) = db.json(&sandbox, "work --drain --create");
    assert_eq!((exit, &of(&work, "seats")["num_succeeded"]), (0, &json!(3)), "{work}");
    assert_eq!(db.value("select string_agg(seats::text, ' ' order by seats) from public.seats"), "12 24 40");
    let (exit, text) = db.text(&sandbox, "handoffs verify --pipeline seats");
    assert!(exit == 0 && text.contains("nothing lost"), "{text}");
}
