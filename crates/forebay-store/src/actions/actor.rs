//! Who acts.

use std::{fs, path::Path};

use forebay_domain::access::{Principal, Role, Skin};

use crate::workers::Process;

/// The longest reason and name to keep, in characters.
const LONGEST: usize = 2_000;

/// Somebody who changes something, from where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Their name.
    pub name: String,
    /// In which role.
    pub role: Role,
    /// Through which kind of program.
    pub skin: Skin,
    /// From which host or address.
    pub from: Option<String>,
    /// Why, in their words.
    pub reason: Option<String>,
}

impl Actor {
    /// The user of the operating system that runs this process. Whoever has the URL of the database may do
    /// everything, so the role is `admin`.
    pub fn this_user(skin: Skin) -> Self {
        Self { name: user(), role: Role::Admin, skin, from: Some(Process::this().host), reason: None }
    }

    /// A program that uses the library.
    pub fn library() -> Self {
        Self::this_user(Skin::Library)
    }

    /// Somebody who was recognised, at an address.
    pub fn of(principal: &Principal, skin: Skin, from: Option<String>) -> Self {
        // A client chooses its own name, and may leave it empty.
        let name = cut(&principal.name).trim().to_owned();
        let name = if name.is_empty() { "unknown".to_owned() } else { name };
        Self { name, role: principal.role, skin, from, reason: None }
    }

    /// With why they act.
    #[must_use]
    pub fn because(self, reason: Option<&str>) -> Self {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty()).map(cut);
        Self { reason, ..self }
    }
}

fn cut(text: &str) -> String {
    text.chars().filter(|char| *char != '\0').take(LONGEST).collect()
}

/// The name of the user that this process runs as. Variables such as `USER` can say anything, so they are not asked.
fn user() -> String {
    let uid = rustix::process::geteuid().as_raw();
    name_of(uid, Path::new("/etc/passwd")).unwrap_or_else(|| format!("uid {uid}"))
}

fn name_of(uid: u32, users: &Path) -> Option<String> {
    let text = fs::read_to_string(users).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_by_its_number() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(
            file.path(),
            "root:x:0:0:root:/root:/bin/sh\n\n:x:7:7::/:\nada:x:1000:1000::/home/ada:/bin/sh\n",
        )
        .unwrap();
        assert_eq!(name_of(1000, file.path()).as_deref(), Some("ada"));
        assert_eq!(name_of(0, file.path()).as_deref(), Some("root"));
        assert_eq!([7, 100].map(|uid| name_of(uid, file.path())), [None, None]);
    }

    #[test]
    fn whoever_gives_no_name_has_one() {
        let of = |name: &str| {
            let principal = Principal { name: name.to_owned(), role: Role::Operator, sources: None };
            Actor::of(&principal, Skin::Mcp, None).name
        };
        assert_eq!([of(" Ada "), of(""), of("\0 ")], ["Ada", "unknown", "unknown"]);
    }

    #[test]
    fn a_reason_is_trimmed_and_bounded() {
        let because = |reason: &str| Actor::library().because(Some(reason)).reason;
        assert_eq!(because("  the site was rebuilt \n").as_deref(), Some("the site was rebuilt"));
        assert_eq!(because(" \n"), None);
        assert_eq!(because("a\0b").as_deref(), Some("ab"));
        assert_eq!(because(&"ü".repeat(3_000)).unwrap().chars().count(), LONGEST);
    }
}
