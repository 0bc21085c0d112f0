//! A course with lessons in three languages, scores, an approved curriculum, and one lesson that fails the validation.

use std::{fs, io, path::Path, sync::Arc};

use forebay_domain::content::{
    PersistMode,
    layout::{Layout, LayoutSettings},
    paths::Slug,
};
use forebay_store::connect::{Database, Target};
use tokio::task;

use crate::{
    content::{
        CourseFolder, CoursePersister, CourseSettings, SyncOptions, approve_curriculum, record_voice, sync,
        validate_lessons,
    },
    error::{Error, Result},
};

const SLUG: &str = "rust-basics";
const PROJECT: &str = "seed";
const VOICE_FIDELITY: f64 = 0.93;

/// The files of the course, by path.
pub const COURSE_FILES: [(&str, &str); 12] = [
    ("COURSE-BRIEF.md", include_str!("course/COURSE-BRIEF.md")),
    ("course-outline.md", include_str!("course/course-outline.md")),
    ("curriculum.yaml", include_str!("course/curriculum.yaml")),
    ("research/market-analysis.md", include_str!("course/research/market-analysis.md")),
    ("research/content-gaps.md", include_str!("course/research/content-gaps.md")),
    ("research/differentiation.md", include_str!("course/research/differentiation.md")),
    ("research/sources.md", include_str!("course/research/sources.md")),
    ("resources/notes.txt", include_str!("course/resources/notes.txt")),
    ("lessons/1.1-borrowing.md", include_str!("course/lessons/1.1-borrowing.md")),
    ("lessons/1.2-mover.md", include_str!("course/lessons/1.2-mover.md")),
    ("lessons/2.1-tipos.md", include_str!("course/lessons/2.1-tipos.md")),
    // What a generator writes when it stops too early.
    ("lessons/2.2-vida.md", include_str!("course/lessons/2.2-vida.md")),
];

pub(super) async fn make(database: &Database, target: Target) -> Result<()> {
    let folder = task::spawn_blocking(|| -> io::Result<_> {
        let folder = tempfile::tempdir()?;
        write_course(&folder.path().join(SLUG))?;
        Ok(folder)
    });
    let folder = folder.await.map_err(|_| Error::Reader)??;
    let (Ok(slug), Ok(layout)) = (Slug::parse(SLUG), Layout::new(&LayoutSettings::default())) else {
        return Ok(());
    };
    let settings = CourseSettings { project: PROJECT.to_owned(), ..CourseSettings::new(slug, layout) };
    let course = Arc::new(CourseFolder::open(&folder.path().join(SLUG))?);
    sync(database, &settings, Arc::clone(&course), SyncOptions::default()).await?;
    let mut writer = CoursePersister::open(settings, course, PersistMode::On, target).await?;
    validate_lessons(&mut writer, &[]).await?;
    record_voice(&mut writer, VOICE_FIDELITY).await?;
    approve_curriculum(&mut writer, "Ada Example").await?;
    writer.close().await?;
    Ok(())
}

fn write_course(folder: &Path) -> io::Result<()> {
    for (path, text) in COURSE_FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}
