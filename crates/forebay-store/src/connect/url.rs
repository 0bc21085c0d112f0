//! Parses a database URL.
//!
//! The driver's parser supports most of libpq's options, but not the verifying TLS modes and certificate files, and it
//! rejects some options in the URLs of hosted databases. Those options are removed from the URL here, and the driver
//! parses the rest. Messages never quote the URL, only names of options.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use forebay_domain::percent;
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use super::tls::{Tls, Verify};
use crate::error::{Error, Result};

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first host with its port, such as `db.example.org:5432`; for a socket, `localhost` with the port.
    pub address: String,
    /// Its name.
    pub database: String,
}

/// The options that the driver parses.
const DRIVER_OPTIONS: [&str; 18] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

/// Options of other clients, found in URLs of hosted databases and their tools, in lower case and without `_` and `-`,
/// because clients write them in several ways. They are ignored: `pgbouncer=true`, for example, asks for what Forebay
/// always does, and the options of caches of prepared statements concern no client that has none.
const IGNORED_OPTIONS: [&str; 36] = [
    // libpq
    "clientencoding",
    "fallbackapplicationname",
    "gssencmode",
    "keepalivescount",
    "sslcompression",
    "sslsni",
    // Prisma
    "connectionlimit",
    "pgbouncer",
    "pooltimeout",
    "schema",
    "sockettimeout",
    "statementcachesize",
    // psycopg, asyncpg, SQLAlchemy
    "commandtimeout",
    "maxcachedstatementlifetime",
    "preparethreshold",
    "preparedstatementcachesize",
    // JDBC
    "applicationname",
    "currentschema",
    "logintimeout",
    "preparedstatementcachesizemib",
    "preparedstatementcachequeries",
    "rewritebatchedinserts",
    "tcpkeepalive",
    // pgx, lib/pq
    "binaryparameters",
    "defaultqueryexecmode",
    "descriptioncachecapacity",
    "poolmaxconnidletime",
    "poolmaxconnlifetime",
    "poolmaxconns",
    "poolminconns",
    "statementcachecapacity",
    // node-postgres, Vercel, Rails
    "pool",
    "preparedstatements",
    "supa",
    "uselibpqcompat",
    "workaround",
];

/// Options of libpq that are not supported and must not be ignored.
const UNSUPPORTED_OPTIONS: [&str; 13] = [
    "gsslib",
    "krbsrvname",
    "passfile",
    "replication",
    "require_auth",
    "requirepeer",
    "service",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcertmode",
    "sslcrl",
    "sslcrldir",
    "sslpassword",
];

/// No option has a longer name.
const MAX_NAME: usize = 40;

/// What Supabase's dashboard shows in place of the password.
const PLACEHOLDER: &str = "[YOUR-PASSWORD]";

/// The settings of a URL.
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// The names of unknown options.
    pub(super) unknown: Vec<String>,
}

/// Whether a URL contains a password. Error: `url_invalid`.
pub fn has_password(url: &str) -> Result<bool> {
    Ok(parse(url)?.config.get_password().is_some())
}

/// The settings of a URL for libpq: those that the driver reads, and the variables for encryption.
pub(crate) fn url_settings(url: &str) -> Result<(Config, Vec<(&'static str, String)>)> {
    let Settings { config, tls, unknown: _ } = parse(url)?;
    let mode = match tls.verify {
        Verify::ChainAndName => "verify-full",
        Verify::Chain => "verify-ca",
        Verify::Nothing => ssl_mode_word(&config),
    };
    let mut variables = vec![("PGSSLMODE", mode.to_owned())];
    let files =
        [("PGSSLROOTCERT", &tls.root_certificate), ("PGSSLCERT", &tls.certificate), ("PGSSLKEY", &tls.key)];
    for (name, file) in files {
        variables.extend(file.as_ref().map(|file| (name, file.display().to_string())));
    }
    Ok((config, variables))
}

/// The word of libpq for whether to encrypt.
fn ssl_mode_word(config: &Config) -> &'static str {
    match config.get_ssl_mode() {
        SslMode::Disable => "disable",
        SslMode::Require => "require",
        _ => "prefer",
    }
}

