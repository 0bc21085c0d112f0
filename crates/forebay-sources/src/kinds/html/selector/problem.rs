//! Describes errors in selectors.

use cssparser::{ParseError, ParseErrorKind};
use selectors::parser::SelectorParseErrorKind as Kind;

/// An error of the parser, or a description.
pub(super) enum Problem {
    Kind(Kind),
    Words(String),
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self::Kind(kind)
    }
}

impl Problem {
    pub(super) fn words(words: impl Into<String>) -> ParseError<Self> {
        ParseError::custom(Self::Words(words.into()))
    }
}

/// Describes an error. The description follows the position.
pub(super) fn describe(error: ParseError<Problem>) -> String {
    let kind = match error.kind {
        ParseErrorKind::Basic(_) => return "is not valid there".to_owned(),
        ParseErrorKind::Custom(Problem::Words(words)) => return words,
        ParseErrorKind::Custom(Problem::Kind(kind)) => kind,
    };
    let words = match kind {
        Kind::EmptySelector => "is where a selector was expected",
        Kind::DanglingCombinator => "is where the next part of a selector was expected",
        Kind::NoQualifiedNameInAttributeSelector
        | Kind::UnexpectedTokenInAttributeSelector
        | Kind::ExpectedBarInAttr
        | Kind::BadValueInAttr
        | Kind::InvalidQualNameInAttr => "is not an attribute selector such as [href^=\"/courses\"]",
        Kind::ExpectedNamespace | Kind::ExplicitNamespaceUnexpectedToken => {
            "names a namespace, and namespaces are not supported"
        }
        Kind::ClassNeedsIdent => "is not a class selector such as .course",
        Kind::InvalidState => "is not allowed there",
        _ => "is not valid there",
    };
    words.to_owned()
}

/// Describes a pseudo-class that is not supported.
pub(super) fn unsupported_pseudo_class(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let reason = match name.as_str() {
        "hover" | "active" | "focus" | "focus-visible" | "focus-within" | "visited" | "target"
        | "target-within" | "current" | "past" | "future" | "playing" | "paused" | "fullscreen" | "modal"
        | "popover-open" | "user-valid" | "user-invalid" | "autofill" | "defined" | "host"
        | "host-context" => "is a state that only a browser knows",
        "link" | "any-link" => "is not supported; write a[href]",
        "checked" | "disabled" | "required" => return format!("is not supported; write [{name}]"),
        "enabled" => "is not supported; write :not([disabled])",
        "optional" => "is not supported; write :not([required])",
        "read-only" => "is not supported; write [readonly]",
        "lang" => "is not supported; write [lang|=en]",
        "dir" => "is not supported; write [dir=rtl]",
        _ => "is not a supported pseudo-class",
    };
    reason.to_owned()
}
