//! Each criterion by each of its phrases, in each language, and what holds for any lesson.

mod properties;

use super::*;

/// A lesson that meets everything, in Portuguese, with CRLF and front matter.
const LESSON: &str = "---\r\ntitle: Laços\r\n---\r\n# Laços\r\n\r\n## 1. Objetivo\r\n\r\nVocê vai escrever um laço.\r\n\r\n\
    ## Onde você está\r\n\r\nVocê conhece variáveis.\r\n\r\n## Passo a passo\r\n\r\n1. Escreva.\r\n2. Rode.\r\n\r\n\
    ## Conceitos-chave\r\n\r\nRepetição. Pense bem: um laço é como uma roda. Ela gira.\r\n\r\n\
    ## Aula\r\n\r\nVocê já se perguntou por que repetimos? **O que você faria** sem laços?\r\n\r\n\
    ## 🎯 RESUMO\r\n\r\n- Um\r\n- Dois\r\n\r\n## Bloco 2: Desafio\r\n\r\nEscreva outro.\r\n\r\nNa próxima lição, funções.\r\n";

fn body_of(text: &str) -> usize {
    text.find("# ").unwrap_or(0)
}

fn met(score: &Score) -> Vec<&'static str> {
    score.criteria.iter().filter(|one| one.is_met).map(|one| one.criterion.as_str()).collect()
}

fn result(score: &Score, criterion: Criterion) -> CriterionResult {
    score.criteria.iter().find(|one| one.criterion == criterion).unwrap().clone()
}

fn codes(text: &str) -> Vec<(ProblemCode, Option<u32>)> {
    let score = validate(text, 0, "a.md");
    let structure = score.issues.iter().filter(|issue| {
        !issue.message.starts_with("the lesson has no ") || issue.severity == Severity::Error
    });
    structure.map(|issue| (issue.code, issue.line)).collect()
}

/// The content of a section that makes it count.
fn content(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::ReflectiveQuestion => "Texto neutro, certo?\n",
        Criterion::StructuredReview => "- um\n- dois\n",
        _ => "Texto neutro.\n",
    }
}

#[test]
fn front_matter_is_part_of_the_structure() {
    let of = |front: &str| {
        let text = LESSON.replace("title: Laços", front);
        let (lesson, score) = validate_lesson("a.md", &text, Some((1, 2)), &LessonFields::default());
        let first = score.issues.first().map(|issue| (issue.code, issue.line));
        (lesson.number, score.status, first)
    };
    assert_eq!(of("title: Laços"), (Some(2), ValidationStatus::Passed, None));
    let wrong = Some((ProblemCode::InvalidValue, Some(2)));
    assert_eq!(of("bloom_level: high"), (Some(2), ValidationStatus::Warning, wrong));
    let (_, status, first) = of("title: [a");
    assert_eq!((status, first.unwrap().0), (ValidationStatus::Failed, ProblemCode::YamlSyntax));
}

#[test]
fn a_whole_lesson_meets_everything_and_quotes_it() {
    let score = validate(LESSON, body_of(LESSON), "lessons/1.1-lacos.md");
    assert_eq!(met(&score).len(), Criterion::ALL.len(), "{:?}", met(&score));
    assert_eq!((score.gps, score.didactics, score.status), (1.0, 1.0, ValidationStatus::Passed));
    assert_eq!(score.issues, []);
    for (criterion, evidence, line) in [
        (Criterion::Goal, "1. Objetivo: Você vai escrever um laço.", 6),
        (Criterion::Steps, "Passo a passo: 1. Escreva.", 14),
        (Criterion::AnalogyOrDiagram, "Pense bem: um laço é como uma roda. Ela gira.", 21),
        (Criterion::Hook, "Você já se perguntou por que repetimos? **O que você faria** sem laços?", 25),
        (Criterion::ReflectiveQuestion, "O que você faria** sem laços?", 25),
        (Criterion::StructuredReview, "🎯 RESUMO: Um", 27),
        (Criterion::QuickAction, "Bloco 2: Desafio: Escreva outro.", 32),
        (Criterion::Transition, "Na próxima lição, funções.", 36),
    ] {
        let found = result(&score, criterion);
        assert_eq!((found.evidence.as_deref(), found.line), (Some(evidence), Some(line)));
    }
}

