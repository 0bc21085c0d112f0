//! Matches selectors against a small page, and checks the errors of invalid ones.

use super::*;
use crate::{Error, kinds::html::parse};

const PAGE: &str = r#"<!doctype html><html><body id=top>
<div id=a class="x y md:flex"><p id=p1 lang=en-US>one</p><p id=p2 class=y>two <b id=b1>bold</b></p><span id=s1></span></div>
<ul id=u><li id=l1>1<li id=l2 class=x>2<li id=l3>3<li id=l4 data-n="4 Four">4<li id=l5>5</ul>
<div id=d class=y><h2 id=h>Title</h2><p id=p3 title='say "hi"'>Find   me</p><a id=k href="/k.pdf">k</a></div>
<svg><linearGradient id=g1 /><clipPath id=c1 /></svg><input id=i1 type=text>
</body></html>"#;

fn select(selector: &str) -> String {
    let dom = parse(PAGE).unwrap();
    let matcher = Matcher::new(&dom);
    let selector = Selector::parse(selector).unwrap();
    let ids: Vec<_> =
        matcher.select(&selector, None).map(|index| dom.attribute(index, "id").unwrap_or("-")).collect();
    ids.join(" ")
}

#[test]
fn selectors_mean_what_the_standard_says() {
    for (selector, ids) in [
        ("p", "p1 p2 p3"),
        ("P#p1", "p1"),
        ("*#p1", "p1"),
        (".x", "a l2"),
        (".x.y", "a"),
        (r".md\:flex", "a"),
        ("div p", "p1 p2 p3"),
        ("body > p", ""),
        ("div > p.y > b", "b1"),
        ("body b", "b1"),
        ("#a b, #d a, b", "b1 k"),
        ("p + p", "p2"),
        ("p ~ span", "s1"),
        ("h2 ~ a", "k"),
        ("h2 + a", ""),
        ("[lang]", "p1"),
        ("[lang|=en]", "p1"),
        ("[data-n~=Four]", "l4"),
        ("[data-n ^= '4']", "l4"),
        ("[href$=\".PDF\" i]", "k"),
        ("[title*='\"hi\"']", "p3"),
        ("[id=l3]", "l3"),
        ("[lang^='']", ""),
        ("li:first-child", "l1"),
        ("li:last-child", "l5"),
        ("li:nth-child(2)", "l2"),
        ("li:nth-child(odd)", "l1 l3 l5"),
        ("li:nth-child(2n)", "l2 l4"),
        ("li:nth-child(-n + 2)", "l1 l2"),
        ("li:nth-child(n+4)", "l4 l5"),
        ("li:nth-last-child(2)", "l4"),
        ("p:first-of-type", "p1 p3"),
        ("p:last-of-type", "p2 p3"),
        ("p:nth-of-type(2)", "p2"),
        ("p:nth-last-of-type(2)", "p1"),
        ("p:only-of-type", "p3"),
        ("b:only-child", "b1"),
        ("span:empty, p:empty", "s1"),
        (":root > body", "top"),
        ("p:not(.y, :first-of-type)", ""),
        ("p:not(.y)", "p1 p3"),
        (":is(h2, span)", "s1 h"),
        ("div:has(h2)", "d"),
        ("div:has(> p + span)", "a"),
        ("p:has(+ span)", "p2"),
        ("p:has(~ a)", "p3"),
        ("p:contains('Find me')", "p3"),
        ("h2:contains(Title) + p", "p3"),
        ("> body > ul", "u"),
        ("li:nth-child(2 of :not(.x))", "l3"),
        ("li:nth-last-child(1 of .x)", "l2"),
        ("li:nth-child(even of li)", "l2 l4"),
        (":is(#a, #d) > :is(p, a)", "p1 p2 p3 k"),
        (":where(ul) > .x", "l2"),
        ("ul:has(> .x) > li:last-child", "l5"),
        ("div:not(:has(h2))", "a"),
        ("div:has(b, h2)", "a d"),
        ("li:has(+ .x)", "l1"),
        (":has(> span, > a)", "a d"),
        ("p:has(b):not(.x)", "p2"),
        (":matches(h2)", "h"),
        ("[data-n]:contains(4)", "l4"),
        ("> body > ul, h2", "u h"),
        ("*|h2", "h"),
        ("[*|title]", "p3"),
        ("linearGradient, clipPath", "g1 c1"),
        ("[TYPE=Text]", "i1"),
        ("[viewBox=5]", ""),
    ] {
        assert_eq!(select(selector), ids, "{selector}");
    }
}

