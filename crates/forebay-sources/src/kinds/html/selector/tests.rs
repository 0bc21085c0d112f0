//! Selectors against a small page, and what is refused on load.

use super::*;
use crate::kinds::html::parse;

const PAGE: &str = r#"<!doctype html><html><body id=top>
<div id=a class="x y md:flex"><p id=p1 lang=en-US>one</p><p id=p2 class=y>two <b id=b1>bold</b></p><span id=s1></span></div>
<ul id=u><li id=l1>1<li id=l2 class=x>2<li id=l3>3<li id=l4 data-n="4 Four">4<li id=l5>5</ul>
<div id=d class=y><h2 id=h>Title</h2><p id=p3 title='say "hi"'>Find   me</p><a id=k href="/k.pdf">k</a></div>
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
    ] {
        assert_eq!(select(selector), ids, "{selector}");
    }
}

#[test]
fn inside_of_an_item_only_its_descendants_match_but_ancestors_count() {
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
    assert_eq!(inside("d", "div"), "", "the item itself is not inside of itself");
}

#[test]
fn what_is_no_selector_is_refused() {
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
    ] {
        let error = Selector::parse(wrong).unwrap_err();
        assert_eq!(error.code(), "invalid_selector", "{wrong}");
    }
    assert!(Selector::parse(&"a ".repeat(40)).is_err() && Selector::parse(&"a".repeat(5000)).is_err());
}

#[test]
fn looking_too_often_is_noticed() {
    let page = format!("<div>{}", "<i></i>".repeat(400));
    let dom = parse(&page).unwrap();
    let matcher = Matcher::new(&dom);
    let selector = Selector::parse("b ~ i ~ i ~ i ~ i").unwrap();
    assert_eq!(matcher.select(&selector, None).count(), 0);
    assert!(matcher.is_exhausted());
}