#[test]
fn weights_add_up() {
    for group in CriterionGroup::ALL {
        let sum: u32 =
            Criterion::ALL.iter().filter(|one| one.group() == group).map(|one| one.percent()).sum();
        assert_eq!(sum, 100, "{group}");
    }
}

#[test]
fn every_heading_shows_its_own_criterion_and_no_other() {
    for criterion in Criterion::ALL {
        for heading in cues::of(criterion).headings.into_iter().flatten() {
            for level in ["##", "#### 3.1", "## Parte 2:"] {
                let text = format!("{level} {}\n\n{}", heading.to_uppercase(), content(criterion));
                assert_eq!(met(&validate(&text, 0, "a.md")), [criterion.as_str()], "{text}");
            }
        }
    }
}

#[test]
fn every_phrase_shows_its_own_criterion_and_no_other() {
    for criterion in Criterion::ALL {
        for phrase in cues::of(criterion).prose.into_iter().flatten() {
            let text = format!("# Título\n\nNada aqui. Bem, {phrase} xyz?\n");
            let score = validate(&text, 0, "a.md");
            assert_eq!(met(&score), [criterion.as_str()], "{text}");
            let found = result(&score, criterion);
            assert_eq!(found.evidence, Some(format!("Bem, {phrase} xyz?")));
            assert_eq!(found.line, Some(3));
        }
    }
}

#[test]
fn similar_headings_show_nothing() {
    for heading in
        ["Contexto histórico", "Um resumo ruim", "Goalkeeper", "O passado", "3D models", "Stepsister"]
    {
        let text = format!("## {heading}\n\n- um\n- dois\n");
        assert_eq!(met(&validate(&text, 0, "a.md")), [""; 0], "{heading}");
    }
    assert_eq!(met(&validate("## Next steps\n\nTexto.\n", 0, "a.md")), ["transition"]);
}

#[test]
fn a_section_without_prose_shows_nothing() {
    for text in [
        "## Goal\n",
        "## Goal\n\n## Other\n\nText.\n",
        "## Goal\n\n```\nLearn it.\n```\n",
        "## Goal\n\n<!-- Learn it. -->\n",
        "## Goal\n\n![Learn it](a.png)\n",
        "## Goal\n\n***\n",
    ] {
        assert!(!result(&validate(text, 0, "a.md"), Criterion::Goal).is_met, "{text}");
    }
    let nested = "## Goal\n\n### First\n\nText.\n";
    assert_eq!(
        result(&validate(nested, 0, "a.md"), Criterion::Goal).evidence.as_deref(),
        Some("Goal: Text.")
    );
}

#[test]
fn some_criteria_need_more_than_a_heading() {
    for (text, is_met) in [
        ("## Summary\n\nAll of it.\n", false),
        ("## Summary\n\n- One\n", false),
        ("## Summary\n\n- One\n- Two\n", true),
        ("## Summary\n\n### A\n\nOne.\n\n### B\n\nTwo.\n", true),
        ("## Summary\n\n| a | b |\n|---|---|\n| c | d |\n", true),
        ("## Summary\n\nAll.\n\n## Other\n\n- One\n- Two\n", false),
        ("## Reflection\n\nThink.\n", false),
        ("## Reflection\n\nThink [here](https://example.org/?a=b).\n", false),
        ("## Reflection\n\nWhy?\n", true),
        ("## A\n\nHow would you do it.\n\nWhy?\n", false),
        ("## A\n\nHow would you do it. Why?\n", true),
    ] {
        let found = met(&validate(text, 0, "a.md"));
        assert_eq!(found.len(), usize::from(is_met), "{text} {found:?}");
    }
}

#[test]
fn images_and_diagrams_are_diagrams() {
    for (text, evidence) in [
        ("# A\n\nSee ![the *loop*](loop.png).\n", "![the *loop*](loop.png)"),
        ("# A\n\n```mermaid\ngraph TD\n```\n", "```mermaid"),
        ("# A\n\n~~~ PlantUML\na\n~~~\n", "~~~ PlantUML"),
    ] {
        let found = result(&validate(text, 0, "a.md"), Criterion::AnalogyOrDiagram);
        assert_eq!((found.evidence.as_deref(), found.line), (Some(evidence), Some(3)));
    }
    assert_eq!(met(&validate("# A\n\n```rust\nx\n```\n", 0, "a.md")), [""; 0]);
}

