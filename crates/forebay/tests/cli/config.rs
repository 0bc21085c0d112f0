//! `forebay config`, and configured sources: checked, copied to the database, and tested before they are scraped.

use std::{fs, net::SocketAddr};

use axum::{Router, response::Html, routing::get};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};

use crate::{
    Sandbox,
    database::{TestDb, database},
};

const LISTING: &str = "<ul><li><a href=/1>Logic</a><i>CSC-1</i></li><li><a href=/2>Sets</a></li></ul>";

/// A site with one page of two courses, one of which has no number. Dropping it stops the site.
struct Site {
    address: SocketAddr,
    _runtime: Runtime,
}

impl Site {
    fn open() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/courses", get(|| async { Html(LISTING) }));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, _runtime: runtime }
    }
}

/// A source for a site.
fn configuration(address: SocketAddr) -> String {
    format!(
        "[project]\nname = \"catalogue\"\n\n[fetch]\nallow_private = [\"127.0.0.1\"]\nrate = \"unlimited\"\n\n\
         [sources.courses]\nkey = [\"number\"]\nentity = \"course\"\nschedule = \"every 6h\"\n\n\
         [sources.courses.html]\nurl = \"http://{address}/courses?api_key=hush\"\nitems = \"li\"\n\
         fields = {{ number = \"i\", title = \"a\" }}\n\n\
         [sources.courses.fetch.headers]\nx-token = \"hush\"\n\n\
         [sources.by_hand]\nkey = [\"id\"]\n"
    )
}

fn site_and_database() -> (Site, TestDb, Sandbox) {
    let (site, db, sandbox) = (Site::open(), database(), Sandbox::new());
    sandbox.configure(&configuration(site.address));
    (site, db, sandbox)
}

#[test]
fn a_check_says_what_is_declared_and_what_is_wrong() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!("config_check_absent", sandbox.run("config check"));
    sandbox.configure(&configuration(SocketAddr::from(([127, 0, 0, 1], 80))));
    insta::assert_snapshot!("config_check", sandbox.run("config check"));
    insta::assert_snapshot!("config_check_json", sandbox.run("config check --output json"));
    sandbox.configure(
        "[sources.courses]\nkey = [\"id\"]\n[sources.courses.htlm]\nurl = \"https://a.example/\"\n",
    );
    insta::assert_snapshot!("config_check_wrong", sandbox.run("config check"));
}

/// What follows the first two lines of a configuration, where it is wrong, and a part of the error.
const REFUSED: &[(&str, &str, &str)] = &[
    ("[pipelines.p]\nsource = \"a\"\nhandler = \"webhok\"", "5:1", "did you mean `webhook`?"),
    ("entity = \"\"", "3:1", "entity must not be empty"),
    (
        "entity = \"\"\n[sources.a.html]\nurl = \"https://a.invalid/\"\nfields = { id = \"b\" }",
        "3:1",
        "entity must not be empty",
    ),
    (
        "[sources.a.html]\nurl = \"https://a.invalid/\"\nitems = \"li[\"\nfields = { id = \"b\" }",
        "5:9",
        "is not a selector",
    ),
    ("[sources.a.postgres]\ntable = \"a.b.c.d\"", "4:1", "a.b.c.d"),
    ("require_end = true\nformat = \"csv\"", "3:1", "only JSON Lines"),
    (
        "require_end = true\n[sources.a.command]\nargv = [\"true\"]\nformat = \"json\"",
        "3:1",
        "only JSON Lines",
    ),
    ("guards = { removals = { confirm = { runs = 0, days = 0 } } }", "3:23", "at least 1"),
    (
        "[pipelines.p]\nsource = \"a\"\nhandler = \"table\"\ntable = \"public.x\"\n\
         columns = { a = { field = \"a\", type = \"itn\" } }",
        "7:32",
        "itn",
    ),
];

#[test]
fn a_check_finds_what_commands_refuse() {
    let (db, sandbox) = (database(), Sandbox::new());
    std::fs::write(sandbox.path().join("a.jsonl"), "{\"id\":1}\n").unwrap();
    for (rest, place, part) in REFUSED {
        sandbox.configure(&format!("[sources.a]\nkey = \"id\"\n{rest}\n"));
        for line in ["config check", "persist a.jsonl --source a", "work --drain"] {
            let (exit, shown) = db.json(&sandbox, line);
            let text = shown.to_string();
            assert_eq!((exit, &shown["error"]["code"]), (2, &json!("config_invalid")), "{line}: {text}");
            assert!(
                text.contains(&format!("forebay.toml:{place}: ")) && text.contains(part),
                "{line}: {text}"
            );
        }
    }
    assert_eq!(db.value("select count(*) from forebay.sources"), "0");
}

