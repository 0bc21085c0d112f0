//! From the text of a selector to its compiled form.

use html5ever::LocalName;

use super::{Combinator, Complex, Compound, Operator, Test};
use crate::kinds::html::dom::class_bit;

/// The longest selector, in bytes.
const MAX_BYTES: usize = 4096;
/// How deep `:not()` and its kin may nest.
const MAX_DEPTH: usize = 4;
/// The most compounds in a row.
const MAX_COMPOUNDS: usize = 32;

/// Compiles a list of selectors. The error says what is wrong, and where.
pub(super) fn parse(text: &str) -> Result<Vec<Complex>, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    let list = parser.list(true)?;
    match parser.peek() {
        None => Ok(list),
        Some(found) => Err(parser.unexpected(found)),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.at += wanted.len_utf8();
        }
        is_there
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) { Ok(()) } else { Err(format!("{wanted:?} is missing at byte {}", self.at)) }
    }

    fn skip_space(&mut self) -> bool {
        let before = self.at;
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']).len();
        self.at > before
    }

    fn unexpected(&self, found: char) -> String {
        format!("{found:?} at byte {} has no meaning there", self.at)
    }

    /// Selectors with commas between, up to the end or a closing bracket.
    fn list(&mut self, is_relative: bool) -> Result<Vec<Complex>, String> {
        let mut list = Vec::new();
        loop {
            self.skip_space();
            list.push(self.complex(is_relative)?);
            self.skip_space();
            if !self.take(',') {
                return Ok(list);
            }
        }
    }

    /// Compounds with combinators between. A relative one may begin with a combinator, which then hangs on `:scope`.
    fn complex(&mut self, is_relative: bool) -> Result<Complex, String> {
        let mut around = Vec::new();
        let mut subject = match self.combinator() {
            Some(first) if is_relative => {
                self.skip_space();
                around.push((first, Compound { tests: vec![Test::Scope], ..Compound::default() }));
                self.compound()?
            }
            Some(_) => return Err(format!("a combinator at byte {} follows nothing", self.at - 1)),
            None => self.compound()?,
        };
        loop {
            let is_spaced = self.skip_space();
            let combinator = match self.combinator() {
                Some(combinator) => combinator,
                None if !is_spaced || matches!(self.peek(), None | Some(',' | ')')) => break,
                None => Combinator::Descendant,
            };
            self.skip_space();
            around.push((combinator, std::mem::replace(&mut subject, self.compound()?)));
            if around.len() >= MAX_COMPOUNDS {
                return Err(format!("it has more than {MAX_COMPOUNDS} parts"));
            }
        }
        around.reverse();
        Ok(Complex { subject, around })
    }

    fn combinator(&mut self) -> Option<Combinator> {
        let combinator = match self.peek()? {
            '>' => Combinator::Child,
            '+' => Combinator::NextSibling,
            '~' => Combinator::LaterSibling,
            _ => return None,
        };
        self.at += 1;
        Some(combinator)
    }

    fn compound(&mut self) -> Result<Compound, String> {
        let start = self.at;
        let mut compound = Compound::default();
        if !self.take('*') && self.peek().is_some_and(begins_name) {
            compound.name = Some(LocalName::from(self.name()?.to_ascii_lowercase()));
        }
        loop {
            let test = match self.peek() {
                Some('#') => {
                    self.at += 1;
                    Test::Id(self.name()?)
                }
                Some('.') => {
                    self.at += 1;
                    let name = self.name()?;
                    compound.class_bits |= class_bit(&name);
                    Test::Class(name)
                }
                Some('[') => {
                    self.at += 1;
                    self.attribute()?
                }
                Some(':') => {
                    self.at += 1;
                    self.pseudo()?
                }
                Some('|') => return Err("namespaces are not supported".to_owned()),
                _ => break,
            };
            compound.tests.push(test);
        }
        if self.at == start {
            return Err(match self.peek() {
                None => "it ends where a selector should begin".to_owned(),
                Some(found) => self.unexpected(found),
            });
        }
        Ok(compound)
    }

    fn name(&mut self) -> Result<String, String> {
        let start = self.at;
        let mut name = String::new();
        while let Some(next) = self.peek() {
            if next == '\\' {
                name.push(self.escaped()?);
            } else if next == '-' || next.is_ascii_digit() || begins_name(next) {
                name.push(next);
                self.at += next.len_utf8();
            } else {
                break;
            }
        }
        let is_bare_digit = self.text[start..].starts_with(|first: char| first.is_ascii_digit());
        if name.is_empty() || is_bare_digit {
            return Err(format!("a name is missing at byte {start}"));
        }
        Ok(name)
    }

    /// A character after a backslash: itself, or up to six hexadecimal digits.
    fn escaped(&mut self) -> Result<char, String> {
        self.at += 1;
        let rest = &self.text[self.at..];
        let digits = rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if digits > 0 {
            let code = u32::from_str_radix(&rest[..digits], 16).unwrap_or_default();
            self.at += digits;
            self.take(' ');
            return Ok(char::from_u32(code).filter(|&c| c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let next = rest.chars().next().ok_or("it ends with a backslash")?;
        self.at += next.len_utf8();
        Ok(next)
    }

    fn attribute(&mut self) -> Result<Test, String> {
        self.skip_space();
        let name = self.name()?.to_ascii_lowercase();
        self.skip_space();
        let operator = match self.peek() {
            Some('=') => Operator::Equals,
            Some('~') => Operator::Word,
            Some('|') => Operator::Language,
            Some('^') => Operator::Prefix,
            Some('$') => Operator::Suffix,
            Some('*') => Operator::Substring,
            _ => Operator::Exists,
        };
        let (mut value, mut ignores_case) = (String::new(), false);
        if operator != Operator::Exists {
            self.at += usize::from(operator != Operator::Equals);
            self.expect('=')?;
            self.skip_space();
            value = self.value()?;
            self.skip_space();
            ignores_case = self.take('i') || self.take('I');
            if !ignores_case && !self.take('s') {
                self.take('S');
            }
        }
        self.skip_space();
        self.expect(']')?;
        Ok(Test::Attribute { name, operator, value, ignores_case })
    }

    /// A string in quotes, or a name.
    fn value(&mut self) -> Result<String, String> {
        let quote = match self.peek() {
            Some(quote @ ('"' | '\'')) => quote,
            // Digits are common here without quotes, though the standard wants them.
            Some(first) if first.is_ascii_digit() => {
                let rest = &self.text[self.at..];
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
                let value = &rest[..end.unwrap_or(rest.len())];
                self.at += value.len();
                return Ok(value.to_owned());
            }
            _ => return self.name(),
        };
        self.at += 1;
        let mut value = String::new();
        loop {
            match self.peek() {
                None => return Err(format!("a string is not closed: {quote} is missing")),
                Some('\\') => value.push(self.escaped()?),
                Some(next) => {
                    self.at += next.len_utf8();
                    if next == quote {
                        return Ok(value);
                    }
                    value.push(next);
                }
            }
        }
    }

    fn pseudo(&mut self) -> Result<Test, String> {
        if self.peek() == Some(':') {
            return Err(
                "pseudo-elements are not supported; write a@href for an attribute, and nothing for text"
                    .to_owned(),
            );
        }
        let name = self.name()?.to_ascii_lowercase();
        if self.take('(') {
            self.skip_space();
            let test = self.function(&name)?;
            self.skip_space();
            self.expect(')')?;
            return Ok(test);
        }
        let nth = |from_end, of_type| Test::Nth { step: 0, offset: 1, from_end, of_type };
        Ok(match name.as_str() {
            "first-child" => nth(false, false),
            "last-child" => nth(true, false),
            "first-of-type" => nth(false, true),
            "last-of-type" => nth(true, true),
            "only-child" => Test::OnlyChild { of_type: false },
            "only-of-type" => Test::OnlyChild { of_type: true },
            "empty" => Test::Empty,
            "root" => Test::Root,
            "scope" => Test::Scope,
            _ => return Err(format!(":{name} is not supported")),
        })
    }

    fn function(&mut self, name: &str) -> Result<Test, String> {
        if self.depth >= MAX_DEPTH {
            return Err(format!("its brackets nest deeper than {MAX_DEPTH}"));
        }
        self.depth += 1;
        let test = match name {
            "not" => Test::Not(self.list(false)?),
            "is" | "where" | "matches" => Test::Is(self.list(false)?),
            "has" => Test::Has(self.list(true)?.into_iter().map(hung_on_scope).collect()),
            "contains" => {
                let value = self.value()?;
                let words: Vec<_> = value.split_whitespace().collect();
                if words.is_empty() {
                    return Err(":contains() needs a text".to_owned());
                }
                Test::Contains(words.join(" "))
            }
            "nth-child" => self.nth(false, false)?,
            "nth-last-child" => self.nth(true, false)?,
            "nth-of-type" => self.nth(false, true)?,
            "nth-last-of-type" => self.nth(true, true)?,
            _ => return Err(format!(":{name}() is not supported")),
        };
        self.depth -= 1;
        Ok(test)
    }

    /// `odd`, `even`, `3`, `2n`, `-n+3`.
    fn nth(&mut self, from_end: bool, of_type: bool) -> Result<Test, String> {
        let rest = &self.text[self.at..];
        let written = &rest[..rest.find(')').unwrap_or(rest.len())];
        let invalid = || format!("{written:?} is not of the form 3, odd, even or 2n+1");
        let text: String =
            written.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        let (step, offset) = match text.as_str() {
            "odd" => (2, 1),
            "even" => (2, 0),
            text => match text.split_once('n') {
                None => (0, text.parse().map_err(|_| invalid())?),
                Some((step, offset)) => {
                    let step = match step {
                        "" | "+" => 1,
                        "-" => -1,
                        step => step.parse().map_err(|_| invalid())?,
                    };
                    (step, if offset.is_empty() { 0 } else { offset.parse().map_err(|_| invalid())? })
                }
            },
        };
        self.at += written.len();
        Ok(Test::Nth { step, offset, from_end, of_type })
    }
}

/// Makes a selector inside of `:has()` look from the element on: `:has(a)` means `:has(:scope a)`.
fn hung_on_scope(mut complex: Complex) -> Complex {
    let leftmost = complex.around.last().map_or(&complex.subject, |(_, compound)| compound);
    if !leftmost.tests.iter().any(|test| matches!(test, Test::Scope)) {
        let scope = Compound { tests: vec![Test::Scope], ..Compound::default() };
        complex.around.push((Combinator::Descendant, scope));
    }
    complex
}

fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '-' || c == '\\' || !c.is_ascii()
}
