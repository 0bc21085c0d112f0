//! The order of names: the root order of the Unicode collation algorithm, as far as names need it.
//!
//! Generators of types that run elsewhere use it. Exact for ASCII and for letters with accents; letters of other
//! scripts follow by code point.

use std::cmp::Ordering;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The characters that sort before digits, in order.
const SYMBOLS: &str = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

/// Compares two names: first without accents and case, then by accents, then small letters before capitals.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (Weights::of(a), Weights::of(b));
    a.letters
        .cmp(&b.letters)
        .then_with(|| a.accents.cmp(&b.accents))
        .then_with(|| a.capitals.cmp(&b.capitals))
}

struct Weights {
    letters: Vec<(u8, u32)>,
    accents: Vec<Vec<char>>,
    capitals: Vec<bool>,
}

impl Weights {
    fn of(name: &str) -> Self {
        let mut weights = Self { letters: Vec::new(), accents: Vec::new(), capitals: Vec::new() };
        for each in name.nfd() {
            if is_combining_mark(each) {
                if let Some(accents) = weights.accents.last_mut() {
                    accents.push(each);
                }
                continue;
            }
            let letter = match SYMBOLS.find(each) {
                Some(place) => (0, u32::try_from(place).unwrap_or_default()),
                // Ignored: control characters have no place in the order.
                None if each.is_control() => continue,
                None if each.is_ascii_digit() => (2, u32::from(each)),
                None if each.is_alphanumeric() => {
                    (3, each.to_lowercase().next().map_or(u32::from(each), u32::from))
                }
                None => (1, u32::from(each)),
            };
            weights.letters.push(letter);
            weights.accents.push(Vec::new());
            weights.capitals.push(each.is_uppercase());
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::compare;

    /// The order of `Intl.Collator("en")` in Node.
    #[test]
    fn names_have_the_order_of_unicode() {
        let expected = [
            " a", "_a", "-a", "$a", "1", "a", "A", "a b", "a_b", "a-b", "a$", "a1", "ab", "aB", "Ab", "AB",
            "e", "é", "ea", "éa", "Éa", "f", "z", "Z", "α", "я",
        ];
        let mut names = expected;
        names.reverse();
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, expected);
    }
}
