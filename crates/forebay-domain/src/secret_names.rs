//! Which names (of query parameters, headers, options, settings) have secrets as values.
//!
//! This is the only list. What a name says is a guess, so values are masked rather too often than too rarely.

/// Parts of names that mean a secret wherever they stand.
const PASSWORDS: [&str; 6] = ["passw", "passphrase", "pwd", "secret", "credential", "jwt"];

/// Parts of names that mean a secret more often than not.
const LIKELY: [&str; 5] = ["key", "token", "sig", "auth", "session"];

/// Ends of names that mean a secret. Inside a name they are parts of other words: passenger, president.
const ENDS: [&str; 2] = ["pass", "sid"];

/// Whether the value of this name is a secret more often than not.
pub fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_password(&lower)
        || LIKELY.iter().any(|part| lower.contains(part))
        || ENDS.iter().any(|end| lower.ends_with(end))
}

/// Whether the value of this name is surely a secret. For running text, where `key=` and `session=` are mostly Forebay's
/// own options and scopes.
pub fn is_password(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    PASSWORDS.iter().any(|part| lower.contains(part)) || lower.ends_with("pass")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known() {
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
