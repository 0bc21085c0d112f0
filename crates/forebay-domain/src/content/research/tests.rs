//! Reports are recognised by name, and their figures are counted.

use proptest::prelude::*;

use super::*;

fn competitors_in(text: &str) -> Option<u32> {
    Report::read("research/market-analysis.md", text).num_competitors
}

#[test]
fn a_report_is_recognised_by_its_file_name() {
    for (path, kind) in [
        ("research/market-analysis.md", Some(ResearchKind::MarketAnalysis)),
        ("análise_de_mercado.md", Some(ResearchKind::MarketAnalysis)),
        ("research/Content Gaps.md", Some(ResearchKind::ContentGaps)),
        ("research/diferenciación.md", Some(ResearchKind::Differentiation)),
        ("research/differentiation", Some(ResearchKind::Differentiation)),
        ("x/fontes.md", Some(ResearchKind::Sources)),
        ("market-analysis/notes.md", None),
        ("research/my-sources.md", None),
    ] {
        assert_eq!(ResearchKind::of_path(path), kind, "{path}");
    }
}

#[test]
fn the_summary_is_the_first_paragraph() {
    let text = "---\na: 1\n---\n# Market\n\n> quoted\n\n- item\n\nThe *market*\nis  large.\n\nMore.\n";
    assert_eq!(Report::read("a.md", text).summary.as_deref(), Some("The *market* is large."));
    assert_eq!(Report::read("a.md", "# Only a title\n").summary, None);
    assert_eq!(Report::read("a.md", "---\nnot closed\n").summary.as_deref(), Some("not closed"));
}

#[test]
fn a_report_must_exist_have_text_and_list_competitors() {
    let of = |kind, text: Option<&str>| {
        let report = text.map(|text| Report::read("a.md", text));
        check(kind, "a.md", report.as_ref()).map(|problem| (problem.code, problem.message))
    };
    let missing = "the report \"content gaps\" is missing".to_owned();
    assert_eq!(of(ResearchKind::ContentGaps, None), Some((ProblemCode::MissingFile, missing)));
    let code = |kind, text| of(kind, Some(text)).map(|(code, _)| code);
    assert_eq!(code(ResearchKind::Sources, "---\na: 1\n---\n\n"), Some(ProblemCode::EmptySection));
    assert_eq!(code(ResearchKind::Sources, "# Sources\n"), None);
    assert_eq!(code(ResearchKind::MarketAnalysis, "# Market\n\nLarge.\n"), Some(ProblemCode::MissingSection));
    assert_eq!(code(ResearchKind::MarketAnalysis, "# Market\n\n## Competitors\n\n- One\n"), None);
}

#[test]
fn competitors_are_the_rows_of_their_table() {
    let text = "# M\n\n|Feature|Us|\n|-|-|\n|a|b|\n\n| Concorrente | Preço |\n|---|---|\n| A | 1 |\n| B | 2 |\n| C | |\n";
    assert_eq!(competitors_in(text), Some(3));
    let below = "## Competitors\n\n|Name|Price|\n|-|-|\n|A|1|\n|B|2|\n\n## Other\n\n|Name|\n|-|\n|x|\n";
    assert_eq!(competitors_in(below), Some(2));
}

#[test]
fn competitors_are_the_items_or_headings_below_their_heading() {
    let items = "# M\n\n- not this\n\n## 2. Principais concorrentes\n\n1. A\n   - detail\n2. B\n\n## Next\n\n- nor this\n";
    assert_eq!(competitors_in(items), Some(2));
    let headings = "## Competidores\n\n### A\n\n- good\n- bad\n\n### B\n\n- good\n\n## Other\n\n### C\n";
    assert_eq!(competitors_in(headings), Some(2));
    assert_eq!(competitors_in("## Competitors\n\nnone found\n"), None);
    assert_eq!(competitors_in("## Market\n\n- a\n"), None);
}

proptest! {
    #[test]
    fn every_item_counts(number in 1usize..30) {
        let items = "- Course\n".repeat(number);
        prop_assert_eq!(competitors_in(&format!("## Competitors\n\n{items}\n# End\n")), u32::try_from(number).ok());
    }

    #[test]
    fn any_text_is_a_report(text in "(## Competitors\n|\\| *Competitor *\\|\n|\\|-\\|\n|[a-z#|>\n-]){0,30}") {
        let report = Report::read("a.md", &text);
        prop_assert!(report.summary.is_none_or(|summary| !summary.contains('\n')));
    }
}
