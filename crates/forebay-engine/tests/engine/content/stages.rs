//! The stages: brief, research, curriculum and its approval, validation.

use std::{fs, sync::Arc};

use forebay_domain::content::{
    ContentStatus, PersistMode, ProblemCode, ResearchKind, ValidationStatus, brief::BriefSectionKind,
};
use forebay_engine::content::{self, CourseFolder, CoursePersister, Persisted};
use forebay_store::connect::Target;

use super::{Stage, settings};

const ENGLISH: &str = "---\nlesson_id: L11\n---\n# Borrowing\n\n## Why it matters\n\nEvery program lends.\n\n## Goal\n\nLend a \
    value.\n\n## Where you are\n\nYou know variables.\n\n## Step by step\n\n1. Write it.\n2. Pass it.\n\n## Key \
    concepts\n\nThink of it as a library.\n\n## Reflection\n\nWho owns the book?\n\n## Summary\n\n- One\n- Two\n\n## \
    Quick action\n\nLend one.\n\n## Next lesson\n\nMoving.\n";
const PORTUGUESE: &str = "---\nlesson_id: L12\n---\n# Mover\n\n## Gancho\n\nUm valor tem um dono.\n\n## Objetivo\n\nVocê vai mover \
    um valor.\n\n## Onde você está\n\nVocê já conhece o empréstimo.\n\n## Passo a passo\n\n1. Crie.\n2. Mova.\n\n## \
    Conceitos-chave\n\nÉ como entregar uma chave.\n\n## Para refletir\n\nQuem é o dono?\n\n## Revisão estruturada\n\n\
    - Um\n- Dois\n\n## Ação rápida\n\nMova uma lista.\n\n## Próxima lição\n\nOs tipos.\n";
/// Without a hook, an analogy, a review and an action.
const SPANISH: &str = "---\nlesson_id: L13\n---\n# Tipos\n\n## Objetivo\n\nElegir un tipo.\n\n## Dónde estás\n\nYa conoces los \
    valores.\n\n## Paso a paso\n\n1. Mira.\n2. Elige.\n\n## Conceptos clave\n\nUn tipo.\n\n## Para reflexionar\n\n¿Qué \
    tipo tiene?\n\n## Resumen\n\nTodo valor tiene uno.\n\n## Próxima lección\n\nLa vida.\n";

impl Stage {
    async fn persister(&self, mode: PersistMode, target: Target) -> CoursePersister {
        let folder = Arc::new(CourseFolder::open(self.path()).unwrap());
        CoursePersister::open(settings(), folder, mode, target).await.unwrap()
    }

    pub(super) async fn writer(&self) -> CoursePersister {
        self.persister(PersistMode::On, Target::Url(self.test.url())).await
    }

    /// One that cannot reach its database.
    async fn cut_off(&self) -> CoursePersister {
        let target = Target::Url("postgresql://nobody@127.0.0.1:1/nowhere".to_owned());
        self.persister(PersistMode::On, target).await
    }
}

#[tokio::test]
async fn a_brief_is_checked_and_persisted_as_it_is() {
    let stage = Stage::course().await;
    let mut writer = stage.writer().await;
    let report = content::check_brief(&mut writer).await.unwrap();
    assert!(!report.is_complete());
    assert_eq!(report.path, "COURSE-BRIEF.md");
    assert_eq!(report.brief.sections.len(), 3);
    let missing: Vec<_> =
        report.problems.iter().filter(|problem| problem.code == ProblemCode::MissingSection).collect();
    assert_eq!(missing.len(), BriefSectionKind::ALL.len() - 3);
    assert!(matches!(report.persisted, Persisted::Done(Some(_))), "{:?}", report.persisted);
    let icp = "select icp from forebay.course_metadata";
    assert_eq!(stage.texts(icp).await, ["Python developers."]);
    stage.write("COURSE-BRIEF.md", "# A\n\n## ICP\n\n- **Age:** [age]\n- **Job:**\n".as_bytes());
    let report = content::check_brief(&mut writer).await.unwrap();
    let places: Vec<_> = report
        .problems
        .iter()
        .filter(|problem| problem.code == ProblemCode::Placeholder)
        .map(|problem| problem.line)
        .collect();
    assert_eq!(places, [Some(6), Some(5)]);
    stage.remove("COURSE-BRIEF.md");
    let missing = content::check_brief(&mut writer).await.unwrap_err();
    assert_eq!(missing.code(), "content_file_missing");
    assert!(missing.to_string().contains("COURSE-BRIEF.md"), "{missing}");
    stage.write("COURSE-BRIEF.md", b"# Caf\xe9\n");
    assert_eq!(content::check_brief(&mut writer).await.unwrap_err().code(), "not_utf8");
}

