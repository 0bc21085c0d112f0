//! Sources that are changed as a whole: a renamed field keeps its history, a deleted source leaves nothing.

use std::{
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    json::schema_problems,
};

const NUM: u64 = 40;

struct World {
    db: TestDb,
    sandbox: Sandbox,
}

impl World {
    /// Schools whose first head teacher changed once, delivered to the built-in pipeline.
    fn new() -> Self {
        let world = Self { db: database(), sandbox: Sandbox::new() };
        world.configure("Registration Number", "Head Teacher");
        world.persist("2024-01-01", |id| school(id, "Registration Number", "Head Teacher", "Ada"));
        world.persist("2024-02-01", |id| {
            school(id, "Registration Number", "Head Teacher", if id == 0 { "Grace" } else { "Ada" })
        });
        assert_eq!(world.json("work --drain").0, 0);
        world
    }

    fn configure(&self, key: &str, head: &str) {
        let text = format!(
            "[project]\nname = \"schools\"\n[sources.schools]\nkey = [\"{key}\", \"town\"]\nentity = \"school\"\n\
             volatile = [\"seen\"]\nnormalise = {{ \"{head}\" = [\"casefold\"] }}\n"
        );
        self.sandbox.configure(&text);
    }

    fn persist(&self, day: &str, record: impl Fn(u64) -> Value) -> Value {
        write_records(&self.sandbox, "schools.jsonl", (0..NUM).map(record));
        let (exit, report) =
            self.json(&format!("persist schools.jsonl --source schools --complete --observed-at {day}"));
        assert_eq!(exit, 0, "{report}");
        report["runs"][0].clone()
    }

    fn json(&self, line: &str) -> (i32, Value) {
        self.db.json(&self.sandbox, line)
    }

    /// Renames a field whose name may have spaces.
    fn rename(&self, from: &str, to: &str, options: &[&str]) -> (i32, Value) {
        let mut command = self.sandbox.command("sources rename-field schools --output json");
        command.args([from, to]).args(options).env("FOREBAY_DATABASE_URL", &self.db.url);
        let output = command.output().unwrap();
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }

    /// A run of the source whose input doesn't end.
    fn running(&self, source: &str) -> Child {
        let mut command = self.sandbox.command(&format!("persist - --format jsonl --source {source}"));
        command.env("FOREBAY_DATABASE_URL", &self.db.url);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        self.wait("exists (select from forebay.scrape_runs where status = 'running')");
        child
    }

    /// Kills a run, and waits until the server has noticed.
    fn kill(&self, mut running: Child) {
        running.kill().unwrap();
        running.wait().unwrap();
        self.wait("not exists (select from forebay.scope_leases as l where forebay_private.is_held(l))");
    }

