//! Typed access to fields: a field of another type is a problem with its line, and the rest is still read.

use super::{Node, Value};
use crate::content::{Problem, ProblemCode, Severity};

/// A node and its name in messages (`modules[2].title`).
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// The node.
    pub node: &'a Node,
    name: String,
}

impl<'a> Field<'a> {
    /// The root of a document.
    pub fn root(node: &'a Node) -> Self {
        Self { node, name: String::new() }
    }

    /// The first of these keys that the mapping has with a value.
    pub fn get(&self, keys: &[&str]) -> Option<Self> {
        let mut pairs = keys.iter().filter_map(|key| self.node.pair(key).map(|(_, value)| (key, value)));
        let (key, node) = pairs.find(|(_, value)| !value.is_null())?;
        let name = if self.name.is_empty() { (*key).to_owned() } else { format!("{}.{key}", self.name) };
        Some(Self { node, name })
    }

    /// The name in messages; empty for the root.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Reads fields of one file and collects what is wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    path: &'a str,
    severity: Severity,
    /// What was wrong so far.
    pub problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader whose problems have this severity.
    pub fn new(path: &'a str, severity: Severity) -> Self {
        Self { path, severity, problems: Vec::new() }
    }

    /// A single value as text.
    pub fn text(&mut self, field: Option<&Field<'_>>) -> Option<String> {
        let field = field?;
        match field.node.text() {
            Some(text) => Some(text.to_owned()),
            None => self.wrong_type(field, "a single value"),
        }
    }

    /// A single value of at most `max_chars` characters. A longer one is reported and left out.
    pub fn short_text(&mut self, field: Option<&Field<'_>>, max_chars: usize) -> Option<String> {
        let text = self.text(field)?;
        let num_chars = text.chars().count();
        if let Some(field) = field
            && num_chars > max_chars
        {
            let message =
                format!("{} has {num_chars} characters; more than {max_chars} are not used", field.name);
            self.report(ProblemCode::InvalidValue, field, message);
            return None;
        }
        Some(text)
    }

    /// A whole number from 0 to 4294967295.
    pub fn integer(&mut self, field: Option<&Field<'_>>) -> Option<u32> {
        let field = field?;
        match field.node.text().map(|text| text.trim().parse()) {
            Some(Ok(number)) => Some(number),
            Some(Err(_)) | None => self.wrong_type(field, "a whole number"),
        }
    }

    /// A finite number.
    pub fn number(&mut self, field: Option<&Field<'_>>) -> Option<f64> {
        let field = field?;
        match field.node.text().and_then(|text| text.trim().parse::<f64>().ok()) {
            Some(number) if number.is_finite() => Some(number),
            Some(_) | None => self.wrong_type(field, "a number"),
        }
    }

    /// A list of single values; one value stands for a list of one. Other items are left out.
    pub fn texts(&mut self, field: Option<&Field<'_>>) -> Vec<String> {
        let Some(field) = field else { return Vec::new() };
        if let Some(text) = field.node.text() {
            return vec![text.to_owned()];
        }
        let items = self.items(Some(field));
        items.iter().filter(|item| !item.node.is_null()).filter_map(|item| self.text(Some(item))).collect()
    }

    /// A list of values, or a single one, each of at most `max_chars` characters. Longer ones are reported and left
    /// out.
    pub fn short_texts(&mut self, field: Option<&Field<'_>>, max_chars: usize) -> Vec<String> {
        let Some(field) = field else { return Vec::new() };
        if field.node.text().is_some() {
            return self.short_text(Some(field), max_chars).into_iter().collect();
        }
        let items = self.items(Some(field));
        let items = items.iter().filter(|item| !item.node.is_null());
        items.filter_map(|item| self.short_text(Some(item), max_chars)).collect()
    }

    /// The items of a list.
    pub fn items<'n>(&mut self, field: Option<&Field<'n>>) -> Vec<Field<'n>> {
        let Some(field) = field else { return Vec::new() };
        let node = field.node;
        match &node.value {
            Value::Sequence(items) => items
                .iter()
                .enumerate()
                .map(|(index, node)| Field { node, name: format!("{}[{}]", field.name, index + 1) })
                .collect(),
            Value::Scalar { .. } | Value::Mapping(_) => {
                self.wrong_type::<()>(field, "a list");
                Vec::new()
            }
        }
    }

    /// A mapping.
    pub fn mapping<'n>(&mut self, field: Option<Field<'n>>) -> Option<Field<'n>> {
        let field = field?;
        match field.node.value {
            Value::Mapping(_) => Some(field),
            Value::Scalar { .. } | Value::Sequence(_) => self.wrong_type(&field, "a mapping"),
        }
    }

    /// Reports something about a field.
    pub fn report(&mut self, code: ProblemCode, field: &Field<'_>, message: impl Into<String>) {
        let problem = Problem::error(code, self.path, message).at(field.node.line);
        self.problems.push(Problem { severity: self.severity, ..problem });
    }

    fn wrong_type<T>(&mut self, field: &Field<'_>, expected: &str) -> Option<T> {
        let found = match &field.node.value {
            Value::Scalar { text, .. } => format!("{:?}", shortened(text)),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
        };
        let name = if field.name.is_empty() { "the document" } else { &field.name };
        let message = format!("{name} must be {expected}, not {found}");
        self.report(ProblemCode::WrongType, field, message);
        None
    }
}

/// The beginning of a text, for messages.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
