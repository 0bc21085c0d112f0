//! The environment variables that the program reads.
//!
//! [`VARIABLES`] is the only list: code reads a variable by its constant, `forebay init` writes `.env.example` from it,
//! and docs/reference/environment.md is generated from it. A test finds variables that are missing here.
//!
//! To add one, add a line to the list, and read it with `forebay_sources::environment::var`, so `--env-file` can give
//! it. An option takes precedence over its variable, and an empty variable counts as not set.

#[cfg(test)]
mod page;

use std::fmt::Write;

use forebay_sources::environment;
use forebay_store::connect;

/// What to log.
pub(crate) const FOREBAY_LOG: &str = "FOREBAY_LOG";
/// Whether generated courses are written to the database.
pub(crate) const CREATOR_OS_DB_PERSIST: &str = "CREATOR_OS_DB_PERSIST";
/// Where OpenLineage events are sent.
pub(crate) const OPENLINEAGE_URL: &str = "OPENLINEAGE_URL";
/// The key of that server.
pub(crate) const OPENLINEAGE_API_KEY: &str = "OPENLINEAGE_API_KEY";
/// The namespace of jobs.
pub(crate) const OPENLINEAGE_NAMESPACE: &str = "OPENLINEAGE_NAMESPACE";
/// Turns the events off.
pub(crate) const OPENLINEAGE_DISABLED: &str = "OPENLINEAGE_DISABLED";
/// Where traces and logs are sent.
pub(crate) const OTEL_EXPORTER_OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Headers of these requests.
pub(crate) const OTEL_EXPORTER_OTLP_HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
/// Attributes of everything that is sent.
pub(crate) const OTEL_RESOURCE_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
/// Turns sending off.
pub(crate) const OTEL_SDK_DISABLED: &str = "OTEL_SDK_DISABLED";
/// The name of this service.
pub(crate) const OTEL_SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
/// Turns colour off.
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// Length of the lines of `.env.example`.
const LINE: usize = 110;

/// A variable.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    /// One or two sentences, with the default.
    pub(crate) meaning: &'static str,
}

