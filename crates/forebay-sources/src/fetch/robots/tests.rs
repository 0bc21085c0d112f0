//! The clauses of RFC 9309, and hostile files.

use proptest::prelude::*;

use super::*;

fn allows(file: &str, path: &str) -> bool {
    Rules::parse(file.as_bytes()).allows(path).unwrap()
}

#[test]
fn the_longest_pattern_decides_and_allow_at_equal_length() {
    let file = "user-agent: *\nallow: /page\ndisallow: /page/private\nallow: /page/private/but\n\
                disallow: /same\nallow: /same\n";
    for (path, expected) in [
        ("/", true),
        ("/page", true),
        ("/page/private", false),
        ("/page/private/x", false),
        ("/page/private/but/not", true),
        ("/same", true),
        ("/Page/Private", true),
    ] {
        assert_eq!(allows(file, path), expected, "{path}");
    }
}

#[test]
fn rules_for_forebay_win_over_rules_for_all() {
    let file = "User-agent: *\nDisallow: /\n\nUser-Agent: FOREBAY/1.0\nDisallow: /no\n";
    assert!(allows(file, "/yes"));
    assert!(!allows(file, "/no"));
    let file = "User-agent: forebaybot\nDisallow: /\n";
    assert!(allows(file, "/"), "a longer name is a different one");
    let file = "User-agent: *\nDisallow: /a\nUser-agent: forebay\n";
    assert!(allows(file, "/a"), "a group for our name without rules allows everything");
}

#[test]
fn groups_of_one_name_are_merged_and_names_can_share_a_group() {
    let file = "user-agent: forebay\ndisallow: /a\n\nuser-agent: other\ndisallow: /b\n\n\
                user-agent: other\nuser-agent: forebay\ncrawl-delay: 2.5\ndisallow: /c\n";
    assert!(!allows(file, "/a"));
    assert!(allows(file, "/b"));
    assert!(!allows(file, "/c"));
    assert_eq!(Rules::parse(file.as_bytes()).crawl_delay, Some(Duration::from_millis(2500)));
}

#[test]
fn other_lines_do_not_separate_names() {
    let file = "user-agent: forebay\nsitemap: https://a.example/s.xml\nuser-agent: x\nbroken\ndisallow: /a\n";
    assert!(!allows(file, "/a"));
}

#[test]
fn stars_and_dollars() {
    for (pattern, path, expected) in [
        ("/*.gif$", "/a/b.gif", false),
        ("/*.gif$", "/a/b.gif?x", true),
        ("/*.gif", "/a/b.gif?x", false),
        ("/a*b*c", "/axxbyyc", false),
        ("/a*b*c", "/axxcyyb", true),
        ("/a**b", "/ab", false),
        ("*", "/x", false),
        ("*/end$", "/end/end", false),
        ("/$", "/", false),
        ("/$", "/x", true),
        ("/a$b", "/a$b", false),
        ("/q?*x=", "/q?y=1&x=2", false),
    ] {
        assert_eq!(
            allows(&format!("user-agent: *\ndisallow: {pattern}"), path),
            expected,
            "{pattern} {path}"
        );
    }
}

