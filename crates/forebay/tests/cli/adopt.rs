//! `forebay adopt` and `forebay doctor --existing`, in a project that has tables of its own.

use serde_json::{Value, json};

use crate::stored::Stored;

/// Six tables as such projects have them, with rows.
const TABLES: &str = r#"
    create table public.event_sources (id serial primary key, name text not null, url text not null);
    create table public.venues (id int primary key, name text not null, city text);
    create table public.events (id uuid primary key, title text not null, venue int references public.venues, starts text,
        extra jsonb, version int, contract_version int);
    create table public.scrape_jobs (id serial primary key, state text);
    create table public.profiles (id uuid primary key, email text);
    create table public.courses (code text, semester text, title text, credits numeric);
    create table public."it's ""odd""; --" (x int);
    create table public.scraping_logs (run_id int, message text);
    insert into public.event_sources (name, url) values ('city', 'https://example.org');
    insert into public.venues values (1, 'Hall', 'Paris'), (2, 'Cellar', null);
    insert into public.events values
        ('00000000-0000-0000-0000-000000000001', 'Jazz', 1, '2026-02-01T20:00:00Z', '{"a": 1}', 7, 2),
        ('00000000-0000-0000-0000-000000000002', 'Rock', 2, '2026-02-02', '[1]', 7, null),
        ('00000000-0000-0000-0000-000000000003', 'Folk', null, null, null, null, 2);
    insert into public.scrape_jobs (state) values ('done');
    insert into public.profiles values (gen_random_uuid(), 'a@example.com');
    insert into public.courses values ('MTH-1', 'Fall', 'Algebra', 3), ('MTH-1', 'Spring', 'Algebra', 3),
        ('MTH-1', 'Spring', 'Algebra again', 4), (null, 'Fall', 'Nameless', 1);"#;

/// Everything in the user's tables, and when they were written last.
const CONTENT: &str = "(select md5(string_agg(t.x, '' order by t.x)) from (
        select to_jsonb(r)::text || r.xmin::text as x from public.events as r union all
        select to_jsonb(r)::text || r.xmin::text from public.venues as r union all
        select to_jsonb(r)::text || r.xmin::text from public.courses as r union all
        select to_jsonb(r)::text || r.xmin::text from public.event_sources as r union all
        select to_jsonb(r)::text || r.xmin::text from public.scrape_jobs as r union all
        select to_jsonb(r)::text || r.xmin::text from public.profiles as r) as t)";

#[test]
fn the_tables_of_a_project_are_audited_before_forebay_has_any() {
    let stored = Stored::empty();
    stored.execute(TABLES);
    let before = stored.value(CONTENT);
    let audit = stored.json("doctor --existing");
    let table = |name: &str| {
        audit["tables"].as_array().unwrap().iter().find(|table| table["table"] == name).unwrap().clone()
    };
    let events = table("events");
    assert_eq!((&events["source"], &events["entity_type"]), (&json!("events"), &json!("event")));
    assert_eq!((&events["num_rows"], &events["key_fields"]), (&json!(3), &json!(["id"])));
    let column = |table: &Value, name: &str| {
        table["columns"].as_array().unwrap().iter().find(|column| column["column"] == name).unwrap().clone()
    };
    assert_eq!(column(&events, "extra")["shapes"], json!({"array": 1, "null": 1, "object": 1}));
    assert_eq!(column(&events, "extra")["is_mixed"], true);
    assert_eq!(column(&events, "title")["is_mixed"], false);
    assert_eq!(table("courses")["key_fields"], json!([]));
    for left in ["profiles", "scrape_jobs", "event_sources", "scraping_logs", "it's \"odd\"; --"] {
        assert_eq!(table(left)["source"], Value::Null, "{left}");
        assert!(table(left)["leave_because"].is_string(), "{left}");
    }
    let need = |name: &str| {
        audit["needs"].as_array().unwrap().iter().find(|need| need["relation"] == name).unwrap().clone()
    };
    assert_eq!(need("event_revisions")["state"], "missing");
    assert_eq!(need("scraping_logs")["state"], "incomplete");
    assert_eq!(need("scraping_logs")["missing_columns"], json!(["level", "metadata"]));

    // The proposal is a configuration that works.
    stored
        .sandbox
        .configure(&format!("{}\n", audit["toml"].as_str().unwrap().replace("key = []", "key = [\"code\"]")));
    let checked = stored.json("config check");
    assert_eq!(checked["sources"].as_array().unwrap().len(), 3, "{checked}");
    stored.json("db up");
    stored.json("scrape events venues");
    stored.json("db entities create event venue --schema model");
    let typed = "(select string_agg(concat_ws(' ', title, venue, event_version, starts), ', ' order by title) from model.event)";
    assert_eq!(stored.value(typed), "Folk, Jazz 1 7 2026-02-01 20:00:00+00, Rock 2 7 2026-02-02 00:00:00+00");

    let shown = stored.run("doctor --existing");
    for expected in [
        "forebay adopt public.courses --as courses --key COLUMN",
        "events.extra is mixed: 1 array, 1 null, 1 object",
        "forebay db profile create events --schema public",
        "references = \"venue\"",
        "leave it: it is about users",
    ] {
        assert!(shown.contains(expected), "{expected}:\n{shown}");
    }
    assert_eq!(stored.value(CONTENT), before);
    assert_eq!(stored.error("doctor --existing --schema forebay"), (Some(2), "usage".into()));
}

