//! Problems of a lesson's structure: no text, no headings, empty sections, code that is never closed.

use crate::content::{
    Problem, ProblemCode,
    markdown::{CodeBlock, Markdown},
};

/// The problems of a text, in the order of their lines.
pub(super) fn problems(text: &str, markdown: &Markdown, path: &str) -> Vec<Problem> {
    if markdown.word_count == 0 {
        return vec![Problem::error(ProblemCode::EmptySection, path, "the lesson has no text")];
    }
    let mut problems = Vec::new();
    if markdown.headings.is_empty() {
        let problem = Problem::error(ProblemCode::MissingSection, path, "the lesson has no headings");
        problems.push(problem.hint("Begin each part with a heading such as `## Goal`"));
    }
    for (heading, section) in markdown.headings.iter().zip(&markdown.sections) {
        if text[section.body.clone()].trim().is_empty() {
            let message = format!("the section `{}` is empty", shortened(&heading.text));
            problems.push(Problem::warning(ProblemCode::EmptySection, path, message).at(heading.line));
        }
    }
    let unclosed = markdown.code.last().filter(|code| is_unclosed(text, code));
    problems.extend(unclosed.map(|code| {
        let message = "the code block is never closed, so it contains the rest of the lesson";
        let problem = Problem::error(ProblemCode::UnclosedCode, path, message).at(code.block.line);
        problem.hint("Was the text cut off? Generate the lesson again, or close the block")
    }));
    problems
}

/// Whether a fenced block reaches the end of the text without a closing fence.
fn is_unclosed(text: &str, code: &CodeBlock) -> bool {
    let range = &code.block.range;
    if code.info.is_none() || range.end < text.trim_end().len() {
        return false;
    }
    let mut lines = text[range.clone()].lines();
    let opening = lines.next().unwrap_or_default();
    let Some(mark) = opening.chars().next() else { return false };
    let num_marks = opening.chars().take_while(|&character| character == mark).count();
    // Inside a quote or a list, lines begin with its marks.
    let closing = lines.next_back().unwrap_or_default().trim_matches([' ', '\t', '>']);
    closing.chars().count() < num_marks || closing.chars().any(|character| character != mark)
}

fn shortened(heading: &str) -> String {
    heading.chars().take(60).collect()
}
