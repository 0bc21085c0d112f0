//! The options of commands that read a course folder, and of those that also write its database.

use std::{path::PathBuf, sync::Arc};

use forebay_domain::content::{PersistMode, paths::Slug};
use forebay_engine::content::{CourseFolder, CoursePersister, CourseSettings};
use forebay_views::ContentPersisted;

use super::{
    course::{CourseArgs, slug, slug_of},
    outcome,
    persistence::{connection, mode, target},
};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    ui::Report,
};

/// A course in a folder.
#[derive(Debug, clap::Args)]
pub(crate) struct FolderArgs {
    /// Folder of the course
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// Slug of the course [default: made from the folder's name]
    #[arg(long, value_name = "SLUG", value_parser = slug)]
    pub(crate) course: Option<Slug>,

    #[command(flatten)]
    pub(crate) settings: CourseArgs,
}

impl FolderArgs {
    /// Opens the folder.
    pub(crate) fn open(&self, context: &Context) -> Result<(CourseSettings, Arc<CourseFolder>), Failure> {
        let folder = CourseFolder::open(&self.folder).map_err(forebay_engine::Error::from)?;
        let slug = slug_of(self.course.as_ref(), &self.folder)?;
        Ok((self.settings.configured(slug, context)?, Arc::new(folder)))
    }
}

/// A course in a folder that is written to the database too.
#[derive(Debug, clap::Args)]
pub(crate) struct WritingArgs {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,

    #[command(flatten)]
    pub(crate) persistence: PersistArgs,
}

/// Whether to write the database.
#[derive(Debug, clap::Args)]
pub(crate) struct PersistArgs {
    /// Whether to write the database too [default: `CREATOR_OS_DB_PERSIST`, else `content.persist`, else on]
    #[arg(long, value_name = "MODE", value_parser = values::word::<PersistMode>())]
    pub(crate) persist: Option<PersistMode>,
}

impl PersistArgs {
    /// The mode: the option, else what is configured.
    pub(crate) fn mode(&self, context: &Context) -> Result<PersistMode, Failure> {
        mode(self.persist, context)
    }
}

impl WritingArgs {
    /// Opens the course for writing, runs `work`, and closes it however that ended. A database that fails is no error.
    pub(crate) async fn run<T>(
        &self,
        context: &Context,
        work: impl AsyncFnOnce(&mut CoursePersister) -> forebay_engine::Result<T>,
    ) -> Result<T, Failure> {
        let (settings, folder) = self.folder.open(context)?;
        let mode = self.persistence.mode(context)?;
        let (target, options) = (target(mode, context)?, connection(context)?);
        let mut writer = CoursePersister::open_with(settings, folder, mode, target, options).await?;
        let worked = work(&mut writer).await;
        let closed = writer.close().await;
        let result = worked?;
        if let Err(error) = closed {
            // The files are written, and what the database missed is found by comparing.
            context.ui.warn(&error.to_string());
        }
        Ok(result)
    }

    /// Shows the result of the command, and ends it. `is_done`: the files are as they should be.
    pub(crate) fn finish(
        &self,
        context: &Context,
        result: &impl Report,
        database: Option<&ContentPersisted>,
        is_done: bool,
    ) -> Result<Exit, Failure> {
        let mode = self.persistence.mode(context)?;
        outcome::finish(context, &self.folder.folder, mode, (result, database), is_done)
    }
}
