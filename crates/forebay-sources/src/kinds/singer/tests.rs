//! Taps.
