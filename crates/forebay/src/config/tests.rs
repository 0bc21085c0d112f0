//! Configurations as users write them, with and without mistakes.

use forebay_domain::{
    guards::{Confirm, RemovalPolicy},
    handoff::{FailurePolicy, HandlerKind, POLICIES},
    pointer::Pointer,
    rekey::RekeyPolicy,
};
use forebay_engine::work::{LimitKey, Limits, PipelineSpec, settings_of};
use serde_json::json;

use super::*;

mod content;
mod endpoints;
mod entities;
mod guides;
mod notify;
mod scraping;
mod server;

fn parse(text: &str) -> Config {
    Config::parse(text, "forebay.toml").unwrap()
}

fn error(text: &str) -> String {
    Config::parse(text, "forebay.toml").unwrap_err().to_string()
}

/// The template with all commented-out settings and tables enabled.
fn template_in_full() -> String {
    let is_setting = |line: &str| {
        line.starts_with('[')
            || line
                .split_once(" = ")
                .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    };
    let switch_on = |line: &'static str| match line.strip_prefix("# ") {
        Some(rest) if is_setting(rest) => rest,
        _ => line,
    };
    TEMPLATE.lines().map(switch_on).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_empty_file_is_the_default() {
    let config = parse("");
    assert!(config.sources.is_empty() && config.pipelines.is_empty());
}

#[test]
fn a_key_is_a_field_or_a_list_of_fields() {
    assert_eq!(parse("[sources.a]\nkey = \"id\"").sources["a"].key.as_slice(), ["id"]);
    assert_eq!(parse("[sources.a]\nkey = [\"x\", \"/y/z\"]").sources["a"].key.as_slice(), ["x", "/y/z"]);
    for (key, place) in
        [("\"\"", "2:7"), ("[]", "2:7"), ("[\"a\", \"a\"]", "2:13"), ("3", "2:7"), ("[3]", "2:8")]
    {
        let error = error(&format!("[sources.a]\nkey = {key}"));
        assert!(error.contains(&format!("forebay.toml:{place}: ")), "{key}: {error}");
    }
}

#[test]
fn a_key_that_no_selector_fills_is_refused() {
    let html = "[sources.a.html]\nurl = \"https://example.edu/\"\nfields = { id = \"@id\" }\n";
    assert_eq!(parse(&format!("[sources.a]\nkey = \"/id/x\"\n{html}")).definitions().len(), 1);
    let error = error(&format!("[sources.a]\nkey = [\"id\", \"idd\"]\n{html}"));
    assert!(error.contains("forebay.toml:2:14: no record would have the key field `idd`"), "{error}");
    assert!(error.contains("did you mean `id`?"), "{error}");
}

#[test]
fn the_template_parses_as_it_is() {
    let config = parse(TEMPLATE);
    let source = &config.sources["courses"];
    assert_eq!(source.key.as_slice(), ["id"]);
    assert_eq!(source.on_duplicate(Format::Auto), forebay_domain::run::OnDuplicate::First);
    assert_eq!(source.on_duplicate(Format::Singer), forebay_domain::run::OnDuplicate::Last);
    assert!(source.guards.enabled && source.guards.max_removed.is_none());
    assert_eq!(config.pipelines["search"].source, "courses");
}

#[test]
fn the_template_shows_every_key_of_sources_and_pipelines() {
    let config = parse(&template_in_full());
    let source = &config.sources["courses"];
    assert_eq!(source.normalise["title"].len(), 2);
    assert_eq!(source.records.as_ref().map(Pointer::as_str), Some("/items"));
    assert!(source.ignore.contains("session_token"));
    assert!(source.volatile.contains("fetched_at"));
    assert_eq!(source.guards.max_rejected.map(crate::cli::values::Share::get), Some(0.02));
    assert!(source.guards.max_changed.is_some() && source.guards.max_removed.is_some());
    let policy = source.guards.policy();
    assert_eq!((policy.confirm, policy.rekey), (Some(Confirm::SUGGESTED), RekeyPolicy::Follow));
    let hook = config.pipelines["hook"].declared_as("hook").remove(0);
    assert_eq!((hook.limits.rate, hook.limits.max_active), (Some(10.0), Some(100)));
    assert_eq!((hook.limits.key_rate, hook.limits.key_max_active), (Some(100.0 / 60.0), Some(2)));
    assert_eq!(hook.limits.key, Some(LimitKey { path: vec!["link".to_owned()], is_url: true }));
    let search = config.pipelines["search"].declared_as("search").remove(0);
    assert_eq!((&search.entity_types[..], search.changed_fields.len()), (&["course".to_owned()][..], 2));
    let mut shown: Vec<&str> = config.pipelines.values().map(|pipeline| pipeline.handler.as_str()).collect();
    shown.sort_unstable();
    assert_eq!(shown, ["documents", "documents", "exec", "external", "table", "webhook"]);
}

