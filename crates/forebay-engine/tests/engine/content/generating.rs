//! `generate`, with made-up programs that print the same lesson for the same specification.

mod edited;

use std::{
    fmt::Write,
    fs,
    os::unix::fs::symlink,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use forebay_domain::{
    content::{PersistMode, ProblemCode},
    handoff::FailureClass,
};
use forebay_engine::{
    Result,
    content::{
        self, Attention, CourseFolder, CourseSettings, DEFAULT_MAX_FILE_BYTES, GenerateOptions,
        GenerateProgress, GenerateReport, LessonEnd, LessonSpec, Persisted, Retries, Selection,
    },
};
use forebay_store::{connect::Target, testing};

use super::{Stage, course, files, lesson, settings};

/// Prints a lesson with an id. The specification is one line: id, number, file.
const LESSON: &str = "read id number path\n\
    printf -- '---\\nlesson_id: %s\\n---\\n\\n# Lesson %s\\n\\nBorrowing lends a value.\\n' \"$id\" \"$number\"\n";

/// Whether the database has what the folder has.
fn is_done(report: &GenerateReport) -> bool {
    matches!(report.persisted, Persisted::Done(_)) && report.persisted.attention() == Attention::None
}

/// What is special about a run.
struct Run<'a> {
    script: &'a str,
    selection: Selection,
    mode: PersistMode,
    target: Target,
    retries: Retries,
    max_file_bytes: u64,
    /// Stops after so many lessons.
    stop_after: usize,
}

impl Stage {
    /// A course of `num_modules` modules with `num_lessons` lessons each, without the lessons.
    async fn planned(num_modules: u32, num_lessons: u32) -> Self {
        let stage = Self::empty().await;
        for (path, text) in course(num_modules, num_lessons) {
            if !path.starts_with("lessons/") {
                stage.write(&path, text.as_bytes());
            }
        }
        stage
    }

    fn run(&self) -> Run<'static> {
        Run {
            script: LESSON,
            selection: Selection::Missing,
            mode: PersistMode::On,
            target: self.test.target(),
            retries: Retries { max_retries: 3, delay: Duration::from_millis(1), ..Retries::default() },
            max_file_bytes: DEFAULT_MAX_FILE_BYTES,
            stop_after: usize::MAX,
        }
    }

    async fn try_generate(&self, run: Run<'_>) -> Result<GenerateReport> {
        let command = ["sh", "-c", run.script].map(str::to_owned).to_vec();
        let options = GenerateOptions {
            selection: run.selection,
            num_jobs: 3,
            retries: run.retries,
            mode: run.mode,
            ..GenerateOptions::new(command)
        };
        let folder = Arc::new(CourseFolder::open(self.path())?);
        let encode = |spec: &LessonSpec| {
            let id = spec.lesson_id.as_deref().unwrap_or("-");
            format!("{id} {}.{} {}\n", spec.module_number, spec.lesson_number, spec.file_path).into_bytes()
        };
        let (num_ended, stopped) = (AtomicUsize::new(0), tokio::sync::Notify::new());
        let progress = |progress: GenerateProgress<'_>| {
            if let GenerateProgress::Ended(_) = progress
                && num_ended.fetch_add(1, Ordering::Relaxed) + 1 == run.stop_after
            {
                stopped.notify_one();
            }
        };
        let settings = CourseSettings { max_file_bytes: run.max_file_bytes, ..settings() };
        content::generate(settings, folder, run.target, options, encode, &progress, stopped.notified()).await
    }

    async fn generate(&self, run: Run<'_>) -> GenerateReport {
        self.try_generate(run).await.unwrap()
    }
}

fn count(report: &GenerateReport, is_one: impl Fn(&LessonEnd) -> bool) -> usize {
    report.lessons.iter().filter(|lesson| is_one(&lesson.end)).count()
}

fn num_generated(report: &GenerateReport) -> usize {
    count(report, |end| matches!(end, LessonEnd::Generated(_)))
}

/// The class, the reason code and the retries of a lesson that failed.
fn failure(report: &GenerateReport, number: (u32, u32)) -> (FailureClass, &str, u32) {
    let lesson = report.lessons.iter().find(|lesson| (lesson.module_number, lesson.lesson_number) == number);
    match &lesson.unwrap().end {
        LessonEnd::Failed { class, reason_code, effort, .. } => (*class, reason_code, effort.num_retries),
        end => panic!("{number:?} did not fail: {end:?}"),
    }
}

