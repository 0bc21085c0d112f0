//! What the address of a Supabase project says about its database.

use std::net::IpAddr;

use forebay_domain::percent;

use crate::error::{Error, Result};

/// The API's port on a machine where `supabase start` runs a project.
const LOCAL_API_PORT: &str = "54321";
/// Its database.
const LOCAL_DATABASE: &str = "54322/postgres";
/// The domain of hosted projects.
const DOMAIN: &str = ".supabase.co";

/// A project, by the address of its API.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Project {
    /// A project on this machine.
    Local {
        /// The host, with brackets if it is an IPv6 address.
        host: String,
    },
    /// A hosted project.
    Hosted {
        /// Its reference.
        reference: String,
    },
}

/// Parses `SUPABASE_URL`. Messages show the host at most: the text may be a connection string with a password.
pub(super) fn project(url: &str) -> Result<Project> {
    let url = url.trim().to_ascii_lowercase();
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Err(invalid("it is a connection string, which belongs in SUPABASE_DB_URL"));
    }
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return Err(invalid("it must begin with https://"));
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(invalid("it contains a user name or a password"));
    }
    let (host, port) = match authority.rsplit_once(':') {
        // A colon inside brackets is part of an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if is_local(host) {
        return match port {
            Some(LOCAL_API_PORT) => Ok(Project::Local { host: host.to_owned() }),
            _ => Err(invalid("a project on this machine is expected at http://127.0.0.1:54321")),
        };
    }
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match host.strip_suffix(DOMAIN) {
        Some(reference) if is_name(reference) => Ok(Project::Hosted { reference: reference.to_owned() }),
        _ if host.split('.').all(is_name) => Err(invalid(&format!(
            "{host} is neither a hosted project (https://PROJECT.supabase.co) nor one on this machine"
        ))),
        _ => Err(invalid("it contains no valid host")),
    }
}

/// The database of a project on this machine. Its user and password are always the same.
pub(super) fn local(host: &str) -> String {
    format!("postgresql://postgres:postgres@{host}:{LOCAL_DATABASE}")
}

/// The direct connection to a hosted project's database. Verifies the server unless `mode` says otherwise.
pub(super) fn direct(
    reference: &str,
    password: &str,
    mode: Option<&str>,
    root_certificate: Option<&str>,
) -> String {
    let password = percent::encode(password);
    let mode = percent::encode(mode.unwrap_or("verify-full"));
    let mut url =
        format!("postgresql://postgres:{password}@db.{reference}{DOMAIN}:5432/postgres?sslmode={mode}");
    if let Some(path) = root_certificate {
        url.push_str("&sslrootcert=");
        url.push_str(&percent::encode(path));
    }
    url
}

fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn invalid(reason: &str) -> Error {
    Error::SupabaseUrl { reason: reason.to_owned() }
}
