//! Each guard at its limit, invariants for any evidence, and whole histories.

mod histories;
mod rules;
mod simulation;
mod world;
