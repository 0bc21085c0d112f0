//! The place of a Docusaurus folder: its `_category_.json`.

use crate::{
    content::{Problem, ProblemCode, paths::RelativePath},
    json::{Kind, Parser},
};

/// How deep a category may be nested. Its own fields need two levels.
const MAX_DEPTH: usize = 16;

/// What a category says about its folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Category {
    /// The title of the folder.
    pub label: Option<String>,
    /// Its place among its neighbours.
    pub position: Option<f64>,
}

impl Category {
    /// Reads a `_category_.json`. Fields that are not for the order are ignored.
    pub fn parse(text: &[u8], path: &RelativePath) -> Result<Self, Problem> {
        let mut parser = Parser::new(MAX_DEPTH);
        let document = parser
            .parse(text)
            .map_err(|reject| Problem::error(ProblemCode::JsonSyntax, path.as_str(), reject.message))?;
        let wrong = |message: &str| Problem::error(ProblemCode::WrongType, path.as_str(), message);
        let root = document.root();
        if root.kind() != Kind::Object {
            return Err(wrong("a category is an object"));
        }
        let label = match root.get("label") {
            Some(label) => Some(label.as_str().ok_or_else(|| wrong("`label` is not a string"))?.to_owned()),
            None => None,
        };
        let position = match root.get("position") {
            Some(number) if number.kind() == Kind::Number => number.source().parse().ok(),
            Some(_) => return Err(wrong("`position` is not a number")),
            None => None,
        };
        Ok(Self { label, position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Category, Problem> {
        Category::parse(text.as_bytes(), &RelativePath::parse("docs/a/_category_.json").unwrap())
    }

    #[test]
    fn label_and_position_are_read() {
        let category =
            parse(r#"{"label": "First \u00e9", "position": 2.5, "link": {"type": "doc"}}"#).unwrap();
        assert_eq!(category, Category { label: Some("First é".to_owned()), position: Some(2.5) });
        assert_eq!(parse("{}").unwrap(), Category::default());
    }

    #[test]
    fn other_json_is_a_problem() {
        for (text, code) in [
            ("{", ProblemCode::JsonSyntax),
            ("[]", ProblemCode::WrongType),
            (r#"{"label": 1}"#, ProblemCode::WrongType),
            (r#"{"position": "1"}"#, ProblemCode::WrongType),
            (&"[".repeat(100), ProblemCode::JsonSyntax),
        ] {
            let problem = parse(text).unwrap_err();
            assert_eq!((problem.code, problem.path.as_str()), (code, "docs/a/_category_.json"), "{text}");
        }
    }
}