    fn wait(&self, condition: &str) {
        let started = Instant::now();
        while self.db.value(&format!("select ({condition})::text")) != "true" {
            assert!(started.elapsed() < Duration::from_secs(30), "never: {condition}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn renamed(&self, from: &str, to: &str) -> Value {
        let (exit, renamed) = self.rename(from, to, &[]);
        assert_eq!(exit, 0, "{renamed}");
        assert_eq!(schema_problems("sources rename-field", &renamed), [""; 0]);
        renamed
    }

    fn refused(&self, from: &str, to: &str) -> String {
        let (exit, error) = self.rename(from, to, &[]);
        assert_eq!(exit, 2, "{error}");
        error["error"]["code"].as_str().unwrap().to_owned()
    }
}

fn school(id: u64, key: &str, head: &str, teacher: &str) -> Value {
    json!({ key: id, "town": "Łódź", head: teacher, "share": 1.50, "seen": id, "more": { head: [1e3, null, "é"] } })
}

/// What a rename must leave: ids, keys, versions, times, hand-offs.
const KEPT: &str = "select reference_id::text, record_key, version::text, changed_at::text, observed_at::text, \
     (select string_agg(concat_ws(' ', h.pipeline_id, h.state, h.generation, h.payload_hash = r.version_hash), ',' \
         order by h.pipeline_id, h.enqueued_at) from forebay.handoffs as h where h.reference_id = r.reference_id) \
     from forebay.\"references\" as r order by 1";

#[test]
fn a_renamed_field_changes_no_record() {
    let world = World::new();
    let before = world.db.rows(KEPT);
    let renamed = world.renamed("Registration Number", "Registration_Number");
    assert_eq!((&renamed["num_references"], &renamed["num_revisions"]), (&json!(NUM), &json!(0)));
    assert_eq!(renamed["key_fields"], json!(["Registration_Number", "town"]));
    let renamed = world.renamed("Head Teacher", "head");
    assert_eq!((&renamed["num_references"], &renamed["num_revisions"]), (&json!(NUM), &json!(1)));
    world.renamed("seen", "seen_at");
    world.renamed("seen_at", "seen");
    assert_eq!(world.db.rows(KEPT), before);

    // The next run has the new names, and finds nothing new. The first of them would be held without the rename.
    world.configure("Registration_Number", "head");
    let record = |id: u64| {
        let mut record = school(id, "Registration_Number", "head", if id == 0 { "GRACE" } else { "Ada" });
        record["more"] = json!({ "Head Teacher": [1e3, null, "é"] });
        record["seen"] = json!(0);
        record
    };
    let run = world.persist("2024-03-01", record);
    assert_eq!(
        (&run["status"], &run["num_unchanged"], &run["num_handoffs"]),
        (&json!("complete"), &json!(NUM), &json!(0))
    );
    let (_, verified) = world.json("handoffs verify");
    assert!(verified["pipelines"].as_array().unwrap().iter().all(|one| one["num_wrong"] == 0), "{verified}");
    assert_eq!(world.db.value("select count(*) from forebay.scrape_run_drift"), "0");

    // The field has one line of revisions, and every past state has the new name.
    let (_, history) = world.json("history schools/0|Łódź");
    let text = history.to_string();
    assert!(
        text.contains("\"head\"") && text.contains("Grace") && !text.contains("Registration Number"),
        "{text}"
    );
    let (_, past) = world.json("history schools/0|Łódź --at 2024-01-15");
    assert_eq!(past["payload"]["head"], "Ada", "{past}");
    let run = world.persist("2024-04-01", |id| {
        let mut changed = record(id);
        changed["head"] = json!("Alan");
        changed
    });
    assert_eq!(run["num_updated"], NUM);
    let fields = "select string_agg(distinct field_name, ',') from forebay.reference_revisions";
    assert_eq!(world.db.value(fields), "head,seen");
}

#[test]
fn records_that_already_have_the_new_name_are_no_obstacle() {
    let world = World::new();
    // The site has renamed the column, and only its new records have been stored so far.
    let added = (NUM..NUM + 2).map(|id| school(id, "Registration Number", "head", "Ada"));
    write_records(&world.sandbox, "new.jsonl", added);
    let (exit, added) = world.json("persist new.jsonl --source schools --observed-at 2024-03-01");
    assert_eq!((exit, &added["runs"][0]["num_added"]), (0, &json!(2)), "{added}");
    assert_eq!(world.renamed("Head Teacher", "head")["num_references"], NUM + 2);
    world.configure("Registration Number", "head");
    let records = (0..NUM + 2)
        .map(|id| school(id, "Registration Number", "head", if id == 0 { "Grace" } else { "Ada" }));
    // The nested field is not renamed: it is part of a value.
    let nested = |mut record: Value| {
        if record["Registration Number"].as_u64().unwrap() < NUM {
            record["more"] = json!({ "Head Teacher": [1e3, null, "é"] });
        }
        record
    };
    write_records(&world.sandbox, "schools.jsonl", records.map(nested));
    let (exit, report) =
        world.json("persist schools.jsonl --source schools --complete --observed-at 2024-04-01");
    assert_eq!((exit, &report["runs"][0]["num_unchanged"]), (0, &json!(NUM + 2)), "{report}");
}

#[test]
fn a_rename_that_would_mix_histories_is_refused() {
    let world = World::new();
    let stored = "select md5(string_agg(concat_ws(' ', payload, version_hash), ',' order by reference_id)) \
                  from forebay.\"references\"";
    let before = world.db.value(stored);
    for (from, to, code) in [
        ("Head Teacher", "share", "field_exists"),
        ("Head Teacher", "seen", "field_exists"),
        ("head teacher", "head", "no_such_field"),
        ("share", "", "field_name_invalid"),
        ("share", "share", "field_name_invalid"),
    ] {
        assert_eq!(world.refused(from, to), code);
    }
    let (exit, planned) = world.rename("share", "part", &["--dry-run"]);
    assert_eq!((exit, &planned["num_references"]), (0, &json!(NUM)));
    world.db.execute("update forebay.scrape_runs set status = 'held' where run_id = 2");
    assert_eq!(world.refused("share", "part"), "source_has_held_runs");
    world.db.execute("update forebay.scrape_runs set status = 'complete' where run_id = 2");
    let running = world.running("schools");
    assert_eq!(world.refused("share", "part"), "source_busy");
    assert_eq!(world.db.value(stored), before);
    world.kill(running);
    assert_eq!(world.rename("share", "part", &["--dry-run"]).0, 0);
    let statuses = "select string_agg(status, ',' order by run_id) from forebay.scrape_runs";
    assert_eq!(world.db.value(statuses), "complete,complete,running", "a dry run writes nothing");
    world.renamed("share", "part");
    assert_eq!(world.db.value(statuses), "complete,complete,aborted");
    let (exit, error) = world.json("sources rename-field nowhere a b");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("no_such_source")));
}

