//! The client programs of Postgres (`psql`, `pg_dump`, `pg_restore`): where they are, how they connect, and how backups
//! are made and replayed.
//!
//! They get the connection in variables, never as arguments: lists of processes show arguments, and a URL may contain a
//! password.

mod backup;
mod error;

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use tokio_postgres::config::{Config, Host, TargetSessionAttrs};

use crate::{
    cluster,
    connect::{Database, Target, url_settings},
};

pub use self::{
    backup::{Contents, dump, names_api_roles, replay},
    error::ToolError,
};

/// A program with its major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The program.
    pub program: PathBuf,
    /// Its major version, such as 17.
    pub major: u32,
}

/// Finds a client program that fits a server: of the same major version, otherwise the oldest newer one, because an
/// older program refuses a newer server. Error: `tools_missing`.
pub fn find(name: &'static str, server_major: u32) -> Result<Tool, ToolError> {
    let mut found: Vec<Tool> = cluster::folders_with(&[name])
        .into_iter()
        .filter_map(|folder| {
            let program = folder.join(name);
            let major = version(&program)?;
            (major >= server_major).then_some(Tool { program, major })
        })
        .collect();
    // Stable, so of equal versions the one in PATH comes first.
    found.sort_by_key(|tool| tool.major);
    found.into_iter().next().ok_or(ToolError::Missing { name, server_major })
}

/// The major version that a program prints.
fn version(program: &PathBuf) -> Option<u32> {
    let answer =
        Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    cluster::parse_version(std::str::from_utf8(&answer.stdout).ok()?)
}

/// The variables that would lead libpq to another server, or let it log in as somebody else.
const CONNECTION_VARIABLES: [&str; 13] = [
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGOPTIONS",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGTARGETSESSIONATTRS",
];

/// A connection of libpq: its variables, and its URL.
#[derive(Clone)]
pub struct Libpq {
    /// The variables that libpq reads; one of them may be a password.
    variables: Vec<(&'static str, String)>,
    /// The URL without a password.
    pub url: String,
    /// Whether there is a password, which the URL lacks.
    pub has_password: bool,
}

impl std::fmt::Debug for Libpq {
    /// Omits the variables, which may contain a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Libpq").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Libpq {
    /// How libpq connects to an open database.
    pub fn of(database: &Database, target: &Target) -> crate::error::Result<Self> {
        match target {
            Target::Url(url) => {
                let (config, tls) = url_settings(url)?;
                Ok(Self::new(&config, &tls))
            }
            Target::Embedded { .. } => {
                Ok(Self::new(database.config(), &[("PGSSLMODE", "disable".to_owned())]))
            }
        }
    }

    fn new(config: &Config, tls: &[(&'static str, String)]) -> Self {
        let user = config.get_user().unwrap_or_default();
        let database = config.get_dbname().unwrap_or(user);
        let join = |parts: Vec<String>| parts.join(",");
        let hosts = join(config.get_hosts().iter().map(host).collect());
        let ports = join(config.get_ports().iter().map(u16::to_string).collect());
        let addresses = join(config.get_hostaddrs().iter().map(ToString::to_string).collect());
        let mut variables = vec![("PGHOST", hosts.clone()), ("PGDATABASE", database.to_owned())];
        if !addresses.is_empty() {
            variables.push(("PGHOSTADDR", addresses.clone()));
        }
        if !ports.is_empty() {
            variables.push(("PGPORT", ports.clone()));
        }
        if !user.is_empty() {
            variables.push(("PGUSER", user.to_owned()));
        }
        if let Some(password) = config.get_password() {
            variables.push(("PGPASSWORD", String::from_utf8_lossy(password).into_owned()));
        }
        if let Some(options) = config.get_options() {
            variables.push(("PGOPTIONS", options.to_owned()));
        }
        let session = match config.get_target_session_attrs() {
            TargetSessionAttrs::ReadWrite => Some("read-write"),
            TargetSessionAttrs::ReadOnly => Some("read-only"),
            _ => None,
        };
        variables.extend(session.map(|session| ("PGTARGETSESSIONATTRS", session.to_owned())));
        variables.extend(tls.iter().cloned());
        let mut options = vec![format!("host={}", escaped(&hosts))];
        if !addresses.is_empty() {
            options.push(format!("hostaddr={}", escaped(&addresses)));
        }
        if !ports.is_empty() {
            options.push(format!("port={}", escaped(&ports)));
        }
        if !user.is_empty() {
            options.push(format!("user={}", escaped(user)));
        }
        let mode = tls.iter().find(|(name, _)| *name == "PGSSLMODE").filter(|(_, mode)| mode != "disable");
        options.extend(mode.map(|(_, mode)| format!("sslmode={mode}")));
        let url = format!("postgresql:///{}?{}", escaped(database), options.join("&"));
        Self { variables, url, has_password: config.get_password().is_some() }
    }

    /// A program with this connection, and nothing of the environment's.
    pub fn command(&self, tool: &Tool) -> Command {
        let mut command = Command::new(&tool.program);
        for name in CONNECTION_VARIABLES {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

fn host(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    }
}

/// A part of a URL with everything escaped that has a meaning there.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&forebay_domain::hex::encode(&[byte]).to_uppercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, ffi::OsStr};

    use super::*;

    /// The variables of a command for this URL; `None` as a value: removed.
    fn variables(url: &str) -> BTreeMap<String, Option<String>> {
        let (config, tls) = url_settings(url).unwrap();
        let tool = Tool { program: PathBuf::from("psql"), major: 17 };
        let command = Libpq::new(&config, &tls).command(&tool);
        let text = |text: &OsStr| text.to_str().unwrap().to_owned();
        command.get_envs().map(|(name, value)| (text(name), value.map(text))).collect()
    }

    #[test]
    fn programs_get_the_connection_of_the_url_and_nothing_else() {
        let found = variables("postgresql://db.example.com/app");
        for name in CONNECTION_VARIABLES {
            let expected = match name {
                "PGPORT" => Some("5432"),
                "PGSSLMODE" => Some("prefer"),
                _ => None,
            };
            assert_eq!(found[name].as_deref(), expected, "{name}");
        }
        let found = variables(
            "postgresql://me:secret@db.example.com:6543/app?hostaddr=127.0.0.1&target_session_attrs=read-write\
             &sslmode=verify-full&sslrootcert=/root.crt",
        );
        for (name, value) in [
            ("PGHOST", "db.example.com"),
            ("PGHOSTADDR", "127.0.0.1"),
            ("PGPORT", "6543"),
            ("PGUSER", "me"),
            ("PGPASSWORD", "secret"),
            ("PGDATABASE", "app"),
            ("PGTARGETSESSIONATTRS", "read-write"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/root.crt"),
        ] {
            assert_eq!(found[name].as_deref(), Some(value), "{name}");
        }
    }

    #[test]
    fn the_url_names_the_address_and_no_password() {
        let (config, tls) = url_settings("postgresql://me:secret@db/app?hostaddr=127.0.0.1").unwrap();
        let libpq = Libpq::new(&config, &tls);
        assert_eq!(
            libpq.url,
            "postgresql:///app?host=db&hostaddr=127.0.0.1&port=5432&user=me&sslmode=prefer"
        );
        assert!(libpq.has_password);
    }
}
