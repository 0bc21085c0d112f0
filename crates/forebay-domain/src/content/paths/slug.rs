//! Slugs: the names of courses and lessons in paths, keys and URLs.
//!
//! A slug has lower-case ASCII letters, digits, and single `-` or `_` between them, so it needs no escaping anywhere.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::relative::RelativePath;
use crate::content::{Problem, ProblemCode};

/// The longest slug in bytes. It leaves room for a number and an extension in a file name.
pub const MAX_SLUG_BYTES: usize = 120;

/// Letters that have no decomposition into an ASCII letter and marks, in lower case.
const LETTERS: [(char, &str); 15] = [
    ('ß', "ss"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('ø', "o"),
    ('đ', "d"),
    ('ð', "d"),
    ('þ', "th"),
    ('ł', "l"),
    ('ı', "i"),
    ('ħ', "h"),
    ('ŧ', "t"),
    ('ŋ', "n"),
    ('ĸ', "k"),
    ('ª', "a"),
    ('º', "o"),
];

/// The name of a course or a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

impl Slug {
    /// Checks a slug. The hint of the problem is the slug that the text would make.
    pub fn parse(slug: &str) -> Result<Self, Problem> {
        let reason = if slug.is_empty() {
            "the slug is empty".to_owned()
        } else if slug.len() > MAX_SLUG_BYTES {
            format!("the slug has {} bytes; the limit is {MAX_SLUG_BYTES}", slug.len())
        } else if !is_well_formed(slug) {
            "a slug has lower-case letters a to z, digits, and single `-` or `_` between them".to_owned()
        } else {
            // Names of devices are the only well-formed slugs that make no file name.
            match RelativePath::parse(slug) {
                Ok(_) => return Ok(Self(slug.to_owned())),
                Err(problem) => problem.message,
            }
        };
        let problem = Problem::error(ProblemCode::InvalidValue, shown(slug), reason);
        Err(match slugify(slug) {
            Some(better) => problem.hint(format!("Use `{better}`")),
            None => problem,
        })
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The slug of a title: lower case, without diacritics, `-` between words, cut at a word where it is too long.
///
/// None: the title has no Latin letter and no digit.
///
/// ```
/// use forebay_domain::content::paths::slugify;
/// assert_eq!(slugify("Introdução à Visão, parte 2").unwrap().as_str(), "introducao-a-visao-parte-2");
/// ```
pub fn slugify(title: &str) -> Option<Slug> {
    let mut slug = String::new();
    let mut is_between_words = false;
    for character in title.nfd().filter(|&character| !is_combining_mark(character)) {
        let mut ascii = [0; 1];
        let letters = match character {
            // An apostrophe joins: "don't" is one word.
            '\'' | '’' | '\u{ad}' => continue,
            _ if character.is_ascii_alphanumeric() => {
                &*character.to_ascii_lowercase().encode_utf8(&mut ascii)
            }
            _ => transliterated(character).unwrap_or_default(),
        };
        if letters.is_empty() {
            is_between_words = true;
            continue;
        }
        let separator = if is_between_words && !slug.is_empty() { "-" } else { "" };
        if slug.len() + separator.len() + letters.len() > MAX_SLUG_BYTES {
            cut_at_word(&mut slug, is_between_words);
            break;
        }
        slug.push_str(separator);
        slug.push_str(letters);
        is_between_words = false;
    }
    if slug.is_empty() {
        return None;
    }
    if RelativePath::parse(&slug).is_err() {
        slug.push_str("-1");
    }
    Some(Slug(slug))
}

/// Removes the last word, which was cut off, unless it is the only one.
fn cut_at_word(slug: &mut String, is_between_words: bool) {
    if let (false, Some(end)) = (is_between_words, slug.rfind('-')) {
        slug.truncate(end);
    }
}

fn transliterated(character: char) -> Option<&'static str> {
    let lower = character.to_lowercase().next()?;
    LETTERS.iter().find(|(letter, _)| *letter == lower).map(|(_, ascii)| *ascii)
}

fn is_well_formed(slug: &str) -> bool {
    slug.split(['-', '_']).all(|word| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// A refused slug for people: at most 60 characters, with control characters escaped.
fn shown(slug: &str) -> String {
    slug.chars().take(60).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slugs_are_checked() {
        for slug in ["a", "intro-to-rust", "module_1", "2024", "x".repeat(MAX_SLUG_BYTES).as_str()] {
            assert_eq!(Slug::parse(slug).unwrap().as_str(), slug);
        }
        let long = "x".repeat(MAX_SLUG_BYTES + 1);
        for slug in [
            "", "-", "a-", "-a", "a--b", "a-_b", "Intro", "ação", "a b", "a.b", "../etc", "a/b", "a\0",
            "con", "lpt1", &long,
        ] {
            assert_eq!(Slug::parse(slug).unwrap_err().code, ProblemCode::InvalidValue, "{slug:?}");
        }
    }

    #[test]
    fn a_refused_slug_comes_with_a_better_one() {
        let problem = Slug::parse("../../etc/Passwd").unwrap_err();
        assert_eq!(problem.hint.as_deref(), Some("Use `etc-passwd`"));
        assert_eq!(Slug::parse("con").unwrap_err().hint.as_deref(), Some("Use `con-1`"));
        assert_eq!(Slug::parse("数学").unwrap_err().hint, None);
        assert_eq!(Slug::parse("a\u{1b}").unwrap_err().path, "a\\u{1b}");
    }

    #[test]
    fn titles_become_slugs() {
        for (title, slug) in [
            ("Introdução à Programação", "introducao-a-programacao"),
            ("¿Qué es el año?", "que-es-el-ano"),
            ("Straße & Œuvre — Łódź", "strasse-oeuvre-lodz"),
            ("Don’t panic", "dont-panic"),
            ("  C++ / Rust: 101  ", "c-rust-101"),
            ("ÅNGSTRÖM ÆRØ", "angstrom-aero"),
            ("cafe\u{301}", "cafe"),
            ("1ª lição", "1a-licao"),
        ] {
            assert_eq!(slugify(title).unwrap().as_str(), slug);
        }
        assert_eq!(slugify("数学 — !"), None);
    }

    #[test]
    fn long_titles_are_cut_between_words() {
        let slug = slugify(&"palavra ".repeat(40)).unwrap();
        assert!(slug.as_str().ends_with("-palavra"), "{slug}");
        assert_eq!(slugify(&"x".repeat(500)).unwrap().as_str(), "x".repeat(MAX_SLUG_BYTES));
    }

    proptest! {
        #[test]
        fn every_slug_that_is_made_parses(title in "\\PC{0,200}|[A-ZÀ-Ö '-]{0,200}") {
            if let Some(slug) = slugify(&title) {
                prop_assert_eq!(&Slug::parse(slug.as_str()).unwrap(), &slug);
                prop_assert_eq!(slugify(slug.as_str()), Some(slug));
            }
        }
    }
}