const LESSONS: &str = "select count(*)::text from forebay.course_lessons";

#[tokio::test]
async fn a_course_of_sixty_lessons_is_generated_once() {
    let stage = Stage::planned(5, 12).await;
    let report = stage.generate(stage.run()).await;
    assert!(report.is_complete() && is_done(&report), "{report:?}");
    assert_eq!(num_generated(&report), 60);
    assert_eq!(report.lessons[13].path.as_ref().unwrap().as_str(), "lessons/2.2-part-2.md");
    assert!(stage.verify().await.is_clean());
    let rows = "select string_agg(format('%s.%s %s', module_number, lesson_number, lesson_id), ',' order by \
                module_number, lesson_number) from forebay.course_lessons where generation_seconds > 0 and num_retries = 0";
    let stored = stage.texts(rows).await;
    assert_eq!(stored[0].split(',').count(), 60);
    assert!(stored[0].starts_with("1.1 L11,1.2 L12,") && stored[0].ends_with("5.12 L512"), "{stored:?}");
    let before = files(stage.path());
    let transactions = "select xmin::text from forebay.course_lessons union all select xmin::text from \
                        forebay.content_pieces union all select count(*)::text from forebay.scrape_runs order by 1";
    let written = stage.texts(transactions).await;
    let again = stage.generate(Run { script: "exit 1", ..stage.run() }).await;
    assert!(again.is_complete() && is_done(&again), "{again:?}");
    assert_eq!(count(&again, |end| *end == LessonEnd::Kept), 60);
    assert_eq!((files(stage.path()), stage.texts(transactions).await), (before, written));
}

