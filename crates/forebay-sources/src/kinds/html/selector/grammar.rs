//! Parses the text of a selector into its compiled form.

use std::cell::Cell;

use cssparser::{ParseError, Token};
use selectors::{
    SelectorList,
    parser::{Component, ParseRelative, Parser, Selector},
};

use super::balance::{Balanced, balance};
use super::language::{Alternative, Css, NoPseudoElement, PseudoClass};
use super::problem::{Problem, describe, unsupported_pseudo_class};

/// Maximum length of a selector, in bytes.
const MAX_BYTES: usize = 4096;
/// Maximum number of compound selectors between two commas.
const MAX_COMPOUNDS: usize = 32;

/// Compiles a selector list. The error says what is wrong and where.
pub(super) fn parse(text: &str) -> Result<Vec<Alternative>, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    let balanced = balance(text)?;
    let list = compile(&balanced.text).map_err(|error| located(text, &balanced, error))?;
    check(list.slice())?;
    Ok(list.slice().iter().cloned().map(Alternative::new).collect())
}

fn compile(text: &str) -> Result<SelectorList<Css>, ParseError<Problem>> {
    let grammar = Grammar { is_in_has: Cell::new(false) };
    let mut input = cssparser::Parser::new(text);
    input.parse_entirely(|input| SelectorList::parse(&grammar, input, ParseRelative::No))
}

/// The extensions of the grammar.
struct Grammar {
    is_in_has: Cell<bool>,
}

impl<'i> Parser<'i> for Grammar {
    type Impl = Css;
    type Error = Problem;

    fn parse_nth_child_of(&self) -> bool {
        true
    }

    fn parse_is_and_where(&self) -> bool {
        true
    }

    fn is_is_alias(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case("matches")
    }

    // Browsers ignore unknown selectors in a list. In a configuration they are mistakes.
    fn allow_forgiving_selectors(&self) -> bool {
        false
    }

    fn parse_non_ts_pseudo_class(&self, name: &str) -> Result<PseudoClass, ParseError<Problem>> {
        Err(Problem::words(unsupported_pseudo_class(name)))
    }

    fn parse_non_ts_functional_pseudo_class(
        &self,
        name: &str,
        input: &mut cssparser::Parser<'i>,
        _: bool,
    ) -> Result<PseudoClass, ParseError<Problem>> {
        if name.eq_ignore_ascii_case("contains") {
            return contains(input);
        }
        if !name.eq_ignore_ascii_case("has") {
            return Err(Problem::words(unsupported_pseudo_class(name)));
        }
        if self.is_in_has.replace(true) {
            return Err(Problem::words("is not allowed inside another :has()"));
        }
        let list = SelectorList::parse(self, input, ParseRelative::ForHas)?;
        self.is_in_has.set(false);
        Ok(PseudoClass::Has(list.slice().iter().cloned().map(Alternative::new).collect()))
    }

    fn parse_pseudo_element(&self, _: &str) -> Result<NoPseudoElement, ParseError<Problem>> {
        Err(no_pseudo_element())
    }

    fn parse_functional_pseudo_element(
        &self,
        _: &str,
        _: &mut cssparser::Parser<'i>,
    ) -> Result<NoPseudoElement, ParseError<Problem>> {
        Err(no_pseudo_element())
    }
}

fn no_pseudo_element() -> ParseError<Problem> {
    Problem::words("is a pseudo-element; to read an attribute, write a@href")
}

/// The argument of `:contains()`: a string, a word or a number.
fn contains(input: &mut cssparser::Parser<'_>) -> Result<PseudoClass, ParseError<Problem>> {
    input.skip_whitespace();
    let start = input.position();
    let text = match input.next()? {
        Token::QuotedString(text) | Token::Ident(text) => text.to_string(),
        Token::Number { .. } | Token::Dimension { .. } => input.slice_from(start).to_owned(),
        _ => return Err(Problem::words("requires a text, such as :contains(\"Room\")")),
    };
    let words: Vec<_> = text.split_whitespace().collect();
    if words.is_empty() {
        return Err(Problem::words("requires a text, such as :contains(\"Room\")"));
    }
    Ok(PseudoClass::Contains(words.join(" ")))
}

/// Refuses selectors that the parser accepts but a page of HTML cannot match, and selectors with too many parts.
fn check(list: &[Selector<Css>]) -> Result<(), String> {
    for selector in list {
        let mut combinators = 0;
        for component in selector.iter_raw_match_order() {
            match component {
                Component::Combinator(_) => combinators += 1,
                Component::Negation(inner) | Component::Is(inner) | Component::Where(inner) => {
                    check(inner.slice())?;
                }
                Component::NthOf(nth) => check(nth.selectors())?,
                Component::NonTSPseudoClass(PseudoClass::Has(inner)) => {
                    for alternative in inner {
                        check(std::slice::from_ref(&alternative.selector))?;
                    }
                }
                Component::ExplicitNoNamespace => return Err("namespaces are not supported".to_owned()),
                Component::Host(_) => return Err(":host() is a state that only a browser knows".to_owned()),
                _ => {}
            }
        }
        if combinators >= MAX_COMPOUNDS {
            return Err(format!("it has more than {MAX_COMPOUNDS} parts"));
        }
    }
    Ok(())
}

/// Adds the position to an error: the end of the longest part of the text that is a valid selector.
fn located(written: &str, balanced: &Balanced, error: ParseError<Problem>) -> String {
    let text = balanced.text.as_str();
    let mut ends = Vec::new();
    token_ends(&mut cssparser::Parser::new(text), &mut ends);
    let end = ends.into_iter().rev().find(|&end| compile(&text[..end]).is_ok()).unwrap_or(0);
    let rest = text[end..].trim_start();
    let rest = rest.strip_prefix(',').filter(|_| end > 0).unwrap_or(rest).trim_start();
    let at = balanced.written(text.len() - rest.len());
    let shown: String = written[at..].chars().take(30).collect();
    let words = describe(error);
    if shown.is_empty() { format!("its end {words}") } else { format!("{shown:?} at byte {at} {words}") }
}

/// Collects the end position of each token of a text, also inside brackets.
fn token_ends(input: &mut cssparser::Parser<'_>, ends: &mut Vec<usize>) {
    while let Ok(token) = input.next_including_whitespace() {
        let is_block =
            matches!(token, Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock);
        ends.push(input.position().byte_index());
        if is_block {
            let inside = input.parse_nested_block(|input| {
                token_ends(input, ends);
                Ok::<(), ParseError<()>>(())
            });
            if inside.is_err() {
                return;
            }
            ends.push(input.position().byte_index());
        }
    }
}
