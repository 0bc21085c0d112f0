//! Structure is found where the standard has it, with exact places, and hostile text costs linear time.

use std::ops::Range;

use proptest::prelude::*;

use super::*;

fn headings(text: &str) -> Vec<(u8, String, u32)> {
    Markdown::scan(text, 0).headings.into_iter().map(|one| (one.level, one.text, one.line)).collect()
}

fn heading(level: u8, text: &str, line: u32) -> (u8, String, u32) {
    (level, text.to_owned(), line)
}

#[test]
fn headings_are_atx_and_setext() {
    let text = "# One `code` #\n\nTwo *words*\nand more\n---\n\n###### Six\n####### seven\n#nothing\n";
    let expected = [heading(1, "One code", 1), heading(2, "Two words and more", 3), heading(6, "Six", 7)];
    assert_eq!(headings(text), expected);
    let found = Markdown::scan(text, 0);
    let raw: Vec<&str> = found.headings.iter().map(|one| &text[one.range.clone()]).collect();
    assert_eq!(raw, ["# One `code` #", "Two *words*\nand more\n---", "###### Six"]);
}

#[test]
fn code_comments_quotes_and_lists_have_no_headings() {
    let text =
        "```\n# fence\n```\n\n    # indented\n\n<!--\n# comment\n-->\n\n> # quote\n\n- # item\n\n# Real\n";
    assert_eq!(headings(text), [heading(1, "Real", 15)]);
}

#[test]
fn line_endings_do_not_matter() {
    let text = "# A\n\ntext\n\nB\n=\n";
    for ending in ["\r\n", "\r"] {
        assert_eq!(headings(&text.replace('\n', ending)), [heading(1, "A", 1), heading(1, "B", 5)]);
    }
}

