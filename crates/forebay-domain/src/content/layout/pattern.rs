//! Path patterns with captures, matched in linear time.
//!
//! A pattern is compiled to a list of tokens. Matching first computes, from the end, for each token and each place of
//! the path whether the rest can match; then it walks once from the start. So no path makes it slow: the table has
//! one cell for each token and byte. Two wildcards need a literal between them, which makes captures unambiguous
//! enough to explain and keeps their ends at character boundaries.

use thiserror::Error;

#[cfg(test)]
mod tests;

/// The longest pattern in bytes.
pub const MAX_PATTERN_BYTES: usize = 256;

/// The most digits of a captured number.
const MAX_DIGITS: usize = 9;

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    source: String,
    tokens: Vec<Token>,
}

/// What the captures of a pattern matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Captures<'a> {
    /// The number of the module.
    pub module: Option<u32>,
    /// The number of the lesson.
    pub lesson: Option<u32>,
    /// The slug, as it stands in the path.
    pub slug: Option<&'a str>,
}

/// Why a text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// Nothing.
    #[error("the pattern is empty")]
    Empty,
    /// Longer than [`MAX_PATTERN_BYTES`].
    #[error("the pattern is longer than {MAX_PATTERN_BYTES} bytes")]
    TooLong,
    /// It begins with `/`, or contains `\`, an empty part, `.` or `..`.
    #[error("a pattern is a relative path with `/` between its parts, without `.`, `..` and empty parts")]
    NotRelative,
    /// `**` inside a part.
    #[error("`**` must be a whole part, as in `docs/**/{{slug}}.md`")]
    PartialDoubleStar,
    /// A brace without its partner.
    #[error("a `{{` or `}}` has no partner")]
    Unclosed,
    /// An unknown capture.
    #[error("the captures are `{{module}}`, `{{lesson}}` and `{{slug}}`")]
    UnknownCapture,
    /// The same capture twice.
    #[error("each capture may occur once")]
    RepeatedCapture,
    /// Wildcards side by side.
    #[error("two wildcards or captures need some text between them")]
    Adjacent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// These bytes.
    Literal(String),
    /// Any bytes of one part.
    Star,
    /// Any number of whole parts, each with its slash.
    Folders,
    /// Everything to the end; at least one byte.
    Below,
    /// One or more digits.
    Number(Capture),
    /// One or more bytes of one part.
    Slug,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Capture {
    Module,
    Lesson,
}

impl Pattern {
    /// Compiles a pattern.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        if pattern.is_empty() {
            return Err(PatternError::Empty);
        }
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong);
        }
        let is_wrong = |part: &str| matches!(part, "" | "." | "..");
        if pattern.contains(['\\', '\0']) || pattern.split('/').any(is_wrong) {
            return Err(PatternError::NotRelative);
        }
        let mut tokens = Vec::new();
        let mut parts = pattern.split('/').peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            if part == "**" {
                // `**/**` means the same as `**`.
                if tokens.last() != Some(&Token::Folders) || is_last {
                    tokens.push(if is_last { Token::Below } else { Token::Folders });
                }
                continue;
            }
            parse_part(part, &mut tokens)?;
            if !is_last {
                push_literal(&mut tokens, "/");
            }
        }
        for capture in [Token::Number(Capture::Module), Token::Number(Capture::Lesson), Token::Slug] {
            if tokens.iter().filter(|token| **token == capture).count() > 1 {
                return Err(PatternError::RepeatedCapture);
            }
        }
        Ok(Self { source: pattern.to_owned(), tokens })
    }

    /// The pattern as given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it captures the number of a lesson.
    pub fn has_lesson_number(&self) -> bool {
        self.tokens.contains(&Token::Number(Capture::Lesson))
    }

    /// Whether it captures anything.
    pub fn has_captures(&self) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Number(_) | Token::Slug))
    }

    /// Matches a whole path. Numbers of more than nine digits don't match.
    pub fn captures<'a>(&self, path: &'a str) -> Option<Captures<'a>> {
        let can_match = self.table(path).filter(|table| table[0][0])?;
        let mut captures = Captures::default();
        let mut at = 0;
        for (token, rest) in self.tokens.iter().zip(&can_match[1..]) {
            let mut ends = token_ends(token, path, at);
            let end = match token {
                Token::Number(_) => ends.filter(|&end| rest[end]).last(),
                _ => ends.find(|&end| rest[end]),
            }?;
            match token {
                Token::Number(Capture::Module) => captures.module = path[at..end].parse().ok(),
                Token::Number(Capture::Lesson) => captures.lesson = path[at..end].parse().ok(),
                Token::Slug => captures.slug = Some(&path[at..end]),
                _ => {}
            }
            at = end;
        }
        Some(captures)
    }

    /// The path with these values in the places of the captures. `None`: the pattern has a wildcard, whose text is
    /// unknown. Any number of folders becomes none.
    pub fn fill(&self, module: u32, lesson: u32, slug: &str) -> Option<String> {
        let mut path = String::new();
        for token in &self.tokens {
            match token {
                Token::Literal(text) => path.push_str(text),
                Token::Folders => {}
                Token::Number(Capture::Module) => path.push_str(&module.to_string()),
                Token::Number(Capture::Lesson) => path.push_str(&lesson.to_string()),
                Token::Slug => path.push_str(slug),
                Token::Star | Token::Below => return None,
            }
        }
        Some(path)
    }

    /// Whether it matches a whole path.
    pub fn is_match(&self, path: &str) -> bool {
        self.table(path).is_some_and(|table| table[0][0])
    }

    /// For each token and each place, whether the path from there on matches the pattern from this token on. None:
    /// the path has another beginning or end than the pattern, which most paths have.
    fn table(&self, path: &str) -> Option<Vec<Vec<bool>>> {
        let is_other_start =
            matches!(self.tokens.first(), Some(Token::Literal(text)) if !path.starts_with(text));
        let is_other_end = matches!(self.tokens.last(), Some(Token::Literal(text)) if !path.ends_with(text));
        if is_other_start || is_other_end {
            return None;
        }
        let bytes = path.as_bytes();
        let width = bytes.len() + 1;
        let mut table = vec![vec![false; width]; self.tokens.len() + 1];
        table[self.tokens.len()][bytes.len()] = true;
        for (index, token) in self.tokens.iter().enumerate().rev() {
            let (head, tail) = table.split_at_mut(index + 1);
            let (here, rest) = (&mut head[index], &tail[0]);
            // Whether the rest matches after the next slash.
            let mut after_slash = false;
            // The number of digits from a place on.
            let mut num_digits = 0;
            for at in (0..width).rev() {
                let byte = bytes.get(at).copied();
                let is_in_part = byte.is_some_and(|byte| byte != b'/');
                num_digits = if byte.is_some_and(|byte| byte.is_ascii_digit()) { num_digits + 1 } else { 0 };
                here[at] = match token {
                    Token::Literal(text) => {
                        path.as_bytes()[at..].starts_with(text.as_bytes()) && rest[at + text.len()]
                    }
                    Token::Star => rest[at] || is_in_part && here[at + 1],
                    Token::Slug => is_in_part && (rest[at + 1] || here[at + 1]),
                    Token::Below => byte.is_some(),
                    Token::Folders => rest[at] || is_in_part && after_slash,
                    Token::Number(_) => (1..=num_digits.min(MAX_DIGITS)).any(|digits| rest[at + digits]),
                };
                if byte == Some(b'/') {
                    after_slash = here[at + 1];
                }
            }
        }
        Some(table)
    }
}

