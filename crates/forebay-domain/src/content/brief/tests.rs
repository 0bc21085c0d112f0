//! The sections of a brief are recognised in three languages, and what is not filled in is reported.

use proptest::prelude::*;

use super::*;
use crate::content::Severity;

const PATH: &str = "COURSE-BRIEF.md";

const HEADINGS: [[&str; 8]; 3] = [
    [
        "1. Basic Information",
        "2. ICP (Ideal Customer Profile)",
        "3. Content & Pedagogy",
        "4. Voice",
        "5. Format and Delivery",
        "6. Commercial",
        "7. Additional Context",
        "8. References",
    ],
    [
        "1. Informações Básicas",
        "Público-alvo",
        "Conteúdo e Pedagogia",
        "VOZ E TOM",
        "Formato e entrega",
        "Aspectos comerciais",
        "📌 Contexto adicional",
        "Referências",
    ],
    [
        "Información básica",
        "Cliente ideal",
        "3) Contenido y pedagogía",
        "Voz",
        "Formato y entrega",
        "Comercial",
        "Contexto adicional",
        "Referencias",
    ],
];

fn brief(headings: &[&str]) -> String {
    let sections = headings.iter().map(|heading| format!("## {heading}\n\nFilled in.\n\n"));
    format!("# The course\n\n{}", sections.collect::<String>())
}

fn problems(text: &str) -> Vec<(ProblemCode, Option<u32>, String)> {
    let found = Brief::read(PATH, text).1;
    assert!(found.iter().all(|one| one.severity == Severity::Warning && one.path == PATH));
    found.into_iter().map(|one| (one.code, one.line, one.message)).collect()
}

/// What is reported as not filled in, in a section of a complete brief.
fn placeholders(text: &str) -> Vec<String> {
    let all = brief(&HEADINGS[0]) + text;
    let found = problems(&all).into_iter().map(|(code, _, message)| {
        assert_eq!(code, ProblemCode::Placeholder, "{message}");
        message.strip_suffix(" is not filled in").unwrap_or(&message).to_owned()
    });
    found.collect()
}

#[test]
fn sections_are_recognised_in_three_languages() {
    for headings in HEADINGS {
        let (brief, problems) = Brief::read(PATH, &brief(&headings));
        assert_eq!(problems, [], "{headings:?}");
        assert_eq!(brief.title.as_deref(), Some("The course"));
        let kinds: Vec<_> = brief.sections.iter().map(|section| section.kind).collect();
        assert_eq!(kinds, BriefSectionKind::ALL);
        let first = &brief.sections[0];
        assert_eq!((first.heading.as_str(), first.line, first.text.as_str()), (headings[0], 3, "Filled in."));
    }
}

#[test]
fn sections_are_the_headings_of_one_level() {
    let text =
        "# Brief\n\n## ICP\n\n### Voice of the customer\n\nloud\n\n## Voice\n\nquiet\n\n## Voz\n\nagain\n";
    let (brief, _) = Brief::read(PATH, text);
    let shown: Vec<_> = brief.sections.iter().map(|one| (one.kind, one.line, one.text.as_str())).collect();
    let expected = [
        (BriefSectionKind::Icp, 3, "### Voice of the customer\n\nloud"),
        (BriefSectionKind::Voice, 9, "quiet"),
    ];
    assert_eq!(shown, expected);
    let (brief, _) = Brief::read(PATH, "# My course\n\nx\n\n# 1. ICP\n\ny\n\n# 2. Voice\n\nz\n");
    assert_eq!((brief.title.as_deref(), brief.sections.len()), (Some("My course"), 2));
}

/// A template that is filled in halfway.
const HALF_FILLED: &str = "\
---
course: demo
---

# COURSE BRIEF: Fundamentos de IA

> Preencha todas as seções antes de gerar.

---

## 1. Informações Básicas

| Campo | Valor |
|-------|-------|
| **Nome** | Fundamentos de IA |
| **Duração** | 5 módulos / 60 aulas |

## 2. ICP (Perfil de Cliente Ideal)

**Quem é:** gestores de [setor]

- **Dores:**
  - falta tempo
  - {{dor_2}}
- **Objetivos:** aplicar IA

## 3. Conteúdo e Pedagogia

### Framework

Bloom + GPS

## 4. Voz e Personalidade

