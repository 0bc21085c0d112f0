//! The options that name a course and its layout.

use std::path::Path;

use forebay_domain::content::{
    layout::{Layout, LayoutSettings, Preset},
    paths::{Slug, slugify},
};
use forebay_engine::content::CourseSettings;

use crate::{cli::values, failure::Failure};

/// The options that all commands for one course share.
#[derive(Debug, clap::Args)]
pub(crate) struct CourseArgs {
    /// Project that the course belongs to
    #[arg(long, value_name = "NAME", default_value = "default", value_parser = values::name)]
    pub(crate) project: String,

    /// Layout of the folder: creator-os, markdown, mdbook, docusaurus or hugo
    #[arg(long, value_name = "PRESET", default_value = "creator-os", value_parser = preset)]
    pub(crate) layout: Preset,
}

impl CourseArgs {
    /// The settings of the course with this slug.
    pub(crate) fn settings(&self, slug: Slug) -> Result<CourseSettings, Failure> {
        let settings = LayoutSettings { preset: Some(self.layout), ..LayoutSettings::default() };
        let layout =
            Layout::new(&settings).map_err(|error| Failure::usage("layout_invalid", error.to_string()))?;
        Ok(CourseSettings { project: self.project.clone(), ..CourseSettings::new(slug, layout) })
    }
}

/// The slug that was given, else one made from the name of the folder.
pub(crate) fn slug_of(given: Option<&Slug>, folder: &Path) -> Result<Slug, Failure> {
    if let Some(slug) = given {
        return Ok(slug.clone());
    }
    // The last part of `.` or `..` is known only to the system.
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let slug = slugify(&name).and_then(|slug| Slug::parse(slug.as_str()).ok());
    slug.ok_or_else(|| {
        Failure::usage("slug_unknown", format!("no slug can be made from the folder's name {name:?}"))
            .hint("name the course with --course SLUG")
    })
}

/// A slug on the command line.
pub(crate) fn slug(text: &str) -> Result<Slug, String> {
    Slug::parse(text).map_err(|problem| match problem.hint {
        Some(hint) => format!("{}; {}", problem.message, hint.to_lowercase()),
        None => problem.message,
    })
}

fn preset(text: &str) -> Result<Preset, String> {
    text.parse().map_err(|error: forebay_domain::words::UnknownWord| error.to_string())
}
