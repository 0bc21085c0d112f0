//! robots.txt (RFC 9309): which paths a crawler may fetch, and how long it should wait in between.
//!
//! The grammar is small and the file is hostile, so the parser is ours: it looks at [`MAX_BYTES`] bytes and
//! [`MAX_RULES`] rules, never fails, and matches patterns in a time that grows with pattern times path, not
//! exponentially. Rules for `forebay` win over rules for `*`, all groups for the same name count as one, the longest
//! pattern that matches decides, and at equal length `Allow` does.

use std::time::Duration;

use forebay_domain::percent;

/// How much of a file is looked at (RFC 9309, 2.5: at least 500 KiB).
pub(super) const MAX_BYTES: usize = 500 << 10;

/// The most rules that are kept for us. More are left out: nobody reads them.
const MAX_RULES: usize = 10_000;

/// The longest pattern; a longer rule is left out when it allows and cut off, so that it covers more, when it disallows.
const MAX_PATTERN: usize = 2048;

/// Our name in `User-agent` lines.
const PRODUCT: &str = "forebay";

/// What a robots.txt says to us.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    forbids_all: bool,
    /// `Crawl-delay`, which is no part of the standard but is widely used.
    pub(super) crawl_delay: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allows: bool,
    /// In normal form; may hold `*`, and `$` at its end.
    pattern: Vec<u8>,
}

/// What one name is told.
#[derive(Debug, Default)]
struct Group {
    is_named: bool,
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

impl Rules {
    /// There is no robots.txt: everything is allowed.
    pub(super) fn allow_all() -> Self {
        Self::default()
    }

    /// robots.txt cannot be had: nothing is allowed.
    #[cfg(test)]
    pub(super) fn forbid_all() -> Self {
        Self { forbids_all: true, ..Self::default() }
    }

    /// Reads a file. What is not understood is left out.
    pub(super) fn parse(file: &[u8]) -> Self {
        let file = &file[..file.len().min(MAX_BYTES)];
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let (mut ours, mut everyones) = (Group::default(), Group::default());
        // Who the lines that follow are for; a new list of names begins after the first rule.
        let (mut for_us, mut for_everyone, mut in_names) = (false, false, false);
        for line in file.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let Some((key, value)) = key_and_value(line) else { continue };
            if key.eq_ignore_ascii_case(b"user-agent") {
                if !in_names {
                    (for_us, for_everyone, in_names) = (false, false, true);
                }
                if value == b"*" {
                    for_everyone = true;
                    everyones.is_named = true;
                } else if product(value).eq_ignore_ascii_case(PRODUCT.as_bytes()) {
                    for_us = true;
                    ours.is_named = true;
                }
                continue;
            }
            let groups = [for_us.then_some(&mut ours), for_everyone.then_some(&mut everyones)];
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
        let group = if ours.is_named { ours } else { everyones };
        Self { rules: group.rules, forbids_all: false, crawl_delay: group.crawl_delay }
    }

    /// Whether a path with its query, as it stands in a URL, may be fetched.
    pub(super) fn allows(&self, path_and_query: &str) -> bool {
        // It is what is asked for, not what is fetched for its sake.
        if path_and_query == "/robots.txt" {
            return true;
        }
        if self.forbids_all {
            return false;
        }
        if self.rules.is_empty() {
            return true;
        }
        let path = percent::normalise(path_and_query.as_bytes());
        let mut decision = (0, true);
        for rule in &self.rules {
            let length = rule.pattern.len();
            let outranks = length > decision.0 || (length == decision.0 && rule.allows);
            if outranks && matches(&rule.pattern, &path) {
                decision = (length, rule.allows);
            }
        }
        decision.1
    }
}

/// The key and value of a line, without comment and white space.
fn key_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.split(|byte| *byte == b'#').next()?;
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
}

/// The product token at the beginning of a name: `Forebay/2.1` means us.
fn product(name: &[u8]) -> &[u8] {
    let end = name.iter().position(|byte| !(byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-')));
    &name[..end.unwrap_or(name.len())]
}

/// A rule, or none for one that says nothing: an empty `Disallow` allows what nothing forbids.
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
    // Runs of stars mean the same as one, and cost more.
    pattern.dedup_by(|next, last| *next == b'*' && *last == b'*');
    Some(Rule { allows, pattern })
}

fn seconds(value: &[u8]) -> Option<Duration> {
    let seconds: f64 = str::from_utf8(value).ok()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Whether a path begins with what a pattern describes. `*` is any text, `$` at the end of the pattern the end of the
/// path.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_the_end) = match pattern {
        [pattern @ .., b'$'] => (pattern, true),
        pattern => (pattern, false),
    };
    let (mut p, mut t) = (0, 0);
    // The last star, and what it stands for so far: it is given one byte more whenever the rest does not fit.
    let mut star = None;
    loop {
        if p == pattern.len() && (!to_the_end || t == path.len()) {
            return true;
        }
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && t < path.len() && pattern[p] == path[t] {
            p += 1;
            t += 1;
        } else if let Some((star_at, taken)) = star
            && taken < path.len()
        {
            star = Some((star_at, taken + 1));
            p = star_at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
}

#[cfg(test)]
mod tests;
