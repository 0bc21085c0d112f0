//! Patterns by examples, against a slow and simple matcher, and with hostile names.

use proptest::prelude::*;

use super::*;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

#[test]
fn captures_are_read() {
    let lessons = pattern("lessons/{module}.{lesson}-{slug}.md");
    let found = lessons.captures("lessons/1.10-first-steps.md").unwrap();
    assert_eq!(found, Captures { module: Some(1), lesson: Some(10), slug: Some("first-steps") });
    let found = lessons.captures("lessons/01.002-ação.v2.md").unwrap();
    assert_eq!(found, Captures { module: Some(1), lesson: Some(2), slug: Some("ação.v2") });
    for other in [
        "lessons/1-first.md",
        "lessons/1.2-.md",
        "lessons/a.2-b.md",
        "lessons/1.2-a/b.md",
        "lessons/1.2-a.mdx",
        "x/lessons/1.2-a.md",
        "Lessons/1.2-a.md",
        "lessons/1234567890.1-a.md",
        "",
    ] {
        assert_eq!(lessons.captures(other), None, "{other}");
    }
}

#[test]
fn numbers_take_all_their_digits() {
    let captured = |text: &str, path: &str| pattern(text).captures(path).unwrap().lesson;
    assert_eq!(captured("{lesson}1*.md", "1112.md"), Some(11));
    assert_eq!(captured("*-{lesson}.md", "part-2-30.md"), Some(30));
    assert_eq!(captured("**/{lesson}.md", "1/2/30.md"), Some(30));
}

#[test]
fn stars_stay_in_their_part_and_double_stars_do_not() {
    for (text, yes, no) in [
        ("*.md", &["a.md", ".md", "a.b.md"][..], &["a/b.md", "a.mdx"][..]),
        ("docs/*/a", &["docs/x/a"], &["docs/a", "docs/x/y/a"]),
        ("**/*.md", &["a.md", "a/b.md", "a/b/c.md"], &["a", "a/b"]),
        ("a/**", &["a/b", "a/b/c"], &["a", "b/a", "ab/c"]),
        ("a/**/z", &["a/z", "a/b/z", "a/b/c/z"], &["a", "az", "a/bz"]),
        ("**", &["a", "a/b"], &[""]),
        ("**/**/a", &["a", "x/a", "x/y/a"], &["xa"]),
        ("a/**/**", &["a/b", "a/b/c"], &["a"]),
        ("**/.*", &[".git", "a/.DS_Store"], &["a/b", "a/b.c"]),
        ("a-*-*-b", &["a---b", "a-x-y-z-b"], &["a--b"]),
    ] {
        for path in yes {
            assert!(pattern(text).is_match(path), "{text} {path}");
        }
        for path in no {
            assert!(!pattern(text).is_match(path), "{text} {path}");
        }
    }
}

#[test]
fn what_is_no_pattern_is_refused() {
    let long = "x".repeat(MAX_PATTERN_BYTES + 1);
    for (text, error) in [
        ("", PatternError::Empty),
        (long.as_str(), PatternError::TooLong),
        ("/a", PatternError::NotRelative),
        ("a/", PatternError::NotRelative),
        ("a/../b", PatternError::NotRelative),
        ("a\\b", PatternError::NotRelative),
        ("a**", PatternError::PartialDoubleStar),
        ("**.md", PatternError::PartialDoubleStar),
        ("{slug", PatternError::Unclosed),
        ("slug}", PatternError::Unclosed),
        ("{title}.md", PatternError::UnknownCapture),
        ("{slug}/{slug}.md", PatternError::RepeatedCapture),
        ("{module}/{module}.md", PatternError::RepeatedCapture),
        ("{module}{lesson}.md", PatternError::Adjacent),
        ("*{slug}.md", PatternError::Adjacent),
        ("{lesson}*.md", PatternError::Adjacent),
    ] {
        assert_eq!(Pattern::parse(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn a_hostile_name_costs_one_pass() {
    let text = format!("{}b", "a*".repeat(127));
    let path = "a".repeat(1024);
    // Backtracking would need more steps than there are atoms; the table has 255 × 1025 cells.
    assert!(!pattern(&text).is_match(&path));
    let folders = pattern(&format!("{}z", "**/a/".repeat(50)));
    assert!(!folders.is_match(&"a/".repeat(512)));
}

/// The definition of a match, by trying everything.
fn matches_slowly(tokens: &[Token], path: &str) -> bool {
    let Some((token, rest)) = tokens.split_first() else { return path.is_empty() };
    let ends = 0..=path.len();
    let is_part = |text: &str| !text.contains('/');
    ends.filter(|&end| path.is_char_boundary(end)).any(|end| {
        let (text, after) = path.split_at(end);
        let is_taken = match token {
            Token::Literal(literal) => text == literal,
            Token::Star => is_part(text),
            Token::Slug => !text.is_empty() && is_part(text),
            Token::Below => !text.is_empty() && after.is_empty(),
            Token::Folders => {
                text.is_empty()
                    || text.ends_with('/') && text[..end - 1].split('/').all(|part| !part.is_empty())
            }
            Token::Number(_) => {
                (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
            }
        };
        is_taken && matches_slowly(rest, after)
    })
}

fn pattern_texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("*"),
        Just("{slug}"),
        Just("{module}"),
        Just("{lesson}"),
        Just("a"),
        Just("-"),
        Just("1"),
        Just("é")
    ];
    let part = prop_oneof![
        1 => Just("**".to_owned()),
        4 => prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat()),
    ];
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

fn path_texts() -> impl Strategy<Value = String> {
    prop::collection::vec("[a1é-]{1,5}", 1..4).prop_map(|parts| parts.join("/"))
}

proptest! {
    #[test]
    fn matching_equals_its_definition(text in pattern_texts(), path in path_texts()) {
        if let Ok(pattern) = Pattern::parse(&text) {
            let is_match = matches_slowly(&pattern.tokens, &path);
            prop_assert_eq!(pattern.is_match(&path), is_match);
            let captures = pattern.captures(&path);
            prop_assert_eq!(captures.is_some(), is_match);
            if let Some(captures) = captures {
                prop_assert_eq!(captures.slug.is_some(), text.contains("{slug}"));
                prop_assert_eq!(captures.module.is_some(), text.contains("{module}"));
                prop_assert_eq!(captures.lesson.is_some(), text.contains("{lesson}"));
            }
        }
    }

    #[test]
    fn a_path_that_was_built_from_a_pattern_gives_its_parts_back(
        module in 0_u32..1_000_000, lesson in 0_u32..1_000_000, slug in "[a-zé]([a-zé0-9.-]{0,20}[a-zé])?"
    ) {
        let path = format!("lessons/{module}.{lesson}-{slug}.md");
        let found = pattern("lessons/{module}.{lesson}-{slug}.md").captures(&path).unwrap();
        prop_assert_eq!(found, Captures { module: Some(module), lesson: Some(lesson), slug: Some(&slug) });
    }

    #[test]
    fn nothing_makes_parsing_or_matching_panic(text in "\\PC{0,20}|[*{}a/]{0,12}", path in "\\PC{0,20}") {
        if let Ok(pattern) = Pattern::parse(&text) {
            pattern.captures(&path);
            prop_assert_eq!(pattern.source(), &text);
        }
    }
}
