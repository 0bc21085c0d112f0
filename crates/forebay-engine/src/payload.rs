//! Stored payloads for output: in canonical form, or shortened to a size limit.

mod canonical;
mod shaper;

pub use self::{
    canonical::{Canonical, pretty},
    shaper::{Shaper, cut},
};
