//! `forebay scrape` on a real site.

use serde_json::{Value, json};

use crate::site::{FETCH, World, source};

fn run<'a>(document: &'a Value, source: &str) -> &'a Value {
    let runs = document["runs"].as_array().unwrap();
    runs.iter().find(|run| run["source"] == source).unwrap_or_else(|| panic!("{document}"))
}

#[test]
fn a_site_is_scraped_and_then_found_unchanged() {
    let world = World::new();
    let first = world.done("scrape");
    let first = run(&first, "courses");
    assert_eq!((&first["status"], &first["num_added"]), (&json!("complete"), &json!(3)), "{first}");
    assert_eq!((&first["num_requests"], &first["num_not_modified"]), (&json!(3), &json!(0)));
    assert!(
        first["num_requests"].as_u64().unwrap() >= 2 && first["num_bytes_received"].as_u64().unwrap() > 0
    );
    assert_eq!((&first["field_coverage"]["title"], &first["drift"]), (&json!(1.0), &json!([])));

    let again = world.done("scrape courses");
    let again = run(&again, "courses");
    assert_eq!((&again["num_unchanged"], &again["num_not_modified"]), (&json!(3), &json!(2)), "{again}");
    for count in ["num_added", "num_updated", "num_removed", "num_handoffs", "num_bytes_received"] {
        assert_eq!(again[count], 0, "{count}");
    }
    let read = world.done("scrape courses --read-everything");
    assert_eq!(
        (&run(&read, "courses")["num_not_modified"], &run(&read, "courses")["num_unchanged"]),
        (&json!(0), &json!(3))
    );
    insta::assert_snapshot!("scrape_human", world.text("scrape courses"));

    let shown = world.text("show courses/1");
    assert!(shown.contains("http://site/courses") && shown.contains("fetched"), "{shown}");

    // The run's cost is available later.
    let shown = world.done("runs show 2");
    assert_eq!(
        (&shown["run"]["num_not_modified"], &shown["run"]["drift"]),
        (&json!(2), &json!([])),
        "{shown}"
    );
    let host = &shown["run"]["hosts"][0];
    assert_eq!((&host["host"], &host["num_not_modified"]), (&json!("127.0.0.1"), &json!(2)), "{shown}");
}

#[test]
fn a_source_that_fails_keeps_no_other_from_being_scraped() {
    let world = World::new();
    let (courses, broken) = (source("courses", &world.site.url, ""), source("broken", &world.site.url, ""));
    world.write(&format!("{FETCH}\n[sources.courses]\n{courses}\n[sources.broken]\n{broken}"));
    world.site.answer("/broken", 503, "busy");
    let (exit, document) = world.json("scrape --jobs 2");
    assert_eq!((exit, &run(&document, "courses")["num_added"]), (5, &json!(3)), "{document}");
    let error = &document["errors"][0];
    assert_eq!(
        (&error["source"], &error["error"]["code"]),
        (&json!("broken"), &json!("http_status")),
        "{document}"
    );
    assert!(error["run_id"].is_i64());
    let text = world.text("scrape broken --log-level off");
    insta::assert_snapshot!("scrape_failed", text);

    // A persistent error counts as a failure of the work.
    world.site.answer("/broken", 404, "");
    let (exit, document) = world.json("scrape");
    assert_eq!((exit, &document["errors"][0]["error"]["code"]), (1, &json!("http_status")), "{document}");
}

#[test]
fn the_fallback_that_answered_is_reported() {
    let world = World::new();
    let first = source("broken", &world.site.url, "fallback = [\"courses\"]");
    world.write(&format!(
        "{FETCH}\n[sources.broken]\n{first}\n[sources.courses]\n{}",
        source("courses", &world.site.url, "")
    ));
    world.site.answer("/broken", 404, "");
    let document = world.done("scrape broken");
    assert_eq!(run(&document, "courses")["num_added"], 3, "{document}");
    let fallback = &document["fallbacks"][0];
    assert_eq!(
        (&fallback["source"], &fallback["fallback_source"]),
        (&json!("broken"), &json!("courses")),
        "{document}"
    );
    assert_eq!(
        (&fallback["tried"][0]["status"], &fallback["tried"][0]["reason_code"]),
        (&json!("failed"), &json!("http_status")),
        "{document}"
    );
    assert!(
        world.text("scrape broken").contains("courses answered in place of broken (broken: http_status)")
    );
}

#[test]
fn a_wrong_selector_does_not_look_like_success() {
    let world = World::new();
    let text = std::fs::read_to_string(world.sandbox.path().join("forebay.toml")).unwrap();
    world.write(&text.replace("\".course\"", "\".curse\""));
    let output = world.db.run(&world.sandbox, "scrape");
    assert!(crate::shown(&output).contains("no records were found"), "{}", crate::shown(&output));
    let (exit, tested) = world.json("sources test courses");
    let items = json!([{ "setting": "html.items", "selector": ".curse" }]);
    assert_eq!((exit, &tested["unmatched"]), (1, &items), "{tested}");
    world.write(&text.replace("\"h2\"", "\"h3\""));
    let title = json!([{ "setting": "html.fields.title", "selector": "h3" }]);
    assert_eq!(world.done("sources test courses")["unmatched"], title);
    assert!(world.text("sources test courses").contains("html.fields.title (h3) matched nothing"));
    world.write(&text);
    assert_eq!(world.done("sources test courses")["unmatched"], json!([]));
}