#[test]
fn only_descendants_of_the_item_match_but_ancestors_count() {
    let dom = parse(PAGE).unwrap();
    let matcher = Matcher::new(&dom);
    let id = |wanted: &str| dom.inside(None).find(|&index| dom.attribute(index, "id") == Some(wanted));
    let inside = |scope: &str, selector: &str| {
        let selector = Selector::parse(selector).unwrap();
        matcher
            .select(&selector, id(scope))
            .filter_map(|index| dom.attribute(index, "id"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(inside("a", "p"), "p1 p2");
    assert_eq!(inside("a", "body p"), "p1 p2");
    assert_eq!(inside("a", "> *"), "p1 p2 s1");
    assert_eq!(inside("a", ":scope > p b"), "b1");
    assert_eq!(inside("d", "div"), "", "the item does not contain itself");
    assert_eq!(inside("a", "~ ul"), "", "siblings after the item are not inside it");
    assert_eq!(inside("a", ":is(:scope > p) > b"), "b1");
    assert_eq!(inside("d", ":scope:has(h2) > a"), "k");
    assert_eq!(inside("u", "> li:nth-child(2 of :not(.x))"), "l3");
}

#[test]
fn invalid_selectors_are_refused() {
    for wrong in [
        "",
        " ",
        ",",
        "a,",
        "> ",
        "a >",
        "a > > b",
        "a..b",
        "a#",
        "#1",
        "a[",
        "a[b",
        "a[b=",
        "a[b='c]",
        "a[=c]",
        "a:hover",
        "a::before",
        "a:nth-child()",
        "a:nth-child(x)",
        "a:nth-child(2",
        "a:not()",
        "a:not(b",
        "svg|a",
        "a)",
        "a}",
        "a:contains('')",
        ":not(:not(:not(:not(:not(a)))))",
        "a\\",
        "a:is()",
        "a:is(b, :hover)",
        ":has(:has(a))",
        ":has(:not(:has(a)))",
        ":host(a)",
        "|a",
        "a /* b */ c",
        "a { b }",
        "a:nth-child(2 of)",
        "a:contains()",
        "a:not(::before)",
    ] {
        let error = Selector::parse(wrong).unwrap_err();
        assert_eq!(error.code(), "invalid_selector", "{wrong}");
    }
    assert!(Selector::parse(&"a ".repeat(40)).is_err() && Selector::parse(&"a".repeat(5000)).is_err());
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    for (selector, problem) in [
        ("", "its end is where a selector was expected"),
        ("a >", "\">\" at byte 2 is where the next part of a selector was expected"),
        ("> > b", "\"> > b\" at byte 0 is where the next part of a selector was expected"),
        ("a, b:hover", "\":hover\" at byte 4 is a state that only a browser knows"),
        ("a:not(.b:visited) c", "\":visited) c\" at byte 8 is a state that only a browser knows"),
        ("a:link", "\":link\" at byte 1 is not supported; write a[href]"),
        ("input:checked", "\":checked\" at byte 5 is not supported; write [checked]"),
        ("a:frist-child", "\":frist-child\" at byte 1 is not a supported pseudo-class"),
        ("[n=4] a::before", "\"::before\" at byte 7 is a pseudo-element; to read an attribute, write a@href"),
        ("svg|a", "\"|a\" at byte 3 names a namespace, and namespaces are not supported"),
        ("a[=c]", "\"[=c]\" at byte 1 is not an attribute selector such as [href^=\"/courses\"]"),
        ("a..b", "\"..b\" at byte 1 is not a class selector such as .course"),
        ("a:is(b, :has(c, :has(d)))", "\":has(d)))\" at byte 16 is not allowed inside another :has()"),
        ("a:not(b", "'(' at byte 5 is not closed"),
        ("a b)", "')' at byte 3 is unmatched"),
        ("a[b='c]", "the string at byte 4 is not closed"),
    ] {
        let Error::InvalidSelector { problem: found, .. } = Selector::parse(selector).unwrap_err() else {
            panic!("{selector}")
        };
        assert_eq!(found, problem, "{selector}");
    }
}

#[test]
fn a_search_ends_when_its_budget_is_spent() {
    let flat = format!("<div>{}", "<i></i>".repeat(6_000));
    let deep = format!("<div>{}", "<b><i></i>".repeat(400));
    for (page, selector) in [
        (&flat, "i:has(~ i:contains(x))"),
        (&flat, "i:nth-last-child(2n of i:not(b ~ i)):contains(x)"),
        (&deep, "*:has(u b b b b)"),
    ] {
        let dom = parse(page).unwrap();
        let matcher = Matcher::new(&dom);
        let compiled = Selector::parse(selector).unwrap();
        assert_eq!(matcher.select(&compiled, None).count(), 0, "{selector}");
        assert!(matcher.is_exhausted(), "{selector}");
    }
}