#[test]
fn a_deleted_source_leaves_nothing_behind() {
    let world = World::new();
    write_records(&world.sandbox, "rooms.jsonl", [json!({ "id": 1 })]);
    assert_eq!(world.json("persist rooms.jsonl --source rooms --key id --complete").0, 0);
    let (exit, error) = world.json("sources delete schools");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("confirmation_needed")));
    let message = error["error"]["message"].as_str().unwrap();
    for part in ["40 active", "41 versions", "1 revision,", "2 runs", "41 hand-offs"] {
        assert!(message.contains(part), "{message}");
    }
    let (exit, planned) = world.json("sources delete schools --dry-run");
    assert_eq!((exit, &planned["deleted"]["references"]["active"]), (0, &json!(NUM)));
    assert_eq!(world.db.value("select count(*) from forebay.sources"), "2");
    let (exit, deleted) = world.json("sources delete schools --yes");
    assert_eq!((exit, &deleted["deleted"]), (0, &planned["deleted"]));

    for table in
        ["reference_revisions", "documents", "document_chunks", "ingestion_attempts", "ingestion_outcomes"]
    {
        assert_eq!(world.db.value(&format!("select count(*) from forebay.{table}")), "0", "{table}");
    }
    for table in ["sources", "scrape_runs", "\"references\"", "ingestion_handoffs", "sync_metadata"] {
        assert_eq!(
            world.db.value(&format!("select count(*) from forebay.{table}")),
            "1",
            "{table}: the other source"
        );
    }
    let run = world.persist("2024-01-01", |id| school(id, "Registration Number", "Head Teacher", "Ada"));
    assert_eq!(run["num_added"], NUM, "a source of this name starts afresh");
    let running = world.running("rooms");
    assert_eq!(world.json("sources delete rooms --yes").1["error"]["code"], "source_busy");
    world.kill(running);
    assert_eq!(world.json("sources delete rooms --yes").0, 0);
}

#[test]
fn a_source_is_renamed_only_while_it_has_no_references() {
    let world = World::new();
    let (exit, error) = world.json("sources rename schools colleges");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("source_has_references")));
    assert!(error["error"]["message"].as_str().unwrap().contains("computed from its name"), "{error}");
    world.db.execute(
        "insert into forebay.sources (name, entity_type, key_fields) values ('corses', 'course', '{id}');
         update forebay.sources set fallback = '{corses}' where name = 'schools';
         insert into forebay.pipelines (name, source_name, handler) values ('p', 'corses', 'external')",
    );
    assert_eq!(world.json("sources rename corses schools").1["error"]["code"], "source_exists");
    let (exit, renamed) = world.json("sources rename corses courses");
    assert_eq!((exit, schema_problems("sources rename", &renamed)), (0, Vec::new()));
    let names = "select concat_ws(' ', (select fallback from forebay.sources where name = 'schools'), \
                 (select source_name from forebay.pipelines where name = 'p'))";
    assert_eq!(world.db.value(names), "{courses} courses");
}

#[test]
fn a_renamed_field_that_the_configuration_still_names_is_reported() {
    let world = World { db: database(), sandbox: Sandbox::new() };
    let configure = |deleted: &str, at: &str| {
        let text = format!(
            "[sources.schools]\nkey = \"id\"\nremoved_when = \"/{deleted}/flag\"\non_duplicate = {{ newest_by = \"{at}\" }}\n"
        );
        world.sandbox.configure(&text);
    };
    configure("meta", "at");
    world.persist("2024-01-01", |id| json!({ "id": id, "meta": { "flag": null }, "at": id }));
    let renamed = world.renamed("meta", "info");
    assert_eq!(renamed["settings_to_change"], json!(["removed_when"]));
    let (_, text) = world.db.text(&world.sandbox, "sources rename-field schools at updated --dry-run");
    assert!(text.contains("write \"updated\" in `on_duplicate` of [sources.schools]"), "{text}");
    assert_eq!(world.renamed("at", "updated")["settings_to_change"], json!(["on_duplicate"]));
    configure("info", "updated");
    let run = world.persist(
        "2024-02-01",
        |id| json!({ "id": id, "info": { "flag": (id == 0).then_some(1) }, "updated": id }),
    );
    assert_eq!((&run["num_removed"], &run["num_unchanged"]), (&json!(1), &json!(NUM - 1)), "{run}");
}
