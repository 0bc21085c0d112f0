//! Which course: its names, its layout, and how its source and its rows are found.

use forebay_domain::{
    content::{layout::Layout, own_tables::OwnTables, paths::Slug},
    run::OnDuplicate,
    scope::Scope,
};
use forebay_store::{
    connect::{Client, Database, Limits, OpenOptions, Target},
    content::{self, Course, OwnStatements, Piece, PieceSpec},
    migrations,
    sources::{self, Source},
};
use jiff::Timestamp;

use super::{error::ContentError, record::KEY_FIELD};
use crate::{
    error::Result,
    persist::{
        PersistRequest,
        declare::{self, Declared},
        settle,
    },
};

/// The entity type of a course's files.
pub const ENTITY_TYPE: &str = "content";
/// The default size in bytes up to which a file is stored. Larger assets are only hashed.
pub const DEFAULT_MAX_FILE_BYTES: u64 = 8 << 20;
/// The prefix of the names of courses' sources. A source's name contains no slash, because `NAME/KEY` names a
/// reference.
const PREFIX: &str = "content.";
/// The longest name of a source.
const MAX_NAME_BYTES: usize = 63;

/// A course and its settings.
#[derive(Clone, Debug)]
pub struct CourseSettings {
    /// The project that it belongs to.
    pub project: String,
    /// Its name in the project.
    pub slug: Slug,
    /// Which file is what.
    pub layout: Layout,
    /// Whether somebody chose the layout. Default: true. If not, a course that is stored with another one is refused.
    pub is_layout_chosen: bool,
    /// Files up to this size in bytes are stored.
    pub max_file_bytes: u64,
    /// The user's own tables that get the same rows; empty: none. `None` leaves what is stored.
    pub own_tables: Option<OwnTables>,
}

impl CourseSettings {
    /// A course in the default project.
    pub fn new(slug: Slug, layout: Layout) -> Self {
        Self {
            project: "default".to_owned(),
            slug,
            layout,
            is_layout_chosen: true,
            max_file_bytes: DEFAULT_MAX_FILE_BYTES,
            own_tables: None,
        }
    }

    /// The name of its source. Courses of other projects carry the project's name as well.
    pub fn source_name(&self) -> Result<String> {
        let prefix = match self.project.as_str() {
            "default" => PREFIX.to_owned(),
            project => format!("{PREFIX}{project}."),
        };
        let name = format!("{prefix}{}", self.slug);
        if name.len() > MAX_NAME_BYTES {
            let max_bytes = MAX_NAME_BYTES.saturating_sub(prefix.len());
            return Err(ContentError::SlugTooLong { slug: self.slug.to_string(), max_bytes }.into());
        }
        Ok(name)
    }

    fn unknown(&self) -> ContentError {
        ContentError::CourseUnknown { slug: self.slug.to_string(), project: self.project.clone() }
    }

    /// A request to persist files of this course: not complete, with the default guards.
    pub(super) fn request(&self) -> Result<PersistRequest> {
        let mut request = PersistRequest::new(self.source_name()?, [KEY_FIELD]);
        request.entity_type = Some(ENTITY_TYPE.to_owned());
        "content".clone_into(&mut request.engine);
        Ok(request)
    }
}

/// A stored course.
#[derive(Clone, Debug)]
pub(super) struct StoredCourse {
    pub(super) course: Course,
    pub(super) source: Source,
}

/// A course that is about to be written.
#[derive(Clone, Debug)]
pub(super) struct DeclaredCourse {
    pub(super) course: Course,
    pub(super) declared: Declared,
    /// Whether its own tables may not have its rows yet.
    pub(super) is_reconfigured: bool,
}