/// The places where a token that begins at `at` may end, the nearest first.
fn token_ends<'a>(token: &'a Token, path: &'a str, at: usize) -> Box<dyn Iterator<Item = usize> + 'a> {
    let bytes = path.as_bytes();
    let end_of_part = at + bytes[at..].iter().position(|&byte| byte == b'/').unwrap_or(bytes.len() - at);
    match token {
        Token::Literal(text) => Box::new(std::iter::once(at + text.len())),
        Token::Star => Box::new(at..=end_of_part),
        Token::Slug => Box::new(at + 1..=end_of_part),
        Token::Below => Box::new(std::iter::once(bytes.len())),
        Token::Folders => {
            let after_slashes =
                (at..bytes.len()).filter(|&slash| bytes[slash] == b'/').map(|slash| slash + 1);
            Box::new(std::iter::once(at).chain(after_slashes))
        }
        Token::Number(_) => {
            let num_digits =
                bytes[at..].iter().take(MAX_DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
            Box::new(at + 1..=at + num_digits)
        }
    }
}

fn parse_part(part: &str, tokens: &mut Vec<Token>) -> Result<(), PatternError> {
    let mut rest = part;
    // Whether the last token of this part is a wildcard or a capture.
    let mut is_after_wild = false;
    while !rest.is_empty() {
        let (literal, after) = rest.split_at(rest.find(['*', '{', '}']).unwrap_or(rest.len()));
        if !literal.is_empty() {
            push_literal(tokens, literal);
            is_after_wild = false;
        }
        let (token, after) = match after.as_bytes() {
            [] => return Ok(()),
            [b'*', b'*', ..] => return Err(PatternError::PartialDoubleStar),
            [b'*', ..] => (Token::Star, &after[1..]),
            [b'{', ..] => {
                let (name, after) = after[1..].split_once('}').ok_or(PatternError::Unclosed)?;
                (capture(name)?, after)
            }
            _ => return Err(PatternError::Unclosed),
        };
        if is_after_wild {
            return Err(PatternError::Adjacent);
        }
        is_after_wild = true;
        tokens.push(token);
        rest = after;
    }
    Ok(())
}

fn capture(name: &str) -> Result<Token, PatternError> {
    match name {
        "module" => Ok(Token::Number(Capture::Module)),
        "lesson" => Ok(Token::Number(Capture::Lesson)),
        "slug" => Ok(Token::Slug),
        _ => Err(PatternError::UnknownCapture),
    }
}

/// Adds text, to the literal before it if there is one.
fn push_literal(tokens: &mut Vec<Token>, text: &str) {
    match tokens.last_mut() {
        Some(Token::Literal(before)) => before.push_str(text),
        _ => tokens.push(Token::Literal(text.to_owned())),
    }
}
