//! Masks secrets in what a program writes.

/// Shorter secrets, or lines of secrets, are not masked, because they would match in almost every line.
const MIN_SECRET: usize = 4;

/// The texts to mask. Longer texts come first, because a shorter one may be part of a longer one.
#[derive(Clone, Default)]
pub struct Masks(Vec<String>);

impl Masks {
    /// Masks each line of each secret, because output is read line by line and a PEM key has many lines.
    pub fn of(secrets: &[String]) -> Self {
        let lines = secrets.iter().flat_map(|secret| secret.lines()).map(str::trim);
        let mut masks: Vec<String> =
            lines.filter(|line| line.len() >= MIN_SECRET).map(str::to_owned).collect();
        masks.sort_unstable_by_key(|mask| std::cmp::Reverse(mask.len()));
        Self(masks)
    }

    /// Masks the secrets, and passwords in URLs.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for mask in &self.0 {
            if text.contains(mask) {
                text = text.replace(mask, "***");
            }
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find("://") {
            let (head, tail) = rest.split_at(at + 3);
            let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '>');
            let (authority, tail) = tail.split_at(tail.find(ends).unwrap_or(tail.len()));
            out.push_str(head);
            match authority.rsplit_once('@') {
                Some((_, host)) => out.extend(["***@", host]),
                None => out.push_str(authority),
            }
            rest = tail;
        }
        out.push_str(rest);
        out
    }
}

/// The texts are secrets.
impl std::fmt::Debug for Masks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masks")
    }
}
