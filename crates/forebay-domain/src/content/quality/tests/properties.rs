//! What holds for the score of any lesson.

use proptest::prelude::*;

use super::*;

/// One section for a criterion: language, which of its headings, and level.
fn section() -> impl Strategy<Value = (Criterion, String)> {
    let criterion = prop::sample::select(Criterion::ALL.to_vec());
    (criterion, 0_usize..3, any::<prop::sample::Index>()).prop_map(|(criterion, language, which)| {
        let heading = which.get(cues::of(criterion).headings[language]);
        (criterion, format!("## {heading}\n\n{}\n", content(criterion)))
    })
}

fn lesson() -> impl Strategy<Value = Vec<(Criterion, String)>> {
    prop::collection::vec(section(), 0..8)
}

fn joined(sections: &[(Criterion, String)]) -> String {
    let sections: String = sections.iter().map(|(_, text)| text.as_str()).collect();
    format!("# Título\n\nTexto neutro.\n\n{sections}")
}

/// The parts of a score that must not depend on where something stands.
fn judged(text: &str) -> (f64, f64, ValidationStatus, Vec<bool>) {
    let score = validate(text, 0, "a.md");
    let met = score.criteria.iter().map(|one| one.is_met).collect();
    (score.gps, score.didactics, score.status, met)
}

/// Any text, often with the words and marks that matter.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("## Objetivo\n"),
        Just("# Summary\n"),
        Just("- a\n"),
        Just("\n\n"),
        Just("```\n"),
        Just("imagine que "),
        Just("é como um "),
        Just("?"),
        Just("> "),
        Just("\t"),
        Just("![é](b)"),
        Just("[a]: é\n"),
        Just("<!-- "),
        Just("| a |\n|-|\n"),
        Just("`"),
        Just("\r\n"),
        Just("ç"),
        Just("1. "),
        Just("<b>")
    ];
    prop_oneof![prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat()), "\\PC{0,60}"]
}

proptest! {
    #[test]
    fn a_score_is_the_sum_of_what_is_there(sections in lesson()) {
        let score = validate(&joined(&sections), 0, "a.md");
        for result in &score.criteria {
            let is_there = sections.iter().any(|(criterion, _)| *criterion == result.criterion);
            prop_assert_eq!(result.is_met, is_there, "{}", result.criterion);
            prop_assert_eq!(result.evidence.is_some(), is_there);
            prop_assert_eq!(result.line.is_some(), is_there);
        }
        for (group, total) in [(CriterionGroup::Gps, score.gps), (CriterionGroup::Didactics, score.didactics)] {
            let met = score.criteria.iter().filter(|one| one.is_met && one.criterion.group() == group);
            prop_assert!((met.map(|one| one.weight).sum::<f64>() - total).abs() < 1e-9);
        }
    }

    #[test]
    fn any_text_has_a_score_in_bounds(text in any_text(), body in 0_usize..10) {
        let body = text.floor_char_boundary(body);
        let score = validate(&text, body, "a.md");
        prop_assert!((0.0..=1.0).contains(&score.gps) && (0.0..=1.0).contains(&score.didactics));
        prop_assert_ne!(score.status, ValidationStatus::Pending);
        let num_lines = u32::try_from(text.lines().count()).unwrap().max(1);
        for result in &score.criteria {
            prop_assert!(result.evidence.as_ref().is_none_or(|quote| quote.chars().count() <= MAX_EVIDENCE_CHARS));
            prop_assert!(result.line.is_none_or(|line| (1..=num_lines).contains(&line)));
        }
    }

    #[test]
    fn another_section_never_lowers_a_score(sections in lesson(), more in section()) {
        let (before, after) = (joined(&sections), format!("{}{}", joined(&sections), more.1));
        let (before, after) = (judged(&before), judged(&after));
        prop_assert!(after.0 >= before.0 && after.1 >= before.1);
        prop_assert!(before.3.iter().zip(&after.3).all(|(before, after)| after >= before));
    }

    #[test]
    fn the_order_of_sections_does_not_matter(sections in lesson().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))) {
        prop_assert_eq!(judged(&joined(&sections.0)), judged(&joined(&sections.1)));
    }

    #[test]
    fn trailing_whitespace_and_line_endings_do_not_matter(sections in lesson(), space in "[ \t]{1,3}") {
        let text = joined(&sections);
        prop_assert_eq!(judged(&text.replace('\n', &format!("{space}\n"))), judged(&text));
        prop_assert_eq!(judged(&format!("{text}\n\n{space}\n")), judged(&text));
        prop_assert_eq!(judged(&text.replace('\n', "\r\n")), judged(&text));
    }

    #[test]
    fn text_in_code_is_no_evidence(sections in lesson(), hidden in lesson(), at in any::<prop::sample::Index>()) {
        let mut with_code = sections.clone();
        let place = at.index(sections.len() + 1);
        let code = format!("~~~text\n{}~~~\n\n", joined(&hidden));
        with_code.insert(place, (Criterion::Goal, code));
        prop_assert_eq!(judged(&joined(&with_code)), judged(&joined(&sections)));
    }

    #[test]
    fn the_language_of_headings_does_not_matter(criteria in prop::collection::vec(0_usize..10, 1..8), one in 0_usize..3, other in 0_usize..3) {
        let text = |language: usize| {
            let sections: Vec<_> = criteria.iter().map(|&place| {
                let criterion = Criterion::ALL[place];
                (criterion, format!("## {}\n\n{}\n", cues::of(criterion).headings[language][0], content(criterion)))
            }).collect();
            joined(&sections)
        };
        prop_assert_eq!(judged(&text(one)), judged(&text(other)));
    }
}
