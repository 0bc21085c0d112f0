//! How much work the selectors of a page may cause.
//!
//! A combinator looks from element to element, and `:has()` and `:nth-child()` multiply, so a hostile page could keep a
//! selector busy for hours. Every step is therefore counted, over all fields of a page. Once the budget is spent, the
//! tree answers that an element has no neighbours and matches nothing, which ends every search at once; the page is then
//! refused.

use std::cell::Cell;

/// The budget of a page of any size, and the addition for each of its elements.
const STEPS: u64 = 1_000_000;
const STEPS_FOR_ELEMENT: u64 = 5_000;
/// The largest budget: about a second.
const MAX_STEPS: u64 = 200_000_000;

/// The steps that are left for a page.
pub(super) struct Budget {
    left: Cell<u64>,
}

impl Budget {
    /// The budget of a page with this number of elements.
    pub(super) fn new(elements: usize) -> Self {
        let steps = STEPS.saturating_add(STEPS_FOR_ELEMENT.saturating_mul(elements as u64));
        Self { left: Cell::new(steps.min(MAX_STEPS)) }
    }

    /// Whether the budget is spent, so what was found isn't everything.
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Counts a step. False if the budget is spent.
    #[inline]
    pub(super) fn step(&self) -> bool {
        self.steps(1)
    }

    /// Counts steps. False if the budget is spent.
    #[inline]
    pub(super) fn steps(&self, count: u64) -> bool {
        self.left.set(self.left.get().saturating_sub(count));
        self.left.get() > 0
    }

    /// Counts the reading of a text of this length. False if the budget is spent.
    #[inline]
    pub(super) fn read(&self, bytes: usize) -> bool {
        self.steps(1 + bytes as u64 / 64)
    }
}
