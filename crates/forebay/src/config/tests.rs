//! The configuration as users write and miswrite it.

use super::{
    pipeline::{Column, Handler, Removed, SourceName},
    *,
};

fn parse(text: &str) -> Config {
    Config::parse(text, "forebay.toml").unwrap()
}

fn error(text: &str) -> String {
    Config::parse(text, "forebay.toml").unwrap_err().to_string()
}

/// The template with what looks like a commented setting or table switched on.
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
fn the_template_parses_as_it_is() {
    let config = parse(TEMPLATE);
    let source = &config.sources["courses"];
    assert_eq!(source.key.as_slice(), ["id"]);
    assert_eq!(source.on_duplicate, OnDuplicate::First);
    assert!(source.guards.enabled && source.guards.max_removed.is_none());
    assert_eq!(config.pipelines["search"].source, SourceName::Named("courses".to_owned()));
}

#[test]
fn the_template_names_every_key() {
    let config = parse(&template_in_full());
    let source = &config.sources["courses"];
    assert_eq!(source.normalise["title"].len(), 2);
    assert_eq!(source.records.as_ref().map(Pointer::as_str), Some("/items"));
    assert!(source.ignore.contains("session_token"));
    assert!(source.volatile.contains("fetched_at"));
    assert_eq!(source.guards.max_rejected.map(crate::cli::values::Share::get), Some(0.02));
    assert!(source.guards.max_changed.is_some() && source.guards.max_removed.is_some());
    let Handler::Table(table) = &config.pipelines["course_table"].handler else { panic!("not a table") };
    assert_eq!((table.table.schema.as_str(), table.table.name.as_str()), ("public", "courses"));
    assert_eq!(table.columns["course_id"], Column::Field("id".to_owned()));
    assert_eq!(table.removed, Removed::Mark);

    // serde lists the known fields when it meets an unknown one: the template must name each of them.
    for (section, others) in [
        ("sources.x", "key = [\"id\"]"),
        ("sources.x.guards", ""),
        ("pipelines.x", "source = \"x\"\nhandler = \"table\""),
    ] {
        let message = error(&format!("[{section}]\n{others}\nzzzzzzzz = 1"));
        let known: Vec<_> = message.split('`').skip(1).step_by(2).skip(1).collect();
        assert!(!known.is_empty(), "{message}");
        for name in known.into_iter().filter(|name| *name != "guards") {
            let line = format!("\n{name} = ");
            assert!(template_in_full().contains(&line), "the template does not name {section}.{name}");
        }
    }
}

#[test]
fn defaults_are_what_the_documentation_says() {
    let config = parse("[sources.x]\nkey = [\"id\"]\n[pipelines.p]\nsource = \"*\"\nhandler = \"documents\"");
    let source = &config.sources["x"];
    assert_eq!((source.format, source.on_duplicate), (Format::Auto, OnDuplicate::First));
    assert!(source.guards.enabled && source.entity.is_none() && source.records.is_none());
    let pipeline = &config.pipelines["p"];
    assert_eq!(pipeline.source, SourceName::Every);
    assert!(pipeline.enabled);
    let Handler::Documents(documents) = &pipeline.handler else { panic!("not documents") };
    assert!(documents.title.is_none() && documents.fields.is_none());
}

#[test]
fn a_pipeline_is_declared_with_what_its_handler_reads() {
    let declared =
        |settings: &str| parse(&format!("[pipelines.p]\n{settings}")).pipelines["p"].declared_as("p");
    let documents = declared("source = \"x\"\nhandler = \"documents\"\nfields = [\"a\"]\nenabled = false");
    assert_eq!((documents.source_name.as_deref(), documents.enabled), (Some("x"), false));
    assert_eq!(documents.config, serde_json::json!({ "fields": ["a"], "language": "simple" }));
    let table = declared(
        "source = \"*\"\nhandler = \"table\"\ntable = \"s.t\"\n\
         columns = { a = \"b\", n = { field = \"/c/0\", type = \"int\" } }",
    );
    assert_eq!((table.source_name, table.handler.as_str(), table.enabled), (None, "table", true));
    assert_eq!(
        table.config,
        serde_json::json!({
            "table": "s.t",
            "columns": { "a": "b", "n": { "field": "/c/0", "type": "int" } },
            "removed": "delete",
        })
    );
}

