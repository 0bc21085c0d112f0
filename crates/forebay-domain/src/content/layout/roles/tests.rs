//! What each preset makes of its folder, and what is wrong with bad settings.

use super::*;

fn settings(json: &str) -> LayoutSettings {
    serde_json::from_str(json).unwrap()
}

fn layout(json: &str) -> Layout {
    Layout::new(&settings(json)).unwrap()
}

fn role(layout: &Layout, path: &str) -> Role {
    layout.classify(&RelativePath::parse(path).unwrap())
}

fn lesson(module: impl Into<Option<u32>>, lesson: impl Into<Option<u32>>, slug: &str) -> Role {
    Role::Lesson { module: module.into(), lesson: lesson.into(), slug: slug.to_owned() }
}

#[test]
fn every_preset_compiles_and_is_named() {
    for preset in Preset::ALL {
        let layout = layout(&format!("{{\"preset\": \"{preset}\"}}"));
        assert_eq!(layout.preset(), preset);
        assert_eq!(layout.lesson_fields().id, "lesson_id");
    }
    assert_eq!(Layout::new(&LayoutSettings::default()).unwrap().preset(), Preset::CreatorOs);
}

#[test]
fn the_folder_of_a_generator() {
    let layout = layout("{}");
    assert_eq!(layout.numbers(), Numbers::FileName);
    for (path, expected) in [
        ("COURSE-BRIEF.md", Role::Brief),
        ("course-outline.md", Role::Outline),
        ("curriculum.yaml", Role::Curriculum),
        ("lessons/1.10-first-steps.md", lesson(1, 10, "first-steps")),
        ("lessons/bonus.md", lesson(None, None, "bonus")),
        ("lessons/notes.txt", Role::Other),
        ("research/market-analysis.md", Role::Research(ResearchKind::MarketAnalysis)),
        ("research/sources.md", Role::Research(ResearchKind::Sources)),
        ("research/other.md", Role::Other),
        ("assessments/1/quiz.md", Role::Assessment),
        ("resources/images/a.png", Role::Resource),
        ("README.md", Role::Other),
        (".git/config", Role::Ignored),
        ("lessons/.1.1-a.md.swp", Role::Ignored),
        ("lessons/1.1-a.md~", Role::Ignored),
        ("lessons/1.1-a.md.tmp", Role::Ignored),
    ] {
        assert_eq!(role(&layout, path), expected, "{path}");
    }
}

