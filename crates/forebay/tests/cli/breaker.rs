//! `forebay sources breaker`: blocking a failing source, and an operator's control.

use serde_json::{Value, json};

use crate::site::World;

fn states(document: &Value) -> Vec<(&str, &str)> {
    let breakers = document["items"].as_array().unwrap();
    breakers.iter().map(|it| (it["source"].as_str().unwrap(), it["state"].as_str().unwrap())).collect()
}

#[test]
fn a_source_that_fails_is_left_alone_until_an_operator_says_otherwise() {
    let world = World::new();
    world.configure("breaker = { max_consecutive = 2, wait = \"1h\" }");
    assert_eq!(states(&world.done("sources breaker show")), []);
    world.site.answer("/courses", 503, "busy");
    for _ in 0..2 {
        assert_eq!(world.json("scrape").0, 5);
    }
    let num_asked = world.site.num_asked();
    let (exit, refused) = world.json("scrape courses");
    assert_eq!((exit, &refused["errors"][0]["error"]["code"]), (5, &json!("breaker_open")), "{refused}");
    assert_eq!((world.site.num_asked(), world.num_runs()), (num_asked, "2".to_owned()), "it is not asked");

    let shown = world.done("sources breaker show courses");
    let breaker = &shown["items"][0];
    assert_eq!(
        (&breaker["state"], &breaker["reason_code"]),
        (&json!("open"), &json!("consecutive_failures"))
    );
    assert_eq!((&breaker["window"]["num_failures"], &breaker["window"]["num_calls"]), (&json!(2), &json!(2)));
    assert!(breaker["retry_after_seconds"].as_u64().unwrap() > 60);
    let transition = &breaker["transitions"][0];
    assert_eq!((&transition["to_state"], &transition["run_id"]), (&json!("open"), &json!(2)), "{shown}");

    world.site.set("/courses", &[("1", "Logic")], None);
    assert_eq!(world.done("scrape --ignore-breaker")["runs"][0]["num_added"], 1);
    assert_eq!(states(&world.done("sources breaker show")), [("courses", "open")], "it was not reported");
    assert_eq!(states(&world.done("sources breaker close courses")), [("courses", "closed")]);
    assert_eq!(world.done("scrape")["runs"][0]["status"], "complete");
}

#[test]
fn an_operator_opens_disables_and_resets() {
    let world = World::new();
    assert_eq!(states(&world.done("sources breaker open courses")), [("courses", "forced_open")]);
    let (exit, refused) = world.json("scrape");
    assert_eq!(
        (exit, &refused["errors"][0]["error"]["code"]),
        (5, &json!("breaker_forced_open")),
        "{refused}"
    );
    let (exit, refused) = world.json("ensure course");
    assert_eq!((exit, &refused["error"]["code"]), (5, &json!("breaker_forced_open")), "{refused}");
    assert!(refused["retry_after_seconds"].is_null(), "{refused}");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("until an operator closes its breaker"), "{refused}");
    insta::assert_snapshot!("breaker_refused", world.text("scrape courses"));
    assert_eq!(states(&world.done("sources breaker disable courses")), [("courses", "disabled")]);
    assert_eq!(world.json("scrape").0, 0);
    assert_eq!(states(&world.done("sources breaker reset courses")), [("courses", "closed")]);
    insta::assert_snapshot!("breaker_show", world.text("sources breaker show courses"));
    let (exit, unknown) = world.json("sources breaker open cuorses");
    assert_eq!((exit, &unknown["error"]["code"]), (2, &json!("no_such_source")));
    insta::assert_snapshot!("breaker_show_all", world.text("sources breaker show"));
}

#[test]
fn missing_pages_of_undeclared_scopes_open_no_breaker() {
    let world = World::new();
    let url = &world.site.url;
    let configure = |scopes: &str| {
        world.write(&format!(
            "[sources.s]\nkey = \"id\"\n{scopes}breaker = {{ max_consecutive = 2, wait = \"1h\" }}\n\
             [sources.s.html]\nurl = \"{url}/{{term}}\"\nfields = {{ id = \"h1\" }}\n\
             [sources.s.fetch]\nallow_private = true\nrate = \"unlimited\"\nretries = 0\n"
        ));
    };
    configure("");
    for number in 0..4 {
        let (_, document) = world.json(&format!("scrape s --scope term=invented-{number}"));
        assert_eq!(document["errors"][0]["error"]["code"], "http_status", "{document}");
    }
    assert!(states(&world.done("sources breaker show")).iter().all(|(_, state)| *state == "closed"));
    configure("scopes = [{ term = \"spring\" }]\n");
    for _ in 0..2 {
        world.json("scrape s --scope term=spring");
    }
    assert_eq!(states(&world.done("sources breaker show")), [("s", "open")], "a declared scope counts");
}
