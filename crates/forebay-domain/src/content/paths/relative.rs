//! Paths relative to a course folder, with `/` between their parts on every system.
//!
//! A path keeps its bytes: it names a file that exists, so it is neither normalised nor folded. What cannot be created
//! on one of the common systems is refused, because a course is restored on other machines than it was written on.

use std::fmt;

use crate::content::{Problem, ProblemCode};

/// The longest path in bytes. It is part of a record's key, which has at most 1,024.
pub const MAX_PATH_BYTES: usize = 1000;

/// The longest part of a path in bytes: the limit of ext4, APFS and NTFS, which count bytes or less.
pub const MAX_PART_BYTES: usize = 255;

/// The most parts of a path.
pub const MAX_DEPTH: usize = 32;

/// Names of devices that Windows reserves in every folder, in upper case, with any extension.
const RESERVED: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Names that Windows reserves together with one digit; superscript digits count.
const RESERVED_WITH_DIGIT: [&str; 2] = ["COM", "LPT"];

/// How much of a refused path a problem shows, in characters.
const MAX_SHOWN_CHARS: usize = 200;

/// A path that stays in the course folder and that every common system can create.
///
/// ```
/// use forebay_domain::content::paths::RelativePath;
/// let path = RelativePath::parse("lessons/1.2-first-steps.md").unwrap();
/// assert_eq!(path.file_name(), "1.2-first-steps.md");
/// assert!(RelativePath::parse("lessons/../../etc/passwd").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelativePath(String);

impl RelativePath {
    /// Checks a path. The error is one [`ProblemCode::UnsafePath`] that names the first part that is wrong.
    pub fn parse(path: &str) -> Result<Self, Problem> {
        check(path)
            .map(|()| Self(path.to_owned()))
            .map_err(|reason| Problem::error(ProblemCode::UnsafePath, shown(path), reason))
    }

    /// Checks the bytes of a path as the system gave them (`OsStr::as_encoded_bytes`, with `/` between the parts).
    pub fn parse_bytes(path: &[u8]) -> Result<Self, Problem> {
        if let Ok(path) = str::from_utf8(path) {
            return Self::parse(path);
        }
        let path = String::from_utf8_lossy(path);
        let reason = "the name of the file is not valid UTF-8";
        Err(Problem::error(ProblemCode::UnsafePath, shown(&path), reason).hint("Rename the file"))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders and the file name, in order; at least one.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(self.as_str(), |(_, name)| name)
    }

    /// The file name without its extension.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        match name.rsplit_once('.') {
            Some((stem, _)) if !stem.is_empty() => stem,
            _ => name,
        }
    }

    /// The folder that contains the file; empty for a file at the top.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Each folder above the file, from the top; none for a file at the top.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(end, _)| &self.0[..end])
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for RelativePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Why a path is refused, as the message of a problem.
fn check(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err("the path is empty".to_owned());
    }
    if path.len() > MAX_PATH_BYTES {
        return Err(format!("the path has {} bytes; the limit is {MAX_PATH_BYTES}", path.len()));
    }
    if let Some(character) = path.chars().find(|&character| is_forbidden(character)) {
        return Err(match character {
            '\\' => "the path contains a backslash; write `/` between folders".to_owned(),
            _ => format!("the path contains the control character U+{:04X}", u32::from(character)),
        });
    }
    if path.starts_with('/') {
        return Err("the path is absolute; it must be relative to the course folder".to_owned());
    }
    let num_parts = path.split('/').count();
    if num_parts > MAX_DEPTH {
        return Err(format!("the path has {num_parts} parts; the limit is {MAX_DEPTH}"));
    }
    path.split('/').try_for_each(check_part)
}

fn check_part(part: &str) -> Result<(), String> {
    match part {
        "" => return Err("the path contains an empty part".to_owned()),
        "." | ".." => return Err(format!("the path contains `{part}`, which could leave the course folder")),
        _ => {}
    }
    if part.len() > MAX_PART_BYTES {
        return Err(format!("a part of the path has {} bytes; the limit is {MAX_PART_BYTES}", part.len()));
    }
    if part.ends_with(['.', ' ']) {
        return Err(format!("`{part}` ends with a dot or a space, which Windows removes"));
    }
    let mut start = part.chars();
    if start.next().is_some_and(|letter| letter.is_ascii_alphabetic()) && start.next() == Some(':') {
        return Err(format!("`{part}` begins with a drive letter"));
    }
    if is_reserved(part) {
        return Err(format!("`{part}` is the name of a device on Windows"));
    }
    Ok(())
}

/// Control characters, backslashes, and characters that make a terminal show another name than the real one: line
/// and paragraph separators, and the controls of the bidirectional algorithm (Unicode Standard Annex 9).
fn is_forbidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\\' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether Windows takes the name for a device. It looks at the text before the first dot, without trailing spaces.
fn is_reserved(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end_matches(' ').to_uppercase();
    if RESERVED.contains(&stem.as_str()) {
        return true;
    }
    RESERVED_WITH_DIGIT.iter().any(|device| {
        let mut digits = stem.strip_prefix(device).unwrap_or_default().chars();
        let is_digit = |digit: char| digit.is_ascii_digit() || matches!(digit, '¹' | '²' | '³');
        digits.next().is_some_and(is_digit) && digits.next().is_none()
    })
}

