//! Reading views from the database, for every skin: from a filter to the page or the document that it prints.

pub mod runs;