- **Mente:** <nome da mente>
- **Tom:** TODO

## 5. Formato e Entrega

- [x] Texto
- [ ] Vídeo

## 6. Comercial

## 7. Contexto Adicional

Nada.

## 8. Referências

1. [Livro](https://e.org)
";

#[test]
fn a_template_that_is_filled_in_halfway_names_what_is_left() {
    let (brief, problems) = Brief::read(PATH, HALF_FILLED);
    assert_eq!(brief.title.as_deref(), Some("COURSE BRIEF: Fundamentos de IA"));
    assert_eq!(brief.sections.iter().map(|one| one.kind).collect::<Vec<_>>(), BriefSectionKind::ALL);
    let shown: Vec<_> = problems.iter().map(|one| (one.line.unwrap(), one.message.as_str())).collect();
    let expected = [
        (43, "the section \"6. Comercial\" is empty"),
        (20, "[setor] is not filled in"),
        (24, "{{dor_2}} is not filled in"),
        (35, "<nome da mente> is not filled in"),
        (36, "TODO is not filled in"),
    ];
    assert_eq!(shown, expected);
    let value =
        |label: &str| brief.fields.iter().find(|one| one.label == label).map(|one| one.value.as_str());
    assert_eq!(value("Duração"), Some("5 módulos / 60 aulas"));
    assert_eq!(value("Dores"), Some("- falta tempo\n  - {{dor_2}}"));
    assert_eq!(value("Objetivos"), Some("aplicar IA"));
}

#[test]
fn the_first_word_of_a_heading_decides() {
    for (heading, kind) in [
        ("Formato do conteúdo", Some(BriefSectionKind::FormatAndDelivery)),
        ("Contenido y formato", Some(BriefSectionKind::ContentAndPedagogy)),
        ("Additional references", Some(BriefSectionKind::AdditionalContext)),
        ("Invoices", None),
        ("", None),
    ] {
        assert_eq!(BriefSectionKind::of_heading(heading), kind, "{heading}");
    }
}

#[test]
fn missing_and_empty_sections_are_reported() {
    let text = brief(&HEADINGS[0]).replace("## 4. Voice\n\nFilled in.\n\n", "");
    let text = text.replace("Commercial\n\nFilled in.", "Commercial\n\n<!-- write -->\n\n### Price\n\n---\n");
    let expected = [
        (ProblemCode::MissingSection, None, "the section \"voice\" is missing".to_owned()),
        (ProblemCode::EmptySection, Some(19), "the section \"6. Commercial\" is empty".to_owned()),
    ];
    assert_eq!(problems(&text), expected);
    assert_eq!(problems("").len(), 8);
    assert!(problems("").iter().all(|(code, ..)| *code == ProblemCode::MissingSection));
}

#[test]
fn fields_are_items_lines_and_rows() {
    let text = "# T\n\n**Author:** Ana\n\n## 1. Informações básicas\n\n- **Nome do curso:** IA: do zero\n* **Slug**: ia\n\
        - [x] **Feito:** sim\n- sem rótulo\n1. **Temas:**\n   - um\n   - **Sub:** dois\n\n**Nível:** básico\n**Duração:** 2 h\n\n\
        | Campo | Valor |\n|---|---|\n| **Preço:** | 10 |\n| Moeda | |\n\n|a|b|c|\n|-|-|-|\n|1|2|3|\n\n\
        **Lista:**\n\n- a\n- b\n\n**Vazio:**\n";
    let (brief, problems) = Brief::read(PATH, text);
    let fields: Vec<_> = brief
        .fields
        .iter()
        .map(|one| (one.section.is_some(), one.label.as_str(), one.value.as_str(), one.line))
        .collect();
    let expected = [
        (false, "Author", "Ana", 3),
        (true, "Nome do curso", "IA: do zero", 7),
        (true, "Slug", "ia", 8),
        (true, "Feito", "sim", 9),
        (true, "Temas", "- um\n   - **Sub:** dois", 11),
        (true, "Sub", "dois", 13),
        (true, "Nível", "básico", 15),
        (true, "Duração", "2 h", 16),
        (true, "Preço", "10", 20),
        (true, "Moeda", "", 21),
        (true, "Lista", "- a\n- b", 27),
        (true, "Vazio", "", 32),
    ];
    assert_eq!(fields, expected);
    let empty: Vec<_> = problems
        .iter()
        .filter(|one| one.code == ProblemCode::Placeholder)
        .map(|one| (one.message.as_str(), one.line.unwrap()))
        .collect();
    assert_eq!(empty, [("\"Moeda\" has no value", 21), ("\"Vazio\" has no value", 32)]);
}

#[test]
fn a_label_without_value_before_the_next_label_is_empty() {
    let (brief, _) =
        Brief::read(PATH, "## ICP\n\n- **A:**\n- **B:** x\n\n**C:**\n**D:** y\n\n**E:**\ncontinued\n");
    let fields: Vec<_> = brief.fields.iter().map(|one| (one.label.as_str(), one.value.as_str())).collect();
    assert_eq!(fields, [("A", ""), ("B", "x"), ("C", ""), ("D", "y"), ("E", "continued")]);
}

#[test]
fn placeholders_of_every_form_are_found() {
    assert_eq!(placeholders("[Nome do curso]"), ["[Nome do curso]"]);
    assert_eq!(placeholders("a [x y] and [...]\n"), ["[x y]", "[...]"]);
    assert_eq!(placeholders("{{ name }} {single}"), ["{{ name }}"]);
    assert_eq!(placeholders("TODO: price, TBD and XXX."), ["TODO", "TBD", "XXX"]);
    assert_eq!(
        placeholders("Price: <your price> for <NAME>\n\n<nome>\n"),
        ["<your price>", "<NAME>", "<nome>"]
    );
    let text = brief(&HEADINGS[0]).replace("## 4. Voice\n\nFilled in.", "## 4. Voice\n\n[who?]");
    assert_eq!(problems(&text), [(ProblemCode::Placeholder, Some(17), "[who?] is not filled in".to_owned())]);
}

#[test]
fn other_brackets_are_no_placeholders() {
    for text in [
        "[link](https://e.org)",
        "![image](a.png)",
        "[ref]\n\n[ref]: x.md",
        "[broken](a b c)",
        "- [ ] open\n- [x] done",
        "note[^1]\n\n[^1]: text",
        "as in [1] and [2, 3]",
        "`[code]` and `TODO`",
        "```\n[x y] {{z}} <a b> TODO\n```",
        "<!-- TODO [x y] <z> -->",
        "<br> <div class=\"x\">y</div> </p>",
        "<https://e.org> <me@e.org>",
        "a < b and c > d",
        "x<y>z",
        "\\[escaped\\]",
        "EM TODO O CURSO",
        "TODOS, METODO, XXXL, TODO_LIST",
        "{{}} [] <>",
        "[over\nlines]",
        "todo tbd xxx",
    ] {
        assert_eq!(placeholders(text), [""; 0], "{text}");
    }
}

#[test]
fn the_number_of_reports_is_bounded() {
    let found = placeholders(&"[fill in] ".repeat(50_000));
    assert_eq!(found.len(), 101);
    assert_eq!(found[100], "there are more than 100 placeholders");
    assert_eq!(placeholders(&"[".repeat(200_000)), [""; 0]);
    assert_eq!(placeholders(&"<".repeat(200_000)), [""; 0]);
}

#[test]
fn unclosed_front_matter_is_an_error_and_the_rest_is_read() {
    let (brief, problems) = Brief::read(PATH, "---\ntitle: x\n\n## ICP\n\ntext\n");
    assert_eq!((problems[0].code, problems[0].severity), (ProblemCode::FrontMatterUnclosed, Severity::Error));
    assert_eq!(brief.sections[0].text, "text");
    let (brief, problems) = Brief::read(PATH, "---\nx: [TODO]\n---\n## ICP\n\ntext\n");
    assert_eq!((brief.sections[0].line, problems.len()), (4, 7), "front matter is no prose");
}

proptest! {
    #[test]
    fn any_text_is_a_brief(text in "(## ICP\n|\\*\\*a:\\*\\*|TODO|\\[a\\]|\\{\\{|<a b>|\\|a\\|b\\|\n|\\|-\\|-\\|\n|---\n|- |[a-zé#>\n `]){0,40}") {
        let (brief, _) = Brief::read(PATH, &text);
        prop_assert!(brief.sections.len() <= 8);
        prop_assert!(brief.fields.iter().all(|field| field.line as usize <= text.lines().count().max(1)));
    }
}
