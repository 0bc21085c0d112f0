//! Stored payloads on their way out: in canonical form, or shortened to a size.

mod canonical;
mod shaper;

pub use self::{
    canonical::{Canonical, spread},
    shaper::{Shaper, cut},
};
