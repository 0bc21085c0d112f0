//! The log of deliveries: every request of a webhook with its response, without secrets and controls.

use serde_json::{Value, json};

use crate::{database::write_records, json::schema_problems, shown, site::World};

/// Hands one record off to a webhook at a path of the site, with more settings.
fn deliver(world: &World, settings: &str) {
    let config = format!(
        "[pipelines.hook]\nsource = \"rooms\"\nhandler = \"webhook\"\nurl = \"{}/hook\"\n{settings}\n",
        world.site.url
    );
    world.write(&config);
    let output = world.db.run(&world.sandbox, "config apply");
    assert!(output.status.success(), "{}", shown(&output));
    let file = write_records(&world.sandbox, "rooms.jsonl", [json!({ "id": "a", "title": settings })]);
    let output = world.db.run(&world.sandbox, &format!("persist {file} --source rooms --key id"));
    assert!(output.status.success(), "{}", shown(&output));
    let output = world.db.run(&world.sandbox, "work --drain --pipeline hook");
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", shown(&output));
}

fn statuses(world: &World, line: &str) -> Vec<Value> {
    let (exit, page) = world.json(line);
    assert_eq!(exit, 0, "{page}");
    assert_eq!(schema_problems("handoffs deliveries", &page), Vec::<String>::new());
    page["items"].as_array().unwrap().iter().map(|one| one["http_status"].clone()).collect()
}

#[test]
fn every_request_is_listed_with_its_response() {
    let world = World::new();
    world.site.answer("/hook", 200, "thanks \u{1b}[31mred\u{202e}");
    deliver(&world, "");
    world.site.answer("/hook", 422, &format!("hunter2-key is wrong {}", "x".repeat(1000)));
    deliver(&world, "headers = { x-key = \"hunter2-key\" }");
    let all = "handoffs deliveries hook";
    assert_eq!(statuses(&world, all), [json!(422), json!(200)]);
    assert_eq!(statuses(&world, "handoffs deliveries --failed"), [json!(422)]);
    assert_eq!(
        statuses(&world, "handoffs deliveries --reference rooms/a --since 1h --limit 1"),
        [json!(422)]
    );
    assert_eq!(statuses(&world, "handoffs deliveries --since 2099-01-01T00:00:00Z"), [json!(null); 0]);
    let (_, page) = world.json("handoffs deliveries --limit 1");
    let next = page["next"].as_str().unwrap();
    assert_eq!(statuses(&world, &format!("handoffs deliveries --limit 1 --after {next}")), [json!(200)]);
    let failed = &page["items"][0];
    assert_eq!((&failed["failure_code"], &failed["attempt"]), (&json!("webhook_refused"), &json!(1)));
    let response = failed["response"].as_str().unwrap();
    assert!(response.starts_with("… is wrong x") && response.chars().count() == 512, "{response}");
    assert_eq!(
        world.db.value(
            "select count(*) from forebay.ingestion_deliveries where event_id like reference_id || '/%'"
        ),
        "2"
    );
    let (_, text) = world.db.text(&world.sandbox, all);
    assert!(text.contains("webhook_refused") && text.contains("thanks"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_pipeline_logs_what_its_settings_say() {
    let world = World::new();
    for (setting, delivered, refused) in [("failed", 0, 1), ("off", 0, 0), ("all", 1, 1)] {
        let log = format!("log_deliveries = \"{setting}\"");
        for (status, expected) in [(200, delivered), (422, refused)] {
            world.db.execute("delete from forebay.ingestion_deliveries");
            world.site.answer("/hook", status, "");
            deliver(&world, &format!("{log} # {status}"));
            let logged = world.db.value("select count(*) from forebay.ingestion_deliveries");
            assert_eq!(logged, expected.to_string(), "{log} {status}");
        }
    }
}
