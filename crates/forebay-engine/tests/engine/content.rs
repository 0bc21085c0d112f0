//! Courses: a folder and the database, kept equal. Each test has its own folder and its own database.

mod generating;
mod hostile;
mod keeping;
mod own_tables;
mod persisting;
mod restoring;
mod rows;
mod searching;
mod stages;
mod syncing;
mod two_copies;
mod versions;
mod watching;
mod withheld;

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use forebay_domain::content::{
    layout::{Layout, LayoutSettings},
    paths::Slug,
};
use forebay_engine::{
    Result,
    content::{self, CourseFolder, CourseSettings, SyncOptions, SyncReport, Verification},
};
use forebay_store::{
    connect::Database,
    testing::{self, TestDatabase},
};
use tempfile::TempDir;

/// A course folder with a database.
struct Stage {
    folder: TempDir,
    database: Database,
    // Dropped last.
    test: TestDatabase,
}

impl Stage {
    /// An empty folder.
    async fn empty() -> Self {
        let test = testing::database().await;
        let database = test.open().await;
        Self { folder: TempDir::new().unwrap(), database, test }
    }

    /// A course of 2 modules with 3 lessons each, and all other files.
    async fn course() -> Self {
        let stage = Self::empty().await;
        for (path, text) in course(2, 3) {
            stage.write(&path, text.as_bytes());
        }
        stage
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn edit(&self, path: &str, edit: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.path().join(path)).unwrap();
        self.write(path, edit(text).as_bytes());
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path().join(from), self.path().join(to)).unwrap();
    }

    async fn try_sync(&self, options: SyncOptions) -> Result<SyncReport> {
        let folder = Arc::new(CourseFolder::open(self.path())?);
        content::sync(&self.database, &settings(), folder, options).await
    }

    async fn sync(&self) -> SyncReport {
        self.try_sync(SyncOptions::default()).await.unwrap()
    }

    async fn verify(&self) -> Verification {
        let folder = Arc::new(CourseFolder::open(self.path()).unwrap());
        content::verify(&self.database, &settings(), folder).await.unwrap()
    }

    /// Rows of one text column, sorted.
    async fn texts(&self, statement: &str) -> Vec<String> {
        let client = self.test.client().await;
        let rows = client.query(statement, &[]).await.unwrap();
        rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_else(|| "null".to_owned())).collect()
    }

    async fn execute(&self, statement: &str) {
        self.test.client().await.batch_execute(statement).await.unwrap();
    }
}

fn settings() -> CourseSettings {
    let layout = Layout::new(&LayoutSettings::default()).unwrap();
    CourseSettings::new(Slug::parse("rust-basics").unwrap(), layout)
}

/// The files of a folder with their bytes, without hidden ones.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_string_lossy().starts_with('.') {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// A lesson with an id.
fn lesson(module: u32, number: u32) -> String {
    format!(
        "---\nlesson_id: L{module}{number}\ntitle: \"Lesson {module}.{number}\"\nbloom_level: apply\nobjectives:\n  - \
         Read code {number}\n---\n\n# Lesson {module}.{number}\n\nBorrowing lends a value.\n"
    )
}

/// The files of a made-up course.
fn course(num_modules: u32, num_lessons: u32) -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([
        (
            "COURSE-BRIEF.md".to_owned(),
            "# Rust basics\n\n## 1. Basic information\n\nShort.\n\n## 2. ICP\n\nPython developers.\n\n## 4. Voice\n\n\
             Calm.\n"
                .to_owned(),
        ),
        ("course-outline.md".to_owned(), "# Outline\n\nTwo modules.\n".to_owned()),
        (
            "research/market-analysis.md".to_owned(),
            "# Market\n\nMany want to learn.\n\n## Competitors\n\n- One\n- Two\n".to_owned(),
        ),
        ("research/sources.md".to_owned(), "# Sources\n\nA book.\n".to_owned()),
        ("assessments/quiz-1.md".to_owned(), "# Quiz\n".to_owned()),
    ]);
    let mut curriculum = "course:\n  title: Rust from the start\n  type: technical\n  level: beginner\n\
                          metadata:\n  framework: GPS\n  keywords: [rust, borrowing]\nlearning_objectives:\n  - Write \
                          programs\nmodules:\n"
        .to_owned();
    for module in 1..=num_modules {
        write!(curriculum, "  - number: {module}\n    title: Module {module}\n    lessons:\n").unwrap();
        for number in 1..=num_lessons {
            let path = format!("lessons/{module}.{number}-part-{number}.md");
            write!(
                curriculum,
                "      - lesson_id: L{module}{number}\n        title: Lesson {module}.{number}\n        file_path: {path}\n"
            )
            .unwrap();
            files.insert(path, lesson(module, number));
        }
    }
    files.insert("curriculum.yaml".to_owned(), curriculum);
    files
}
