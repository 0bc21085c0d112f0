//! Types as trees, and how they are broken into lines: like Prettier without semicolons.

use super::names::key;

/// The length that lines should not exceed.
pub(super) const WIDTH: usize = 80;

/// A type.
pub(super) enum Shape {
    /// Printed as it is.
    Text(String),
    /// `{ key?: type }`; if it is open, each field has its line.
    Object { fields: Vec<(String, bool, Shape)>, is_open: bool },
    /// `a | b`.
    Union(Vec<Shape>),
    /// `type[]`; a bare one gets no parentheses.
    List { of: Box<Shape>, is_bare: bool },
    /// `[a, b]`.
    Tuple(Vec<Shape>),
    /// `a & b`.
    Both(Box<Shape>, String),
}

impl Shape {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// An object with a line for each field.
    pub(super) fn open<N: Into<String>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        let fields = fields.into_iter().map(|(name, shape)| (name.into(), false, shape)).collect();
        Self::Object { fields, is_open: true }
    }

    /// The same for a section of a schema, which says so if it is empty.
    pub(super) fn section(entries: Vec<(&str, Self)>) -> Self {
        if entries.is_empty() {
            return Self::text("{\n      [_ in never]: never\n    }");
        }
        Self::open(entries)
    }

    /// With `null`, if it may be null. `Json` contains null, and `unknown` everything.
    pub(super) fn or_null(self, is_nullable: bool) -> Self {
        match self {
            Self::Text(text) if text == "Json" && !is_nullable => Self::text("NonNullable<Json>"),
            shape if is_nullable => shape.or_null_if_known(),
            shape => shape,
        }
    }

    pub(super) fn or_null_if_known(self) -> Self {
        match self {
            Self::Text(text) if text == "unknown" => Self::Text(text),
            Self::Union(mut members) => {
                members.push(Self::text("null"));
                Self::Union(members)
            }
            shape => Self::Union(vec![shape, Self::text("null")]),
        }
    }

    /// On one line, if that is permitted.
    fn flat(&self) -> Option<String> {
        let joined = |shapes: &[Self], separator: &str| {
            let flat: Option<Vec<String>> = shapes.iter().map(Self::flat).collect();
            Some(flat?.join(separator))
        };
        match self {
            Self::Text(text) => (!text.contains('\n')).then(|| text.clone()),
            Self::Object { fields, .. } if fields.is_empty() => Some("{}".to_owned()),
            Self::Object { is_open: true, .. } => None,
            Self::Object { fields, .. } => {
                let field = |(name, is_optional, shape): &(String, bool, Self)| {
                    Some(format!("{}{}: {}", key(name), if *is_optional { "?" } else { "" }, shape.flat()?))
                };
                let fields: Option<Vec<String>> = fields.iter().map(field).collect();
                Some(format!("{{ {} }}", fields?.join("; ")))
            }
            Self::Union(members) => joined(members, " | "),
            Self::List { of, is_bare } => {
                let inner = of.flat()?;
                let needs_parentheses = matches!(**of, Self::Union(_)) && !is_bare;
                Some(if needs_parentheses { format!("({inner})[]") } else { format!("{inner}[]") })
            }
            // Objects of a tuple have lines of their own.
            Self::Tuple(members) => Some(format!("[{}]", joined(members, ", ")?)),
            Self::Both(shape, text) => Some(format!("{} & {text}", shape.flat()?)),
        }
    }
}

/// Writes types into a page.
pub(super) struct Layout<'a> {
    page: &'a mut String,
}

impl<'a> Layout<'a> {
    pub(super) fn new(page: &'a mut String) -> Self {
        Self { page }
    }

    /// Writes a type that begins at the end of the page, in a line without indentation.
    pub(super) fn write(&mut self, shape: &Shape) {
        self.at(shape, 0);
    }

    fn at(&mut self, shape: &Shape, indent: usize) {
        if let Some(flat) = shape.flat().filter(|flat| self.column() + flat.chars().count() <= WIDTH) {
            self.page.push_str(&flat);
            return;
        }
        match shape {
            Shape::Text(text) => self.page.push_str(text),
            Shape::Object { fields, .. } => self.object(fields, indent),
            Shape::Union(members) => self.union(members, indent),
            Shape::List { of, is_bare } => match &**of {
                Shape::Union(members) if !is_bare => {
                    self.page.push('(');
                    self.members(members, indent);
                    self.line(indent);
                    self.page.push_str(")[]");
                }
                of => {
                    self.at(of, indent);
                    self.page.push_str("[]");
                }
            },
            Shape::Tuple(members) => {
                self.page.push('[');
                for member in members {
                    self.line(indent + 2);
                    self.at(member, indent + 2);
                    self.page.push(',');
                }
                self.line(indent);
                self.page.push(']');
            }
            Shape::Both(shape, text) => {
                match &**shape {
                    Shape::Object { fields, .. } => self.object(fields, indent),
                    shape => self.at(shape, indent),
                }
                self.page.push_str(" & ");
                self.page.push_str(text);
            }
        }
    }

    fn object(&mut self, fields: &[(String, bool, Shape)], indent: usize) {
        if fields.is_empty() {
            self.page.push_str("{}");
            return;
        }
        self.page.push('{');
        for (name, is_optional, shape) in fields {
            self.line(indent + 2);
            self.page.push_str(&key(name));
            self.page.push_str(if *is_optional { "?: " } else { ": " });
            self.at(shape, indent + 2);
        }
        self.line(indent);
        self.page.push('}');
    }

    fn union(&mut self, members: &[Shape], indent: usize) {
        // An object that may be null isn't indented.
        if let [object @ Shape::Object { .. }, Shape::Text(null)] = members
            && null == "null"
        {
            self.at(object, indent);
            self.page.push_str(" | null");
            return;
        }
        while self.page.ends_with(' ') {
            self.page.pop();
        }
        self.members(members, indent);
    }

    fn members(&mut self, members: &[Shape], indent: usize) {
        for member in members {
            self.line(indent + 2);
            self.page.push_str("| ");
            self.at(member, indent + 4);
        }
    }

    fn line(&mut self, indent: usize) {
        self.page.push('\n');
        self.page.extend(std::iter::repeat_n(' ', indent));
    }

    /// The length of the last line.
    fn column(&self) -> usize {
        self.page.rsplit('\n').next().map_or(0, |line| line.chars().count())
    }
}
