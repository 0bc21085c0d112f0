//! Which variable configures the database, `--env-file`, and no secrets in the output.

use std::{fs, os::unix::net::UnixListener, process::Output};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database},
    shown,
};

/// A database that refuses connections.
const CLOSED: &str = "postgresql://nobody@127.0.0.1:1/none";

/// Runs a command with these variables and no others.
fn run(sandbox: &Sandbox, line: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = sandbox.command(line);
    command.envs(variables.iter().copied()).output().unwrap()
}

/// The same with `--output json`: the exit code and the document.
fn document(sandbox: &Sandbox, line: &str, variables: &[(&str, &str)]) -> (i32, Value) {
    let output = run(sandbox, &format!("{line} --output json"), variables);
    let document = serde_json::from_slice(&output.stdout);
    (output.status.code().unwrap(), document.unwrap_or_else(|error| panic!("{error}\n{}", shown(&output))))
}

/// What `db status` says about the connection.
fn configured_by(sandbox: &Sandbox, line: &str, variables: &[(&str, &str)]) -> Value {
    let (exit, document) = document(sandbox, &format!("{line} db status"), variables);
    assert_eq!(exit, 0, "{document}");
    document["database"]["configured_by"].clone()
}

fn world() -> (Sandbox, TestDb) {
    (Sandbox::new(), database())
}

#[test]
fn the_connection_string_of_supabase_works_and_doctor_names_its_variable() {
    let (sandbox, db) = world();
    let (exit, document) = document(&sandbox, "doctor", &[("SUPABASE_DB_URL", &db.url)]);
    assert_eq!(exit, 0, "{document}");
    let checks = document["checks"].as_array().unwrap();
    let connection = checks.iter().find(|check| check["code"] == "connection").unwrap();
    assert_eq!(connection["message"], "configured by SUPABASE_DB_URL; direct");
    fs::write(sandbox.path().join("one.jsonl"), "{\"id\": 1}").unwrap();
    let persisted =
        run(&sandbox, "persist one.jsonl --source pages --key id", &[("SUPABASE_DB_URL", &db.url)]);
    assert!(persisted.status.success(), "{}", shown(&persisted));
    assert_eq!(db.value("select count(*) from forebay.\"references\""), "1");
}

#[test]
fn the_first_variable_that_is_set_wins() {
    let (sandbox, db) = world();
    let url = db.url.as_str();
    let supabase = [("SUPABASE_URL", "https://abc.supabase.co"), ("SUPABASE_DB_PASSWORD", "p")];
    let all = |own: &'static [(&'static str, &'static str)], name| [own, &[(name, url)], &supabase].concat();
    let by = |variables: &[(&str, &str)]| configured_by(&sandbox, "", variables);
    assert_eq!(by(&all(&[], "DATABASE_URL")), "DATABASE_URL");
    assert_eq!(by(&all(&[("DATABASE_URL", CLOSED)], "SUPABASE_DB_URL")), "SUPABASE_DB_URL");
    let blank = [("FOREBAY_DATABASE_URL", " "), ("SUPABASE_DB_URL", ""), ("DATABASE_URL", url)];
    assert_eq!(by(&blank), "DATABASE_URL");
    let closed = [("SUPABASE_DB_URL", CLOSED), ("DATABASE_URL", CLOSED)];
    let own = [&closed[..], &[("FOREBAY_DATABASE_URL", url)]].concat();
    assert_eq!(by(&own), "FOREBAY_DATABASE_URL");
    let option = [&closed[..], &[("FOREBAY_DATABASE_URL", CLOSED)]].concat();
    assert_eq!(configured_by(&sandbox, &format!("--database-url {url}"), &option), "--database-url");
}

#[test]
fn an_unreachable_database_names_the_variable_that_configured_it() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(
        "connection_unreachable",
        shown(&run(&sandbox, "stats", &[("SUPABASE_DB_URL", CLOSED)]))
    );
}

#[test]
fn a_supabase_project_on_this_machine_is_a_configured_database() {
    // `db stop` opens no database and says whether one is configured.
    let local = [("SUPABASE_URL", "http://127.0.0.1:54321")];
    let (exit, stopped) = document(&Sandbox::new(), "db stop", &local);
    assert_eq!((exit, &stopped["reason_code"]), (0, &json!("configured")));
}

#[test]
fn mistakes_with_supabase_have_their_own_errors() {
    let sandbox = Sandbox::new();
    let project = ("SUPABASE_URL", "https://abcdefghijklmnopqrst.supabase.co");
    let key = ("SUPABASE_KEY", "sb_secret_hunter2");
    insta::assert_snapshot!("connection_key_only", shown(&run(&sandbox, "stats", &[project, key])));
    insta::assert_snapshot!("connection_url_only", shown(&run(&sandbox, "stats", &[project])));
    let own = [("SUPABASE_URL", "https://api.example.com"), ("SUPABASE_DB_PASSWORD", "hunter2")];
    insta::assert_snapshot!("connection_own_domain", shown(&run(&sandbox, "stats", &own)));
    let pasted = [("SUPABASE_URL", "postgresql://postgres:hunter2@db.abc.supabase.co/postgres")];
    insta::assert_snapshot!("connection_pasted", shown(&run(&sandbox, "stats", &pasted)));
    let copied =
        [("SUPABASE_DB_URL", "postgresql://postgres:[YOUR-PASSWORD]@db.abc.supabase.co:5432/postgres")];
    insta::assert_snapshot!("connection_placeholder", shown(&run(&sandbox, "stats", &copied)));
    let (exit, error) = document(&sandbox, "stats", &[project, ("SUPABASE_SERVICE_ROLE_KEY", "k")]);
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("supabase_password_missing")));
}

