//! The options of commands that read a course folder, and of those that also write its database.

use std::{path::PathBuf, sync::Arc};

use forebay_domain::content::{PersistMode, paths::Slug};
use forebay_engine::content::{CourseFolder, CoursePersister, CourseSettings};
use forebay_views::ContentPersisted;

use super::{
    course::{CourseArgs, slug, slug_of},
    persistence::{persistence, target},
};
use crate::{cli::values, context::Context, failure::Failure, ui::Report};

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

    /// Whether to write the database too [default: `content.persist`, else on]
    #[arg(long, value_name = "MODE", value_parser = values::word::<PersistMode>())]
    pub(crate) persist: Option<PersistMode>,
}

impl WritingArgs {
    /// Opens the course for writing, runs `work`, and closes it however that ended. A database that fails is no error.
    pub(crate) async fn run<T>(
        &self,
        context: &Context,
        work: impl AsyncFnOnce(&mut CoursePersister) -> forebay_engine::Result<T>,
    ) -> Result<T, Failure> {
        let (settings, folder) = self.folder.open(context)?;
        let (mode, options) = persistence(self.persist, context)?;
        let target = target(mode, context)?;
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

    /// Shows a result, with a warning if the database failed.
    pub(crate) fn show(
        &self,
        context: &Context,
        result: &impl Report,
        database: Option<&ContentPersisted>,
    ) -> Result<(), Failure> {
        context.ui.show(result)?;
        let (mode, _) = persistence(self.persist, context)?;
        // In shadow mode, errors are only counted.
        if let (PersistMode::On, Some(error)) = (mode, database.and_then(|database| database.error.as_ref()))
        {
            context.ui.warn(&format!(
                "the database was not written: error[{}]: {}; run the same command again when it is back",
                error.code, error.message
            ));
        }
        Ok(())
    }
}
