//! Generates `docs/reference/environment.md`, and finds variables in the code that it lacks.
//!
//! `UPDATE_DOCS=1 cargo test -p forebay environment` regenerates the page.

use std::{
    collections::BTreeSet,
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use super::{VARIABLES, Variable, example};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

const HEAD: &str = "\
# Environment variables

This page is a reference: every environment variable that a program of this project reads. It is generated.

An option takes precedence over its variable. An empty variable counts as not set.

## Forebay

Precedence of the database: `--database-url`, `FOREBAY_DATABASE_URL`, `[database]` in `forebay.toml`, `SUPABASE_DB_URL`,
`DATABASE_URL`, `SUPABASE_URL` with `SUPABASE_DB_PASSWORD`. Without them, Forebay runs a private Postgres; its data folder is
that of `--data-dir`, `FOREBAY_DATA_DIR`, `data_dir` in `[database]`, or the default. `forebay doctor` and `forebay db status`
show which of them is used. If `[database]` names a variable that isn't set, commands fail (`database_variable_missing`). `SUPABASE_URL` without the password is an error, `supabase_password_missing`: a key of the project's API can't
open its database.

`--env-file FILE` gives variables of this section, and those that `forebay.toml` names (`{ env = \"NAME\" }`, `api_key_env`,
`env:NAME` in headers and secrets, and `env` of a command). Without this option, no file is read. Variables that exist in
the environment win over the file, even if they are empty. `forebay init` writes `.env.example` to start with.

The file has one `NAME=value` a line, with or without `export`. Lines that begin with `#` are comments; so is the rest of a
line from a `#` after a space. A value in single quotes is used as it is. In double quotes, `\\n`, `\\r`, `\\t`, `\\\\`,
`\\\"`, `\\'`, `` \\` `` and `\\$` are escapes, and any other escape is an error. Quoted values may have several lines.
Nothing is interpolated. Errors (`env_file_invalid`, `env_file_unreadable`) name the file and the line, never its text.
";

/// A variable that another program reads, or that Forebay sets, with its meaning.
type Row = (&'static str, &'static str);

const ABOUT_PROGRAMS: &str = "\
One rule holds for all of them: the program of `persist -- COMMAND`, of a source (`command`, `singer`), of an `exec` pipeline, \
of `content generate` and of `handoffs verify`. A program gets the environment of Forebay, except for

- the variables of Forebay and of Supabase (`FOREBAY_*`, `SUPABASE_*`), `DATABASE_URL`, and libpq's `PGPASSWORD`, `PGPASSFILE`, \
`PGSERVICE`, `PGSERVICEFILE` and `PGSSLKEY`;
- every variable that `forebay.toml` names as a secret, for whatever it is: `{ env = \"NAME\" }`, `api_key_env`, \
`env:NAME` in headers and secrets.

Variables that its own declaration names (`env`) are always passed on. You choose the program, on the command line or in your \
file, and it needs more of your environment than a list could name: proxies, certificates, virtual environments. What it \
doesn't need is the key to Forebay's database, or a secret that was meant for another receiver. A variable of `--env-file` \
reaches a program only if its declaration names it.

Forebay sets these, the first three for the program of a source:";

/// What Forebay tells the programs that it starts.
const PROGRAMS: [Row; 4] = [
    ("FOREBAY_SOURCE", "The source."),
    ("FOREBAY_RUN_ID", "The run."),
    ("FOREBAY_SCOPE_*", "A part of the scope; the name in upper case, with `_` for other characters."),
    (
        "FOREBAY_DELIVERY",
        "Only for the command of an `exec` pipeline: marks its processes, so that they can be ended.",
    ),
];

/// What describes the machine.
const MACHINE: [Row; 14] = [
    ("HOME", "Home folder, for the default data folder."),
    ("XDG_DATA_HOME", "The user's data folder. Default: `~/.local/share`."),
    (
        "XDG_RUNTIME_DIR",
        "Folder for the private Postgres's socket if the path of its data folder is too long. Default: `/tmp`.",
    ),
    ("PATH", "Where programs are found, also those of the private Postgres."),
    ("TMPDIR", "Folder for temporary files. Default: `/tmp`."),
    ("USER", "Your name in error messages."),
    ("TERM", "`dumb` turns colour off."),
    ("SSL_CERT_FILE", "File with the certificates to trust instead of the system's."),
    ("SSL_CERT_DIR", "Folder with such files."),
    ("HTTPS_PROXY", "Proxy for https requests to webhooks and embedding services; sources use no proxy."),
    ("HTTP_PROXY", "The same for http requests."),
    ("ALL_PROXY", "The same for both."),
    ("NO_PROXY", "Hosts that are requested without a proxy."),
    ("LD_LIBRARY_PATH", "Where the private Postgres finds its libraries; on macOS, the `DYLD_*` variables."),
];

/// What `examples/worker.py` reads.
const WORKER: [Row; 4] = [
    ("FOREBAY_WORKER_URL", "Postgres to use. Required."),
    ("FOREBAY_PIPELINE", "The pipeline to work on. Required."),
    ("FOREBAY_BATCH", "Hand-offs to claim at a time. Default: 20."),
    ("FOREBAY_LEASE_SECONDS", "How long a claim lasts. Default: 60."),
];

/// What the Python package reads besides the variables of Forebay.
const PYTHON: [Row; 1] = [("FOREBAY_BIN", "The `forebay` program to start. Default: the one in `PATH`.")];

/// What the tests of this project read.
const TESTS: [Row; 16] = [
    ("UPDATE_DOCS", "Any text makes the tests of generated pages write them."),
    ("INSTA_UPDATE", "`always` accepts changed snapshots."),
    ("FOREBAY_TEST_DATA_DIR", "Data folder of the test server. Default: `/tmp/forebay-test-<uid>`."),
    (
        "FOREBAY_TEST_POSTGRES",
        "Folder of the test server's programs. Default: the newest version that is installed.",
    ),
    ("FOREBAY_TEST_DATABASE_URL", "A migrated database, for the tests of the Python package."),
    ("FOREBAY_TEST_POOLER", "Any text lets the tests connect through PgBouncer in transaction mode."),
    ("FOREBAY_TEST_PYTHON", "Python with psycopg, for the example worker. Default: `python3`."),
    ("FOREBAY_TEST_JOIN", "Set by a test that starts itself again: the cluster to join."),
    ("FOREBAY_MODEL", "`large` checks a larger model of hand-offs. Takes minutes."),
    ("FOREBAY_TEST_MEMORY_MB", "Megabytes of each input in the tests of memory. Default: 20."),
    ("FOREBAY_KILLS", "How often the kill tests kill. Default: 24 for runs and workers, 12 for courses."),
    ("FOREBAY_KILL_SEED", "Selects the moments of the kill test. Default: 1."),
    ("FOREBAY_INTERLEAVINGS", "Number of histories in the test of interleavings. Default: 12."),
    ("FOREBAY_INTERLEAVINGS_SEED", "The first seed of that test. Default: random."),
    (
        "LLVM_PROFILE_FILE",
        "Where an instrumented program writes its coverage; `make coverage-content` sets it.",
    ),
    ("PROPTEST_CASES", "Cases of each property test. Default: 256."),
];

/// Names in tests that mean no variable.
const MADE_UP: [&str; 3] = ["ENV_FILE_A", "FOREBAY_TEST_NO_SUCH_VARIABLE", "FOREBAY_TEST_UNSET"];

fn section(page: &mut String, title: &str, about: &str, rows: &[Row]) {
    let _ = write!(page, "\n## {title}\n\n{about}\n");
    table(page, rows.iter().copied());
}

fn table(page: &mut String, rows: impl Iterator<Item = Row>) {
    page.push_str("\n| variable | meaning |\n|---|---|\n");
    for (name, meaning) in rows {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    table(&mut page, VARIABLES.iter().map(|Variable { name, meaning }| (*name, *meaning)));
    section(&mut page, "Programs that Forebay starts", ABOUT_PROGRAMS, &PROGRAMS);
    let about = "These describe the machine. `--env-file` can't give them.";
    section(&mut page, "Machine", about, &MACHINE);
    section(&mut page, "Example worker", "`examples/worker.py` reads these.", &WORKER);
    let about = "The Python package in `python/` reads this. The program that it starts reads the variables of Forebay.";
    section(&mut page, "Python package", about, &PYTHON);
    section(&mut page, "Tests", "Only the tests of this project read these.", &TESTS);
    page
}

#[test]
fn the_page_of_environment_variables_is_generated() {
    let path = Path::new(ROOT).join("docs/reference/environment.md");
    let page = page();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, page, "run UPDATE_DOCS=1 cargo test -p forebay environment");
}

/// The source files of every program in the project.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default();
        let is_ours = name != "target" && !name.as_encoded_bytes().starts_with(b".");
        if path.is_dir() && is_ours {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
            found.push(path);
        }
    }
}