#[test]
fn paths_are_compared_in_normal_form() {
    for (pattern, path) in [
        ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar"),
        ("/foo/bar/\u{30c4}", "/foo/bar/%E3%83%84"),
        ("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
        ("/a%3cd.html", "/a%3Cd.html"),
        ("/%zz", "/%zz"),
    ] {
        assert!(!allows(&format!("user-agent: *\ndisallow: {pattern}"), path), "{pattern} {path}");
    }
    // An encoded slash or star differs from a plain one.
    assert!(allows("user-agent: *\ndisallow: /a%2Fb", "/a/b"));
    assert!(allows("user-agent: *\ndisallow: /a%2A", "/ab"));
}

#[test]
fn comments_line_endings_and_byte_order_marks_are_handled() {
    let file = "\u{feff}# all\r\nUser-agent: * # everybody\rDisallow: /a # not this\r\n\r\nDisallow:/b";
    assert!(!allows(file, "/a"));
    assert!(!allows(file, "/b"));
    assert!(allows(file, "/c"));
    assert!(allows("user-agent: *\ndisallow:\n", "/"));
    assert!(allows("", "/"));
    assert!(allows("<html><body>disallow: /</body></html>", "/"));
    assert!(allows("disallow: /\n", "/"), "a rule before the first user-agent line is ignored");
}

#[test]
fn robots_txt_itself_is_always_allowed() {
    assert_eq!(Rules::forbid_all().allows("/"), Some(false));
    assert_eq!(Rules::forbid_all().allows("/robots.txt"), Some(true));
    assert!(allows("user-agent: *\ndisallow: /", "/robots.txt"));
    assert_eq!(Rules::allow_all().allows("/"), Some(true));
}

#[test]
fn a_huge_file_is_read_up_to_the_limit() {
    let mut file = b"user-agent: *\ndisallow: /early\n".to_vec();
    file.resize(MAX_BYTES, b'#');
    file.extend(b"\ndisallow: /late\n");
    let rules = Rules::parse(&file);
    assert_eq!((rules.allows("/early"), rules.allows("/late")), (Some(false), Some(true)));
    let many = format!("user-agent: *\n{}", "disallow: /x\n".repeat(MAX_RULES + 5));
    assert_eq!(Rules::parse(many.as_bytes()).rules.len(), MAX_RULES);
    let long = format!("user-agent: *\ndisallow: /{}", "y".repeat(3 * MAX_PATTERN));
    assert!(!allows(&long, &format!("/{}", "y".repeat(3 * MAX_PATTERN))));
}

#[test]
fn a_file_of_expensive_patterns_forbids_what_it_makes_too_expensive() {
    let pattern = format!("disallow: *{}b\n", "a".repeat(40));
    let file = format!("user-agent: *\n{}", pattern.repeat(MAX_BYTES / pattern.len()));
    let rules = Rules::parse(file.as_bytes());
    assert!(rules.are_many());
    let started = std::time::Instant::now();
    assert_eq!(rules.allows("/courses?page=2"), Some(true));
    assert_eq!(rules.allows(&format!("/{}", "a".repeat(8000))), None);
    let stars = format!("user-agent: *\n{}", format!("disallow: /{}b\n", "*a".repeat(1000)).repeat(250));
    assert_eq!(Rules::parse(stars.as_bytes()).allows(&format!("/{}", "a".repeat(8000))), Some(true));
    assert!(started.elapsed() < Duration::from_secs(4), "it took {:?}", started.elapsed());
}

/// A naive matcher that tries every possibility, for comparison.
fn matches_slowly(pattern: &[u8], path: &[u8]) -> bool {
    match pattern {
        [] => true,
        b"$" => path.is_empty(),
        [b'*', rest @ ..] => (0..=path.len()).any(|at| matches_slowly(rest, &path[at..])),
        [byte, rest @ ..] => path.first() == Some(byte) && matches_slowly(rest, &path[1..]),
    }
}

proptest! {
    #[test]
    fn patterns_match_like_a_naive_implementation(pattern in "[ab*]{0,8}[$]?", path in "[ab]{0,10}") {
        prop_assert_eq!(
            matches(pattern.as_bytes(), path.as_bytes(), &mut 1000),
            Some(matches_slowly(pattern.as_bytes(), path.as_bytes()))
        );
    }

    #[test]
    fn no_file_or_path_makes_the_parser_panic(file in prop::collection::vec(any::<u8>(), 0..2000), path in "/.{0,50}") {
        Rules::parse(&file).allows(&path);
    }

    #[test]
    fn no_lines_make_the_parser_panic(
        lines in prop::collection::vec("(user-agent|allow|disallow|crawl-delay): ?[/*$%a-f0-9.-]{0,9}", 0..40),
    ) {
        Rules::parse(lines.join("\n").as_bytes()).allows("/a/b%2f?c");
    }
}
