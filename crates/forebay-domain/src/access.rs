//! Who may do what: roles, their permissions, and the programs that people act through.
//!
//! Every interface asks [`Principal::may`]; none has a rule of its own. Tokens and JWTs only say which principal asks.

crate::words! {
    /// What a principal may do, as one word.
    pub enum Role {
        /// Reads everything.
        Viewer = "viewer",
        /// Persists records of its sources, and reads its runs.
        Ingest = "ingest",
        /// Reads everything, scrapes, and decides about runs, hand-offs, breakers and pipelines.
        Operator = "operator",
        /// Everything, also tokens, the configuration, and deleting.
        Admin = "admin",
    }

    /// The kind of program that somebody acts through.
    pub enum Skin {
        /// The command line.
        Cli = "cli",
        /// A client of the Model Context Protocol.
        Mcp = "mcp",
        /// The HTTP API and its pages.
        Http = "http",
        /// A program that uses the library.
        Library = "library",
    }

    /// Something that a principal may or may not do.
    pub enum Permission {
        /// Read references, hand-offs, freshness, content and everything else that is stored, except tokens.
        Read = "read",
        /// Read runs, their logs and rejected records.
        ReadRuns = "read_runs",
        /// Persist records of a source.
        Persist = "persist",
        /// Scrape a source, or refresh an entity type if it is stale.
        Scrape = "scrape",
        /// Decide about runs, hand-offs, pipelines, breakers, schedules and workers.
        Operate = "operate",
        /// Create and revoke tokens, apply configurations, delete and rename.
        Administer = "administer",
    }
}

impl Role {
    /// Its permissions: the whole table.
    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Viewer => &[Permission::Read, Permission::ReadRuns],
            Self::Ingest => &[Permission::ReadRuns, Permission::Persist],
            Self::Operator => {
                &[Permission::Read, Permission::ReadRuns, Permission::Scrape, Permission::Operate]
            }
            Self::Admin => &Permission::ALL,
        }
    }
}

/// Somebody who was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Their name: that of the token, the subject of the JWT, or the user of the operating system.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// The only sources that they may do anything with; `None`: all sources.
    pub sources: Option<Vec<String>>,
}

impl Principal {
    /// Whether they may do something with a source; `None`: with all sources, or with something that has none. A
    /// principal with a list of sources never may the latter.
    pub fn may(&self, permission: Permission, source: Option<&str>) -> bool {
        let is_theirs = match (&self.sources, source) {
            (None, _) => true,
            (Some(sources), Some(source)) => sources.iter().any(|own| own == source),
            (Some(_), None) => false,
        };
        is_theirs && self.role.permissions().contains(&permission)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::*;

    fn principal(role: Role, sources: Option<&[&str]>) -> Principal {
        let sources = sources.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        Principal { name: "p".to_owned(), role, sources }
    }

    #[test]
    fn each_role_may_what_its_row_says() {
        //                   read   runs   persist scrape operate administer
        let table = [
            (Role::Viewer, [true, true, false, false, false, false]),
            (Role::Ingest, [false, true, true, false, false, false]),
            (Role::Operator, [true, true, false, true, true, false]),
            (Role::Admin, [true, true, true, true, true, true]),
        ];
        assert_eq!(table.map(|(role, _)| role), Role::ALL);
        for (role, expected) in table {
            let may = Permission::ALL.map(|permission| principal(role, None).may(permission, None));
            assert_eq!(may, expected, "{role}");
        }
    }

    proptest! {
        #[test]
        fn a_list_of_sources_only_takes_away(role in 0..4_usize, permission in 0..6_usize, source in any::<Option<bool>>()) {
            let (role, permission) = (Role::ALL[role], Permission::ALL[permission]);
            let source = source.map(|is_theirs| if is_theirs { "own" } else { "other" });
            let may = |sources| principal(role, sources).may(permission, source);
            prop_assert!(!may(Some(&["own"])) || may(None));
            prop_assert!(!may(Some(&["own"])) || source == Some("own"));
            prop_assert!(!may(Some(&[])), "an empty list allows nothing");
        }
    }
}
