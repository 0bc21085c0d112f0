//! The client programs of Postgres (`psql`, `pg_dump`, `pg_restore`): where they are, and how they connect.
//!
//! They get the connection in variables, never as arguments: lists of processes show arguments, and a URL may contain a
//! password.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use tokio_postgres::config::{Config, Host};

use crate::{
    cluster,
    connect::{Database, Target, url_settings},
    error::Result,
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
/// older program refuses a newer server. `None`: there is none.
pub fn find(name: &str, server_major: u32) -> Option<Tool> {
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
    found.into_iter().next()
}

/// The major version that a program prints.
fn version(program: &PathBuf) -> Option<u32> {
    let answer =
        Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    cluster::parse_version(std::str::from_utf8(&answer.stdout).ok()?)
}

/// A connection of libpq: its variables, and its URL.
#[derive(Clone)]
pub struct Libpq {
    /// The variables that libpq reads; one of them may be a password.
    pub variables: Vec<(&'static str, String)>,
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
    pub fn of(database: &Database, target: &Target) -> Result<Self> {
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
        let mut variables = vec![("PGHOST", hosts.clone()), ("PGDATABASE", database.to_owned())];
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
        variables.extend(tls.iter().cloned());
        let mut options = vec![format!("host={}", escaped(&hosts))];
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

    /// A program with this connection.
    pub fn command(&self, tool: &Tool) -> Command {
        let mut command = Command::new(&tool.program);
        for name in ["PGSERVICE", "PGHOSTADDR", "PGOPTIONS", "PGSSLMODE", "PGPASSFILE"] {
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
