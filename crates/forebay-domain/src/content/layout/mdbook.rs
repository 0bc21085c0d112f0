//! The order of an mdBook: its `SUMMARY.md`.
//!
//! The summary is a Markdown list of links, nested like the chapters. Links outside the list come before or after the
//! numbered chapters, and headings after the first one begin a part.

use std::collections::BTreeMap;

use super::numbering::Listed;
use crate::{
    content::{Problem, ProblemCode, markdown::Markdown, paths::RelativePath},
    percent,
};

/// The chapters of an mdBook, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The chapters.
    pub chapters: Vec<Chapter>,
    /// Links that are no chapter although they look like one.
    pub problems: Vec<Problem>,
}

/// A chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// The text of its link, as written.
    pub title: String,
    /// Its file, relative to the course folder; None for a draft.
    pub path: Option<RelativePath>,
    /// How deep it is nested: 1 for a numbered chapter, more inside one, 0 outside the list.
    pub depth: usize,
    /// The heading above it; None before the first part.
    pub part: Option<String>,
    /// The 1-based line of its link.
    pub line: u32,
}

impl Summary {
    /// Reads a summary. `path` is its own path; links are relative to its folder.
    pub fn parse(text: &str, path: &RelativePath) -> Self {
        let markdown = Markdown::scan(text, 0);
        let mut summary = Self::default();
        let mut items = markdown.items.iter().map(|item| &item.block.range).peekable();
        // The ends of the list items around the current link.
        let mut open: Vec<usize> = Vec::new();
        // The first heading is the title of the summary.
        let mut parts = markdown.headings.iter().skip(1).peekable();
        let mut part = None;
        // The line of each file.
        let mut lines: BTreeMap<RelativePath, u32> = BTreeMap::new();
        for link in &markdown.links {
            while let Some(item) = items.next_if(|item| item.start <= link.range.start) {
                open.retain(|&end| end > item.start);
                open.push(item.end);
            }
            open.retain(|&end| end > link.range.start);
            while let Some(heading) = parts.next_if(|heading| heading.range.start < link.range.start) {
                part = Some(heading.text.clone());
            }
            if link.is_image || link.target.contains("://") {
                continue;
            }
            let file = match resolve(path, &link.target) {
                Ok(file) => file,
                Err(problem) => {
                    summary.problems.push(Problem { path: path.to_string(), ..problem }.at(link.line));
                    continue;
                }
            };
            let line_before = file.clone().and_then(|file| lines.insert(file, link.line));
            if let Some(line) = line_before {
                let message = format!("`{}` is already a chapter in line {line}", link.target);
                let problem =
                    Problem::warning(ProblemCode::InvalidValue, path.as_str(), message).at(link.line);
                summary.problems.push(problem);
                continue;
            }
            summary.chapters.push(Chapter {
                title: title(&text[link.range.clone()]),
                path: file,
                depth: open.len(),
                part: part.clone(),
                line: link.line,
            });
        }
        summary
    }

    /// The files of the chapters with the numbers that follow from their order.
    ///
    /// Each part is a module. Without parts, each numbered chapter with the chapters inside it is one; if no chapter
    /// is inside another, all are one module. Chapters before the first module form a module of their own.
    pub fn listed(&self) -> Vec<Listed> {
        let has_parts = self.chapters.iter().any(|chapter| chapter.part.is_some());
        let has_nesting = self.chapters.iter().any(|chapter| chapter.depth > 1);
        let mut listed = Vec::new();
        let (mut module, mut lesson) = (0_u32, 0_u32);
        let mut part = None;
        for chapter in &self.chapters {
            let begins_module =
                if has_parts { part != Some(&chapter.part) } else { has_nesting && chapter.depth == 1 };
            if module == 0 || begins_module {
                module += 1;
                lesson = 0;
            }
            part = Some(&chapter.part);
            if let Some(path) = &chapter.path {
                lesson += 1;
                listed.push(Listed { path: path.clone(), module, lesson });
            }
        }
        listed
    }
}

/// The path of a link's target. None: the target is empty.
fn resolve(summary: &RelativePath, target: &str) -> Result<Option<RelativePath>, Problem> {
    let target = percent::decode(target).unwrap_or_else(|| target.to_owned());
    let target = target.strip_prefix("./").unwrap_or(&target);
    match (target, summary.folder()) {
        ("", _) => Ok(None),
        (_, "") => RelativePath::parse(target).map(Some),
        // An absolute target would look relative after joining it.
        _ if target.starts_with('/') => RelativePath::parse(target).map(Some),
        (_, folder) => RelativePath::parse(&format!("{folder}/{target}")).map(Some),
    }
}

