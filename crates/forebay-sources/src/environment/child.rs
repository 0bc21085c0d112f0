//! The environment of the programs that Forebay starts: one rule for all of them.
//!
//! A program gets the environment of Forebay, because a person runs both in the same shell or service, and most
//! programs need more of it than a list could name: proxies, certificates, virtual environments. Forebay's
//! secrets are removed: its own variables ([`is_own`]), and those that the configuration names as a secret of something
//! else. The caller adds the variables that the declaration of the program names.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    ffi::{OsStr, OsString},
    sync::{PoisonError, RwLock},
};

use forebay_domain::secret_names::is_own;

/// The variables that the configuration names as secrets.
static SECRETS: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// Keeps variables from programs for the rest of the process, unless their declaration names them. Call it when the
/// configuration is read, before any program starts.
pub fn keep_from_programs(names: impl IntoIterator<Item = String>) {
    SECRETS.write().unwrap_or_else(PoisonError::into_inner).extend(names);
}

/// The environment that every program gets.
pub fn of_programs() -> BTreeMap<OsString, OsString> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    env::vars_os().filter(|(name, _)| !is_kept(name, &secrets)).collect()
}

fn is_kept(name: &OsStr, secrets: &BTreeSet<String>) -> bool {
    name.to_str().is_some_and(|name| is_own(name) || secrets.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_what_is_no_secret_of_forebay() {
        let secrets = ["HOOK_SECRET".to_owned()].into();
        for name in [
            "FOREBAY_DATABASE_URL",
            "FOREBAY_LOG",
            "DATABASE_URL",
            "SUPABASE_KEY",
            "PGPASSWORD",
            "HOOK_SECRET",
        ] {
            assert!(is_kept(OsStr::new(name), &secrets), "{name}");
        }
        for name in ["PATH", "VIRTUAL_ENV", "GITHUB_TOKEN", "PGHOST", "MY_DATABASE_URL"] {
            assert!(!is_kept(OsStr::new(name), &secrets), "{name}");
        }
    }
}
