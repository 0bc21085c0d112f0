//! The open course, and what each method does with it.

use std::{path::Path, sync::Arc};

use forebay_domain::content::{layout::LayoutChoice, paths::Slug};
use forebay_engine::content::{ContentError, CourseFolder, CoursePersister, Persisted};
use forebay_views::{
    ContentCounts, ContentCourse, ContentMethod, ContentOpened, ContentPersisted, ContentVerified,
    CourseParams, CurriculumParams, GetCourseParams, LessonParams, LessonsParams, MetadataParams, NoParams,
    OpenParams, PerformanceParams, ResearchParams, StatusParams, ValidationParams, VoiceParams,
};
use serde_json::{Value, value::RawValue};

use super::{
    super::{
        course::{course_settings, slug_of},
        outcome::{database_error, written},
        persistence::{connection, mode, target},
    },
    call::{params, wrong},
};
use crate::{context::Context, failure::Failure};

/// At most one open course.
pub(super) struct Session<'a> {
    context: &'a Context,
    persister: Option<CoursePersister>,
}

impl<'a> Session<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        Self { context, persister: None }
    }

    /// Answers a call.
    pub(super) async fn answer(
        &mut self,
        method: ContentMethod,
        given: Value,
    ) -> Result<Box<RawValue>, Failure> {
        match method {
            ContentMethod::Open => json(&self.open(params(method, given)?).await?),
            ContentMethod::Close => {
                let NoParams {} = params(method, given)?;
                json(&self.close().await?)
            }
            method => self.of_course(method, given).await,
        }
    }

    /// Closes the course, if one is open.
    pub(super) async fn end(&mut self) -> Result<(), Failure> {
        if let Some(persister) = self.persister.take() {
            persister.close().await?;
        }
        Ok(())
    }

    async fn open(&mut self, given: OpenParams) -> Result<ContentOpened, Failure> {
        // The folder may be the same one, which this process has locked.
        self.end().await?;
        let folder = Path::new(&given.folder);
        let course = given.course.as_deref().map(Slug::parse).transpose();
        let course = course.map_err(|problem| {
            let failure = Failure::usage(problem.code.as_str(), format!("course: {}", problem.message));
            match problem.hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })?;
        let opened = if given.create_parents {
            CourseFolder::create(folder).map_err(forebay_engine::Error::from)?
        } else {
            CourseFolder::create_in_parent(folder).map_err(|error| {
                let is_missing = matches!(error, ContentError::FolderMissing { .. });
                let failure = Failure::from(forebay_engine::Error::from(error));
                if is_missing {
                    failure.hint("check the path; with `create_parents`, missing parents are created")
                } else {
                    failure
                }
            })?
        };
        let layout = given.layout.map(LayoutChoice::settings);
        let settings =
            course_settings(slug_of(course.as_ref(), folder)?, given.project, layout, self.context)?;
        let (mode, options) = (mode(given.persist, self.context)?, connection(self.context)?);
        let view = ContentOpened::new(given.folder, &settings, mode);
        let target = target(mode, self.context)?;
        let persister = CoursePersister::open_with(settings, Arc::new(opened), mode, target, options).await?;
        self.persister = Some(persister);
        Ok(view)
    }

    async fn close(&mut self) -> Result<ContentCounts, Failure> {
        match self.persister.take() {
            Some(persister) => Ok(persister.close().await?.into()),
            None => Err(not_open()),
        }
    }

    async fn of_course(&mut self, method: ContentMethod, given: Value) -> Result<Box<RawValue>, Failure> {
        let persister = self.persister.as_mut().ok_or_else(not_open)?;
        match method {
            ContentMethod::PersistCourse => {
                let given: CourseParams = params(method, given)?;
                let input = given.input().map_err(|message| wrong(method, &message))?;
                json(&written(persister.persist_course(input).await?))
            }
            ContentMethod::PersistMetadata => {
                let MetadataParams { brief, outline } = params(method, given)?;
                json(&written(persister.persist_metadata(brief, outline).await?))
            }
            ContentMethod::PersistResearch => {
                let given: ResearchParams = params(method, given)?;
                json(&written(persister.persist_research(given.input()).await?))
            }
            ContentMethod::PersistLesson => {
                let given: LessonParams = params(method, given)?;
                let lesson = given.input().map_err(|message| wrong(method, &message))?;
                json(&written(persister.persist_lesson(lesson).await?))
            }
            ContentMethod::PersistLessonsBatch => {
                let given: LessonsParams = params(method, given)?;
                let lessons = given.input().map_err(|message| wrong(method, &message))?;
                json(&written(persister.persist_lessons_batch(lessons).await?))
            }
            ContentMethod::UpdateCurriculum => {
                let CurriculumParams { text } = params(method, given)?;
                json(&written(persister.update_curriculum(text).await?))
            }
            ContentMethod::UpdateVoiceFidelity => {
                let VoiceParams { score } = params(method, given)?;
                json(&persisted(persister.update_voice_fidelity(score).await?))
            }
            ContentMethod::SetStatus => {
                let StatusParams { status } = params(method, given)?;
                json(&persisted(persister.set_status(status).await))
            }
            ContentMethod::UpdateLessonValidation => {
                let given: ValidationParams = params(method, given)?;
                let (place, measures) = given.input().map_err(|message| wrong(method, &message))?;
                let path = persister.lesson_file(place).await?;
                json(&persisted(persister.update_lesson_validation(&path, &measures).await?))
            }
            ContentMethod::RecordPerformance => {
                let PerformanceParams { metric, value, recorded_at } = params(method, given)?;
                json(&persisted(persister.record_performance(&metric, value, recorded_at.get()).await?))
            }
            ContentMethod::GetCourse => {
                let GetCourseParams { content } = params(method, given)?;
                json(&ContentCourse::new(persister.get_course(content).await, database_error))
            }
            ContentMethod::PersistFolder => {
                let NoParams {} = params(method, given)?;
                json(&persisted(persister.persist_folder().await))
            }
            ContentMethod::Verify => {
                let NoParams {} = params(method, given)?;
                json(&ContentVerified::new(persister.verify().await, database_error))
            }
            ContentMethod::Counts => {
                let NoParams {} = params(method, given)?;
                json(&ContentCounts::from(persister.status()))
            }
            // Answered above.
            ContentMethod::Open | ContentMethod::Close => Err(not_open()),
        }
    }
}

fn not_open() -> Failure {
    Failure::usage("course_not_open", "no course is open").hint("call `open` with the folder first")
}

fn persisted(persisted: Persisted) -> ContentPersisted {
    ContentPersisted::new(persisted, database_error)
}

fn json(result: &impl serde::Serialize) -> Result<Box<RawValue>, Failure> {
    serde_json::value::to_raw_value(result)
        .map_err(|error| Failure::new("output_failed", "the result is not JSON").because(&error))
}