#[test]
fn sections_nest_by_level() {
    let text = "intro\n# A\na\n## B\nb\n### C\nc\n## D\nd\n# E\ne";
    let found = Markdown::scan(text, 0);
    let shown: Vec<_> = found
        .sections
        .iter()
        .map(|one| (one.parent, text[one.body.clone()].trim(), text[one.lead.clone()].trim()))
        .collect();
    let expected = [
        (None, "a\n## B\nb\n### C\nc\n## D\nd", "a"),
        (Some(0), "b\n### C\nc", "b"),
        (Some(1), "c", "c"),
        (Some(0), "d", "d"),
        (None, "e", "e"),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_skipped_level_still_nests() {
    let found = Markdown::scan("### A\n# B\n#### C\n## D\n", 0);
    let parents: Vec<_> = found.sections.iter().map(|one| one.parent).collect();
    assert_eq!(parents, [None, None, Some(1), Some(1)]);
}

#[test]
fn code_blocks_have_their_info() {
    let text = "``` mermaid\ngraph TD\n```\n\n~~~\nplain\n~~~\n\n    indented\n\n- ```rust x\n  fn\n  ```\n";
    let found = Markdown::scan(text, 0);
    let shown: Vec<_> =
        found.code.iter().map(|one| (one.info.as_deref(), one.block.line, one.block.depth)).collect();
    assert_eq!(shown, [(Some("mermaid"), 1, 0), (Some(""), 5, 0), (None, 9, 0), (Some("rust x"), 11, 1)]);
    assert_eq!(&text[found.code[0].block.range.clone()], "``` mermaid\ngraph TD\n```");
}

#[test]
fn lists_quotes_and_paragraphs_have_their_depth() {
    let text = "Hello.\n\n> quoted\n> more\n\n- one\n  1. inner\n- [x] two\n- [ ] three\n\nBye.\n";
    let found = Markdown::scan(text, 0);
    let paragraphs: Vec<_> =
        found.paragraphs.iter().map(|one| (&text[one.range.clone()], one.line, one.depth)).collect();
    assert_eq!(paragraphs, [("Hello.", 1, 0), ("quoted\n> more", 3, 1), ("Bye.", 11, 0)]);
    assert_eq!(&text[found.quotes[0].range.clone()], "> quoted\n> more");
    let lists: Vec<_> = found.lists.iter().map(|one| (one.is_ordered, one.block.depth)).collect();
    assert_eq!(lists, [(false, 0), (true, 1)]);
    let items: Vec<_> =
        found.items.iter().map(|one| (one.list, one.block.line, one.block.depth, one.is_checked)).collect();
    assert_eq!(items, [(0, 6, 0, None), (1, 7, 1, None), (0, 8, 0, Some(true)), (0, 9, 0, Some(false))]);
    assert_eq!(&text[found.items[0].block.range.clone()], "- one\n  1. inner");
}

#[test]
fn tables_have_rows_and_cells() {
    let text = "| Name | Price |\n|---|---:|\n| **A** | 10 |\n| B | |\n\nafter\n";
    let found = Markdown::scan(text, 0);
    assert_eq!(found.tables.len(), 1);
    let rows: Vec<(bool, u32, Vec<&str>)> = found
        .rows
        .iter()
        .map(|row| {
            let cells = found.cells[row.cells.clone()].iter().map(|cell| &text[cell.clone()]).collect();
            (row.is_header, row.line, cells)
        })
        .collect();
    let expected =
        [(true, 1, vec!["Name", "Price"]), (false, 3, vec!["**A**", "10"]), (false, 4, vec!["B", ""])];
    assert_eq!(rows, expected);
}

#[test]
fn links_and_images_have_target_and_line() {
    let text = "[a](x%20y.md \"t\") and\n![alt](img.png)\n<https://e.org>\n[ref] [none] \\[no](z)\n\n[ref]: r.md\n`[c](d)`\n";
    let found = Markdown::scan(text, 0);
    let links: Vec<_> = found.links.iter().map(|one| (one.is_image, one.target.as_str(), one.line)).collect();
    let expected =
        [(false, "x%20y.md", 1), (true, "img.png", 2), (false, "https://e.org", 3), (false, "r.md", 4)];
    assert_eq!(links, expected);
    assert_eq!(&text[found.links[0].range.clone()], "[a](x%20y.md \"t\")");
    assert_eq!(&text[found.definitions[0].clone()].trim_end(), &"[ref]: r.md");
}

#[test]
fn an_offset_is_known_to_be_in_code_a_link_or_a_comment() {
    let text = "`a` b [c](d)\n\n<!-- e -->\n\n```\nf\n```\n\n[g]: h\n\n<br> i\n";
    let found = Markdown::scan(text, 0);
    let those = |is_one: &dyn Fn(usize) -> bool| -> String {
        ('a'..='i').filter(|letter| is_one(text.find(&format!("{letter}")).unwrap())).collect()
    };
    assert_eq!(those(&|at| found.is_code(at)), "af");
    assert_eq!(those(&|at| found.is_link(at)), "cdgh");
    assert_eq!(those(&|at| found.is_comment(text, at)), "e");
}

#[test]
fn words_are_those_of_prose() {
    let count = |text: &str| Markdown::scan(text, 0).word_count;
    assert_eq!(count("# A title\n\nDon't pay 3.50 for **bo**ld, `ls -l` or a guarda-chuva."), 13);
    assert_eq!(
        count("[two words](https://example.com/not-counted)\n\n- one\n- two\n\n|a|b|\n|-|-|\n|c|d|"),
        8
    );
    assert_eq!(count("```\nno words here\n```\n\n    none\n\n<p>\nnone\n</p>\n"), 0);
    assert_eq!(count("Ação é vida — não?\n\n學習"), 6);
}

#[test]
fn front_matter_is_left_out_and_places_are_those_of_the_file() {
    let text = "---\ntitle: not a heading\n---\n# A\n\n[x](y)\n";
    let found = Markdown::scan(text, text.find("# A").unwrap());
    assert_eq!((found.headings[0].line, found.links[0].line), (4, 6));
    assert_eq!(&text[found.headings[0].range.clone()], "# A");
    assert_eq!(found.word_count, 2);
    assert_eq!(Markdown::scan(text, text.len() + 7), Markdown::default());
}

/// Repetitions that were slow in some parser of Markdown.
const HOSTILE: [&str; 24] = [
    "[", "]", "[]", "[](", "![", "[[]()", "[ (](", ">", "> ", "`", "`a``", "*", "* ", "*a _b ", "- ", "-\n",
    "<", "<!--", "!-- <", "|", "|a\n", "[^\n", "&#x", "1. ",
];

/// The size of hostile texts. If the time were quadratic, these tests would take hours.
const HOSTILE_BYTES: usize = MAX_BYTES / 8;

#[test]
fn hostile_text_takes_linear_time() {
    for pattern in HOSTILE {
        Markdown::scan(&pattern.repeat(HOSTILE_BYTES / pattern.len()), 0);
    }
}

#[test]
fn deep_nesting_with_many_lines_after_it_takes_linear_time() {
    for pattern in [">", "* ", "- > ", "1. "] {
        for line in ["\n", "a\n", " \n", ">\n", "> > a\n"] {
            let half = HOSTILE_BYTES / 2;
            let text = pattern.repeat(half / pattern.len()) + "a\n" + &line.repeat(half / line.len());
            Markdown::scan(&text, 0);
        }
    }
}

fn is_in_order<'a>(ranges: impl Iterator<Item = &'a Range<usize>>) -> bool {
    ranges.map(|range| range.start).is_sorted()
}

proptest! {
    #[test]
    fn every_range_is_text_and_in_order(text in "([#>*`~|=\\-\\[\\]()<!. \t]|[aé\n]|\r\n|1\\. ){0,60}", from in 0usize..8) {
        let found = Markdown::scan(&text, from);
        let blocks = found.paragraphs.iter().chain(&found.quotes).chain(&found.tables).chain(&found.html);
        let blocks = blocks.chain(found.code.iter().map(|one| &one.block));
        let blocks = blocks.chain(found.lists.iter().map(|one| &one.block));
        let blocks = blocks.chain(found.items.iter().map(|one| &one.block)).map(|block| &block.range);
        let ranges = blocks.chain(found.headings.iter().map(|one| &one.range));
        let ranges = ranges.chain(found.links.iter().map(|one| &one.range)).chain(&found.code_spans);
        let sections = found.sections.iter().flat_map(|one| [&one.body, &one.lead]);
        for range in ranges.chain(sections).chain(&found.cells).chain(&found.definitions) {
            prop_assert!(text.get(range.clone()).is_some(), "{:?} of {:?}", range, text);
        }
        prop_assert!(is_in_order(found.headings.iter().map(|one| &one.range)));
        prop_assert!(is_in_order(found.code.iter().map(|one| &one.block.range)));
        prop_assert!(is_in_order(found.html.iter().map(|one| &one.range)));
        prop_assert!(is_in_order(found.code_spans.iter()));
        prop_assert_eq!(found.headings.len(), found.sections.len());
    }
}