#[test]
fn defaults_are_what_the_documentation_says() {
    let config = parse("[sources.x]\nkey = [\"id\"]\n[pipelines.p]\nsource = \"*\"\nhandler = \"documents\"");
    let source = &config.sources["x"];
    assert!(source.format.is_none() && source.on_duplicate.is_none());
    assert!(source.guards.enabled && source.entity.is_none() && source.records.is_none());
    let pipeline = &config.pipelines["p"];
    assert_eq!(pipeline.declared_as("p"), [PipelineSpec::new("p", "documents", json!({}))]);
}

#[test]
fn the_template_tells_the_built_in_policies() {
    let config = parse(&template_in_full());
    let retry = config.pipelines["search"].declared_as("search").remove(0).retry;
    assert_eq!(retry.as_object().map(serde_json::Map::len), Some(3));
    for FailurePolicy { class, max_failures, base_delay, max_delay, .. } in POLICIES {
        let Some(documented) = retry.get(class.as_str()) else { continue };
        assert_eq!(
            documented.get("max_failures").and_then(serde_json::Value::as_u64),
            max_failures.map(u64::from)
        );
        assert_eq!(documented["base_delay_seconds"], json!(base_delay.as_secs_f64()));
        assert_eq!(documented["max_delay_seconds"], json!(max_delay.as_secs_f64()));
    }
}

#[test]
fn other_keys_are_passed_to_the_handler() {
    let declared = |settings: &str| {
        parse(&format!("[pipelines.p]\n{settings}")).pipelines["p"].declared_as("p").remove(0)
    };
    let exec = declared(
        "source = \"x\"\nhandler = \"exec\"\nenabled = false\nentities = [\"course\"]\n\
         changed_fields = [\"a\"]\ncommand = [\"sh\", \"-c\"]\ntimeout = \"5m\"\nbatch = 3\n\
         [pipelines.p.retry.lost]\nbase_delay = \"500ms\"",
    );
    let expected = PipelineSpec {
        enabled: false,
        entity_types: vec!["course".to_owned()],
        changed_fields: vec!["a".to_owned()],
        retry: json!({ "lost": { "base_delay_seconds": 0.5 } }),
        ..PipelineSpec::new("p", "exec", json!({ "command": ["sh", "-c"], "timeout": "5m", "batch": 3 }))
            .of_source("x")
    };
    assert_eq!(exec, expected);
    let table = declared(
        "source = \"*\"\nhandler = \"table\"\ntable = \"s.t\"\n\
         columns = { a = \"b\", n = { field = \"/c/0\", type = \"int\" } }",
    );
    assert_eq!(table.source_name, None);
    assert_eq!(
        table.config,
        json!({ "table": "s.t", "columns": { "a": "b", "n": { "field": "/c/0", "type": "int" } } })
    );
    let key = declared(
        "source = \"*\"\nhandler = \"external\"\nlimits = { key = \"/a~1b/c\", key_rate = \"7200/h\" }",
    );
    let path = vec!["a/b".to_owned(), "c".to_owned()];
    assert_eq!(key.limits.key, Some(LimitKey { path, is_url: false }));
    assert_eq!(key.limits.key_rate, Some(2.0));
    let unlimited = declared(
        "source = \"*\"\nhandler = \"external\"\nlimits = { key = \"a\", key_rate = \"unlimited\" }",
    );
    assert_eq!(unlimited.limits, Limits::default());
}

