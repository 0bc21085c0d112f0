//! Search over lessons.

use forebay_engine::content::{self, LessonHit};
use forebay_store::content::SearchFilter;

use super::Stage;

async fn search(stage: &Stage, query: &str, filter: &SearchFilter) -> Vec<LessonHit> {
    content::search(&stage.database, "default", query, filter, 10).await.unwrap()
}

fn places(hits: &[LessonHit]) -> Vec<String> {
    hits.iter().map(|hit| format!("{}:{}", hit.path, hit.line.unwrap_or_default())).collect()
}

#[tokio::test]
async fn lessons_are_found_with_their_line() {
    let stage = Stage::course().await;
    stage.write(
        "lessons/1.1-part-1.md",
        "---\nlesson_id: L11\ntitle: Empréstimo\n---\n\n# Início\n\nO EMPRÉSTIMO não move o valor.\n"
            .as_bytes(),
    );
    // Accents as characters of their own.
    stage.write(
        "lessons/1.2-part-2.md",
        "---\nlesson_id: L12\n---\n# Outra\n\nSem emprestar nada, sem lic\u{327}a\u{303}o.\n".as_bytes(),
    );
    assert!(stage.sync().await.is_clean());
    let all = SearchFilter::default();
    let hits = search(&stage, "emprestimo valor", &all).await;
    assert_eq!(places(&hits), ["lessons/1.1-part-1.md:8"]);
    assert_eq!(hits[0].snippet, "O «EMPRÉSTIMO» não move o «valor».");
    assert_eq!((hits[0].title.as_str(), hits[0].lesson_id.as_str()), ("Empréstimo", "L11"));
    assert_eq!(hits[0].course, "rust-basics");
    assert_eq!(places(&search(&stage, "lição", &all).await), ["lessons/1.2-part-2.md:6"]);
    assert_eq!(search(&stage, "borrowing", &all).await.len(), 4);
    assert_eq!(places(&search(&stage, "\"lesson 2.1\"", &all).await), ["lessons/2.1-part-1.md:3"]);
    assert_eq!(search(&stage, "borrowing -\"lesson 2.1\"", &all).await.len(), 3);
    assert!(search(&stage, "nothing", &all).await.is_empty());
    assert!(search(&stage, "", &all).await.is_empty());
}

#[tokio::test]
async fn a_search_can_be_limited() {
    let stage = Stage::course().await;
    stage.edit("curriculum.yaml", |text| format!("instructor: {{name: Ada, id: ada}}\n{text}"));
    assert!(stage.sync().await.is_clean());
    let by = |course: Option<&str>, persona: Option<&str>, keyword: Option<&str>| SearchFilter {
        course: course.map(str::to_owned),
        persona: persona.map(str::to_owned),
        keyword: keyword.map(str::to_owned),
    };
    for filter in
        [by(Some("rust-basics"), None, None), by(None, Some("ada"), None), by(None, None, Some("rust"))]
    {
        assert_eq!(search(&stage, "borrowing", &filter).await.len(), 6, "{filter:?}");
    }
    for filter in [by(None, Some("bob"), None), by(None, None, Some("go"))] {
        assert!(search(&stage, "borrowing", &filter).await.is_empty(), "{filter:?}");
    }
    let unknown =
        content::search(&stage.database, "default", "x", &by(Some("go-basics"), None, None), 10).await;
    assert_eq!(unknown.unwrap_err().code(), "course_unknown");
    let few =
        content::search(&stage.database, "default", "borrowing", &SearchFilter::default(), 2).await.unwrap();
    assert_eq!(few.len(), 2);
    assert!(
        content::search(&stage.database, "other", "borrowing", &SearchFilter::default(), 2)
            .await
            .unwrap()
            .is_empty()
    );
}

/// A tsvector holds at most 1 MiB, and a lesson may be larger.
#[tokio::test]
async fn no_lesson_is_too_large_for_the_index() {
    let stage = Stage::course().await;
    let words = |make: &dyn Fn(u32) -> String| (0..400_000).map(|at| make(at) + " ").collect::<String>();
    let rare = |at: u32| char::from_u32(0x20000 + at % 40_000).unwrap().to_string();
    let two = |at: u32| format!("{}{}", rare(at), rare(at / 40_000));
    for (number, text) in [(1, words(&|at| format!("{at:x}"))), (2, words(&rare)), (3, words(&two))] {
        let text = format!(
            "---\nlesson_id: L1{number}\n---\n# Large\n\n{}",
            &text[..text.floor_char_boundary(4 << 20)]
        );
        stage.write(&format!("lessons/1.{number}-part-{number}.md"), text.as_bytes());
    }
    let report = stage.sync().await;
    assert!(report.is_clean(), "{:?} {:?}", report.run, report.problems);
    assert_eq!(search(&stage, "large", &SearchFilter::default()).await.len(), 3);
}
