//! The options that name a course and its layout.

use std::path::Path;

use forebay_domain::{
    content::{
        layout::{Layout, LayoutSettings, Preset},
        paths::{Slug, slugify},
    },
    units::Size,
};
use forebay_engine::content::CourseSettings;

use crate::{cli::values, context::Context, failure::Failure};

/// The options that all commands for one course share.
#[derive(Debug, clap::Args)]
pub(crate) struct CourseArgs {
    /// Project that the course belongs to [default: `content.project`, else default]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) project: Option<String>,

    /// Layout of the folder: creator-os, markdown, mdbook, docusaurus or hugo [default:
    /// `content.layout`, else creator-os]
    #[arg(long, value_name = "PRESET", value_parser = preset)]
    pub(crate) layout: Option<Preset>,
}

impl CourseArgs {
    /// The settings of the course with this slug: these options, else `[content]` of the configuration.
    pub(crate) fn configured(&self, slug: Slug, context: &Context) -> Result<CourseSettings, Failure> {
        let layout =
            self.layout.map(|preset| LayoutSettings { preset: Some(preset), ..LayoutSettings::default() });
        course_settings(slug, self.project.clone(), layout, context)
    }
}

/// The settings of a course: what is given, else what is configured.
pub(crate) fn course_settings(
    slug: Slug,
    project: Option<String>,
    layout: Option<LayoutSettings>,
    context: &Context,
) -> Result<CourseSettings, Failure> {
    let configured = context.config()?.content;
    let layout = layout.or_else(|| configured.layout());
    let is_layout_chosen = layout.is_some();
    let layout = Layout::new(&layout.unwrap_or_default());
    let layout = layout.map_err(|error| Failure::usage(error.code(), error.to_string()))?;
    let default = CourseSettings::new(slug, layout);
    Ok(CourseSettings {
        project: project.or_else(|| configured.project.clone()).unwrap_or(default.project),
        max_file_bytes: configured.max_file_bytes.map_or(default.max_file_bytes, Size::get),
        own_tables: configured.tables.clone(),
        is_layout_chosen,
        ..default
    })
}

/// The project that was given, else the configured one.
pub(crate) fn project(given: Option<&str>, context: &Context) -> Result<String, Failure> {
    match given {
        Some(project) => Ok(project.to_owned()),
        None => Ok(context.config()?.content.project.unwrap_or_else(|| "default".to_owned())),
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
