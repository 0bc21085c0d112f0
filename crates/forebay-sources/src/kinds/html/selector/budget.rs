//! Limits the work that the selectors of a page may cause.
//!
//! A combinator walks from element to element, and `:has()` and `:nth-child()` multiply the steps, so a hostile page
//! could keep a selector busy for hours. Every step is therefore counted, across all fields of a page. Once the budget
//! is spent, the tree reports no neighbours and no matches, which ends every search at once. The page is then refused.

use std::cell::Cell;

/// The budget of any page, in steps, and the additional steps for each of its elements.
const STEPS: u64 = 1_000_000;
const STEPS_FOR_ELEMENT: u64 = 5_000;
/// Maximum budget: about a second.
const MAX_STEPS: u64 = 200_000_000;

/// The remaining steps for a page.
pub(super) struct Budget {
    left: Cell<u64>,
}

impl Budget {
    /// The budget of a page with this many elements.
    pub(super) fn new(elements: usize) -> Self {
        let steps = STEPS.saturating_add(STEPS_FOR_ELEMENT.saturating_mul(elements as u64));
        Self { left: Cell::new(steps.min(MAX_STEPS)) }
    }

    /// Whether the budget is spent, so results are incomplete.
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Counts a step. Returns false if the budget is spent.
    #[inline]
    pub(super) fn step(&self) -> bool {
        self.steps(1)
    }

    /// Counts steps. Returns false if the budget is spent.
    #[inline]
    pub(super) fn steps(&self, count: u64) -> bool {
        self.left.set(self.left.get().saturating_sub(count));
        self.left.get() > 0
    }

    /// Counts reading a text of this length. Returns false if the budget is spent.
    #[inline]
    pub(super) fn read(&self, bytes: usize) -> bool {
        self.steps(1 + bytes as u64 / 64)
    }
}
