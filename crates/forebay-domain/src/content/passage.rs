//! Where a text contains the words of a search, whatever their case and accents.
//!
//! The database finds the lessons; this finds the line to show, because a place in a lesson is a line.

use super::fold::fold;

/// The longest snippet in characters, without its marks.
const MAX_CHARS: usize = 200;
/// How many characters of the line are shown before the first match.
const CHARS_BEFORE: usize = 60;

/// A line that contains words of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The 1-based line.
    pub line: u32,
    /// The part of the line around the first match, with matching words between `«` and `»`.
    pub snippet: String,
}

/// The words that a query asks for, folded: without excluded ones (`-word`, `-"a phrase"`) and `OR`.
pub fn query_words(query: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = query.trim_start();
    while !rest.is_empty() {
        let (is_excluded, term) = match rest.strip_prefix('-') {
            Some(term) => (true, term),
            None => (false, rest),
        };
        let (term, after) = match term.strip_prefix('"') {
            Some(phrase) => phrase.split_once('"').unwrap_or((phrase, "")),
            None => {
                term.split_at(term.find(|one: char| one.is_whitespace() || one == '"').unwrap_or(term.len()))
            }
        };
        if !is_excluded && term != "OR" {
            words.extend(fold(term).split_whitespace().map(str::to_owned));
        }
        rest = after.trim_start();
    }
    words
}

/// The first of the lines with the most different words. `words` are folded. `None`: no line has any of them.
pub fn find(text: &str, words: &[String]) -> Option<Passage> {
    let mut best: Option<(usize, u32, &str)> = None;
    for (line, number) in text.lines().zip(1..) {
        let folded = fold(line);
        let has_word = |word: &&String| folded.split(' ').any(|other| other == word.as_str());
        let num_words = words.iter().filter(has_word).count();
        if num_words > best.map_or(0, |(most, ..)| most) {
            best = Some((num_words, number, line));
        }
    }
    let (_, line, text) = best?;
    Some(Passage { line, snippet: snippet(text.trim(), words) })
}

/// Cuts a line around its first match and marks all matches in it.
fn snippet(line: &str, words: &[String]) -> String {
    let matches: Vec<(usize, usize)> = tokens(line)
        .filter(|(start, end)| {
            fold(&line[*start..*end]).split(' ').any(|token| words.iter().any(|word| word == token))
        })
        .collect();
    let first = matches.first().map_or(0, |(start, _)| *start);
    let before = line[..first].char_indices().rev().nth(CHARS_BEFORE - 1).map_or(0, |(start, _)| start);
    // Not within a word.
    let start =
        if before == 0 { 0 } else { line[before..first].find(' ').map_or(first, |space| before + space + 1) };
    let end = line[start..].char_indices().nth(MAX_CHARS).map_or(line.len(), |(end, _)| start + end);
    let mut snippet = String::new();
    if start > 0 {
        snippet.push('…');
    }
    let mut at = start;
    for (from, to) in matches.into_iter().filter(|(_, to)| *to <= end) {
        snippet.extend([&line[at..from], "«", &line[from..to], "»"]);
        at = to;
    }
    snippet.push_str(&line[at..end]);
    if end < line.len() {
        snippet.push('…');
    }
    snippet
}

/// The ranges of words: letters and digits with the marks that belong to them.
fn tokens(line: &str) -> impl Iterator<Item = (usize, usize)> {
    let is_part = |one: char| one.is_alphanumeric() || matches!(one, '\u{300}'..='\u{36f}');
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + line[at..].find(is_part)?;
        let end = line[start..].find(|one| !is_part(one)).map_or(line.len(), |end| start + end);
        at = end;
        Some((start, end))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(query: &str) -> Vec<String> {
        query_words(query)
    }

    #[test]
    fn excluded_words_are_not_shown() {
        assert_eq!(
            words("Lição -old \"two words\" OR três -\"not this\" end"),
            ["licao", "two", "words", "tres", "end"]
        );
        assert_eq!(words("passo-a-passo"), ["passo", "a", "passo"]);
        assert_eq!(words("\"open phrase"), ["open", "phrase"]);
        assert_eq!(words("-a - \"\""), [""; 0]);
    }

    #[test]
    fn the_line_with_most_words_is_shown() {
        let text =
            "---\ntitle: Borrowing\n---\n# Empréstimo\n\nO empréstimo tem REGRAS.\nRegras e empréstimo.\n";
        let found = find(text, &words("emprestimo regras")).unwrap();
        assert_eq!(found.line, 6);
        assert_eq!(found.snippet, "O «empréstimo» tem «REGRAS».");
        assert_eq!(find(text, &words("emprestimo")).unwrap().line, 4);
        assert_eq!(find(text, &words("emprest")), None);
        // An accent may be a character of its own.
        assert_eq!(find("a licao\u{303} b", &words("lição")).unwrap().snippet, "a «licao\u{303}» b");
    }

    #[test]
    fn a_long_line_is_cut_around_its_first_match() {
        let line = format!("{}here it is {}", "some words before it ".repeat(9), "and after it ".repeat(30));
        let found = find(&line, &words("here")).unwrap();
        assert!(found.snippet.starts_with("…"), "{}", found.snippet);
        assert!(found.snippet.contains(" «here» it is and after"), "{}", found.snippet);
        assert!(found.snippet.ends_with('…'));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,300}", query in "\\PC{0,20}") {
            let words = query_words(&query);
            if let Some(found) = find(&text, &words) {
                prop_assert!(found.snippet.contains('«') || found.snippet.chars().count() <= MAX_CHARS + 2);
            }
        }

        #[test]
        fn a_word_of_the_text_is_found_and_marked(before in "[a-z ]{0,80}", after in "[a-z ]{0,300}") {
            let text = format!("{before} zebra {after}");
            let found = find(&text, &query_words("Zebra")).unwrap();
            prop_assert!(found.snippet.contains("«zebra»"), "{}", found.snippet);
        }
    }
}