/// Parses a URL.
pub(super) fn parse(url: &str) -> Result<Settings> {
    let url = url.trim();
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err(bad("it must begin with postgresql://"));
    }
    if url.contains(PLACEHOLDER) {
        return Err(bad(&format!("replace {PLACEHOLDER} with the password of the database")));
    }
    let (base, query) = split_query(url);
    let mut kept: Vec<&str> = Vec::new();
    let mut mode = None;
    let mut tls = Tls::default();
    let mut unknown = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| bad("an option has no value"))?;
        let value =
            || percent::decode(value).ok_or_else(|| bad(&format!("the value of `{key}` is not valid")));
        match key {
            "sslmode" | "ssl" | "sslaccept" => mode = Some(libpq_mode(&value()?)),
            "sslrootcert" => tls.root_certificate = Some(PathBuf::from(value()?)),
            "sslcert" => tls.certificate = Some(PathBuf::from(value()?)),
            "sslkey" => tls.key = Some(PathBuf::from(value()?)),
            _ if DRIVER_OPTIONS.contains(&key) => kept.push(pair),
            _ if IGNORED_OPTIONS.contains(&plain(key).as_str()) => {}
            _ if UNSUPPORTED_OPTIONS.contains(&key) => {
                return Err(bad(&format!("the option `{key}` is not supported")));
            }
            // Otherwise it is not named: it may be part of a password with an unescaped / and ?, which an @ follows.
            _ if is_name(key) && !query.contains('@') => unknown.push(key.to_owned()),
            _ => {
                return Err(bad(
                    "it contains an unknown option; special characters in passwords must be escaped",
                ));
            }
        }
    }
    let rest = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    let authority = base.split_once("://").map_or(base, |(_, rest)| rest);
    if authority.split('/').next().is_some_and(|authority| authority.matches('@').count() > 1) {
        // Otherwise half of the password would be taken for the host, and shown.
        return Err(bad(
            "it contains more than one @; escape special characters in user and password, such as %40 for @",
        ));
    }
    // The driver's message may quote parts of the URL, so it is dropped.
    let mut config: Config = rest.parse().map_err(|_| {
        bad("it cannot be parsed; escape special characters in user and password, such as %40 for @")
    })?;
    default_host(&mut config);
    config.ssl_mode(ssl_mode(mode.as_deref(), &mut tls, &config)?);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    Ok(Settings { config, tls, unknown })
}

/// An option's name however a client writes it.
fn plain(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_name(key: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.len() <= MAX_NAME && key.chars().all(is_word)
}

/// The word of libpq for the TLS mode of another client: node-postgres and JDBC have `ssl`, Prisma `sslaccept`.
fn libpq_mode(mode: &str) -> String {
    match mode {
        "true" | "1" | "no-verify" | "accept_invalid_certs" => "require",
        "false" | "0" => "disable",
        "strict" => "verify-full",
        other => other,
    }
    .to_owned()
}

/// The first host and the database.
pub(super) fn place(config: &Config) -> Place {
    let port = config.get_ports().first().unwrap_or(&5432);
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name,
        Some(Host::Unix(_)) | None => "localhost",
    };
    let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
    Place { address: format!("{host}:{port}"), database: name.to_owned() }
}

/// Host, port, database and user.
pub(super) fn describe(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(place, host)| {
            let port = config.get_ports().get(place).or_else(|| config.get_ports().first()).unwrap_or(&5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
            }
        })
        .collect();
    let hosts = if hosts.is_empty() { "at its address".to_owned() } else { hosts.join(",") };
    // As in libpq, the database's name defaults to the user's.
    let user = config.get_user().unwrap_or("the default user");
    format!("{} at {hosts} (as {user})", config.get_dbname().unwrap_or(user))
}

/// The driver verifies nothing itself and only needs to know whether to encrypt; verification is ours.
fn ssl_mode(mode: Option<&str>, tls: &mut Tls, config: &Config) -> Result<SslMode> {
    let is_unix = |host: &Host| matches!(host, Host::Unix(_));
    let only_sockets = !config.get_hosts().is_empty() && config.get_hosts().iter().all(is_unix);
    let (ssl_mode, verify) = match mode.unwrap_or("prefer") {
        "disable" => (SslMode::Disable, Verify::Nothing),
        // libpq's `allow` tries without encryption first. Trying with encryption first satisfies it as well and is
        // safer.
        "allow" | "prefer" => (SslMode::Prefer, Verify::Nothing),
        // As in libpq, naming a root certificate turns on its verification.
        "require" if tls.root_certificate.is_some() => (SslMode::Require, Verify::Chain),
        "require" => (SslMode::Require, Verify::Nothing),
        "verify-ca" => (SslMode::Require, Verify::Chain),
        "verify-full" => (SslMode::Require, Verify::ChainAndName),
        _ => {
            return Err(bad(
                "sslmode must be one of disable, allow, prefer, require, verify-ca and verify-full",
            ));
        }
    };
    tls.verify = verify;
    // As in libpq, a Unix socket is never encrypted, whatever the mode.
    Ok(if only_sockets { SslMode::Disable } else { ssl_mode })
}

/// As in libpq, a missing host means the server on this machine: its socket if there is one.
fn default_host(config: &mut Config) {
    if !config.get_hosts().is_empty() || !config.get_hostaddrs().is_empty() {
        return;
    }
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let has_socket = |folder: &&str| Path::new(folder).join(format!(".s.PGSQL.{port}")).exists();
    match ["/var/run/postgresql", "/tmp"].iter().find(|folder| has_socket(folder)) {
        Some(folder) => config.host_path(folder),
        None => config.host("localhost"),
    };
}

/// Splits at the `?` that begins the options: the first one after user and password, which may contain `?` in libpq.
fn split_query(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |place| place + 3);
    let path = url[authority..].find('/').map_or(url.len(), |place| authority + place);
    let credentials = url[authority..path].rfind('@').map_or(authority, |place| authority + place);
    match url[credentials..].find('?') {
        Some(place) => (&url[..credentials + place], &url[credentials + place + 1..]),
        None => (url, ""),
    }
}

fn bad(reason: &str) -> Error {
    Error::Url { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