/// A valid configuration with a mistake or a missing secret, program or file in each table.
const DOUBTFUL: &str = "\
[project]
name = \"catalogue\"
[database]
url = { env = \"COURSES_DB\" }
[sources.courses]
key = \"id\"
entity = \"course\"
[sources.courses.http_json]
url = \"https://courses.invalid/\"
[sources.courses.fetch.headers]
authorization = { env = \"COURSES_TOKEN\" }
[sources.rows]
key = \"id\"
[sources.rows.postgres]
url = { env = \"ROWS_DB\" }
table = \"public.rows\"
[sources.spider]
key = \"id\"
[sources.spider.command]
argv = [\"no-such-spider\"]
env = { TOKEN = { file = \"/nowhere/token\" } }
[pipelines.near]
source = \"coursse\"
handler = \"external\"
[pipelines.types]
source = \"courses\"
entities = [\"course\", \"corse\"]
handler = \"external\"
[pipelines.hook]
source = \"*\"
handler = \"webhook\"
url = \"https://hook.invalid/\"
secret = \"env:HOOK_SECRET\"
[pipelines.run]
source = \"courses\"
handler = \"exec\"
command = [\"no-such-program\"]
[pipelines.meaning]
source = \"courses\"
handler = \"documents\"
[pipelines.meaning.embeddings]
url = \"https://embeddings.invalid/\"
model = \"m\"
dimensions = 3
api_key_env = \"EMBEDDINGS_KEY\"
";

#[test]
fn a_check_warns_of_what_is_missing_here() {
    let sandbox = Sandbox::new();
    sandbox.configure(DOUBTFUL);
    let output = sandbox.command("config check").env("PATH", "/usr/bin:/bin").output().unwrap();
    insta::assert_snapshot!("config_check_warnings", crate::shown(&output));
    let mut command = sandbox.command("config check --output json");
    command.env("PATH", "/usr/bin:/bin").env("HOOK_SECRET", "s").env("COURSES_DB", "postgres://a@b/c");
    let shown: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    let warnings = shown["warnings"].as_array().unwrap();
    let codes: Vec<_> = warnings.iter().map(|warning| warning["code"].as_str().unwrap()).collect();
    let expected = "secret_missing secret_missing secret_missing command_not_started pipeline_config \
                    source_undeclared pipeline_config entity_type_unknown";
    assert_eq!(codes.join(" "), expected);
    assert_eq!(warnings[5]["place"], "forebay.toml:23:1");
    assert_eq!(warnings[5]["hint"], "did you mean `courses`?");
}

#[test]
fn the_schema_is_printed_and_written_alike() {
    let sandbox = Sandbox::new();
    let printed = sandbox.command("config schema").output().unwrap();
    assert!(printed.status.success());
    let schema: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    sandbox.run("init");
    assert_eq!(fs::read(sandbox.path().join("forebay.schema.json")).unwrap(), printed.stdout);
    let check = sandbox.command("config check").output().unwrap();
    assert!(check.status.success(), "what init writes can be used");
}

#[test]
fn a_source_is_looked_at_without_a_trace() {
    let (_site, db, sandbox) = site_and_database();
    let (exit, report) = db.json(&sandbox, "sources test courses");
    assert_eq!(exit, 0, "{report}");
    assert_eq!(
        report["records"],
        json!([{ "record_key": "CSC-1", "payload": { "number": "CSC-1", "title": "Logic" }, "is_marked": false }])
    );
    assert_eq!((&report["num_rejected"], &report["missing_keys"]), (&json!(1), &json!({ "number": 1 })));
    assert_eq!(report["field_coverage"], json!({ "number": 1.0, "title": 1.0 }));
    assert_eq!(report["pages"][0]["num_records"], 2);
    assert!(!report.to_string().contains("hush"), "{report}");
    assert_eq!(db.value("select count(*) from forebay.sources"), "0");
    let (exit, text) = db.text(&sandbox, "sources test courses --limit 1");
    assert_eq!(exit, 0);
    for line in ["CSC-1", "There may be more", "Pages", "title"] {
        assert!(text.contains(line), "{text}");
    }
}

/// A program that prints two records and fails, and a tap that reports a deletion.
const PROGRAMS: &str = r#"
[sources.dies]
key = "id"
removed_when = "gone"
command = { argv = ["sh", "-c", 'echo "{\"id\":1}"; echo "{\"id\":2,\"gone\":1}"; exit 2'] }
[sources.tap]
key = "id"
[sources.tap.singer]
command = ["sh", "-c", 'echo "{\"type\":\"RECORD\",\"stream\":\"s\",\"record\":{\"id\":1,\"_sdc_deleted_at\":\"2026-01-01\"}}"']
stream = "s"
"#;

#[test]
fn a_test_shows_failures_and_records_that_say_that_they_are_gone() {
    let (db, sandbox) = (database(), Sandbox::new());
    sandbox.configure(PROGRAMS);
    let (exit, report) = db.json(&sandbox, "sources test dies --limit 10");
    assert_eq!((exit, &report["read_error"]["code"]), (1, &json!("command_failed")), "{report}");
    let marked: Vec<_> =
        report["records"].as_array().unwrap().iter().map(|record| &record["is_marked"]).collect();
    assert_eq!(marked, [false, true]);
    let (exit, text) = db.text(&sandbox, "sources test dies --limit 10");
    assert!(exit == 1 && text.contains("(command_failed)") && text.contains("2 is marked as gone"), "{text}");
    assert_eq!(db.json(&sandbox, "sources test dies --limit 1").0, 0, "the rest is not read");
    let (exit, report) = db.json(&sandbox, "sources test tap");
    assert_eq!((exit, &report["records"][0]["is_marked"]), (0, &json!(true)), "{report}");
}

#[test]
fn sources_that_cannot_be_tested_are_named() {
    let (site, db, sandbox) = site_and_database();
    for (line, code, hint) in [
        ("sources test corses", "source_not_scraped", "`courses`"),
        ("sources test by_hand", "source_not_scraped", "[sources.by_hand.html]"),
        ("sources test courses --scope term=fall", "no_such_scope", "[sources.courses]"),
    ] {
        let (exit, error) = db.json(&sandbox, line);
        assert_eq!((exit, &error["error"]["code"]), (2, &json!(code)), "{error}");
        assert!(error["error"]["hint"].as_str().unwrap().contains(hint), "{error}");
    }
    sandbox.configure(&configuration(site.address).replace("/courses?", "/nothing?"));
    let (exit, error) = db.json(&sandbox, "sources test courses");
    assert_eq!((exit, &error["error"]["code"]), (1, &json!("http_status")));
    assert!(!error.to_string().contains("hush"), "{error}");
    sandbox.configure(&configuration(site.address).replace("\"li\"", "\"p\""));
    let (exit, report) = db.json(&sandbox, "sources test courses");
    assert_eq!((exit, &report["records"]), (1, &json!([])), "to find nothing is no success");
}

#[test]
fn declared_sources_are_mirrored_without_their_secrets() {
    let (_site, db, sandbox) = site_and_database();
    let output = crate::shown(&db.run(&sandbox, "work --drain"));
    assert!(output.contains("source courses: declared as in the configuration"), "{output}");
    let row = db.value("select row_to_json(s) from forebay.sources as s");
    assert!(!row.contains("hush"), "{row}");
    let (_, list) = db.json(&sandbox, "sources list");
    assert_eq!(
        list["items"].as_array().map(Vec::len),
        Some(1),
        "who is persisted by hand comes with its first run"
    );
    assert_eq!((&list["items"][0]["kind"], &list["items"][0]["state"]), (&json!("html"), &json!("enabled")));
    let (_, shown) = db.json(&sandbox, "sources show courses");
    assert_eq!(
        (&shown["parser_version"], &shown["freshness_policy"]["ttl_seconds"]),
        (&json!(1), &json!(604_800))
    );
    assert_eq!(shown["settings"]["html"]["fields"], json!({ "number": "i", "title": "a" }));
    let (_, text) = db.text(&sandbox, "sources show courses");
    assert!(text.contains("fresh for") && text.contains("html"), "{text}");

    let again = crate::shown(&db.run(&sandbox, "work --drain"));
    assert!(!again.contains("source courses"), "{again}");
    let changed = fs::read_to_string(sandbox.path().join("forebay.toml")).unwrap();
    sandbox.configure(&changed.replace("title = \"a\"", "title = \"a\", link = \"a@href\""));
    db.run(&sandbox, "work --drain");
    assert_eq!(db.value("select parser_version from forebay.sources"), "2");
    sandbox.configure("[project]\nname = \"catalogue\"\n[sources.by_hand]\nkey = [\"id\"]\n");
    db.run(&sandbox, "work --drain");
    assert_eq!(db.value("select kind from forebay.sources"), "html", "only pruning ends a declaration");
    let (exit, applied) = db.json(&sandbox, "config apply --prune --yes");
    assert_eq!((exit, &applied["released_sources"]), (0, &json!(["courses"])), "{applied}");
    assert_eq!(db.value("select kind is null and declared_at is null from forebay.sources"), "true");
    let (_, list) = db.json(&sandbox, "sources list");
    assert_eq!((&list["items"][0]["is_scheduled"], &list["items"][0]["kind"]), (&json!(false), &Value::Null));
}