#[tokio::test]
async fn missing_reports_are_named() {
    let stage = Stage::course().await;
    let mut writer = stage.writer().await;
    let report = content::check_research(&mut writer).await.unwrap();
    let found: Vec<_> = report.reports.iter().map(|one| (one.kind, one.path.as_deref())).collect();
    assert_eq!(
        found,
        [
            (ResearchKind::MarketAnalysis, Some("research/market-analysis.md")),
            (ResearchKind::ContentGaps, None),
            (ResearchKind::Differentiation, None),
            (ResearchKind::Sources, Some("research/sources.md")),
        ]
    );
    assert_eq!(report.reports[0].report.num_competitors, Some(2));
    let places: Vec<_> =
        report.problems.iter().map(|problem| (problem.code, problem.path.as_str())).collect();
    assert_eq!(
        places,
        [
            (ProblemCode::MissingFile, "research/content-gaps.md"),
            (ProblemCode::MissingFile, "research/differentiation.md"),
        ]
    );
    assert_eq!(stage.texts("select num_competitors::text from forebay.market_research").await, ["2"]);
    stage.write("research/content-gaps.md", b"# Gaps\n\nMany.\n");
    stage.write("research/differentiation.md", b"\xff");
    let report = content::check_research(&mut writer).await.unwrap();
    let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [ProblemCode::NotUtf8]);
    stage.write("research/differentiation.md", b"# Different\n");
    assert!(content::check_research(&mut writer).await.unwrap().is_complete());
}

#[tokio::test]
async fn a_curriculum_is_checked_against_the_folder() {
    let stage = Stage::course().await;
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    let check = content::check_curriculum(&settings(), &folder).await.unwrap();
    assert!(check.is_valid() && check.problems.is_empty() && !check.is_approved(), "{check:?}");
    stage.remove("lessons/1.1-part-1.md");
    stage.write("lessons/3.1-extra.md", b"# Extra\n");
    let check = content::check_curriculum(&settings(), &folder).await.unwrap();
    let codes: Vec<_> = check.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [ProblemCode::MissingFile, ProblemCode::UnlistedFile]);
    assert!(check.is_valid(), "a curriculum is approved before its lessons exist");
    stage.write("curriculum.yaml", b"modules: [\n");
    let check = content::check_curriculum(&settings(), &folder).await.unwrap();
    assert!(!check.is_valid() && check.problems[0].code == ProblemCode::YamlSyntax, "{check:?}");
    stage.remove("curriculum.yaml");
    let missing = content::check_curriculum(&settings(), &folder).await.unwrap_err();
    assert_eq!(missing.code(), "content_file_missing");
}