#[test]
fn a_table_is_adopted_once_and_what_is_mixed_is_reported() {
    let stored = Stored::new();
    stored.execute(TABLES);
    let before = stored.value(CONTENT);
    let adopted = stored.json("adopt events --as events --entity event");
    assert_eq!((&adopted["table"], &adopted["key_fields"]), (&json!("public.events"), &json!(["id"])));
    assert_eq!((&adopted["run"]["num_added"], &adopted["run"]["engine"]), (&json!(3), &json!("adopt")));
    let mixed: Vec<&Value> =
        adopted["mixed"].as_array().unwrap().iter().map(|column| &column["column"]).collect();
    assert_eq!(mixed, ["starts", "extra"]);
    let versions = json!([{"contract_version": 0, "num_rows": 1}, {"contract_version": 2, "num_rows": 2}]);
    assert_eq!(adopted["contract_versions"], versions);
    assert_eq!(
        stored.value(
            "(select payload ->> 'title' from forebay.\"references\" where reference_id
            = forebay.reference_id('events', '00000000-0000-0000-0000-000000000001'))"
        ),
        "Jazz"
    );

    // Again: nothing is written, down to the rows' own versions.
    let rows = "(select string_agg(xmin::text || ctid::text, ',' order by reference_id) from forebay.\"references\")";
    let written = stored.value(rows);
    let again = stored.json("adopt events --as events");
    assert_eq!((&again["run"]["num_unchanged"], &again["run"]["num_handoffs"]), (&json!(3), &json!(0)));
    assert_eq!((stored.value(rows), stored.value(CONTENT)), (written, before.clone()));

    // Rows without a key are rejected, and repeated keys counted.
    assert_eq!(stored.error("adopt courses --as courses"), (Some(2), "adopt_key_missing".into()));
    let output = stored.run("adopt courses --as courses --key code,semester");
    assert!(output.contains("1 row without a value in the key"), "{output}");
    assert!(output.contains("1 repeated key, with 1 more row than references"), "{output}");
    assert!(output.contains("0 (none)"), "their contract version is 0: {output}");
    assert_eq!(
        stored.value("(select string_agg(reason_code, ',') from forebay.rejected_records)"),
        "null_key"
    );
    assert_eq!(stored.value(CONTENT), before);

    // A change and a removal are seen; the same record from elsewhere has Forebay's own contract.
    stored.execute("update public.events set title = 'Blues' where title = 'Jazz'; delete from public.events where title = 'Folk'");
    let partial = stored.json("adopt public.events --as events");
    assert_eq!((&partial["run"]["num_updated"], &partial["run"]["num_removed"]), (&json!(1), &json!(0)));
    stored.write("one.jsonl", r#"{"id": "00000000-0000-0000-0000-000000000001", "title": "Soul"}"#);
    stored
        .sandbox
        .configure("[sources.events]\nkey = [\"id\"]\n[sources.events.postgres]\ntable = \"events\"");
    stored.json("persist one.jsonl --source events");
    let version = "(select contract_version from forebay.\"references\" where payload ->> 'title' = 'Soul')";
    assert_eq!(stored.value(version), "1");
}

#[test]
fn mistakes_say_what_to_do() {
    let stored = Stored::new();
    stored.execute(TABLES);
    for (line, code, hint) in [
        ("adopt nothing --as x", "no_such_table", "doctor --existing"),
        ("adopt odd.table --as x", "no_such_table", "read it with `query` of a postgres source"),
        ("adopt public.odd.table --as x", "name_refused", "more than one dot"),
        ("adopt \"quoted\" --as x", "name_refused", "a quotation mark"),
        ("adopt events --as x --key idd", "no_such_column", "it has id, title"),
        ("adopt events --as x --contract-version-column v", "no_such_column", "it has id, title"),
        ("adopt forebay.sources --as x", "name_refused", "in a schema of your own"),
        ("adopt courses --as x", "adopt_key_missing", "--key; it has code, semester, title, credits"),
    ] {
        let output = stored.run(line);
        assert!(output.contains(&format!("error[{code}]")) && output.contains(hint), "{line}: {output}");
    }
    assert_eq!(stored.value("(select count(*) from forebay.sources)"), "0", "nothing was declared");
}
