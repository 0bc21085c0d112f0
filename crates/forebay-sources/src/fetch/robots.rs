//! robots.txt (RFC 9309): which paths a crawler may fetch, and how long it should wait in between.
//!
//! The format is small and the files are untrusted, so this is our own parser. It reads at most [`MAX_BYTES`] bytes and
//! [`MAX_RULES`] rules, and never fails. Matching a pattern takes as many steps as pattern and path have bytes, and all
//! rules together take at most [`MAX_STEPS`]. Rules for `forebay` override those for `*`. All groups for one name are
//! merged. The longest matching pattern wins, and `Allow` wins over a `Disallow` of equal length.

use std::time::Duration;

use forebay_domain::percent;
use memchr::memmem;

/// How many bytes of a file are read (RFC 9309, 2.5: at least 500 KiB).
pub(super) const MAX_BYTES: usize = 500 << 10;

/// Maximum number of rules per group; further ones are ignored.
const MAX_RULES: usize = 10_000;

/// Maximum length of a pattern. A longer `Allow` is ignored. A longer `Disallow` is truncated, so it covers more.
const MAX_PATTERN: usize = 2048;

/// Maximum steps to check one URL: a thousand rules for the longest URL, or all rules for an ordinary one.
const MAX_STEPS: usize = 16 << 20;

/// With more rules, checking a URL may take milliseconds.
const MANY_RULES: usize = 200;

/// The product token of Forebay in `User-agent` lines.
const PRODUCT: &str = "forebay";

/// The rules of a robots.txt that apply to Forebay.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    forbids_all: bool,
    /// `Crawl-delay`: not part of the standard, but widely used.
    pub(super) crawl_delay: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allows: bool,
    /// In normal form; may contain `*`, and `$` at its end.
    pattern: Vec<u8>,
}

/// The rules for one name.
#[derive(Debug, Default)]
struct Group {
    is_named: bool,
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

impl Rules {
    /// Allows everything, because there is no robots.txt.
    pub(super) fn allow_all() -> Self {
        Self::default()
    }

    /// Allows nothing except robots.txt itself.
    #[cfg(test)]
    pub(super) fn forbid_all() -> Self {
        Self { forbids_all: true, ..Self::default() }
    }

    /// Parses a file. Lines that are not understood are ignored.
    pub(super) fn parse(file: &[u8]) -> Self {
        let file = &file[..file.len().min(MAX_BYTES)];
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let (mut ours, mut for_all) = (Group::default(), Group::default());
        // Which groups the following lines belong to. A `User-agent` line after a rule starts new groups.
        let (mut is_for_us, mut is_for_all, mut in_names) = (false, false, false);
        for line in file.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let Some((key, value)) = key_and_value(line) else { continue };
            if key.eq_ignore_ascii_case(b"user-agent") {
                if !in_names {
                    (is_for_us, is_for_all, in_names) = (false, false, true);
                }
                if value == b"*" {
                    is_for_all = true;
                    for_all.is_named = true;
                } else if product(value).eq_ignore_ascii_case(PRODUCT.as_bytes()) {
                    is_for_us = true;
                    ours.is_named = true;
                }
                continue;
            }
            let groups = [is_for_us.then_some(&mut ours), is_for_all.then_some(&mut for_all)];
            if key.eq_ignore_ascii_case(b"allow") || key.eq_ignore_ascii_case(b"disallow") {
                in_names = false;
                if let Some(rule) = rule(key.eq_ignore_ascii_case(b"allow"), value) {
                    for group in groups.into_iter().flatten().filter(|group| group.rules.len() < MAX_RULES) {
                        group.rules.push(rule.clone());
                    }
                }
            } else if key.eq_ignore_ascii_case(b"crawl-delay") {
                in_names = false;
                for group in groups.into_iter().flatten() {
                    group.crawl_delay = seconds(value).or(group.crawl_delay);
                }
            }
        }
        let group = if ours.is_named { ours } else { for_all };
        Self { rules: group.rules, forbids_all: false, crawl_delay: group.crawl_delay }
    }

    /// Whether checking a URL belongs on a thread that may block.
    pub(super) fn are_many(&self) -> bool {
        self.rules.len() > MANY_RULES
    }

    /// Whether a path may be fetched, given with its query as in the URL. `None`: finding out takes too many steps.
    pub(super) fn allows(&self, path_and_query: &str) -> Option<bool> {
        // RFC 9309, 2.2.2: robots.txt itself is always allowed.
        if path_and_query == "/robots.txt" {
            return Some(true);
        }
        if self.forbids_all {
            return Some(false);
        }
        let mut steps = MAX_STEPS;
        let path = percent::normalise(path_and_query.as_bytes());
        let mut decision = (0, true);
        for rule in &self.rules {
            let length = rule.pattern.len();
            let outranks = length > decision.0 || (length == decision.0 && rule.allows);
            if outranks && matches(&rule.pattern, &path, &mut steps)? {
                decision = (length, rule.allows);
            }
        }
        Some(decision.1)
    }
}

/// The key and value of a line, without comment and whitespace.
fn key_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.split(|byte| *byte == b'#').next()?;
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
}

/// The product token at the start of a name: `forebay` in `Forebay/2.1`.
fn product(name: &[u8]) -> &[u8] {
    let end = name.iter().position(|byte| !(byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-')));
    &name[..end.unwrap_or(name.len())]
}

/// Parses a rule. Returns none for an empty or invalid value, because it forbids nothing.
fn rule(allows: bool, value: &[u8]) -> Option<Rule> {
    if !matches!(value.first(), Some(b'/' | b'*')) {
        return None;
    }
    let mut pattern = percent::normalise(value);
    if pattern.len() > MAX_PATTERN {
        if allows {
            return None;
        }
        pattern.truncate(MAX_PATTERN);
    }
    // A sequence of stars matches the same as one, but is slower.
    pattern.dedup_by(|next, last| *next == b'*' && *last == b'*');
    Some(Rule { allows, pattern })
}

fn seconds(value: &[u8]) -> Option<Duration> {
    let seconds: f64 = str::from_utf8(value).ok()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Whether a path starts with a match of the pattern. `*` matches any text; a final `$` matches the end of the path.
/// `None`: the steps are used up.
///
/// The shortest match of each piece leaves the most text for those after it, so no piece is tried twice.
fn matches(pattern: &[u8], path: &[u8], steps: &mut usize) -> Option<bool> {
    let (pattern, to_the_end) = match pattern {
        [pattern @ .., b'$'] => (pattern, true),
        pattern => (pattern, false),
    };
    let mut pieces = pattern.split(|byte| *byte == b'*');
    let first = pieces.next().unwrap_or_default();
    *steps = steps.checked_sub(1 + first.len())?;
    let Some(mut rest) = path.strip_prefix(first) else { return Some(false) };
    let last = if to_the_end { pieces.next_back() } else { None };
    for piece in pieces {
        let at = memmem::find(rest, piece);
        *steps = steps.checked_sub(piece.len() + at.unwrap_or(rest.len()))?;
        let Some(at) = at else { return Some(false) };
        rest = &rest[at + piece.len()..];
    }
    Some(match last {
        Some(last) => rest.ends_with(last),
        None => !to_the_end || rest.is_empty(),
    })
}

#[cfg(test)]
mod tests;
