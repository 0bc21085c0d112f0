//! Recognises the names (of query parameters, headers, options, settings, variables) whose values are secret.
//!
//! These are the only lists. A name is only an indication, so masking errs on the side of caution.

/// Parts of a name that indicate a secret, wherever they occur.
const PASSWORDS: [&str; 6] = ["passw", "passphrase", "pwd", "secret", "credential", "jwt"];

/// Parts of a name that usually indicate a secret.
const LIKELY: [&str; 5] = ["key", "token", "sig", "auth", "session"];

/// Ends of a name that indicate a secret. Elsewhere they are parts of other words: passenger, president.
const ENDS: [&str; 2] = ["pass", "sid"];

/// Whether the value of this name is probably secret.
pub fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_password(&lower)
        || LIKELY.iter().any(|part| lower.contains(part))
        || ENDS.iter().any(|end| lower.ends_with(end))
}

/// Whether the value of this name is certainly secret. For running text, where `key=` and `session=` are mostly
/// Forebay's own options and scopes.
pub fn is_password(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    PASSWORDS.iter().any(|part| lower.contains(part)) || lower.ends_with("pass")
}

/// Prefixes of the environment variables that configure Forebay.
const OWN_PREFIXES: [&str; 2] = ["FOREBAY_", "SUPABASE_"];

/// Other environment variables that give access to a database, of Forebay and of every program that uses libpq.
const OF_DATABASES: [&str; 6] =
    ["DATABASE_URL", "PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE", "PGSSLKEY"];

/// Whether an environment variable is Forebay's own or gives access to a database.
pub fn is_own(variable: &str) -> bool {
    OWN_PREFIXES.iter().any(|prefix| variable.starts_with(prefix)) || OF_DATABASES.contains(&variable)
}

/// Why an environment variable must not be sent to another server: it configures Forebay, or gives access to a
/// database. `None`: it may be sent. The variables of libpq have no underscore.
pub fn refusal(variable: &str) -> Option<String> {
    let is_reserved = is_own(variable) || (variable.starts_with("PG") && !variable.contains('_'));
    is_reserved.then(|| {
        format!(
            "the environment variable {variable} configures Forebay or gives access to a database, so it is never sent; \
             use a variable of another name"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_give_access_to_a_database_are_never_sent() {
        for name in
            ["FOREBAY_DATABASE_URL", "DATABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "PGPASSWORD", "PGHOST"]
        {
            assert!(refusal(name).is_some(), "{name}");
        }
        for name in ["INGEST_AUTHORIZATION", "PGP_KEY", "MY_DATABASE_URL", "APGAR"] {
            assert!(refusal(name).is_none(), "{name}");
        }
    }

    #[test]
    fn secret_names_are_recognised() {
        for name in
            ["pwd", "pass", "db_pass", "--pwd", "PASSPHRASE", "client_secret", "id_jwt", "credentials"]
        {
            assert!(is_secret(name) && is_password(name), "{name}");
        }
        for name in ["sid", "PHPSESSID", "connect.sid", "X-Api-Key", "Authorization", "session"] {
            assert!(is_secret(name) && !is_password(name), "{name}");
        }
        for name in ["passengers", "side", "president", "page", "q"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
