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

#[cfg(test)]
mod tests {
    use super::*;

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
