//! The types that parameterise Servo's `selectors` for HTML pages.

use std::{borrow::Borrow, fmt};

use cssparser::{ToCss, serialize_identifier, serialize_string};
use html5ever::Namespace;
use precomputed_hash::PrecomputedHash;
use selectors::{
    SelectorImpl,
    parser::{Component, NonTSPseudoClass, PseudoElement, Selector},
};

use crate::kinds::html::dom::{Element, class_bit, name_hash};

/// Selectors over a page of HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Css;

impl SelectorImpl for Css {
    type ExtraMatchingData<'a> = ();
    type AttrValue = Word;
    type Identifier = Word;
    type LocalName = Name;
    type NamespaceUrl = Namespace;
    type NamespacePrefix = Word;
    type BorrowedNamespaceUrl = Namespace;
    type BorrowedLocalName = html5ever::LocalName;
    type NonTSPseudoClass = PseudoClass;
    type PseudoElement = NoPseudoElement;
}

/// A selector without commas, and a quick test that rules out most elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alternative {
    pub(super) selector: Selector<Css>,
    name: Option<html5ever::LocalName>,
    class_bits: u64,
}

impl Alternative {
    pub(super) fn new(selector: Selector<Css>) -> Self {
        let (mut name, mut class_bits) = (None, 0);
        for component in selector.iter() {
            match component {
                // SVG elements keep the case of their names, so only a lower-case name can rule out an element.
                Component::LocalName(written) if written.name == written.lower_name => {
                    name = Some(written.name.0.clone());
                }
                Component::Class(class) => class_bits |= class_bit(class.hash),
                _ => {}
            }
        }
        Self { selector, name, class_bits }
    }

    /// Whether an element can match. Rules out most elements without reading their attributes.
    #[inline]
    pub(super) fn may_match(&self, element: &Element) -> bool {
        element.class_bits & self.class_bits == self.class_bits
            && self.name.as_ref().is_none_or(|name| element.name == *name)
    }
}

/// A pseudo-class that `selectors` does not implement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PseudoClass {
    /// `:has()`, with relative selectors.
    Has(Vec<Alternative>),
    /// `:contains()`: the element's text, with whitespace collapsed, contains this one.
    Contains(String),
}

impl NonTSPseudoClass for PseudoClass {
    fn is_active_or_hover(&self) -> bool {
        false
    }

    fn is_user_action_state(&self) -> bool {
        false
    }
}

impl ToCss for PseudoClass {
    fn to_css<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        match self {
            Self::Has(list) => {
                out.write_str(":has(")?;
                for (index, alternative) in list.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { ", " })?;
                    alternative.selector.to_css(out)?;
                }
            }
            Self::Contains(text) => {
                out.write_str(":contains(")?;
                serialize_string(text, out)?;
            }
        }
        out.write_char(')')
    }
}

/// No pseudo-element is supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoPseudoElement {}

impl PseudoElement for NoPseudoElement {}

impl ToCss for NoPseudoElement {
    fn to_css<W: fmt::Write>(&self, _: &mut W) -> fmt::Result {
        match *self {}
    }
}

/// The name of an element or attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(pub(super) html5ever::LocalName);

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl Borrow<html5ever::LocalName> for Name {
    fn borrow(&self) -> &html5ever::LocalName {
        &self.0
    }
}

impl PrecomputedHash for Name {
    fn precomputed_hash(&self) -> u32 {
        self.0.precomputed_hash()
    }
}

impl ToCss for Name {
    fn to_css<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        serialize_identifier(&self.0, out)
    }
}

/// A class, an id or the value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    text: Box<str>,
    hash: u32,
}

impl Default for Word {
    fn default() -> Self {
        Self::from("")
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self { text: text.into(), hash: name_hash(text) }
    }
}

impl AsRef<str> for Word {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl PrecomputedHash for Word {
    fn precomputed_hash(&self) -> u32 {
        self.hash
    }
}

impl ToCss for Word {
    fn to_css<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        serialize_string(&self.text, out)
    }
}
