//! The parts of a search query: what must hold for every hit, and what may be missing.
//!
//! Queries have the syntax of Postgres's `websearch_to_tsquery`: words, "phrases", `or`, and `-` before what must not
//! occur. Phrases and exclusions bind: they hold for every document, also for one that is found by its meaning or by
//! only some of the words.

/// A query, cut into its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// What stands between two `or`.
    alternatives: Vec<Terms>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Terms {
    words: Vec<String>,
    /// Phrases and exclusions as they are written in a query, with their quotes.
    binding: Vec<String>,
}

impl Question {
    /// Cuts a query into its parts. Any text is a query.
    pub fn parse(query: &str) -> Self {
        let mut question = Self::default();
        let mut terms = Terms::default();
        let mut rest = query.trim_start();
        while !rest.is_empty() {
            let (is_excluded, unsigned) = sign(rest);
            let (text, is_phrase, after) = operand(unsigned);
            let is_or = !is_excluded && !is_phrase && text.eq_ignore_ascii_case("or");
            // As in Postgres, `or` is an operator only between two operands.
            if is_or && !terms.is_empty() && !after.is_empty() {
                question.alternatives.push(std::mem::take(&mut terms));
            } else if !text.is_empty() {
                if is_excluded {
                    terms.binding.push(format!("-\"{text}\""));
                } else if is_phrase {
                    terms.binding.push(format!("\"{text}\""));
                } else {
                    terms.words.push(text.to_owned());
                }
            }
            rest = after;
        }
        question.alternatives.push(terms);
        question
    }

    /// The query that every hit must match, in the same syntax; None: there is no such condition.
    pub fn binding(&self) -> Option<String> {
        let bound: Vec<String> = self.alternatives.iter().map(|terms| terms.binding.join(" ")).collect();
        // Only words remain of an alternative without phrases and exclusions, and words do not bind.
        bound.iter().all(|terms| !terms.is_empty()).then(|| bound.join(" or "))
    }

    /// Whether it asks for anything: for a word or a phrase, not only for what must not occur.
    pub fn has_terms(&self) -> bool {
        let is_asked = |term: &String| !term.starts_with('-');
        self.alternatives.iter().any(|terms| !terms.words.is_empty() || terms.binding.iter().any(is_asked))
    }

    /// The words that may be missing, in their order, each once.
    pub fn words(&self) -> Vec<&str> {
        let mut words: Vec<&str> = Vec::new();
        for word in self.alternatives.iter().flat_map(|terms| &terms.words) {
            if !words.contains(&word.as_str()) {
                words.push(word);
            }
        }
        words
    }
}

impl Terms {
    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.binding.is_empty()
    }
}

/// Whether an odd number of `-` stands before an operand, and the operand.
fn sign(text: &str) -> (bool, &str) {
    let unsigned = text.trim_start_matches(|c: char| c == '-' || c.is_whitespace());
    let num_minus = text[..text.len() - unsigned.len()].bytes().filter(|byte| *byte == b'-').count();
    (num_minus % 2 == 1, unsigned)
}

/// The first operand of a text, whether it is in quotes, and what follows. A quote that is not closed ends with the
/// text.
fn operand(text: &str) -> (&str, bool, &str) {
    let (operand, is_phrase, after) = if let Some(quoted) = text.strip_prefix('"') {
        let (phrase, after) = quoted.split_once('"').unwrap_or((quoted, ""));
        (phrase.trim(), true, after)
    } else {
        let end = text.find(|c: char| c == '"' || c.is_whitespace()).unwrap_or(text.len());
        (&text[..end], false, &text[end..])
    };
    (operand, is_phrase, after.trim_start())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(query: &str) -> (Vec<String>, Option<String>) {
        let question = Question::parse(query);
        (question.words().into_iter().map(str::to_owned).collect(), question.binding())
    }

    #[test]
    fn phrases_and_exclusions_bind_and_words_do_not() {
        let cases: &[(&str, &[&str], Option<&str>)] = &[
            ("", &[], None),
            ("how do I enrol", &["how", "do", "I", "enrol"], None),
            ("\"linear algebra\" honors -evening", &["honors"], Some("\"linear algebra\" -\"evening\"")),
            ("-\"night school\" art", &["art"], Some("-\"night school\"")),
            ("art - music", &["art"], Some("-\"music\"")),
            ("well-known a-b", &["well-known", "a-b"], None),
            ("art--music", &["art--music"], None),
            ("an \"open phrase", &["an"], Some("\"open phrase\"")),
            ("tea\"green leaf\"tea", &["tea"], Some("\"green leaf\"")),
            ("\"\" x", &["x"], None),
        ];
        for (query, words, binding) in cases {
            assert_eq!(
                parts(query),
                (words.iter().map(|word| (*word).to_owned()).collect(), binding.map(str::to_owned)),
                "{query}"
            );
        }
    }

    #[test]
    fn an_exclusion_alone_asks_for_nothing() {
        for (query, expected) in
            [("", false), ("-", false), ("\"\"", false), ("-tea", false), ("\"a b\"", true), ("x -y", true)]
        {
            assert_eq!(Question::parse(query).has_terms(), expected, "{query}");
        }
    }

    #[test]
    fn an_alternative_of_words_makes_nothing_binding() {
        assert_eq!(parts("\"red tea\" or coffee").1, None);
        assert_eq!(parts("\"red tea\" OR \"green tea\" milk").1.unwrap(), "\"red tea\" or \"green tea\"");
        assert_eq!(parts("tea or coffee").0, ["tea", "coffee"]);
        // Not between two operands.
        assert_eq!(parts("or tea or").0, ["or", "tea"]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_query(query in "[a-c \"\\-orOR💥\0]{0,40}") {
            let question = Question::parse(&query);
            prop_assert!(question.words().iter().all(|word| !word.is_empty() && !word.contains(['"', ' '])));
            // What binds has the syntax of a query, and all of it binds.
            if let Some(binding) = question.binding() {
                let again = Question::parse(&binding);
                prop_assert_eq!(again.words(), Vec::<&str>::new());
                prop_assert_eq!(again.binding(), Some(binding));
            }
        }
    }
}