#[test]
fn a_folder_of_markdown() {
    let layout = layout(r#"{"preset": "markdown"}"#);
    assert_eq!((layout.numbers(), layout.lesson_fields().position), (Numbers::FrontMatter, "position"));
    for (path, expected) in [
        ("README.md", Role::Outline),
        ("01-basics/README.md", Role::Module { module: None }),
        ("01-basics/02-loops.md", lesson(1, 2, "loops")),
        ("01-basics/loops.md", lesson(1, None, "loops")),
        ("basics/02-loops.md", lesson(None, 2, "loops")),
        ("loops.md", lesson(None, None, "loops")),
        ("img/a.png", Role::Resource),
        ("assessments/quiz.md", Role::Assessment),
    ] {
        assert_eq!(role(&layout, path), expected, "{path}");
    }
}

#[test]
fn an_mdbook() {
    let layout = layout(r#"{"preset": "mdbook"}"#);
    assert_eq!(layout.numbers(), Numbers::Order);
    for (path, expected) in [
        ("src/SUMMARY.md", Role::Outline),
        ("src/ch01/README.md", lesson(None, None, "README")),
        ("src/img/a.png", Role::Resource),
        ("book/index.html", Role::Ignored),
        ("book.toml", Role::Other),
    ] {
        assert_eq!(role(&layout, path), expected, "{path}");
    }
}

#[test]
fn a_docusaurus_site() {
    let layout = layout(r#"{"preset": "docusaurus"}"#);
    assert_eq!((layout.numbers(), layout.lesson_fields().position), (Numbers::Order, "sidebar_position"));
    for (path, expected) in [
        ("docs/01-basics/_category_.json", Role::Module { module: None }),
        ("docs/01-basics/02-loops.mdx", lesson(None, 2, "loops")),
        ("docs/intro.md", lesson(None, None, "intro")),
        ("static/a.png", Role::Resource),
        ("node_modules/x/README.md", Role::Ignored),
        ("package.json", Role::Other),
    ] {
        assert_eq!(role(&layout, path), expected, "{path}");
    }
}

#[test]
fn a_hugo_site() {
    let layout = layout(r#"{"preset": "hugo"}"#);
    assert_eq!((layout.numbers(), layout.lesson_fields().position), (Numbers::Order, "weight"));
    for (path, expected) in [
        ("content/_index.md", Role::Outline),
        ("content/basics/_index.md", Role::Module { module: None }),
        ("content/basics/loops.md", lesson(None, None, "loops")),
        ("content/basics/loops/index.md", lesson(None, None, "loops")),
        ("content/basics/loops/figure.png", Role::Resource),
        ("public/index.html", Role::Ignored),
    ] {
        assert_eq!(role(&layout, path), expected, "{path}");
    }
}

#[test]
fn settings_replace_lists_of_the_preset() {
    let layout = layout(
        r#"{
            "lessons": ["unit-{module}/{lesson}.txt"],
            "modules": ["unit-{module}/about.txt"],
            "brief": [],
            "ignored": ["drafts/**"],
            "research": {"sources": ["bibliography.md"]},
            "numbers": "file_name",
            "fields": {"id": "uid", "module": "m", "lesson": "l", "position": "p"}
        }"#,
    );
    assert_eq!(role(&layout, "unit-3/07.txt"), lesson(3, 7, "07"));
    assert_eq!(role(&layout, "unit-3/about.txt"), Role::Module { module: Some(3) });
    assert_eq!(role(&layout, "lessons/1.1-a.md"), Role::Other);
    assert_eq!(role(&layout, "COURSE-BRIEF.md"), Role::Other);
    assert_eq!(role(&layout, "curriculum.yaml"), Role::Curriculum);
    assert_eq!(role(&layout, "drafts/a.txt"), Role::Ignored);
    assert_eq!(role(&layout, ".env"), Role::Ignored);
    assert_eq!(role(&layout, "bibliography.md"), Role::Research(ResearchKind::Sources));
    assert_eq!(role(&layout, "research/content-gaps.md"), Role::Research(ResearchKind::ContentGaps));
    let fields = LessonFields { id: "uid", module: "m", lesson: "l", position: "p" };
    assert_eq!(layout.lesson_fields(), fields);
}

#[test]
fn documents_and_lessons_have_a_place() {
    let slug = |text: &str| Slug::parse(text).unwrap();
    let text = |path: Option<RelativePath>| path.map(|path| path.to_string());
    let generator = layout("{}");
    assert_eq!(text(generator.document_path(Document::Curriculum)).unwrap(), "curriculum.yaml");
    assert_eq!(text(generator.document_path(Document::Outline)).unwrap(), "course-outline.md");
    let gaps = Document::Research(ResearchKind::ContentGaps);
    assert_eq!(text(generator.document_path(gaps)).unwrap(), "research/content-gaps.md");
    assert_eq!(text(generator.lesson_path(1, 10, &slug("2-3"))).unwrap(), "lessons/1.10-2-3.md");
    // Numbers of more digits than a pattern reads.
    assert_eq!(generator.lesson_path(1, 1_000_000_000, &slug("a")), None);

    let own = layout(
        r#"{"brief": ["briefs/*.md", "b.md"], "outline": [], "ignored": ["b.md"],
            "lessons": ["week-*/{slug}.md", "unit-{module}/**/{lesson}.txt"], "numbers": "file_name"}"#,
    );
    assert_eq!(own.document_path(Document::Brief), None, "the only path is ignored");
    assert_eq!(own.document_path(Document::Outline), None);
    assert_eq!(text(own.lesson_path(3, 7, &slug("a"))).unwrap(), "unit-3/7.txt");
    // The order of a book is in its summary, so a number has no place.
    assert_eq!(layout(r#"{"preset": "mdbook"}"#).lesson_path(1, 1, &slug("a")), None);
}

#[test]
fn bad_settings_are_errors_that_name_the_setting() {
    let many = format!("{{\"brief\": [{}\"a\"]}}", "\"a\",".repeat(MAX_PATTERNS));
    for (json, code, message) in [
        (
            r#"{"lessons": ["{slug"]}"#,
            "layout_pattern",
            "content.layout.lessons: `{slug`: a `{` or `}` has no partner",
        ),
        (
            r#"{"research": {"sources": ["/a"]}}"#,
            "layout_pattern",
            "content.layout.research.sources: `/a`: a pattern is a relative path",
        ),
        (r#"{"brief": ["{slug}.md"]}"#, "layout_capture", "only `lessons` and `modules` have captures"),
        (r#"{"lessons": []}"#, "layout_no_lessons", "content.layout.lessons is empty"),
        (
            r#"{"lessons": ["{slug}.md"]}"#,
            "layout_no_numbers",
            "no pattern of content.layout.lessons has `{lesson}`",
        ),
        (&many, "layout_too_many_patterns", "content.layout.brief has 33 patterns; the limit is 32"),
        (r#"{"fields": {"id": ""}}"#, "layout_empty_field", "content.layout.fields.id is empty"),
    ] {
        let error = Layout::new(&settings(json)).unwrap_err();
        assert_eq!(error.code(), code, "{json}");
        assert!(error.to_string().contains(message), "{error}");
    }
    for json in [
        r#"{"lesson": []}"#,
        r#"{"preset": "gitbook"}"#,
        r#"{"numbers": "guess"}"#,
        r#"{"fields": {"x": "y"}}"#,
    ] {
        assert!(serde_json::from_str::<LayoutSettings>(json).is_err(), "{json}");
    }
}
