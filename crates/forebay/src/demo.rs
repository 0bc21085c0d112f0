//! What `forebay demo` needs besides the engine: a site to scrape.

pub(crate) mod catalogue;
pub(crate) mod site;
