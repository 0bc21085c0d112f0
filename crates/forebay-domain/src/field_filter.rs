//! Conditions on the fields of a payload, as people type them: `credits=3`, `/venue/city=Ghent`.
//!
//! Conditions become one SQL/JSON path, which Postgres evaluates with `@@`. In its lax mode, an array matches if one of
//! its elements does, so `tags=new` finds a payload whose `tags` contain `new`. A pointer can name one element:
//! `/tags/0=new`.

use std::str::FromStr;

use thiserror::Error;

use crate::{
    canonical::{canonical_text, into_string, write_string},
    field_path::{FieldPath, FieldPathError},
    pointer,
};

/// Numbers in a pointer, because each doubles the places where the value may be.
const MAX_INDEXES: usize = 4;

/// A field and the value it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFilter {
    field: FieldPath,
    value: String,
}

/// A text is not a condition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FieldFilterError {
    /// Without `=`.
    #[error("expected FIELD=VALUE, such as credits=3 or /venue/city=Ghent")]
    Form,
    /// The field is neither a name nor a pointer.
    #[error(transparent)]
    Field(#[from] FieldPathError),
    /// A payload cannot contain the character U+0000.
    #[error("a field and its value cannot contain the character U+0000")]
    Nul,
    /// The pointer has too many numbers.
    #[error("a pointer can contain at most {MAX_INDEXES} numbers")]
    Indexes,
}

impl FieldFilter {
    /// The condition that this field has this value. `field` is a name or a JSON pointer; of an array, one element must
    /// match.
    pub fn new(field: &str, value: &str) -> Result<Self, FieldFilterError> {
        if field.contains('\0') || value.contains('\0') {
            return Err(FieldFilterError::Nul);
        }
        let field: FieldPath = field.parse()?;
        if field.tokens().iter().filter(|token| index(&field, token).is_some()).count() > MAX_INDEXES {
            return Err(FieldFilterError::Indexes);
        }
        Ok(Self { field, value: value.to_owned() })
    }

    /// The field or pointer, as it was given.
    pub fn field(&self) -> &str {
        self.field.as_str()
    }

    /// The SQL/JSON paths of the places where the value may be, for the operator `@?`.
    pub fn paths(&self) -> Vec<String> {
        self.places().into_iter().map(|place| place.path).collect()
    }

    /// The condition as an SQL/JSON path expression. A value that is also a number, `true`, `false` or `null` matches
    /// both the text and that value.
    fn path(&self) -> String {
        let text = quoted(&self.value);
        let is_literal = |text: &String| !text.starts_with(['"', '{', '[']);
        let literal = canonical_text(self.value.as_bytes()).ok().filter(is_literal);
        let condition = |Place { path, arrays }: Place| match &literal {
            None => format!("{arrays}{path} == {text}"),
            Some(literal) => format!("{arrays}({path} == {text} || {path} == {literal})"),
        };
        let conditions: Vec<String> = self.places().into_iter().map(condition).collect();
        if conditions.len() == 1 { conditions.concat() } else { format!("({})", conditions.join(" || ")) }
    }

    /// Where the value may be: a number in a pointer is a name in an object, and a position in an array.
    fn places(&self) -> Vec<Place> {
        let mut places = vec![Place { path: "$".to_owned(), arrays: String::new() }];
        for token in self.field.tokens() {
            let index = index(&self.field, token);
            let elements: Vec<Place> =
                places.iter().filter_map(|place| Some(place.element(index?))).collect();
            for place in &mut places {
                place.path = format!("{}.{}", place.path, quoted(token));
            }
            places.extend(elements);
        }
        places
    }
}

/// A place where a payload may have the value.
struct Place {
    path: String,
    /// The conditions that the values with positions are arrays, each with `&&` after it. Without them, the lax mode
    /// would treat any other value as an array of one.
    arrays: String,
}

impl Place {
    fn element(&self, index: i32) -> Self {
        let Self { path, arrays } = self;
        Self { path: format!("{path}[{index}]"), arrays: format!("{arrays}{path}.type() == \"array\" && ") }
    }
}

/// The position in an array that a part of a pointer may be.
fn index(field: &FieldPath, token: &str) -> Option<i32> {
    let is_pointer = field.as_str().starts_with('/');
    pointer::index(token).filter(|_| is_pointer).and_then(|index| index.try_into().ok())
}

fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_string(text, &mut out);
    into_string(out)
}

impl FromStr for FieldFilter {
    type Err = FieldFilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (field, value) = text.split_once('=').ok_or(FieldFilterError::Form)?;
        Self::new(field, value)
    }
}

/// One SQL/JSON path for all conditions, for the operator `@@`; None: there is no condition.
pub fn json_path(filters: &[FieldFilter]) -> Option<String> {
    let paths: Vec<String> = filters.iter().map(FieldFilter::path).collect();
    (!paths.is_empty()).then(|| paths.join(" && "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_a_value_are_paths() {
        let filter: FieldFilter = "/tags/0=new".parse().unwrap();
        assert_eq!(filter.paths(), [r#"$."tags"."0""#, r#"$."tags"[0]"#]);
        assert_eq!(filter.field(), "/tags/0");
    }

    #[test]
    fn conditions_are_one_path() {
        let path = |texts: &[&str]| {
            let filters: Vec<FieldFilter> = texts.iter().map(|text| text.parse().unwrap()).collect();
            json_path(&filters)
        };
        assert_eq!(path(&[]), None);
        assert_eq!(path(&["name=a=b \"c\""]).unwrap(), r#"$."name" == "a=b \"c\"""#);
        assert_eq!(
            path(&["credits=3", "/venue/city=Ghent"]).unwrap(),
            r#"($."credits" == "3" || $."credits" == 3) && $."venue"."city" == "Ghent""#
        );
        assert_eq!(path(&["open=true"]).unwrap(), r#"($."open" == "true" || $."open" == true)"#);
        assert_eq!(
            path(&["/tags/0=new"]).unwrap(),
            r#"($."tags"."0" == "new" || $."tags".type() == "array" && $."tags"[0] == "new")"#
        );
        assert_eq!(path(&["2024=new"]).unwrap(), r#"$."2024" == "new""#, "no pointer");
        // Not a number in JSON, and a name that must not end the string.
        assert_eq!(path(&["n\\\"=007"]).unwrap(), r#"$."n\\\"" == "007""#);
    }

    #[test]
    fn other_text_is_refused() {
        assert_eq!("credits".parse::<FieldFilter>(), Err(FieldFilterError::Form));
        for text in ["=3", "/a~2=3"] {
            assert_eq!(text.parse::<FieldFilter>(), Err(FieldFilterError::Field(FieldPathError)), "{text}");
        }
        assert!("/a/1/2/3/4=5".parse::<FieldFilter>().is_ok());
        assert_eq!("/0/1/2/3/4=5".parse::<FieldFilter>(), Err(FieldFilterError::Indexes));
        assert_eq!("a=\0".parse::<FieldFilter>(), Err(FieldFilterError::Nul));
    }
}
