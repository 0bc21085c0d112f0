//! An element of the flat tree, as `selectors` sees it.

use std::fmt;

use html5ever::{LocalName, Namespace, local_name, ns};
use selectors::{
    Element, OpaqueElement,
    attr::{AttrSelectorOperation, AttrSelectorOperator, CaseSensitivity, NamespaceConstraint},
    bloom::BloomFilter,
    matching::{ElementSelectorFlags, MatchingContext, matches_selector},
    parser::Combinator,
};

use super::budget::Budget;
use super::language::{Alternative, Css, Name, NoPseudoElement, PseudoClass, Word};
use crate::kinds::html::{dom::Dom, text::collapsed, tree::NONE};

/// An element of a page.
#[derive(Clone, Copy)]
pub(super) struct ElementRef<'d> {
    pub(super) dom: &'d Dom,
    pub(super) budget: &'d Budget,
    pub(super) index: u32,
}

impl<'d> ElementRef<'d> {
    fn data(self) -> &'d crate::kinds::html::dom::Element {
        &self.dom.elements[self.index as usize]
    }

    fn at(self, index: u32) -> Self {
        Self { index, ..self }
    }

    /// A neighbour, or none if there is none or the budget is spent.
    #[inline]
    fn step_to(self, index: u32) -> Option<Self> {
        (self.budget.step() && index != NONE).then(|| self.at(index))
    }

    /// Whether an element below or after this one matches a relative selector. This element is its anchor.
    fn has(self, relative: &Alternative, context: &mut MatchingContext<'_, Css>) -> bool {
        let element = self.data();
        // In parse order, the anchor of a relative selector is first and the combinator second.
        let candidates = match relative.selector.combinator_at_parse_order(1) {
            Combinator::NextSibling | Combinator::LaterSibling => {
                let parent = self.dom.elements.get(element.parent as usize);
                element.end..parent.map_or(self.dom.inside(None).end, |parent| parent.end)
            }
            _ => self.dom.inside(Some(self.index)),
        };
        candidates.map(|index| self.at(index)).any(|candidate| {
            self.budget.step()
                && relative.may_match(candidate.data())
                && matches_selector(&relative.selector, 0, None, candidate, context)
        })
    }
}

impl fmt::Debug for ElementRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "element {}", self.index)
    }
}

impl Element for ElementRef<'_> {
    type Impl = Css;

    fn opaque(&self) -> OpaqueElement {
        OpaqueElement::new(self.data())
    }

    fn parent_element(&self) -> Option<Self> {
        self.step_to(self.data().parent)
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.step_to(self.data().previous)
    }

    fn next_sibling_element(&self) -> Option<Self> {
        let element = self.data();
        let next = self.dom.elements.get(element.end as usize)?;
        (next.parent == element.parent).then(|| self.step_to(element.end)).flatten()
    }

    fn first_element_child(&self) -> Option<Self> {
        self.step_to(if self.data().children == 0 { NONE } else { self.index + 1 })
    }

    fn is_html_element_in_html_document(&self) -> bool {
        self.dom.full_name(self.index).ns == ns!(html)
    }

    fn has_local_name(&self, name: &LocalName) -> bool {
        self.budget.step() && self.data().name == *name
    }

    fn has_namespace(&self, namespace: &Namespace) -> bool {
        self.dom.full_name(self.index).ns == *namespace
    }

    fn is_same_type(&self, other: &Self) -> bool {
        self.data().name == other.data().name
    }

    fn attr_matches(
        &self,
        _: &NamespaceConstraint<&Namespace>,
        name: &Name,
        operation: &AttrSelectorOperation<&Word>,
    ) -> bool {
        self.dom.attribute_named(self.index, &name.0).is_some_and(|found| {
            // A case-insensitive substring search is quadratic.
            let passes = match operation {
                AttrSelectorOperation::WithValue {
                    operator: AttrSelectorOperator::Substring,
                    case_sensitivity: CaseSensitivity::AsciiCaseInsensitive,
                    value,
                } => value.as_ref().len(),
                _ => 1,
            };
            self.budget.read(found.len().saturating_mul(passes)) && operation.eval_str(found)
        })
    }

    fn match_non_ts_pseudo_class(&self, class: &PseudoClass, context: &mut MatchingContext<'_, Css>) -> bool {
        match class {
            PseudoClass::Contains(wanted) => {
                let found = self.dom.text(Some(self.index));
                self.budget.read(found.len() * 8) && collapsed(found).contains(wanted.as_str())
            }
            PseudoClass::Has(list) => context.nest_for_relative_selector(self.opaque(), |context| {
                list.iter().any(|relative| self.has(relative, context))
            }),
        }
    }

    fn has_id(&self, id: &Word, case: CaseSensitivity) -> bool {
        let found = self.dom.attribute_named(self.index, &local_name!("id"));
        self.budget.step() && found.is_some_and(|found| case.eq(found.as_bytes(), id.as_ref().as_bytes()))
    }

    fn has_class(&self, class: &Word, case: CaseSensitivity) -> bool {
        let found = self.dom.attribute_named(self.index, &local_name!("class")).unwrap_or_default();
        let is_class = |word: &str| case.eq(word.as_bytes(), class.as_ref().as_bytes());
        self.budget.read(found.len()) && found.split_ascii_whitespace().any(is_class)
    }

    fn is_empty(&self) -> bool {
        self.data().children == 0 && self.dom.text(Some(self.index)).is_empty()
    }

    fn is_root(&self) -> bool {
        self.data().parent == NONE
    }

    fn ignores_nth_child_selectors(&self) -> bool {
        self.budget.is_spent()
    }

    // The methods below concern browsers: visited links, shadow trees, pseudo-elements, and incremental matching when a
    // page changes.

    fn is_link(&self) -> bool {
        false
    }

    fn is_html_slot_element(&self) -> bool {
        false
    }

    fn parent_node_is_shadow_root(&self) -> bool {
        false
    }

    fn containing_shadow_host(&self) -> Option<Self> {
        None
    }

    fn is_pseudo_element(&self) -> bool {
        false
    }

    fn match_pseudo_element(&self, element: &NoPseudoElement, _: &mut MatchingContext<'_, Css>) -> bool {
        match *element {}
    }

    fn has_custom_state(&self, _: &Word) -> bool {
        false
    }

    fn imported_part(&self, _: &Word) -> Option<Word> {
        None
    }

    fn is_part(&self, _: &Word) -> bool {
        false
    }

    fn apply_selector_flags(&self, _: ElementSelectorFlags) {}

    fn add_element_unique_hashes(&self, _: &mut BloomFilter) -> bool {
        false
    }
}
