//! The answers of each tool, page by page, and its errors.

use rmcp::model::{ReadResourceRequestParams, ResourceContents};
use serde_json::{Value, json};

use super::{Chat, course, courses};
use crate::stored::Stored;

fn texts(items: &[Value], field: &str) -> Vec<String> {
    items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_reference_is_read_as_of_now_and_as_of_then() {
    let (_stored, chat) = courses();
    let found = chat.ask("get_reference", course("CSC-126"));
    assert_eq!(found["reference"]["payload"], json!({"credits": 4, "id": "CSC-126", "title": "Beginning"}));
    assert_eq!(
        (&found["reference"]["state"], &found["reference"]["version"], &found["at"]),
        (&json!("active"), &json!(3), &json!(null))
    );
    assert_eq!((&found["is_cut"], &found["notices"]), (&json!(false), &json!([])));
    let by_id = chat.ask("get_reference", json!({ "reference": found["reference"]["reference_id"] }));
    assert_eq!(by_id, found, "its uuid names it too");

    let then =
        json!({"reference": "courses/CSC-126", "at": "2019-01-03", "fields": ["title", "room", "seats"]});
    let then = chat.ask("get_reference", then);
    assert_eq!(then["reference"]["payload"], json!({"room": null, "title": "Introduction"}));
    assert_eq!(then["at"], "2019-01-03T00:00:00.000Z");
    assert!(then["notices"][0].as_str().unwrap().contains("no field \"seats\""), "{then}");
}

#[test]
fn a_history_is_read_to_its_beginning_on_pages_of_any_size() {
    let (_stored, chat) = courses();
    let (events, num_pages) = chat.pages("get_history", "/versions", course("CSC-126"));
    assert_eq!(texts(&events, "change"), ["updated", "restored", "removed", "updated", "added"]);
    assert_eq!(num_pages, 1);
    assert_eq!(
        events[3]["fields"],
        json!([
            {"field_name": "credits", "change": "removed", "old": 4, "new": null, "is_cut": false},
            {"field_name": "room", "change": "added", "old": null, "new": null, "is_cut": false},
            {"field_name": "title", "change": "updated", "old": "Beginning", "new": "Introduction", "is_cut": false},
        ]),
        "absent is not null"
    );
    let one_by_one = json!({"reference": "courses/CSC-126", "limit": 1});
    let (pieces, num_pages) = chat.pages("get_history", "/versions", one_by_one);
    assert_eq!(num_pages, 8, "each changed field, removal and return is one");
    let fields = |events: &[Value]| -> usize {
        events.iter().map(|event| event["fields"].as_array().unwrap().len()).sum()
    };
    assert_eq!(fields(&pieces), fields(&events));
    let before = json!({"reference": "courses/CSC-126", "before": "2019-01-02T12:00:00Z"});
    let (events, _) = chat.pages("get_history", "/versions", before);
    assert_eq!(texts(&events, "change"), ["added"], "before is not at");
    let before = json!({"reference": "courses/CSC-126", "before": "2018-01-01"});
    assert_eq!(chat.pages("get_history", "/versions", before).0, Vec::<Value>::new());
}

#[test]
fn changes_are_listed_newest_first_on_pages_of_any_size() {
    let (stored, chat) = courses();
    let since = |since: &str| json!({ "since": since });
    let (changes, _) = chat.pages("list_changes", "", since("2019-01-01"));
    assert_eq!(texts(&changes, "change"), ["restored", "removed", "updated", "added", "added"]);
    assert_eq!(changes[2]["field_names"], json!(["credits", "room", "title"]));
    assert_eq!(changes[2]["changed_at"], "2019-01-02T12:00:00.000Z");
    for limit in 1..4 {
        let (paged, num_pages) =
            chat.pages("list_changes", "", json!({"since": "2019-01-01", "limit": limit}));
        assert_eq!(paged, changes, "pages of {limit}");
        assert!(num_pages > 1);
    }
    let (later, _) = chat.pages("list_changes", "", since("2019-01-03T12:00:00Z"));
    assert_eq!(texts(&later, "change"), ["restored", "removed"]);
    let misspelt = json!({"since": "2019-01-01", "entity": "cuorse"});
    let error = chat.error("list_changes", misspelt);
    assert_eq!(
        (&error["code"], &error["hint"]),
        (&json!("no_such_entity"), &json!("did you mean `course`?"))
    );
    // Of another entity type, there are only older changes.
    stored.write("talks.jsonl", "{\"id\": \"T\"}\n");
    stored.json("persist talks.jsonl --source talks --entity talk --key id --observed-at 2018-06-01");
    let talks = |since: &str| chat.pages("list_changes", "", json!({"since": since, "entity": "talk"})).0;
    assert_eq!(texts(&talks("2018-01-01"), "record_key"), ["T"]);
    assert_eq!(talks("2019-01-01"), Vec::<Value>::new());
}

#[test]
fn documents_are_found_by_their_words() {
    let (_stored, chat) = courses();
    let found = chat.ask("search", json!({"query": "ancient worlds", "source": "courses", "limit": 500}));
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(texts(hits, "record_key"), ["HST-101"]);
    assert_eq!(hits[0]["title"], "Ancient Worlds");
    assert_eq!((&found["is_hybrid"], &found["warning"]), (&json!(false), &json!(null)));
    assert_eq!((&hits[0]["rank"], &hits[0]["score"]), (&json!(1), &json!(null)), "there is no embedding");
    assert_eq!(found["matching"], "all_words");
    assert_eq!(chat.ask("search", json!({"query": "submarine"}))["hits"], json!([]));
}

#[test]
fn a_question_that_no_record_answers_in_its_words_finds_records_with_some_of_them() {
    let (_stored, chat) = courses();
    let keys = |arguments: Value| {
        let found = chat.ask("search", arguments);
        (texts(found["hits"].as_array().unwrap(), "record_key"), found["matching"].clone())
    };
    let question = "which worlds are taught on Mars";
    assert_eq!(keys(json!({ "query": question })), (vec!["HST-101".to_owned()], json!("any_word")));
    assert_eq!(keys(json!({ "query": format!("{question} -ancient") })).0, Vec::<String>::new());
    assert_eq!(keys(json!({ "query": format!("{question} \"worlds ancient\"") })).0, Vec::<String>::new());
    assert_eq!(keys(json!({ "query": format!("{question} \"ancient worlds\"") })).0, ["HST-101"]);

    // Filters hold for them too. Models write numbers as text.
    let with = |name: &str, value: Value| keys(json!({ "query": question, name: value, "limit": "5" })).0;
    assert_eq!(with("entity", json!("course")), ["HST-101"]);
    assert_eq!(with("fields", json!({ "title": "Ancient Worlds" })), ["HST-101"]);
    assert_eq!(with("fields", json!({ "/fee": "9007199254740993" })), ["HST-101"]);
    assert_eq!(with("fields", json!({ "fee": "9007199254740992" })), Vec::<String>::new());
    for (name, value, code) in [
        ("entity", json!("planet"), "no_such_entity"),
        ("language", json!("klingon"), "no_such_language"),
        ("scope", json!({ "semester": "Fall" }), "no_such_scope"),
        ("min_score", json!(40), "min_score_invalid"),
        ("fields", json!({ "/a~": "1" }), "field_invalid"),
        ("limit", json!("five"), "arguments_invalid"),
    ] {
        assert_eq!(chat.error("search", json!({ "query": "worlds", name: value }))["code"], code);
    }
}

#[test]
fn an_answer_without_records_says_where_there_are_some() {
    let stored = Stored::new();
    stored.write("autumn.jsonl", "{\"id\": \"A\"}\n");
    stored.json(
        "persist autumn.jsonl --source courses --entity course --key id --scope term=autumn --complete",
    );
    let chat = Chat::start(&stored, "mcp");
    let ask = |term: &str| chat.ask("ensure_data", json!({ "entity": "course", "scope": { "term": term } }));
    let warnings = |answer: &Value| answer["ensured"]["warnings"].to_string();
    assert_eq!(ask("autumn")["records"]["items"].as_array().unwrap().len(), 1);
    let none = ask("fall");
    assert!(warnings(&none).contains("other scopes: `term=autumn`"), "{none}");
    stored.write("gone.jsonl", "{\"id\": \"A\", \"gone\": true}\n");
    stored.json("persist gone.jsonl --source courses --scope term=autumn --complete --removed-when /gone --guards off");
    let removed = ask("autumn");
    assert_eq!((&removed["ensured"]["success"], &removed["records"]["items"]), (&json!(true), &json!([])));
    assert!(warnings(&removed).contains("all records of course in this scope are removed"), "{removed}");
    assert_eq!(chat.error("ensure_data", json!({ "entity": "courses" }))["code"], "no_such_entity");
}

#[test]
fn runs_are_listed_page_by_page_with_their_counts() {
    let (stored, chat) = courses();
    stored.write("broken.jsonl", "{\"id\": \"A\"}\n{\"id\": \"B\", \"secret\"\n{\"id\": \"C\"}\n");
    let output = stored.output("persist broken.jsonl --source others --key id");
    assert_eq!(output.status.code(), Some(6), "{}", crate::shown(&output));
    let runs = chat.ask("run_status", json!({"source": "courses", "limit": 2}));
    let runs = runs["runs"]["items"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!((&runs[0]["num_restored"], &runs[1]["num_removed"]), (&json!(1), &json!(1)));
    let (all, _) = chat.pages("run_status", "/runs", json!({"source": "courses"}));
    let (paged, num_pages) = chat.pages("run_status", "/runs", json!({"source": "courses", "limit": 1}));
    assert_eq!((&paged, num_pages), (&all, all.len()));
    let newest = chat.ask("run_status", json!({"limit": 1}));
    let run_id = &newest["runs"]["items"][0]["run_id"];
    assert_eq!(newest["detail"], json!(null), "only of one run");
    let run = chat.ask("run_status", json!({ "run_id": run_id }));
    let run = &run["detail"];
    assert_eq!((&run["run"]["source"], &run["run"]["num_rejected"]), (&json!("others"), &json!(1)));
    assert_eq!(run["rejected"][0]["reason_code"], "invalid_json");
    assert!(!run.to_string().contains("secret"), "the content of records is left out: {run}");
}

#[test]
fn large_records_are_cut_and_say_so() {
    let stored = Stored::new();
    let long = "long ".repeat(4000);
    let fields: Vec<String> = (0..60).map(|n| format!("\"f{n:02}\": \"{}\"", "x".repeat(1000))).collect();
    let fields = fields.join(", ");
    let wide = format!("{{\"id\": \"wide\", {fields}}}");
    stored.write(
        "big.jsonl",
        &format!("{{\"id\": \"long\", \"text\": \"{long}\", \"pi\": 3.14159265358979323846}}\n{wide}\n"),
    );
    stored.json("persist big.jsonl --source big --entity thing --key id");
    stored.write("big.jsonl", &format!("{{\"id\": \"long\", \"text\": \"{long}!\", \"pi\": 3}}\n{wide}\n"));
    stored.json("persist big.jsonl --source big --entity thing --key id");
    let chat = Chat::start(&stored, "mcp");

    let found = chat.ask("get_reference", json!({"reference": "big/long"}));
    assert_eq!(found["is_cut"], true);
    let text = found["reference"]["payload"]["text"].as_str().unwrap();
    assert!(text.chars().count() < 4100 && text.ends_with("… (16001 more characters)"), "{}", text.len());
    let then = json!({"reference": "big/long", "at": found["reference"]["first_seen_at"]});
    assert_eq!(chat.ask("get_reference", then)["reference"]["payload"]["pi"], "3.14159265358979323846");
    let history = chat.ask("get_history", json!({"reference": "big/long"}));
    let changed = &history["versions"]["items"][0]["fields"][1];
    assert_eq!((&changed["field_name"], &changed["is_cut"]), (&json!("text"), &json!(true)));
    assert!(changed.to_string().len() < 1200);

    let wide = chat.ask("get_reference", json!({"reference": "big/wide"}));
    assert!(wide.to_string().len() < 40 * 1024, "{}", wide.to_string().len());
    assert!(wide["notices"].to_string().contains("did not fit: f3"), "{}", wide["notices"]);
    let picked = chat.ask("get_reference", json!({"reference": "big/wide", "fields": ["f59"]}));
    assert_eq!(picked["reference"]["payload"]["f59"], "x".repeat(1000));
    let records = chat.ask("ensure_data", json!({"entity": "thing"}))["records"]["items"].take();
    let records = records.as_array().unwrap();
    assert!(records.len() == 2 && records.iter().all(|record| record["is_cut"] == true));
    assert!(records.iter().all(|record| record.to_string().len() < 4 * 1024));
    // The resource contains everything.
    let uri = wide["uri"].as_str().unwrap();
    let read = chat.runtime.block_on(chat.client.read_resource(ReadResourceRequestParams::new(uri))).unwrap();
    let ResourceContents::TextResourceContents { text, .. } = &read.contents[0] else { panic!("{read:?}") };
    let whole: Value = serde_json::from_str(text).unwrap();
    assert_eq!(
        (whole["reference"]["payload"].as_object().unwrap().len(), &whole["is_cut"]),
        (61, &json!(false))
    );
}

#[test]
fn every_error_has_a_code_and_says_what_to_do() {
    let (_stored, chat) = courses();
    let nobody = "1f0c2a7e-5b1d-8c33-9a55-0d3a5a1f7c20";
    for (tool, arguments, code) in [
        ("get_reference", json!({"reference": "courses/CSC-127"}), "no_such_reference"),
        ("get_reference", json!({ "reference": nobody }), "no_such_reference"),
        ("get_reference", json!({"reference": "coruses/CSC-126"}), "no_such_source"),
        ("get_reference", json!({"reference": "courses"}), "reference_name"),
        ("get_reference", json!({"reference": "courses/CSC-126", "at": "2018-01-01"}), "not_there_then"),
        ("get_reference", json!({"reference": "courses/CSC-126", "at": "yesterday"}), "time_invalid"),
        ("get_reference", json!({"reference": 7}), "arguments_invalid"),
        ("get_reference", json!({"ref": "courses/CSC-126"}), "arguments_invalid"),
        ("get_history", json!({"reference": "courses/CSC-126", "cursor": "'; drop table"}), "cursor_invalid"),
        ("list_changes", json!({"since": "2019-01-01", "source": "nobody"}), "no_such_source"),
        ("list_changes", json!({"since": "2019-01-01", "cursor": "c5b5d"}), "cursor_invalid"),
        ("list_changes", json!({}), "arguments_invalid"),
        ("search", json!({"query": "x", "pipeline": "nobody"}), "no_such_pipeline"),
        ("search", json!({"query": "x".repeat(1001)}), "query_too_long"),
        ("run_status", json!({"run_id": 99_999}), "no_such_run"),
        ("run_status", json!({"cursor": "c5b5d"}), "cursor_invalid"),
        ("freshness", json!({"cursor": "zz"}), "cursor_invalid"),
        ("ensure_data", json!({"entity": "course", "scope": {"a b": "c"}}), "scope_invalid_key"),
        ("ensure_data", json!({"entity": "course", "force": true}), "scraping_not_allowed"),
    ] {
        let error = chat.error(tool, arguments.clone());
        assert_eq!(error["code"], code, "{tool} {arguments}: {error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert!(error["hint"].is_string() || code == "not_there_then", "{tool} {arguments}: {error}");
        let text = error.to_string().to_lowercase();
        assert!(
            !text.contains("`forebay ") || code == "scraping_not_allowed",
            "no tool types commands: {text}"
        );
        assert!(!text.contains("select ") && !text.contains("postgres"), "{text}");
    }
}

#[test]
fn arguments_that_mean_the_same_are_accepted_and_wrong_ones_are_named() {
    let (_stored, chat) = courses();
    assert_eq!(chat.ask("run_status", json!({"limit": 2.0}))["runs"]["items"].as_array().unwrap().len(), 2);
    let by_number = chat.ask("search", json!({"query": "beginning", "fields": {"credits": 3}}));
    let by_text = chat.ask("search", json!({"query": "beginning", "fields": {"credits": "3"}}));
    assert_eq!(by_number["hits"], by_text["hits"]);
    chat.ask("ensure_data", json!({"entity": "course", "scope": {"year": 2026}}));
    for (tool, arguments, name) in [
        ("search", json!({"query": "x", "fields": {"credits": [3]}}), "fields"),
        ("search", json!({"query": "x", "limit": 2.5}), "limit"),
        ("ensure_data", json!({"entity": "course", "scope": "semester=spring"}), "scope"),
    ] {
        let error = chat.error(tool, arguments);
        assert!(error["message"].as_str().unwrap().contains(&format!("in `{name}`")), "{error}");
    }
    // A run of another source is no answer to the question.
    let run = &chat.ask("run_status", json!({"limit": 1}))["runs"]["items"][0];
    let (run_id, source) = (&run["run_id"], &run["source"]);
    assert_eq!(
        chat.ask("run_status", json!({"run_id": run_id, "source": source}))["detail"]["run"]["run_id"],
        *run_id
    );
    assert_eq!(
        chat.error("run_status", json!({"run_id": run_id, "source": "others"}))["code"],
        "no_such_run"
    );
}