#[tokio::test]
async fn failures_are_retried_by_class_and_stop_only_their_lesson() {
    let stage = Stage::planned(1, 5).await;
    // 1.2 succeeds at the third attempt, 1.3 and 1.4 never do, 1.5 is asked to wait.
    let script = format!(
        "cd {}; read id number path; echo x >> .tries-$number; n=$(wc -l < .tries-$number)\n\
         fail() {{ printf '{{\"status\": \"failed\", \"cost\": 0.5, %s}}' \"$1\"; exit; }}\n\
         case $number in\n\
         1.2) [ $n -ge 3 ] || exit 7;;\n\
         1.3) exit 7;;\n\
         1.4) fail '\"class\": \"permanent\", \"reason_code\": \"refused_by_model\"';;\n\
         1.5) [ $n -ge 2 ] || fail '\"class\": \"throttled\", \"retry_after_seconds\": 0.1';;\n\
         esac\n\
         printf '{{\"markdown\": \"# Lesson %s\", \"cost\": 0.25}}' $number\n",
        stage.path().display()
    );
    let report = stage.generate(Run { script: &script, ..stage.run() }).await;
    assert!(!report.is_complete() && is_done(&report));
    assert_eq!(num_generated(&report), 3);
    assert_eq!(failure(&report, (1, 3)), (FailureClass::Transient, "generator_failed", 3));
    assert_eq!(failure(&report, (1, 4)), (FailureClass::Permanent, "refused_by_model", 0));
    let costs = "select format('%s %s %s', lesson_number, num_retries, round(generation_cost::numeric, 2)) \
                 from forebay.course_lessons order by lesson_number";
    assert_eq!(stage.texts(costs).await, ["1 0 0.25", "2 2 0.25", "5 1 0.75"]);
    assert!(!stage.path().join("lessons/1.3-part-3.md").exists());
    // The same command later makes what failed.
    let report = stage.generate(stage.run()).await;
    assert_eq!((num_generated(&report), report.is_complete()), (2, true));
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn a_throttled_attempt_uses_no_retry_and_waits_only_so_long() {
    let stage = Stage::planned(1, 2).await;
    let throttled =
        "printf '{\"status\": \"failed\", \"class\": \"throttled\", \"retry_after_seconds\": 0.01}'; exit";
    // 1.1 is throttled six times and then fails twice, with two retries allowed.
    let script = format!(
        "cd {}; read id number path; echo x >> .tries-$number; n=$(wc -l < .tries-$number)\n\
         if [ $n -le 6 ]; then {throttled}; fi; if [ $number = 1.1 ] && [ $n -le 8 ]; then exit 7; fi\n\
         echo \"# Lesson $number\"\n",
        stage.path().display()
    );
    let retries = Retries { max_retries: 2, ..stage.run().retries };
    let report = stage.generate(Run { script: &script, retries, ..stage.run() }).await;
    assert_eq!((num_generated(&report), report.is_complete()), (2, true), "{report:?}");
    // A model that never answers ends the run, and says so.
    let retries = Retries { max_throttled: Duration::from_millis(300), ..retries };
    let (selection, script) = (Selection::All, throttled);
    let report = stage.generate(Run { script, selection, retries, ..stage.run() }).await;
    for lesson in &report.lessons {
        let LessonEnd::Failed { class, reason_code, message, .. } = &lesson.end else { panic!("{lesson:?}") };
        assert_eq!((*class, reason_code.as_str()), (FailureClass::Throttled, "generator_reported"));
        assert_eq!(message, "the program reported a failure without a message");
    }
}

#[tokio::test]
async fn a_lesson_that_cannot_be_stored_replaces_none() {
    let stage = Stage::planned(1, 1).await;
    assert!(stage.generate(stage.run()).await.is_complete());
    let before = files(stage.path());
    let script = "i=0; while [ $i -lt 500 ]; do echo 'A line of a lesson.'; i=$((i+1)); done";
    let selection = Selection::All;
    let run = Run { script, selection, max_file_bytes: 8000, ..stage.run() };
    let report = stage.generate(run).await;
    assert_eq!(failure(&report, (1, 1)), (FailureClass::Transient, "too_large", 3));
    assert_eq!(files(stage.path()), before);
}

#[tokio::test]
async fn stopping_kills_the_programs_and_persists_what_is_there() {
    let stage = Stage::planned(2, 6).await;
    let script = format!(
        "read id number path; case $number in 2.*) exec sleep 600;; esac; echo \"$id $number $path\" | ({LESSON})"
    );
    let report = stage.generate(Run { script: &script, stop_after: 6, ..stage.run() }).await;
    assert!(report.is_stopped && is_done(&report));
    assert_eq!((num_generated(&report), count(&report, |end| *end == LessonEnd::Stopped)), (6, 6));
    assert!(stage.verify().await.is_clean());
    assert_eq!(stage.texts(LESSONS).await, ["6"]);
    let report = stage.generate(stage.run()).await;
    assert_eq!((num_generated(&report), report.is_complete()), (6, true));
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn only_what_is_missing_empty_or_named_is_generated() {
    let stage = Stage::planned(1, 4).await;
    stage.write("lessons/1.1-part-1.md", b"# Mine\n");
    stage.write("lessons/1.2-part-2.md", b" \n");
    assert_eq!(num_generated(&stage.generate(stage.run()).await), 3);
    assert_eq!(fs::read(stage.path().join("lessons/1.1-part-1.md")).unwrap(), b"# Mine\n");
    let named = |names: &[&str]| Selection::Named(names.iter().map(|name| (*name).to_owned()).collect());
    let selection = named(&["L11", "1.3", "lessons/1.4-part-4.md"]);
    let report = stage.generate(Run { selection, ..stage.run() }).await;
    assert_eq!((num_generated(&report), count(&report, |end| *end == LessonEnd::Kept)), (3, 1));
    assert_ne!(fs::read(stage.path().join("lessons/1.1-part-1.md")).unwrap(), b"# Mine\n");
    let unknown = stage.try_generate(Run { selection: named(&["1.9"]), ..stage.run() }).await.unwrap_err();
    assert_eq!((unknown.code(), unknown.is_usage()), ("lesson_unknown", true));
    let report = stage.generate(Run { selection: Selection::All, ..stage.run() }).await;
    assert_eq!(num_generated(&report), 4);
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn the_database_never_fails_a_lesson() {
    let stage = Stage::planned(1, 3).await;
    let nowhere = || Target::Url("postgresql://nobody@127.0.0.1:1/none".to_owned());
    let run = Run { mode: PersistMode::Off, target: nowhere(), ..stage.run() };
    let report = stage.generate(run).await;
    assert!(report.is_complete() && matches!(report.persisted, Persisted::Off), "{report:?}");
    let run = Run { selection: Selection::All, target: nowhere(), ..stage.run() };
    let report = stage.generate(run).await;
    assert!(report.is_complete(), "{report:?}");
    assert!(matches!(report.persisted, Persisted::Failed { code: "database_unreachable", .. }), "{report:?}");
    assert_eq!(num_generated(&stage.generate(stage.run()).await), 0);
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn a_shadow_reports_what_differs() {
    let stage = Stage::planned(1, 3).await;
    let report = stage.generate(Run { mode: PersistMode::Shadow, ..stage.run() }).await;
    assert!(report.is_complete());
    assert_eq!((report.counts.num_differences, report.counts.num_failed), (0, 0));
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn a_database_without_our_schema_fails_at_the_start() {
    let stage = Stage::planned(1, 2).await;
    let empty = testing::empty_database().await;
    let run = Run { script: "sleep 600", target: empty.target(), ..stage.run() };
    let error = stage.try_generate(run).await.unwrap_err();
    assert_eq!((error.code(), error.is_usage()), ("schema_missing", true));
}

#[tokio::test]
async fn a_hostile_curriculum_costs_only_the_lessons_that_it_names_badly() {
    let stage = Stage::empty().await;
    let outside = tempfile::TempDir::new().unwrap();
    fs::create_dir(stage.path().join("lessons")).unwrap();
    symlink(outside.path(), stage.path().join("lessons/deep")).unwrap();
    symlink(outside.path().join("new.md"), stage.path().join("lessons/1.5-link.md")).unwrap();
    let lessons = [
        "number: 1, lesson_id: A, file_path: ../../etc/passwd",
        "number: 2, lesson_id: B, file_path: lessons/1.2-fine.md",
        "number: 2, lesson_id: C, file_path: lessons/1.2-doubled.md",
        "number: 4, lesson_id: D, file_path: lessons/deep/1.4-in-link.md",
        "number: 5, lesson_id: E, file_path: lessons/1.5-link.md",
        "number: 6, lesson_id: B, file_path: lessons/1.6-same-id.md",
        "number: 7, lesson_id: G, file_path: lessons/1.2-FINE.md",
        "number: 8, lesson_id: H, title: [a, list]",
        "number: 9, lesson_id: I, file_path: curriculum.yaml",
        "number: 10, lesson_id: J, title: Also fine",
    ];
    let list: Vec<String> = lessons.iter().map(|lesson| format!("      - {{{lesson}}}\n")).collect();
    let text = format!("course: C\r\nmodules:\n  - number: 1\n    lessons:\n{}", list.concat());
    stage.write("curriculum.yaml", format!("\u{feff}{text}").as_bytes());
    let report = stage.generate(stage.run()).await;
    assert_eq!(num_generated(&report), 2, "{report:?}");
    let places: Vec<String> = report
        .problems
        .iter()
        .filter(|problem| problem.path == "curriculum.yaml" && problem.code != ProblemCode::NumberGap)
        .map(|problem| format!("{} {}", problem.line.unwrap(), problem.code))
        .collect();
    for expected in [
        "5 unsafe_path",
        "7 duplicate_number",
        "8 unsafe_path",
        "9 unsafe_path",
        "10 duplicate_id",
        "11 path_collision",
        "12 wrong_type",
        "13 invalid_value",
    ] {
        assert!(places.contains(&expected.to_owned()), "{expected}: {places:?}");
    }
    assert_eq!(failure(&report, (1, 1)), (FailureClass::Permanent, "unsafe_path", 0));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    let paths = "select file_path from forebay.course_lessons order by lesson_number";
    assert_eq!(stage.texts(paths).await, ["lessons/1.2-fine.md", "lessons/1.10-also-fine.md"]);
}

#[tokio::test]
async fn a_curriculum_that_cannot_be_read_is_an_error_with_its_line() {
    let stage = Stage::empty().await;
    let error = stage.try_generate(stage.run()).await.unwrap_err();
    assert_eq!((error.code(), error.is_usage()), ("content_file_missing", true));
    let mut bomb = "a: &a [x]\n".to_owned();
    for one in 'b'..='z' {
        let before = char::from_u32(u32::from(one) - 1).unwrap();
        writeln!(bomb, "{one}: &{one} [*{before}, *{before}, *{before}, *{before}]").unwrap();
    }
    for (text, code, place) in [
        (bomb.as_bytes(), "yaml_bounds", "curriculum.yaml:1: "),
        (b"modules: [\n  - x: {", "yaml_syntax", "curriculum.yaml:"),
        (b"course: a\n\0", "nul_character", "curriculum.yaml:2: "),
        (b"course: a\nb: \xff", "not_utf8", "curriculum.yaml:2: "),
        (b"- a list", "wrong_type", "curriculum.yaml:1: "),
    ] {
        stage.write("curriculum.yaml", text);
        let error = stage.try_generate(stage.run()).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().starts_with(place), "{error}");
    }
}