/// The text of a link from its source.
fn title(link: &str) -> String {
    let inner = link.strip_prefix('[').unwrap_or(link);
    let end = inner.rfind("](").or_else(|| inner.rfind(']')).unwrap_or(inner.len());
    inner[..end].split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Summary {
        Summary::parse(text, &RelativePath::parse("src/SUMMARY.md").unwrap())
    }

    fn listed(text: &str) -> Vec<String> {
        let summary = parse(text);
        assert_eq!(summary.problems, []);
        summary.listed().iter().map(|one| format!("{}.{} {}", one.module, one.lesson, one.path)).collect()
    }

    const NESTED: &str = "# Summary\n\n[Preface](./preface.md)\n\n- [First `steps`](ch1.md)\n  - [Install](ch1/install.md)\n    \
        - [Linux](ch1/linux.md)\n- [Draft]()\n  - [Space](a%20b.md)\n\n---\n\n[Index](<index file.md>)\n";

    #[test]
    fn chapters_have_titles_places_and_depths() {
        let summary = parse(NESTED);
        let found: Vec<_> = summary
            .chapters
            .iter()
            .map(|one| (one.title.as_str(), one.path.as_ref().map(RelativePath::as_str), one.depth, one.line))
            .collect();
        assert_eq!(
            found,
            [
                ("Preface", Some("src/preface.md"), 0, 3),
                ("First `steps`", Some("src/ch1.md"), 1, 5),
                ("Install", Some("src/ch1/install.md"), 2, 6),
                ("Linux", Some("src/ch1/linux.md"), 3, 7),
                ("Draft", None, 1, 8),
                ("Space", Some("src/a b.md"), 2, 9),
                ("Index", Some("src/index file.md"), 0, 13),
            ]
        );
    }

    #[test]
    fn nested_chapters_are_modules() {
        let expected = [
            "1.1 src/preface.md",
            "2.1 src/ch1.md",
            "2.2 src/ch1/install.md",
            "2.3 src/ch1/linux.md",
            "3.1 src/a b.md",
            "3.2 src/index file.md",
        ];
        assert_eq!(listed(NESTED), expected);
    }

    #[test]
    fn a_flat_list_is_one_module_and_parts_are_modules() {
        assert_eq!(listed("- [A](a.md)\n- [B](b.md)\n"), ["1.1 src/a.md", "1.2 src/b.md"]);
        let parts = "# Summary\n- [A](a.md)\n# Part 1\n- [B](b.md)\n  - [C](c.md)\n# Part 2\n- [D](d.md)\n";
        assert_eq!(listed(parts), ["1.1 src/a.md", "2.1 src/b.md", "2.2 src/c.md", "3.1 src/d.md"]);
        assert_eq!(parse(parts).chapters[3].part.as_deref(), Some("Part 2"));
    }

    #[test]
    fn other_links_are_no_chapters() {
        let text = "# Summary\n- [Site](https://example.org)\n- ![Image](a.png)\n```\n- [Code](c.md)\n```\n";
        assert_eq!(parse(text), Summary::default());
    }

    #[test]
    fn links_out_of_the_folder_and_repeated_links_are_problems() {
        let summary = parse("# S\n- [A](../../etc/passwd)\n- [B](/etc/passwd)\n- [C](c.md)\n- [D](./c.md)\n");
        let found: Vec<_> =
            summary.problems.iter().map(|one| (one.code, one.path.as_str(), one.line.unwrap())).collect();
        assert_eq!(
            found,
            [
                (ProblemCode::UnsafePath, "src/SUMMARY.md", 2),
                (ProblemCode::UnsafePath, "src/SUMMARY.md", 3),
                (ProblemCode::InvalidValue, "src/SUMMARY.md", 5),
            ]
        );
        assert_eq!(summary.chapters.len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_makes_parsing_panic(text in "([ #*-]|\\[[a-c]\\]\\([a-c/.%]{0,3}\\)|\n|é){0,20}") {
            let summary = parse(&text);
            let listed = summary.listed();
            let numbers: Vec<_> = listed.iter().map(|one| (one.module, one.lesson)).collect();
            prop_assert!(numbers.is_sorted_by(|one, other| one < other));
        }
    }
}