/// A refused path for people: shortened, and with control characters escaped.
fn shown(path: &str) -> String {
    let mut shown: String = path.chars().take(MAX_SHOWN_CHARS).flat_map(escaped).collect();
    if path.chars().nth(MAX_SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

fn escaped(character: char) -> impl Iterator<Item = char> {
    let escape = (is_forbidden(character) && character != '\\').then(|| character.escape_unicode());
    let plain = escape.is_none().then_some(character);
    escape.into_iter().flatten().chain(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(path: &str) -> String {
        let problem = RelativePath::parse(path).unwrap_err();
        assert_eq!(problem.code, ProblemCode::UnsafePath);
        problem.message
    }

    #[test]
    fn portable_paths_keep_their_bytes() {
        for path in [
            "COURSE-BRIEF.md",
            "lessons/1.10-ação e reação.md",
            ".hidden/file",
            "a/b/c/d.tar.gz",
            "com/comet.md",
            "lpt/com10.md",
            "nulls.md",
            "12:30.md",
            "what?.md",
            "..a/...b",
        ] {
            assert_eq!(RelativePath::parse(path).unwrap().as_str(), path);
        }
    }

    #[test]
    fn each_kind_of_unsafe_path_is_refused_with_its_reason() {
        let long = format!("{}/a", "x".repeat(MAX_PART_BYTES + 1));
        let longer = "x/".repeat(MAX_PATH_BYTES / 2) + "x";
        let deep = "x/".repeat(MAX_DEPTH) + "x";
        for (path, reason) in [
            ("", "the path is empty"),
            ("/etc/passwd", "the path is absolute"),
            ("../../etc/passwd", "contains `..`"),
            ("lessons/..", "contains `..`"),
            ("./a", "contains `.`"),
            ("a//b", "an empty part"),
            ("a/", "an empty part"),
            ("a\\b", "a backslash"),
            ("a\0b", "U+0000"),
            ("a\nb", "U+000A"),
            ("a\u{9b}b", "U+009B"),
            ("a\u{202e}dm.b", "U+202E"),
            ("C:/a", "a drive letter"),
            ("a/c:b", "a drive letter"),
            ("con", "a device"),
            ("a/Aux.md", "a device"),
            ("nul .txt", "a device"),
            ("COM1.md/a", "a device"),
            ("lpt².md", "a device"),
            ("conout$", "a device"),
            ("a.", "ends with a dot or a space"),
            ("a /b", "ends with a dot or a space"),
            (&long, "has 256 bytes"),
            (&longer, "has 1001 bytes"),
            (&deep, "has 33 parts"),
        ] {
            let found = refusal(path);
            assert!(found.contains(reason), "{path:?}: {found}");
        }
    }

    #[test]
    fn the_limits_themselves_are_allowed() {
        assert!(RelativePath::parse(&"x".repeat(MAX_PART_BYTES)).is_ok());
        assert!(RelativePath::parse(&("x/".repeat(MAX_DEPTH - 1) + "x")).is_ok());
        let part = "x".repeat(MAX_PART_BYTES);
        let longest = format!("{part}/{part}/{part}/{}", "x".repeat(MAX_PATH_BYTES + 1 - 3 * part.len() - 3));
        assert_eq!(longest.len(), MAX_PATH_BYTES + 1);
        assert!(RelativePath::parse(&longest[1..]).is_ok());
    }

    #[test]
    fn a_refused_path_is_shown_shortened_and_escaped() {
        assert_eq!(RelativePath::parse("a\u{1b}[2J").unwrap_err().path, "a\\u{1b}[2J");
        let shown = RelativePath::parse(&"/é".repeat(5_000)).unwrap_err().path;
        assert_eq!(shown.chars().count(), MAX_SHOWN_CHARS + 1);
    }

    #[test]
    fn bytes_that_are_not_text_are_refused() {
        assert_eq!(RelativePath::parse_bytes("é.md".as_bytes()).unwrap().as_str(), "é.md");
        let problem = RelativePath::parse_bytes(b"a/\xff.md").unwrap_err();
        assert_eq!((problem.code, problem.path.as_str()), (ProblemCode::UnsafePath, "a/\u{fffd}.md"));
    }

    #[test]
    fn a_path_has_parts() {
        let path = RelativePath::parse("a/b/c.tar.gz").unwrap();
        assert_eq!(path.parts().collect::<Vec<_>>(), ["a", "b", "c.tar.gz"]);
        assert_eq!(path.ancestors().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!((path.folder(), path.file_name(), path.stem()), ("a/b", "c.tar.gz", "c.tar"));
        let top = RelativePath::parse(".env").unwrap();
        assert_eq!((top.folder(), top.file_name(), top.stem()), ("", ".env", ".env"));
        assert_eq!(top.ancestors().count(), 0);
    }

    proptest! {
        #[test]
        fn what_is_accepted_stays_in_the_folder(path in "[a-cA./\\\\ :\u{0}-\u{2}éÉ]{0,12}|\\PC{0,20}") {
            if let Ok(parsed) = RelativePath::parse(&path) {
                prop_assert_eq!(parsed.as_str(), &path);
                prop_assert!(!path.starts_with('/') && !path.contains(['\\', '\0']));
                for part in parsed.parts() {
                    prop_assert!(!part.is_empty() && part != "." && part != "..");
                }
                let folder = std::path::Path::new("/course");
                let inside = folder.join(parsed.as_str()).components()
                    .all(|part| !matches!(part, std::path::Component::ParentDir));
                prop_assert!(inside);
            }
        }

        #[test]
        fn nothing_makes_parsing_panic(path in prop::collection::vec(any::<u8>(), 0..64)) {
            let by_bytes = RelativePath::parse_bytes(&path);
            if let Ok(text) = str::from_utf8(&path) {
                prop_assert_eq!(by_bytes, RelativePath::parse(text));
            } else {
                prop_assert!(by_bytes.is_err());
            }
        }
    }
}