#[test]
fn errors_name_the_place_and_what_was_meant() {
    insta::assert_snapshot!(error("[sources.x]\nkye = [\"id\"]"), @r"
    error[config_invalid]: forebay.toml:2:1: unknown field `kye`, expected one of `key`, `entity`, `ignore`, `volatile`, `normalise`, `on_duplicate`, `guards`, `format`, `records`
    hint: did you mean `key`?
    ");
    insta::assert_snapshot!(error("[sources.x]\nkey = [\"id\"]\nformat = \"jsno\""), @r"
    error[config_invalid]: forebay.toml:3:10: unknown variant `jsno`, expected one of `auto`, `json`, `jsonl`, `csv`
    hint: did you mean `json`?
    ");
    insta::assert_snapshot!(error("[source.x]\nkey = [\"id\"]"), @r"
    error[config_invalid]: forebay.toml:1:2: unknown field `source`, expected `sources` or `pipelines`
    hint: did you mean `sources`?
    ");
    insta::assert_snapshot!(error("[sources.x]\nkey = []"), @"error[config_invalid]: forebay.toml:2:7: key must name at least one field");
    insta::assert_snapshot!(error("[sources.x]\nkey = [\"id\", \"id\"]"), @"error[config_invalid]: forebay.toml:2:7: key names the field `id` twice");
    insta::assert_snapshot!(error("[sources.x]\nentity = \"course\""), @"error[config_invalid]: forebay.toml:1:1: missing field `key`");
    insta::assert_snapshot!(error("[sources.x]\nkey = [\"id\"]\nrecords = \"items\""), @"error[config_invalid]: forebay.toml:3:11: expected a JSON pointer such as /data/items");
    insta::assert_snapshot!(error("[sources.x]\nkey = [\"id\"]\nguards = { max_removed = 20 }"), @"error[config_invalid]: forebay.toml:3:26: expected a share from 0 to 1, for instance 0.2");
    insta::assert_snapshot!(error("[sources.x\nkey = 1"), @"error[config_invalid]: forebay.toml:1:11: unclosed table, expected `]`");
}

#[test]
fn a_pipeline_takes_only_the_settings_of_its_handler() {
    let pipeline = |settings: &str| error(&format!("[pipelines.p]\nsource = \"x\"\n{settings}"));
    insta::assert_snapshot!(pipeline("handler = \"documents\"\ntitle = \"t\"\ntable = \"public.t\""), @"error[config_invalid]: forebay.toml:1:1: the handler `documents` has no setting `table`");
    insta::assert_snapshot!(pipeline("handler = \"table\"\ntable = \"public.t\""), @r#"error[config_invalid]: forebay.toml:1:1: the handler `table` needs columns = { column = "field" }"#);
    insta::assert_snapshot!(pipeline("handler = \"table\"\ntable = \"forebay.t\"\ncolumns = { a = \"b\" }"), @"error[config_invalid]: forebay.toml:4:9: `forebay` is Forebay's own schema; name a table outside it");
    insta::assert_snapshot!(pipeline("handler = \"table\"\ntable = \"t\"\ncolumns = { a = \"b\" }"), @"error[config_invalid]: forebay.toml:4:9: expected `schema.name` for a table, got `t`");
    insta::assert_snapshot!(pipeline("handler = \"documents\"\nremoved = \"mark\""), @"error[config_invalid]: forebay.toml:1:1: the handler `documents` has no setting `removed`");
    insta::assert_snapshot!(pipeline("handler = \"table\"\ntable = \"s.t\"\ncolumns = { a = 1 }"), @r#"error[config_invalid]: forebay.toml:5:17: expected a field, or { field = "…", type = "…" }"#);
    insta::assert_snapshot!(pipeline("handler = \"documents\"\ntitle = \"t\"\nlanguage = \"x'; drop\""), @"error[config_invalid]: forebay.toml:5:12: expected the name of a text search configuration, such as simple or english");
    insta::assert_snapshot!(pipeline("handler = \"webhook\""), @"error[config_invalid]: forebay.toml:3:11: unknown variant `webhook`, expected `table` or `documents`");
}