/// The variables that the program reads, in the order of the documentation.
pub(crate) const VARIABLES: &[Variable] = &[
    Variable {
        name: connect::FOREBAY_DATABASE_URL,
        meaning: "Postgres to use, such as `postgresql://user:password@host:5432/database?sslmode=require`.",
    },
    Variable {
        name: connect::SUPABASE_DB_URL,
        meaning: "The same: the connection string of a Supabase project (dashboard: Connect).",
    },
    Variable { name: connect::DATABASE_URL, meaning: "The same, under the name that many programs share." },
    Variable {
        name: connect::SUPABASE_URL,
        meaning: "A Supabase project, such as `https://PROJECT.supabase.co`. With `SUPABASE_DB_PASSWORD`, it gives the \
                  direct connection. `http://127.0.0.1:54321` is a project on this machine and needs no password.",
    },
    Variable {
        name: connect::SUPABASE_DB_PASSWORD,
        meaning: "Password of that project's database, as it is, without escaping (dashboard: Project Settings > \
                  Database).",
    },
    Variable {
        name: connect::SUPABASE_KEYS[0],
        meaning: "Key of that project's API. It can't open the database; only an error message mentions it.",
    },
    Variable { name: connect::SUPABASE_KEYS[1], meaning: "The same." },
    Variable { name: connect::SUPABASE_KEYS[2], meaning: "The same." },
    Variable {
        name: connect::PGSSLMODE,
        meaning: "Encryption of the direct connection that `SUPABASE_URL` gives, as in libpq. Default: `verify-full`. A \
                  URL has its own option, `sslmode`.",
    },
    Variable {
        name: connect::PGSSLROOTCERT,
        meaning: "File with the root certificate for that connection. Supabase signs with its own certificate \
                  (dashboard: Project Settings > Database > SSL Configuration). Default: the system's certificates.",
    },
    Variable {
        name: connect::FOREBAY_DATA_DIR,
        meaning: "Folder of the private Postgres, which runs if no database is configured. Option: `--data-dir`. \
                  Default: `~/.local/share/forebay`; for root, `/var/lib/forebay`.",
    },
    Variable {
        name: FOREBAY_LOG,
        meaning: "What to log: a level, or directives such as `info,forebay_sources=debug`. Option: `--log-level`. \
                  Default: `info` for `forebay work` and `forebay serve --work`, `warn` for `forebay serve` and \
                  `forebay mcp`, otherwise `off`.",
    },
    Variable {
        name: CREATOR_OS_DB_PERSIST,
        meaning: "Whether generated courses are written to the database beside their files: `true` or `false`. It wins \
                  over `persist` in `[content]` of `forebay.toml`; the option `--persist` wins over both. Default: \
                  `true`.",
    },
    Variable {
        name: OPENLINEAGE_URL,
        meaning: "Server that takes run events in the format of OpenLineage, such as `http://localhost:5000`. It wins over \
                  `url` in `[openlineage]` of `forebay.toml`. Default: none; no events are sent.",
    },
    Variable {
        name: OPENLINEAGE_API_KEY,
        meaning: "Key of that server, sent as a bearer token. It wins over `api_key` in `[openlineage]`.",
    },
    Variable {
        name: OPENLINEAGE_NAMESPACE,
        meaning: "Namespace of the jobs in these events. It wins over `namespace` in `[openlineage]`. Default: `forebay`.",
    },
    Variable {
        name: OPENLINEAGE_DISABLED,
        meaning: "`true`: no such events are sent, whatever else is set.",
    },
    Variable {
        name: OTEL_EXPORTER_OTLP_ENDPOINT,
        meaning: "OpenTelemetry collector that takes traces and logs by OTLP over HTTP with JSON, such as \
                  `http://localhost:4318`. Default: none; nothing is sent.",
    },
    Variable {
        name: OTEL_EXPORTER_OTLP_HEADERS,
        meaning: "Headers of these requests, as in `authorization=Bearer%20KEY,x-team=data`.",
    },
    Variable {
        name: OTEL_SERVICE_NAME,
        meaning: "Name of this service in traces and logs. Default: `forebay`.",
    },
    Variable {
        name: OTEL_RESOURCE_ATTRIBUTES,
        meaning: "Further attributes of traces and logs, as in `deployment.environment=test,team=data`.",
    },
    Variable {
        name: OTEL_SDK_DISABLED,
        meaning: "`true`: no traces and logs are sent, whatever else is set.",
    },
    Variable { name: NO_COLOR, meaning: "Any text turns colour off; see https://no-color.org." },
];

/// A variable in words, with the file that gives it.
pub(crate) fn place(name: &str) -> String {
    match environment::file_of(name) {
        Some(path) => format!("{name} in {}", path.display()),
        None => name.to_owned(),
    }
}

/// `.env.example`: every variable with its meaning, commented out.
pub(crate) fn example() -> String {
    let mut text = String::from(
        "# Environment variables of Forebay. Copy this file to .env, set what you need, and name it in each command:\n\
         #\n\
         #   forebay --env-file .env doctor\n\
         #\n\
         # Forebay never reads .env by itself. Existing environment variables win. Keep .env out of version control.\n\
         # Write NAME=value. Quote a value that contains spaces or #: 'as it is', or \"with \\n and other escapes\".\n\
         # Add the variables that forebay.toml names. Precedence: FOREBAY_DATABASE_URL, [database] in\n\
         # forebay.toml, SUPABASE_DB_URL, DATABASE_URL, SUPABASE_URL with SUPABASE_DB_PASSWORD. Without them, Forebay runs a private Postgres.\n",
    );
    for Variable { name, meaning } in VARIABLES {
        text.push('\n');
        for line in wrapped(&meaning.replace('`', "")) {
            // Writing to a text never fails.
            let _ = writeln!(text, "# {line}");
        }
        let _ = writeln!(text, "# {name}=");
    }
    text
}

/// The text in lines of at most [`LINE`] characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if !line.is_empty() && line.len() + 1 + word.len() > LINE => {
                lines.push(word.to_owned());
            }
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => line.extend([" ", word]),
            None => {}
        }
    }
    lines
}