#[tokio::test]
async fn approvals_are_kept_and_errors_are_refused() {
    let stage = Stage::course().await;
    let mut writer = stage.writer().await;
    let first = content::approve_curriculum(&mut writer, "Ada").await.unwrap();
    assert!(first.approval.is_some() && !first.is_repeated);
    let again = content::approve_curriculum(&mut writer, "Ada").await.unwrap();
    assert!(again.is_repeated && again.approval == first.approval);
    content::approve_curriculum(&mut writer, "Bob").await.unwrap();
    let text = fs::read_to_string(stage.path().join("curriculum.yaml")).unwrap();
    stage.write("curriculum.yaml", text.replace("Module 1", "Basics").as_bytes());
    let folder = Arc::clone(writer.folder());
    assert!(!content::check_curriculum(&settings(), &folder).await.unwrap().is_approved());
    content::approve_curriculum(&mut writer, "Ada").await.unwrap();
    let kept = "select approved_by || ' ' || (curriculum like '%Basics%') from forebay.curriculum_approvals \
                order by approved_at";
    assert_eq!(stage.texts(kept).await, ["Ada false", "Bob false", "Ada true"]);
    let latest = "select m.approved_by from forebay.course_metadata as m join forebay.curriculum_approvals as a \
                  on a.piece_id = m.piece_id and a.approved_at = m.approved_at and a.content_hash = m.approved_hash";
    assert_eq!(stage.texts(latest).await, ["Ada"]);
    // Two lessons with one id.
    stage.write("curriculum.yaml", text.replace("L12", "L11").as_bytes());
    let refused = content::approve_curriculum(&mut writer, "Ada").await.unwrap();
    assert!(refused.approval.is_none());
    assert_eq!(refused.check.problems[0].code, ProblemCode::DuplicateId);
    assert_eq!(stage.texts("select count(*)::text from forebay.curriculum_approvals").await, ["3"]);
}

#[tokio::test]
async fn an_approval_that_the_database_missed_is_recorded_later() {
    let stage = Stage::course().await;
    let mut writer = stage.cut_off().await;
    let report = content::approve_curriculum(&mut writer, "Ada").await.unwrap();
    assert!(matches!(report.persisted, Persisted::Failed { .. }));
    let approval = report.approval.unwrap();
    drop(writer);
    let mut writer = stage.writer().await;
    let report = content::approve_curriculum(&mut writer, "Ada").await.unwrap();
    assert!(report.is_repeated && report.approval == Some(approval));
    assert_eq!(stage.texts("select approved_by from forebay.curriculum_approvals").await, ["Ada"]);
    let mut off = {
        drop(writer);
        stage.persister(PersistMode::Off, Target::Url(String::new())).await
    };
    let report = content::approve_curriculum(&mut off, "Bob").await.unwrap();
    assert!(matches!(report.persisted, Persisted::Off) && report.approval.is_some());
    stage.write(".forebay/approvals.json", b"{\"version\": 2, \"approvals\": []}");
    let unreadable = content::approve_curriculum(&mut off, "Bob").await.unwrap_err();
    assert_eq!(unreadable.code(), "content_state_unreadable");
}

#[tokio::test]
async fn an_approval_is_recorded_with_its_text_although_the_curriculum_changed() {
    let stage = Stage::course().await;
    stage.sync().await;
    let mut writer = stage.cut_off().await;
    content::approve_curriculum(&mut writer, "Ada").await.unwrap();
    drop(writer);
    let text = fs::read_to_string(stage.path().join("curriculum.yaml")).unwrap();
    stage.write("curriculum.yaml", text.replace("Module 1", "Basics").as_bytes());
    stage.sync().await;
    let recorded = "select concat_ws('|', a.approved_by, a.curriculum like '%Basics%', m.approved_hash = a.content_hash) \
                    from forebay.curriculum_approvals as a join forebay.course_metadata as m using (piece_id)";
    assert_eq!(stage.texts(recorded).await, ["Ada|f|t"]);
    // Somebody deletes it.
    stage.execute("delete from forebay.curriculum_approvals").await;
    let verified = stage.verify().await;
    let tables: Vec<_> = verified.differences.iter().map(|one| one.table.as_deref().unwrap()).collect();
    assert_eq!(tables, ["forebay.course_metadata", "forebay.curriculum_approvals"]);
    assert!(stage.sync().await.num_repaired > 0);
    assert!(stage.verify().await.is_clean());
    assert_eq!(stage.texts(recorded).await, ["Ada|f|t"]);
}

