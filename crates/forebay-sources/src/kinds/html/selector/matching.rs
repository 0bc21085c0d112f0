//! Finds the elements of a page that a selector matches.

use selectors::{
    Element, OpaqueElement,
    matching::{
        MatchingContext, MatchingForInvalidation, MatchingMode, NeedsSelectorFlags, QuirksMode,
        SelectorCaches, matches_selector,
    },
};

use super::budget::Budget;
use super::compiled::Selector;
use super::element::ElementRef;
use crate::kinds::html::dom::Dom;

/// Finds elements in one page, within the page's budget.
pub(crate) struct Matcher<'d> {
    dom: &'d Dom,
    budget: Budget,
}

impl<'d> Matcher<'d> {
    /// A matcher with the budget of the page.
    pub(crate) fn new(dom: &'d Dom) -> Self {
        Self { dom, budget: Budget::new(dom.elements.len()) }
    }

    /// Whether the budget is spent, so results are incomplete.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.budget.is_spent()
    }

    /// The elements inside `scope` that a selector matches, in document order; `None` means the whole page.
    pub(crate) fn select<'s>(
        &'s self,
        selector: &'s Selector,
        scope: Option<u32>,
    ) -> impl Iterator<Item = u32> + 's {
        // The cached results depend on the scope and the selector, so each search has its own caches.
        let mut caches = SelectorCaches::default();
        let scope_element = scope.map(|scope| self.element(scope).opaque());
        self.dom.inside(scope).filter(move |&index| self.matches(selector, index, scope_element, &mut caches))
    }

    #[inline]
    fn matches(
        &self,
        selector: &Selector,
        index: u32,
        scope: Option<OpaqueElement>,
        caches: &mut SelectorCaches,
    ) -> bool {
        let element = &self.dom.elements[index as usize];
        selector.alternatives().iter().any(|alternative| {
            if !alternative.may_match(element) || !self.budget.step() {
                return false;
            }
            let mut context = MatchingContext::new(
                MatchingMode::Normal,
                None,
                caches,
                QuirksMode::NoQuirks,
                NeedsSelectorFlags::No,
                MatchingForInvalidation::No,
            );
            context.scope_element = scope;
            matches_selector(&alternative.selector, 0, None, self.element(index), &mut context)
        })
    }

    fn element(&self, index: u32) -> ElementRef<'_> {
        ElementRef { dom: self.dom, budget: &self.budget, index }
    }
}
