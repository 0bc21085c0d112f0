//! Which project declared a source, pipeline or schedule, and whose declaration counts.
//!
//! Several configurations can share a database. The project that declares a name first keeps it: a different
//! declaration by another project changes nothing until it takes the name over, or the owner prunes it. An equal
//! declaration is no conflict. Declarations without a project (made by a program, not a file) are never refused and own
//! nothing.

/// What to do with a name that another project declared differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Keep the other project's declaration.
    #[default]
    Keep,
    /// Replace it, and own the name from now on.
    TakeOver,
}

/// A name that another project declared differently. Its declaration was kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclaredElsewhere {
    /// The name of the source or pipeline.
    pub name: String,
    /// The project that declared it first.
    pub owner: String,
}

impl OnConflict {
    pub(crate) fn takes_over(self) -> bool {
        self == Self::TakeOver
    }
}