#[tokio::test]
async fn lessons_are_validated_in_three_languages() {
    let stage = Stage::course().await;
    for (path, text) in [
        ("1.1-part-1", ENGLISH),
        ("1.2-part-2", PORTUGUESE),
        ("1.3-part-3", SPANISH),
        ("2.1-part-1", "# Alone\n"),
    ] {
        stage.write(&format!("lessons/{path}.md"), text.as_bytes());
    }
    stage.write("lessons/2.2-part-2.md", b"\xff");
    let mut writer = stage.writer().await;
    let report = content::validate_lessons(&mut writer, &[]).await.unwrap();
    let statuses: Vec<_> =
        report.lessons.iter().map(|one| (one.path.as_str(), one.score.gps, one.score.status)).collect();
    assert_eq!(
        statuses,
        [
            ("lessons/1.1-part-1.md", 1.0, ValidationStatus::Passed),
            ("lessons/1.2-part-2.md", 1.0, ValidationStatus::Passed),
            ("lessons/1.3-part-3.md", 1.0, ValidationStatus::Failed),
            ("lessons/2.1-part-1.md", 0.0, ValidationStatus::Failed),
            ("lessons/2.3-part-3.md", 0.0, ValidationStatus::Failed),
        ]
    );
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    assert_eq!(
        (report.problems[0].code, report.problems[0].path.as_str()),
        (ProblemCode::NotUtf8, "lessons/2.2-part-2.md")
    );
    assert!(!report.is_passed());
    let goal = &report.lessons[1].score.criteria[0];
    assert_eq!((goal.evidence.as_deref(), goal.line), (Some("Objetivo: Você vai mover um valor."), Some(10)));
    let stored = "select format('%s %s %s %s %s', lesson_id, gps_score, didatica_score, validation_status, \
                  jsonb_array_length(validation_issues)) from forebay.course_lessons order by 1";
    let stored = stage.texts(stored).await;
    assert_eq!(stored[0], "L11 1 1 passed 0");
    assert!(stored[2].starts_with("L13 1 0.45 failed "), "{stored:?}");
    // A score belongs to the text that was measured.
    stage.write("lessons/1.1-part-1.md", ENGLISH.replace("Lend one.", "Lend two.").as_bytes());
    stage.write("lessons/1.2-part-2.md", PORTUGUESE.replace("Os tipos.", "Tipos.").as_bytes());
    content::validate_lessons(&mut writer, &["1.1".to_owned()]).await.unwrap();
    let statuses =
        "select lesson_id || ' ' || validation_status from forebay.course_lessons order by 1 limit 2";
    assert_eq!(stage.texts(statuses).await, ["L11 passed", "L12 pending"]);
}

#[tokio::test]
async fn lessons_are_named_in_any_way() {
    let stage = Stage::course().await;
    let mut writer = stage.persister(PersistMode::Off, Target::Url(String::new())).await;
    for name in ["lessons/1.2-part-2.md", "L12", "1.2"] {
        let report =
            content::validate_lessons(&mut writer, &[name.to_owned(), name.to_owned()]).await.unwrap();
        let paths: Vec<_> = report.lessons.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["lessons/1.2-part-2.md"], "{name}");
        assert!(matches!(report.persisted, Persisted::Off));
    }
    let by_slug = content::validate_lessons(&mut writer, &["part-2".to_owned()]).await.unwrap();
    assert_eq!(by_slug.lessons.len(), 2);
    let unknown = content::validate_lessons(&mut writer, &["9.9".to_owned()]).await.unwrap_err();
    assert_eq!((unknown.code(), unknown.is_usage()), ("no_such_lesson", true));
}

