//! Values in whole documents.

use super::*;

#[test]
fn any_value_can_be_looked_up() {
    let document = br#" {"links": {"a/b": ["x", {"n\u0065xt": "/p?2"}], "none": null}, "n": 5} "#;
    let at = |pointer: &str| value_at(document, &pointer.parse().unwrap());
    assert_eq!(at("/links/a~1b/1/next"), Some(&b"\"/p?2\""[..]));
    assert_eq!(at("/links/none"), Some(&b"null"[..]));
    assert_eq!(at("/n"), Some(&b"5"[..]));
    assert_eq!(at("/links/a~1b/0"), Some(&b"\"x\""[..]));
    assert_eq!(at("/links/a~1b/01"), None);
    assert_eq!(at("/links/absent"), None);
    assert_eq!(at("/n/deeper"), None);
}