#[test]
fn phrases_in_code_html_targets_and_front_matter_are_no_evidence() {
    for text in [
        "# A\n\n`imagine that`\n",
        "# A\n\n    imagine that\n",
        "# A\n\n<!-- imagine that -->\n",
        "# A\n\n[a](<imagine that>)\n",
        "# A\n\nimagine\n\nthat\n",
        "# A\n\n- imagine\n- that\n",
    ] {
        assert_eq!(met(&validate(text, 0, "a.md")), [""; 0], "{text}");
    }
    let text = "---\nhook: imagine that\n---\n# A\n\nText.\n";
    assert_eq!(met(&validate(text, body_of(text), "a.md")), [""; 0]);
    assert_eq!(met(&validate("# A\n\n[Imagine](a)\n*that*\n", 0, "a.md")), ["hook"]);
}

#[test]
fn evidence_is_short() {
    let text = format!("## Goal\n\n{}\n", "palavra çã ".repeat(100));
    let evidence = result(&validate(&text, 0, "a.md"), Criterion::Goal).evidence.unwrap();
    assert_eq!(evidence.chars().count(), MAX_EVIDENCE_CHARS);
    assert!(evidence.ends_with('…'));
}

#[test]
fn problems_of_structure_have_their_line() {
    assert_eq!(codes("# A\n\nText.\n\n## B\n\n## C\n\nText.\n"), [(ProblemCode::EmptySection, Some(5))]);
    assert_eq!(codes("Text.\n"), [(ProblemCode::MissingSection, None)]);
    assert_eq!(codes("\n"), [(ProblemCode::EmptySection, None)]);
    assert_eq!(codes("# A\n\nText.\n\n```rust\nlet a = 1;\n"), [(ProblemCode::UnclosedCode, Some(5))]);
    assert_eq!(codes("# A\n\nText.\n\n````\n```\n"), [(ProblemCode::UnclosedCode, Some(5))]);
    assert_eq!(codes("# A\n\nText.\n\n```rust\nlet a = 1;\n```  \n\n"), []);
    assert_eq!(codes("# A\n\nText.\n\n> ~~~\n> a\n> ~~~\n"), []);
    assert_eq!(codes("# A\n\nText.\n\n    indented\n"), []);
}

#[test]
fn the_status_follows_the_thresholds() {
    let all = |criteria: &[Criterion]| {
        let sections =
            criteria.iter().map(|&one| format!("## {}\n\n{}\n", cues::of(one).headings[2][0], content(one)));
        sections.collect::<String>()
    };
    let whole = all(&Criterion::ALL);
    let without = |left: &[Criterion]| {
        let rest: Vec<Criterion> = Criterion::ALL.into_iter().filter(|one| !left.contains(one)).collect();
        validate(&all(&rest), 0, "a.md")
    };
    for (score, gps, didactics, status) in [
        (validate(&whole, 0, "a.md"), 1.0, 1.0, ValidationStatus::Passed),
        (without(&[Criterion::Steps]), 0.7, 1.0, ValidationStatus::Passed),
        (without(&[Criterion::Goal]), 0.6, 1.0, ValidationStatus::Warning),
        (without(&[Criterion::Goal, Criterion::Steps]), 0.3, 1.0, ValidationStatus::Failed),
        (without(&[Criterion::Hook, Criterion::StructuredReview]), 1.0, 0.7, ValidationStatus::Passed),
        (without(&[Criterion::Hook, Criterion::KeyConcepts]), 1.0, 0.65, ValidationStatus::Warning),
        (validate(&format!("{whole}## B\n"), 0, "a.md"), 1.0, 1.0, ValidationStatus::Warning),
        (validate(&format!("{whole}```\n"), 0, "a.md"), 1.0, 1.0, ValidationStatus::Failed),
    ] {
        assert_eq!((score.gps, score.didactics, score.status), (gps, didactics, status));
    }
    let score = without(&[Criterion::Hook]);
    assert_eq!(score.issues[0].message, "the lesson has no hook");
    assert_eq!(score.issues[0].code, ProblemCode::MissingSection);
}