#[test]
fn a_file_is_read_when_asked_for_and_never_by_itself() {
    let (sandbox, db) = world();
    fs::write(sandbox.path().join(".env"), format!("# mine\nexport SUPABASE_DB_URL='{}'\n", db.url)).unwrap();
    assert_eq!(configured_by(&sandbox, "--env-file .env", &[]), "SUPABASE_DB_URL in .env");
    // `db stop` opens no database and says whether one is configured.
    let stop = |line: &str| {
        document(&sandbox, &format!("{line} --data-dir none db stop"), &[]).1["reason_code"].clone()
    };
    assert_eq!((stop(""), stop("--env-file .env")), (json!("not_running"), json!("configured")));
}

#[test]
fn the_environment_wins_over_the_file() {
    let (sandbox, db) = world();
    let text = format!("SUPABASE_DB_URL={CLOSED}\nDATABASE_URL={}\n", db.url);
    fs::write(sandbox.path().join("my.env"), text).unwrap();
    let by = |variables: &[(&str, &str)]| configured_by(&sandbox, "--env-file my.env", variables);
    assert_eq!(by(&[("SUPABASE_DB_URL", &db.url)]), "SUPABASE_DB_URL");
    assert_eq!(by(&[("SUPABASE_DB_URL", "")]), "DATABASE_URL in my.env", "an empty one hides the file's");
    let refused = run(&sandbox, "--env-file my.env stats", &[("DATABASE_URL", &db.url)]);
    assert_eq!(refused.status.code(), Some(4), "the order of the names comes first: {}", shown(&refused));
}

#[test]
fn the_file_gives_every_variable_and_the_secrets_of_sources() {
    let (sandbox, db) = world();
    let text = format!("DATABASE_URL={}\nFOREBAY_LOG=debug\nTOKEN=\"hush \\\"hush\"\n", db.url);
    fs::write(sandbox.path().join("my.env"), text).unwrap();
    fs::write(
        sandbox.path().join("forebay.toml"),
        "[sources.tokens]\nkey = \"id\"\n\n[sources.tokens.command]\n\
         argv = [\"/bin/sh\", \"-c\", 'printf \"{\\\"id\\\": %d}\" \"${#TOKEN}\"; echo \"${URL-none}\" >&2']\n\
         format = \"json\"\nenv = { TOKEN = { env = \"TOKEN\" } }\n",
    )
    .unwrap();
    let output = run(&sandbox, "--env-file my.env scrape tokens", &[]);
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(db.value("select record_key from forebay.\"references\""), "10");
    assert!(String::from_utf8_lossy(&output.stderr).contains("DEBUG"), "{}", shown(&output));
    let quiet = run(&sandbox, "--env-file my.env stats", &[("FOREBAY_LOG", "")]);
    assert!(!String::from_utf8_lossy(&quiet.stderr).contains("DEBUG"), "{}", shown(&quiet));
    let bad = run(&sandbox, "stats", &[("FOREBAY_LOG", "loud")]);
    insta::assert_snapshot!("connection_bad_log_variable", shown(&bad));
    fs::write(sandbox.path().join("loud.env"), "FOREBAY_LOG=loud").unwrap();
    let bad = sandbox.run("--env-file loud.env stats");
    assert!(bad.contains("invalid value in FOREBAY_LOG in loud.env"), "{bad}");
}

#[test]
fn errors_of_the_file_name_the_line_and_not_the_text() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!("env_file_missing", sandbox.run("--env-file none.env stats"));
    fs::write(sandbox.path().join("bad.env"), "A=1\nDATABASE_URL=\"postgresql://me:hunter2@h/d\n").unwrap();
    insta::assert_snapshot!("env_file_bad", sandbox.run("--env-file bad.env stats"));
    let (exit, error) = document(&sandbox, "--env-file bad.env stats", &[]);
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("env_file_invalid")));
    assert!(!error.to_string().contains("hunter2"));
}

#[test]
fn no_output_contains_a_password() {
    let sandbox = Sandbox::new();
    let secret = "hunter2 @:/?#%&'ü";
    let file = format!("SUPABASE_URL=https://abc.supabase.co\nSUPABASE_DB_PASSWORD=\"{secret}\"\n");
    fs::write(sandbox.path().join(".env"), file).unwrap();
    // A server that accepts and never answers correctly: everything up to the login is logged.
    let socket = sandbox.path().join(".s.PGSQL.5432");
    let listener = UnixListener::bind(&socket).unwrap();
    let accepting = std::thread::spawn(move || listener.accept().map(drop));
    let host = sandbox.path().to_str().unwrap().replace('/', "%2F");
    let url = format!("postgresql://me:hunter2@{host}/d");
    for (line, variables) in [
        ("--env-file .env db stop", vec![]),
        ("--env-file .env --log-level trace config check", vec![]),
        ("--log-level trace stats", vec![("DATABASE_URL", url.as_str())]),
        ("--log-level trace stats", vec![("SUPABASE_DB_URL", "postgresql://me:hunter2@127.0.0.1:1/d")]),
        ("--log-level trace doctor", vec![("SUPABASE_DB_URL", "postgresql://me:hunter2@/d?x=hunter2")]),
        ("--log-level trace stats", vec![("SUPABASE_URL", "https://me:hunter2@abc.supabase.co")]),
    ] {
        for format in ["human", "json"] {
            let output = run(&sandbox, &format!("--output {format} {line}"), &variables);
            assert!(!shown(&output).contains("hunter2"), "{line}: {}", shown(&output));
        }
    }
    accepting.join().unwrap().unwrap();
}