#[test]
fn rows_of_another_contract_are_counted() {
    let world = World::new();
    world.db.execute(
        "create schema legacy; create table legacy.courses (id int, v int); \
         insert into legacy.courses values (1, 1), (2, 7), (3, null)",
    );
    let source = |table: &str| {
        format!(
            "[sources.legacy]\nkey = \"id\"\n[sources.legacy.postgres]\ntable = \"{table}\"\n\
             contract_version_column = \"v\"\n"
        )
    };
    world.write(&source("legacy.cuorses"));
    for line in ["scrape", "sources test legacy"] {
        let text = world.text(line);
        assert!(text.contains("rows_missing") && text.contains("[sources.legacy.postgres]"), "{text}");
        assert!(!text.contains("forebay db up"), "{text}");
    }
    world.write(&source("legacy.courses"));
    let count = |version: i64| json!({ "contract_version": version, "num_rows": 1 });
    assert_eq!(world.done("sources test legacy")["contract_versions"], json!([count(0), count(1), count(7)]));
    world.done("scrape");
    assert_eq!(world.done("sources show legacy")["contract_versions"], json!([count(0), count(1), count(7)]));
    assert!(world.text("sources show legacy").contains("References by contract version"));
}

#[test]
fn guards_hold_a_run_unless_switched_off() {
    let world = World::new();
    world.done("scrape");
    world.site.set("/courses", &[("1", "Logic")], None);
    let (exit, held) = world.json("scrape --max-removed 10%");
    // Guards ignore so few removals.
    assert_eq!((exit, &run(&held, "courses")["status"]), (0, &json!("complete")), "{held}");
    world.site.set("/courses", &[], None);
    let (exit, held) = world.json("scrape");
    assert_eq!((exit, &run(&held, "courses")["reason_code"]), (3, &json!("empty_run")), "{held}");
    let off = world.done("scrape --guards off");
    assert_eq!(run(&off, "courses")["num_removed"], 1, "{off}");
}

#[test]
fn an_archive_is_scraped_without_the_site() {
    let world = World::new();
    world.done("scrape --warc all.warc.gz --no-handoff");
    let num_asked = world.site.num_asked();
    world.site.answer("/courses", 500, "");
    let replayed = world.done("scrape --from-warc all.warc.gz --run-log-level debug");
    assert_eq!(run(&replayed, "courses")["num_unchanged"], 3, "{replayed}");
    assert_eq!(world.site.num_asked(), num_asked, "the site is left alone");
    assert_eq!(world.db.value("select count(*) from forebay.handoffs"), "0");
}

#[test]
fn a_source_that_cannot_be_scraped_is_an_error_before_any_scrape() {
    let world = World::new();
    insta::assert_snapshot!("scrape_unknown", world.text("scrape cuorses"));
    insta::assert_snapshot!("scrape_no_such_scope", world.text("scrape courses --scope semester=Spring"));
    world.configure("enabled = false");
    let (exit, document) = world.json("scrape courses");
    assert_eq!((exit, &document["error"]["code"]), (2, &json!("source_disabled")));
    let (exit, document) = world.json("scrape");
    assert_eq!((exit, &document["error"]["code"]), (2, &json!("nothing_to_scrape")));
    assert_eq!((world.num_runs(), world.site.num_asked()), ("0".to_owned(), 0));
}

#[test]
fn scopes_are_scraped_one_by_one() {
    let world = World::new();
    let kind =
        source("terms/{term}", &world.site.url, "scopes = [{ term = \"spring\" }, { term = \"fall\" }]");
    let kind = kind.replace("[sources.terms/{term}.html]", "[sources.terms.html]");
    world.write(&format!("{FETCH}\n[sources.terms]\n{kind}"));
    world.site.set("/terms/spring", &[("1", "Logic")], None);
    world.site.set("/terms/fall", &[("2", "Sets"), ("3", "Graphs")], None);
    let all = world.done("scrape");
    let counts =
        |run: &Value| (run["scope"].as_str().unwrap().to_owned(), run["num_added"].as_u64().unwrap());
    let runs: Vec<_> = all["runs"].as_array().unwrap().iter().map(counts).collect();
    assert_eq!(runs, [("term=spring".to_owned(), 1), ("term=fall".to_owned(), 2)]);
    let one = world.done("scrape --scope term=fall");
    assert_eq!((one["runs"].as_array().unwrap().len(), &one["runs"][0]["num_unchanged"]), (1, &json!(2)));
    // If scopes are declared, other scopes are rejected even if they fill the placeholders.
    let (exit, document) = world.json("scrape terms --scope term=winter");
    assert_eq!((exit, &document["error"]["code"]), (2, &json!("no_such_scope")), "{document}");
    let (exit, document) = world.json("scrape terms --scope year=1");
    assert_eq!((exit, &document["error"]["code"]), (2, &json!("scope_incomplete")), "{document}");
}