#[test]
fn errors_name_the_place_and_what_was_meant() {
    insta::assert_snapshot!(error("[sources.x]\nkye = [\"id\"]"), @r"
    error[config_invalid]: forebay.toml:2:1: unknown field `kye`
    hint: did you mean `key`?
    ");
    insta::assert_snapshot!(error("[sources.x]\nkey = [\"id\"]\nformat = \"jsno\""), @r"
    error[config_invalid]: forebay.toml:3:10: unknown variant `jsno`
    hint: did you mean `json`?
    ");
    insta::assert_snapshot!(error("[source.x]\nkey = [\"id\"]"), @r"
    error[config_invalid]: forebay.toml:1:2: unknown field `source`
    hint: did you mean `sources`?
    ");
    insta::assert_snapshot!(error("[sources.x]\nkey = []"), @"error[config_invalid]: forebay.toml:2:7: key must name at least one field");
    insta::assert_snapshot!(error("[sources.x]\nkey = [\"id\", \"id\"]"), @"error[config_invalid]: forebay.toml:2:14: the key names the field \"id\" twice");
    insta::assert_snapshot!(error("[sources.x]\nentity = \"course\""), @"error[config_invalid]: forebay.toml:1:10: missing field `key`");
    insta::assert_snapshot!(error("[sources.x]\nkey = [\"id\"]\nrecords = \"items\""), @"error[config_invalid]: forebay.toml:3:11: expected a JSON pointer such as /data/items");
    insta::assert_snapshot!(error("[sources.x]\nkey = [\"id\"]\nguards = { max_removed = 20 }"), @"error[config_invalid]: forebay.toml:3:26: expected a share from 0 to 1, for instance 0.2");
    insta::assert_snapshot!(error("[sources.x\nkey = 1"), @"error[config_invalid]: forebay.toml:1:11: unclosed table, expected `]`");
}

#[test]
fn removals_are_a_word_or_need_confirmation() {
    let guards = |removals: &str| {
        parse(&format!("[sources.x]\nkey = \"id\"\nguards = {{ removals = {removals} }}")).sources["x"]
            .guards
            .policy()
    };
    assert_eq!(guards("\"never\"").removals, RemovalPolicy::Never);
    let confirmed = guards("{ confirm = { runs = 2, days = 0 } }");
    assert_eq!(confirmed.removals, RemovalPolicy::Guarded);
    assert_eq!(confirmed.confirm, Some(Confirm { num_runs: 2, num_days: 0 }));
    for wrong in ["3", "\"sometimes\"", "{ confirm = { runs = 2 } }", "{ runs = 2, days = 0 }"] {
        let error = error(&format!("[sources.x]\nkey = \"id\"\nguards = {{ removals = {wrong} }}"));
        assert!(error.contains("forebay.toml:3:"), "{wrong}: {error}");
    }
}

#[test]
fn the_settings_of_a_handler_are_checked_where_they_stand() {
    let webhook = "handler = \"webhook\"\nurl = \"https://a.example\"\n";
    let exec = "handler = \"exec\"\ncommand = [\"sh\"]\n";
    let table = "handler = \"table\"\ntable = \"t\"\n";
    let documents = "handler = \"documents\"\n";
    let mistakes = [
        (String::new() + "handler = \"webhok\"", "3:1: there is no handler `webhok`", Some("webhook")),
        (String::new() + "handler = \"webhook\"", "1:12: the handler `webhook` needs `url`", None),
        (webhook.replace("https", "ftp"), "4:1: `url` must begin with https://", None),
        (
            webhook.to_owned() + "concurrency = 0",
            "5:1: the setting `concurrency` must be a whole number",
            None,
        ),
        (webhook.to_owned() + "[pipelines.p.headers]\nhost = \"b\"", "6:1: Forebay itself writes", None),
        (exec.replace("[\"sh\"]", "\"sh\""), "4:1: the setting `command` must be a list of texts", None),
        (
            exec.to_owned() + "timout = \"1m\"",
            "5:1: the handler `exec` has no setting `timout`",
            Some("timeout"),
        ),
        (table.to_owned() + "columns = { c = { feld = \"d\" } }", "has no setting `feld`", Some("field")),
        (
            table.to_owned() + "columns = { c = { type = \"integr\" } }",
            "5:19: the column c has the type",
            None,
        ),
        (documents.to_owned() + "fields = [\"a\", \"/b~2\"]", "4:16: `/b~2` does not name a field", None),
        (
            documents.to_owned() + "chunk = { target = 500, maxx = 900 }",
            "4:25: `chunk` has no setting",
            Some("max"),
        ),
        (
            documents.to_owned() + "limits = { max_active = 2 }",
            "4:1: the handler `documents` works inside",
            None,
        ),
        (
            documents.to_owned() + "[pipelines.p.embeddings]\nmodl = \"m\"",
            "5:1: `embeddings` has no",
            Some("model"),
        ),
    ];
    for (settings, problem, meant) in mistakes {
        let error = error(&format!("[pipelines.p]\nsource = \"x\"\n{settings}"));
        assert!(
            error.starts_with("error[config_invalid]: forebay.toml:") && error.contains(problem),
            "{error}"
        );
        let hint = meant.map(|name| format!("did you mean `{name}`?"));
        assert_eq!(hint.as_ref().is_some_and(|hint| error.contains(hint)), hint.is_some(), "{error}");
    }
}

#[test]
fn the_documentation_has_the_settings_of_every_handler() {
    let schema = super::schema();
    let documented = schema["$defs"]["Pipeline"]["properties"].as_object().unwrap();
    let mut documented: Vec<&str> = documented.keys().map(String::as_str).collect();
    documented.retain(|key| !pipeline::COMMON.contains(key));
    let mut settings: Vec<&str> =
        HandlerKind::ALL.iter().flat_map(|kind| settings_of(*kind)).copied().collect();
    settings.sort_unstable();
    settings.dedup();
    documented.sort_unstable();
    assert_eq!(documented, settings);
}

#[test]
fn the_common_keys_of_a_pipeline_are_checked_where_they_stand() {
    let pipeline =
        |settings: &str| error(&format!("[pipelines.p]\nsource = \"x\"\nhandler = \"webhook\"\n{settings}"));
    insta::assert_snapshot!(error("[pipelines.p]\nhandler = \"table\""), @"error[config_invalid]: forebay.toml:1:1: missing field `source`");
    insta::assert_snapshot!(pipeline("entites = [\"course\"]"), @r"
    error[config_invalid]: forebay.toml:4:1: the handler `webhook` has no setting `entites`; its settings are `url`, `secret`, `timeout`, `concurrency`, `headers`, `payload`, `allow_http`, `log_deliveries`, `disable`
    hint: did you mean `entities`?
    ");
    insta::assert_snapshot!(pipeline("headrs = { a = \"b\" }"), @r"
    error[config_invalid]: forebay.toml:4:1: the handler `webhook` has no setting `headrs`; its settings are `url`, `secret`, `timeout`, `concurrency`, `headers`, `payload`, `allow_http`, `log_deliveries`, `disable`
    hint: did you mean `headers`?
    ");
    let unsent = "url = \"https://a.example\"\nheaders = { authorization = \"env:FOREBAY_DATABASE_URL\" }";
    insta::assert_snapshot!(pipeline(unsent), @"error[config_invalid]: forebay.toml:5:13: the environment variable FOREBAY_DATABASE_URL configures Forebay or gives access to a database, so it is never sent; use a variable of another name");
    insta::assert_snapshot!(pipeline("enabled = \"no\""), @r#"error[config_invalid]: forebay.toml:4:11: invalid type: string "no", expected a boolean"#);
    insta::assert_snapshot!(pipeline("entities = \"course\""), @r#"error[config_invalid]: forebay.toml:4:12: invalid type: string "course", expected a sequence"#);
    insta::assert_snapshot!(pipeline("retry = { permanent = { max_failures = 2 } }"), @"error[config_invalid]: forebay.toml:4:11: permanent failures are never retried automatically, so they have no retry settings");
    insta::assert_snapshot!(pipeline("retry = { transiet = {} }"), @"error[config_invalid]: forebay.toml:4:11: unknown failure class `transiet`; expected transient, throttled or lost");
    insta::assert_snapshot!(pipeline("retry = { lost = { max_failure = 2 } }"), @r"
    error[config_invalid]: forebay.toml:4:20: unknown field `max_failure`
    hint: did you mean `max_failures`?
    ");
    insta::assert_snapshot!(pipeline("retry = { lost = { max_failures = 0 } }"), @"error[config_invalid]: forebay.toml:4:20: max_failures must be a whole number from 1 to 1000000");
    insta::assert_snapshot!(pipeline("retry = { lost = { base_delay = 5 } }"), @"error[config_invalid]: forebay.toml:4:33: invalid type: integer `5`, expected a string");
    insta::assert_snapshot!(pipeline("retry = { lost = { base_delay = \"5 fortnights\" } }"), @"error[config_invalid]: forebay.toml:4:33: expected a duration such as 30s, 5m, 1h or 30d");
    insta::assert_snapshot!(pipeline("retry = { lost = { base_delay = \"5m\", max_delay = \"1m\" } }"), @"error[config_invalid]: forebay.toml:4:20: base_delay must not be longer than max_delay");
    insta::assert_snapshot!(pipeline("limits = { rate = \"10/week\" }"), @"error[config_invalid]: forebay.toml:4:19: expected a rate such as 2/s, 30/m, 100/h or unlimited");
    insta::assert_snapshot!(pipeline("limits = { rte = \"10/s\" }"), @r"
    error[config_invalid]: forebay.toml:4:12: unknown field `rte`
    hint: did you mean `rate`?
    ");
    insta::assert_snapshot!(pipeline("limits = { max_active = 0 }"), @"error[config_invalid]: forebay.toml:4:12: max_active must be a whole number of at least 1");
    insta::assert_snapshot!(pipeline("limits = { key_rate = \"1/s\" }"), @"error[config_invalid]: forebay.toml:4:1: limits by key need the field in key");
    insta::assert_snapshot!(pipeline("limits = { key = \"a\" }"), @"error[config_invalid]: forebay.toml:4:12: key has no effect without key_max_active or key_rate");
    insta::assert_snapshot!(pipeline("limits = { key = \"/a~2\", key_rate = \"1/s\" }"), @"error[config_invalid]: forebay.toml:4:10: `/a~2` does not name a field: a key field is the name of a top-level field, or a JSON pointer such as /course/id");
}
