//! `forebay ensure`: fresh data, scraped at most once.

use serde_json::{Value, json};

use crate::site::World;

#[test]
fn fresh_data_is_not_scraped_again() {
    let world = World::new();
    let (exit, never) = world.json("ensure course --read-only");
    assert_eq!(
        (exit, &never["success"], &never["answered_from"]),
        (5, &json!(false), &json!("none")),
        "{never}"
    );
    assert_eq!(never["error"]["code"], "never_synced");
    assert_eq!(world.site.num_asked(), 0);

    let first = world.done("ensure course");
    assert_eq!((&first["answered_from"], &first["is_fresh"]), (&json!("scrape"), &json!(true)), "{first}");
    assert_eq!((&first["num_records"], &first["source"]), (&json!(3), &json!("courses")));
    let again = world.done("ensure course");
    assert_eq!((&again["answered_from"], &again["run_id"]), (&json!("ledger"), &first["run_id"]), "{again}");
    assert_eq!(world.num_runs(), "1");
    insta::assert_snapshot!("ensure_fresh", world.text("ensure course"));
    let forced = world.done("ensure course --force");
    assert_eq!((&forced["answered_from"], world.num_runs()), (&json!("scrape"), "2".to_owned()), "{forced}");
    // Records scraped without `ensure` are found too.
    world.db.execute("delete from forebay.sync_metadata");
    world.done("scrape");
    assert_eq!(world.done("ensure course")["answered_from"], "ledger");
}

#[test]
fn stale_data_is_served_while_its_source_is_down() {
    let world = World::new();
    world.done("ensure course");
    world.db.execute("update forebay.sync_metadata set last_sync = now() - interval '8 days'");
    world.site.answer("/courses", 500, "");
    let stale = world.done("ensure course");
    assert_eq!((&stale["answered_from"], &stale["is_fresh"]), (&json!("stale"), &json!(false)), "{stale}");
    assert_eq!(stale["error"]["code"], "http_status");
    world.db.execute("update forebay.sync_metadata set last_sync = now() - interval '80 days'");
    let (exit, nothing) = world.json("ensure course");
    assert_eq!((exit, &nothing["answered_from"]), (5, &json!("none")), "{nothing}");
    assert!(nothing["last_sync_at"].is_string(), "{nothing}");
    let (exit, unknown) = world.json("ensure professor");
    assert_eq!((exit, &unknown["error"]["code"]), (2, &json!("no_source")), "{unknown}");
    insta::assert_snapshot!("ensure_nothing", world.text("ensure professor"));
}

#[test]
fn the_source_is_scraped_even_without_a_database() {
    let world = World::new();
    // Nothing listens on a port that was just released.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ensure = || {
        let mut command = world.sandbox.command("ensure course --output json");
        command.env("FOREBAY_DATABASE_URL", format!("postgres://nobody@127.0.0.1:{port}/none"));
        let output = command.output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", crate::shown(&output)));
        (output.status.code(), document)
    };
    let (exit, answer) = ensure();
    assert_eq!(
        (exit, &answer["answered_from"], &answer["num_records"]),
        (Some(0), &json!("scrape"), &json!(3)),
        "{answer}"
    );
    let warnings = answer["warnings"].to_string();
    assert!(warnings.contains("are not stored"), "{answer}");
    assert_eq!(answer["error"]["code"], "database_unreachable", "{answer}");
    let tried =
        |answer: &Value| (answer["tried"][0]["status"].clone(), answer["tried"][0]["reason_code"].clone());
    assert_eq!(tried(&answer), (Value::Null, json!("database_unreachable")), "no run began: {answer}");
    world.site.answer("/courses", 500, "");
    let (exit, answer) = ensure();
    assert_eq!((exit, &answer["success"]), (Some(4), &json!(false)), "{answer}");
    assert_eq!(tried(&answer), (Value::Null, json!("http_status")), "{answer}");
}

#[test]
fn the_process_waits_for_a_refresh_in_the_background() {
    let world = World::new();
    let text = std::fs::read_to_string(world.sandbox.path().join("forebay.toml")).unwrap();
    world.write(&format!("{text}\n[entities.course]\nttl = \"1h\"\nstale_while_revalidate = \"30d\"\n"));
    world.done("ensure course");
    world.db.execute("update forebay.sync_metadata set last_sync = now() - interval '2 hours'");
    let stale = world.done("ensure course");
    assert_eq!((&stale["answered_from"], &stale["success"]), (&json!("stale"), &json!(true)), "{stale}");
    assert_eq!(world.num_runs(), "2");
    assert_eq!(world.done("ensure course")["answered_from"], "ledger");
}
