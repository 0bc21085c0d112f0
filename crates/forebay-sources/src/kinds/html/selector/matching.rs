//! Whether an element is what a selector means.
//!
//! A combinator looks back from element to element, so a selector of several parts over a hostile page could look for
//! ever. Every look is therefore counted, over all fields of a page; when too many were taken, nothing matches any more
//! and the page is refused.

use std::cell::Cell;

use super::{Combinator, Complex, Compound, Operator, Selector, Test};
use crate::kinds::html::dom::{Dom, Element};
use crate::kinds::html::parse::NONE;
use crate::kinds::html::text::collapsed;

/// How many looks a page of any size has, and how many more for each of its elements.
const LOOKS: u64 = 1_000_000;
const LOOKS_FOR_ELEMENT: u64 = 5_000;
/// At most so many: about a second.
const MAX_LOOKS: u64 = 200_000_000;

/// Finds elements in one page.
pub(crate) struct Matcher<'d> {
    pub(crate) dom: &'d Dom,
    looks: Cell<u64>,
}

impl<'d> Matcher<'d> {
    /// A matcher that may look as often as a page of this size should need.
    pub(crate) fn new(dom: &'d Dom) -> Self {
        let looks = LOOKS.saturating_add(LOOKS_FOR_ELEMENT.saturating_mul(dom.elements.len() as u64));
        Self { dom, looks: Cell::new(looks.min(MAX_LOOKS)) }
    }