/// The names of variables in a source file: quoted names with a prefix of ours, and quoted arguments of functions that
/// read a variable.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let is_ours =
        |name: &str| ["FOREBAY_", "SUPABASE_", "CREATOR_OS_"].iter().any(|own| name.starts_with(own));
    let is_read = |before: &str| {
        ["env::var(", "env::var_os(", "environment::var(", "environment::var_os(", "environ[", "environ.get("]
            .iter()
            .any(|call| before.ends_with(call))
    };
    text.match_indices('"').filter_map(move |(at, _)| {
        let rest = &text[at + 1..];
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let name = &rest[..rest.find(|letter| !is_part(letter))?];
        let is_quoted = rest[name.len()..].starts_with('"');
        // A name that ends with _ is a prefix.
        (is_quoted && !name.is_empty() && !name.ends_with('_') && (is_ours(name) || is_read(&text[..at])))
            .then_some(name)
    })
}

#[test]
fn every_variable_in_the_code_is_in_an_environment_table() {
    let mut files = Vec::new();
    for folder in ["crates", "examples", "fuzz", "python"] {
        let folder = Path::new(ROOT).join(folder);
        if folder.exists() {
            sources(&folder, &mut files);
        }
    }
    let rows = [&PROGRAMS[..], &MACHINE, &WORKER, &PYTHON, &TESTS].concat();
    let known: BTreeSet<&str> =
        VARIABLES.iter().map(|variable| variable.name).chain(rows.iter().map(|row| row.0)).collect();
    let is_known =
        |name: &str| known.contains(name) || name.starts_with("FOREBAY_SCOPE_") || MADE_UP.contains(&name);
    assert!(files.len() > 100, "{files:?}");
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let missing: Vec<_> = names_in(&text).filter(|name| !is_known(name)).collect();
        assert!(
            missing.is_empty(),
            "{}: add {missing:?} to env_vars.rs, or to page.rs if the program doesn't read it",
            path.display()
        );
    }
}

#[test]
fn the_example_sets_nothing_and_shows_every_variable() {
    let text = example();
    assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')), "{text}");
    for variable in VARIABLES {
        assert!(text.contains(&format!("\n# {}=\n", variable.name)), "{}", variable.name);
    }
}