#[tokio::test]
async fn scores_survive_a_database_that_fails() {
    let stage = Stage::course().await;
    let mut writer = stage.cut_off().await;
    let report = content::validate_lessons(&mut writer, &[]).await.unwrap();
    assert_eq!(report.lessons.len(), 6);
    assert!(matches!(report.persisted, Persisted::Failed { .. }), "{:?}", report.persisted);
}

#[tokio::test]
async fn lessons_of_a_folder_are_stored_and_shown() {
    let stage = Stage::course().await;
    stage.write("lessons/1.1-part-1.md", b"\xff");
    let mut writer = stage.writer().await;
    let stored = content::persist_lessons(&mut writer).await.unwrap();
    assert_eq!((stored.paths.len(), stored.is_complete()), (5, false));
    assert_eq!(stored.problems[0].code, ProblemCode::NotUtf8);
    stage.write("lessons/1.1-part-1.md", super::lesson(1, 1).as_bytes());
    assert!(content::persist_lessons(&mut writer).await.unwrap().is_complete());
    content::approve_curriculum(&mut writer, "Ada").await.unwrap();
    assert!(matches!(content::record_voice(&mut writer, 0.93).await.unwrap(), Persisted::Done(_)));
    let out_of_range = content::record_voice(&mut writer, 1.5).await.unwrap_err();
    assert_eq!(out_of_range.code(), "value_out_of_range");
    let shown = content::show(&stage.database, &settings()).await.unwrap();
    assert_eq!((shown.lessons.len(), shown.approvals.len()), (6, 1));
    assert_eq!(shown.piece.voice_fidelity_score, Some(0.93));
    assert!(shown.lessons.iter().all(|lesson| lesson.content.is_none()));
    for name in ["lessons/1.2-part-2.md", "L12", "1.2", "part-2"] {
        let lesson = content::show_lesson(&stage.database, &settings(), name).await.unwrap();
        assert_eq!(lesson.path, "lessons/1.2-part-2.md", "{name}");
        assert_eq!(lesson.content.as_deref(), Some(super::lesson(1, 2).as_str()));
    }
    let unknown = content::show_lesson(&stage.database, &settings(), "9.9").await.unwrap_err();
    assert_eq!(unknown.code(), "no_such_lesson");
}

#[tokio::test]
async fn persona_and_type_come_from_the_curriculum_and_the_status_from_people() {
    let stage = Stage::course().await;
    let unknown = content::set_status(&stage.database, &settings(), ContentStatus::Published).await;
    assert_eq!(unknown.unwrap_err().code(), "course_unknown");
    stage.edit("curriculum.yaml", |text| {
        text.replace(
            "  type: technical\n",
            "  type: technical\n  piece_type: workshop\n  persona_mind_id: 007\n",
        )
    });
    stage.sync().await;
    assert!(content::set_status(&stage.database, &settings(), ContentStatus::Published).await.unwrap());
    assert!(!content::set_status(&stage.database, &settings(), ContentStatus::Published).await.unwrap());
    let piece =
        "select concat_ws('|', piece_type, persona_mind_id, status, title) from forebay.content_pieces";
    assert_eq!(stage.texts(piece).await, ["workshop|007|published|Rust from the start"]);
    // The file is the truth: facts that it no longer states are gone.
    stage.edit("curriculum.yaml", |text| {
        text.replace("  piece_type: workshop\n  persona_mind_id: 007\n", "  piece_type: \"\"\n")
    });
    stage.sync().await;
    assert_eq!(stage.texts(piece).await, ["course|published|Rust from the start"]);
}

#[tokio::test]
async fn a_voice_score_needs_a_database() {
    let stage = Stage::course().await;
    let mut writer = stage.cut_off().await;
    assert!(matches!(content::record_voice(&mut writer, 0.5).await.unwrap(), Persisted::Failed { .. }));
    drop(writer);
    let mut off = stage.persister(PersistMode::Off, Target::Url(String::new())).await;
    assert!(matches!(content::record_voice(&mut off, 0.5).await.unwrap(), Persisted::Off));
}