    /// Whether it had to look too often, so that what it found is not all.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.looks.get() == 0
    }

    /// The elements inside of `scope` that a selector means, in the order of the page; `None` is the whole page.
    pub(crate) fn select<'s>(
        &'s self,
        selector: &'s Selector,
        scope: Option<u32>,
    ) -> impl Iterator<Item = u32> + 's {
        self.dom.inside(scope).filter(move |&index| self.matches(selector, index, scope))
    }

    fn matches(&self, selector: &Selector, index: u32, scope: Option<u32>) -> bool {
        selector.alternatives.iter().any(|complex| self.complex(complex, index, scope))
    }

    #[inline]
    fn complex(&self, complex: &Complex, index: u32, scope: Option<u32>) -> bool {
        // Most elements fail here.
        let element = &self.dom.elements[index as usize];
        let Compound { name, class_bits, .. } = &complex.subject;
        if element.class_bits & class_bits != *class_bits
            || name.as_ref().is_some_and(|name| element.name != *name)
        {
            return false;
        }
        self.compound(&complex.subject, index, scope) && self.around(&complex.around, index, scope)
    }

    /// Whether there is around an element what has to be. Recurses as deep as the selector has parts.
    fn around(&self, around: &[(Combinator, Compound)], index: u32, scope: Option<u32>) -> bool {
        let Some(((combinator, compound), rest)) = around.split_first() else { return true };
        let (is_up, is_repeated) = match combinator {
            Combinator::Descendant => (true, true),
            Combinator::Child => (true, false),
            Combinator::NextSibling => (false, false),
            Combinator::LaterSibling => (false, true),
        };
        let step = |index: u32| {
            let Element { parent, previous, .. } = self.dom.elements[index as usize];
            if is_up { parent } else { previous }
        };
        let mut at = step(index);
        while at != NONE {
            if self.compound(compound, at, scope) && self.around(rest, at, scope) {
                return true;
            }
            if !is_repeated || !self.look() {
                return false;
            }
            at = step(at);
        }
        // The page itself is what a scope is that is no element.
        is_up && scope.is_none() && rest.is_empty() && compound.is_scope_alone()
    }

    /// Counts a look. False when there were too many.
    #[inline]
    fn look(&self) -> bool {
        self.looks_at(1)
    }

    fn looks_at(&self, count: u64) -> bool {
        self.looks.set(self.looks.get().saturating_sub(count));
        self.looks.get() > 0
    }

    fn compound(&self, compound: &Compound, index: u32, scope: Option<u32>) -> bool {
        let element = &self.dom.elements[index as usize];
        self.look()
            && element.class_bits & compound.class_bits == compound.class_bits
            && compound.name.as_ref().is_none_or(|name| element.name == *name)
            && compound.tests.iter().all(|test| self.test(test, element, index, scope))
    }

    fn test(&self, test: &Test, element: &Element, index: u32, scope: Option<u32>) -> bool {
        match test {
            Test::Id(id) => self.dom.attribute(index, "id") == Some(id),
            Test::Class(name) => {
                let class = self.dom.attribute(index, "class").unwrap_or_default();
                self.looks_at(class.len() as u64 / 64)
                    && class.split_ascii_whitespace().any(|one| one == name)
            }
            Test::Attribute { name, operator, value, ignores_case } => {
                self.dom.attribute(index, name).is_some_and(|found| {
                    self.looks_at(found.len() as u64 / 64) && operator.holds(found, value, *ignores_case)
                })
            }
            Test::Nth { step, offset, from_end, of_type } => {
                let place = self.place(element, index, *from_end, *of_type);
                let past = i64::from(place) - i64::from(*offset);
                if *step == 0 {
                    past == 0
                } else {
                    past % i64::from(*step) == 0 && past / i64::from(*step) >= 0
                }
            }
            Test::OnlyChild { of_type } => {
                self.place(element, index, false, *of_type) == 1
                    && self.place(element, index, true, *of_type) == 1
            }
            Test::Empty => element.children == 0 && self.dom.text(Some(index)).is_empty(),
            Test::Root => element.parent == NONE,
            Test::Scope => scope.map_or(element.parent == NONE, |scope| scope == index),
            Test::Not(list) => !list.iter().any(|complex| self.complex(complex, index, scope)),
            Test::Is(list) => list.iter().any(|complex| self.complex(complex, index, scope)),
            Test::Has(list) => list.iter().any(|complex| self.has(complex, element, index)),
            Test::Contains(wanted) => {
                let found = self.dom.text(Some(index));
                self.looks_at(found.len() as u64 / 8) && collapsed(found).contains(wanted.as_str())
            }
        }
    }

    fn has(&self, complex: &Complex, element: &Element, index: u32) -> bool {
        let is_beside = complex
            .around
            .last()
            .is_some_and(|(first, _)| matches!(first, Combinator::NextSibling | Combinator::LaterSibling));
        let candidates = if is_beside {
            let parent_end = self.dom.elements.get(element.parent as usize).map(|parent| parent.end);
            element.end..parent_end.unwrap_or(self.dom.inside(None).end)
        } else {
            index + 1..element.end
        };
        candidates.into_iter().any(|other| self.look() && self.complex(complex, other, Some(index)))
    }

    /// The 1-based place of an element among its siblings.
    fn place(&self, element: &Element, index: u32, from_end: bool, of_type: bool) -> u32 {
        let elements = &self.dom.elements;
        if !of_type {
            let siblings =
                elements.get(element.parent as usize).map_or(element.nth, |parent| parent.children);
            return if from_end { siblings.saturating_sub(element.nth) + 1 } else { element.nth };
        }
        let mut place = 1;
        let mut at = index;
        loop {
            at = if from_end {
                let next = elements[at as usize].end;
                let is_sibling =
                    elements.get(next as usize).is_some_and(|next| next.parent == element.parent);
                if is_sibling { next } else { NONE }
            } else {
                elements[at as usize].previous
            };
            if at == NONE || !self.look() {
                return place;
            }
            place += u32::from(elements[at as usize].name == element.name);
        }
    }
}

impl Compound {
    fn is_scope_alone(&self) -> bool {
        self.name.is_none() && matches!(self.tests.as_slice(), [Test::Scope])
    }
}

impl Operator {
    fn holds(self, found: &str, value: &str, ignores_case: bool) -> bool {
        if ignores_case {
            return self.holds(&found.to_ascii_lowercase(), &value.to_ascii_lowercase(), false);
        }
        // By the standard, an empty value is contained in nothing.
        let is_part = !value.is_empty();
        match self {
            Self::Exists => true,
            Self::Equals => found == value,
            Self::Word => is_part && found.split_ascii_whitespace().any(|word| word == value),
            Self::Language => {
                found.strip_prefix(value).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            }
            Self::Prefix => is_part && found.starts_with(value),
            Self::Suffix => is_part && found.ends_with(value),
            Self::Substring => is_part && found.contains(value),
        }
    }
}