/// Opens a database that can hold a course: with the current schema, and with the user's own tables as configured. A
/// lock that another session holds, or a slow statement, must not block a generator, so statements are limited.
pub(super) async fn connect(
    target: Target,
    options: OpenOptions,
    settings: &CourseSettings,
) -> Result<Database> {
    let limits = options.limits.or(Some(Limits::default()));
    let database = Database::open(target, OpenOptions { limits, ..options }).await?;
    let mut client = database.client().await?;
    migrations::ensure(&mut client, database.is_embedded()).await?;
    check_own_tables(&client, settings).await?;
    let piece = content::find(&**client, &settings.project, settings.slug.as_str()).await?;
    check_layout(settings, piece.and_then(|piece| piece.layout).as_deref())?;
    drop(client);
    Ok(database)
}

/// Checks the user's own tables, if any. Errors: `content_tables_invalid`, `content_tables_mismatch`.
pub(super) async fn check_own_tables(client: &Client, settings: &CourseSettings) -> Result<()> {
    if let Some(tables) = &settings.own_tables {
        tables.check().map_err(ContentError::OwnTables)?;
        OwnStatements::load(&***client, tables).await?;
    }
    Ok(())
}

/// Refuses the default layout for a course that is stored with another one: its lessons would become other files.
pub(super) fn check_layout(settings: &CourseSettings, stored: Option<&str>) -> Result<()> {
    match stored.filter(|stored| !settings.is_layout_chosen && **stored != settings.layout.name()) {
        Some(stored) => Err(ContentError::LayoutDiffers { stored: stored.to_owned() }.into()),
        None => Ok(()),
    }
}

/// Declares the course and its source.
pub(super) async fn declare_course(database: &Database, settings: &CourseSettings) -> Result<DeclaredCourse> {
    let client = database.client().await?;
    // Before anything is stored.
    check_own_tables(&client, settings).await?;
    let declared = declare::declare(&client, &settings.request()?, OnDuplicate::default()).await?;
    let source_id = declared.source.source_id;
    let spec = PieceSpec {
        project: settings.project.clone(),
        slug: settings.slug.to_string(),
        title: settings.slug.to_string(),
        source_id,
        layout: settings.layout.name(),
        is_layout_chosen: settings.is_layout_chosen,
        own_tables: settings.own_tables.clone(),
    };
    let (is_changed, layout) = content::declare(&**client, &spec).await?;
    check_layout(settings, layout.as_deref())?;
    let is_reconfigured = is_changed && settings.own_tables.is_some();
    let course = content::of_source(&**client, source_id).await?.ok_or_else(|| settings.unknown())?;
    Ok(DeclaredCourse { course, declared, is_reconfigured })
}

/// [`declare_course`] when no other run of its files is open. A run of a killed process may be open for a moment: the
/// server still carries out its last statement, which may be the commit.
pub(super) async fn declare_settled_course(
    database: &Database,
    settings: &CourseSettings,
) -> Result<DeclaredCourse> {
    let declared = declare_course(database, settings).await?;
    if !declared.course.has_open_run {
        return Ok(declared);
    }
    settle(database, declared.declared.source.source_id, &Scope::default()).await?;
    declare_course(database, settings).await
}

/// Finds a stored course. Error: `course_unknown`.
pub(super) async fn find_course(
    database: &Database,
    settings: &CourseSettings,
) -> Result<(Piece, StoredCourse)> {
    let client = database.client().await?;
    let piece = content::find(&**client, &settings.project, settings.slug.as_str()).await?;
    let piece = piece.ok_or_else(|| settings.unknown())?;
    let source =
        sources::find(&**client, &settings.source_name()?).await?.ok_or_else(|| settings.unknown())?;
    let course = content::of_source(&**client, source.source_id).await?.ok_or_else(|| settings.unknown())?;
    Ok((piece, StoredCourse { course, source }))
}

/// Error: `no_files_at_time` for a time before the first version of a course.
pub(super) async fn check_time(
    client: &Client,
    settings: &CourseSettings,
    course: &StoredCourse,
    at: Timestamp,
) -> Result<()> {
    let first_version = content::first_version(&***client, course.source.source_id).await?;
    if first_version.is_none_or(|first| at < first) {
        let slug = settings.slug.to_string();
        return Err(ContentError::NoFilesAt { slug, at, first_version }.into());
    }
    Ok(())
}
