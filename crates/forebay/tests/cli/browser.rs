//! What a visitor of a web page sees: supabase-js in headless Chromium, on a project that was set up by
//! `supabase db push`.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    parts::{PostgRest, SECRET, part},
    stored::Stored,
};

/// What a Supabase project has, with privileges that open each new object to everyone.
const PROJECT: &str = "
    create schema auth;
    create function auth.jwt() returns jsonb language sql stable
        as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
    grant usage on schema auth to anon, authenticated, service_role;
    alter default privileges grant all on tables to anon, authenticated, service_role;
    alter default privileges grant all on sequences to anon, authenticated, service_role;
    alter default privileges grant all on functions to anon, authenticated, service_role";

const CONFIG: &str = "
[project]
name = \"catalogue\"

[sources.courses]
key = \"id\"
entity = \"course\"
publish = true

[sources.rooms]
key = \"id\"
entity = \"room\"
";

/// The programs of the test. `None`: one isn't installed.
struct Parts {
    supabase: PathBuf,
    supabase_js: PathBuf,
    playwright: PathBuf,
    chromium: PathBuf,
}

impl Parts {
    fn find() -> Option<Self> {
        let parts = Self {
            supabase: part("supabase/node_modules/@supabase/cli-linux-x64/bin/supabase"),
            supabase_js: part("supabase-js/node_modules/@supabase/supabase-js/dist/umd/supabase.js"),
            playwright: part("playwright/node_modules/playwright-core/index.mjs"),
            chromium: PathBuf::from("/usr/bin/chromium"),
        };
        let all = [&parts.supabase, &parts.supabase_js, &parts.playwright, &parts.chromium];
        all.iter().all(|path| path.exists()).then_some(parts)
    }

    /// Reads in a page, as anon and as a user who is signed in.
    fn read(&self, api: &PostgRest) -> Value {
        let output = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/browser/page.mjs"))
            .env("API_URL", api.url())
            .env("JWT_SECRET", SECRET)
            .env("CHROMIUM", &self.chromium)
            .env("PLAYWRIGHT", self.playwright.canonicalize().unwrap())
            .env("BUNDLE", &self.supabase_js)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Sets up the project as its user does.
    fn push(&self, stored: &Stored) {
        let project = stored.sandbox.path();
        let migrations = project.join("supabase/migrations");
        fs::create_dir_all(&migrations).unwrap();
        stored.json("db export --supabase supabase/migrations --api");
        let output = Command::new(&self.supabase)
            .args(["db", "push", "--yes", "--db-url", &stored.tcp_url(), "--workdir"])
            .arg(project)
            .env("HOME", project)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_page_sees_what_is_published_and_nothing_else() {
    let stored = Stored::empty();
    stored.execute(PROJECT);
    let Some(parts) = Parts::find() else {
        eprintln!(
            "SKIPPED: scripts/parts.sh installs the Supabase CLI, supabase-js, playwright-core and Chromium"
        );
        return;
    };
    parts.push(&stored);
    stored.sandbox.configure(CONFIG);
    for title in ["Old", "New"] {
        stored
            .write("courses.jsonl", &format!("{{\"id\": \"a\", \"title\": \"{title}\"}}\n{{\"id\": \"b\"}}"));
        stored.json("persist courses.jsonl --source courses --complete");
        stored.write("rooms.jsonl", &format!("{{\"id\": \"hidden\", \"hidden_name\": \"hidden {title}\"}}"));
        stored.json("persist rooms.jsonl --source rooms --complete");
    }
    let Some(api) = PostgRest::start(&stored, "forebay,forebay_api") else {
        eprintln!("SKIPPED: scripts/parts.sh installs PostgREST");
        return;
    };
    let seen = parts.read(&api);
    // Both read as often; every query of a visitor without a session is refused.
    let refused = seen["anon"].as_object().unwrap();
    assert!(refused.values().all(|code| code == "42501"), "{refused:?}");
    assert_eq!(seen["num_responses"], 2 * refused.len());

    let revisions = json!([{"field_name": "title", "new_value": "New"}]);
    let (run, source) = (json!({"status": "complete"}), json!({"name": "courses"}));
    let run_of_courses = json!({
        "source_name": "courses", "status": "complete", "field_coverage": {"id": 1, "title": 0.5}, "source": source,
    });
    let expected = json!({
        "references": [
            {
                "record_key": "a", "source_name": "courses", "version": 2, "payload": {"id": "a", "title": "New"},
                "revisions": revisions, "run": run, "source": source,
            },
            {
                "record_key": "b", "source_name": "courses", "version": 1, "payload": {"id": "b"},
                "revisions": [], "run": run, "source": source,
            },
        ],
        "revisions": [{"field_name": "title", "new_value": "New", "reference": {"record_key": "a"}}],
        "runs": [run_of_courses, run_of_courses],
        "freshness": [{"entity_type": "course", "num_records": 2}],
        "sources": [source],
        "found": [{"record_key": "a"}],
        "not_found": [],
        "tables": [
            {"record_key": "a", "revisions": [{"field_name": "title"}]},
            {"record_key": "b", "revisions": []},
        ],
        "table_of_revisions": revisions,
        "table_of_runs": [],
        "table_of_sources": [],
        "table_of_handoffs": [],
    });
    assert_eq!(seen["user"], expected);
    let received = |seen: &Value, word: &str| seen["received"].as_str().unwrap().contains(word);
    assert!(!received(&seen, "hidden") && !received(&seen, "room"), "{seen:#}");

    stored.sandbox.configure(&format!("{CONFIG}publish = true\n"));
    stored.json("config apply");
    let seen = parts.read(&api);
    assert!(received(&seen, "hidden New") && received(&seen, "rooms"), "{seen:#}");
    assert_eq!(seen["user"]["not_found"], json!([{"record_key": "hidden"}]));
    api.stop(&stored);
}
