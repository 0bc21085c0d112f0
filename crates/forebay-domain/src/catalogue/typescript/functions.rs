//! The functions of a schema: what a client calls, and the computed fields of rows.

use super::{
    super::{Function, Parameter, ParameterMode, Relation, Type},
    Printer,
    layout::Shape,
    names::quoted,
};

/// The types that `PostgREST` passes as the whole body of a request: `json`, `jsonb` and `text`.
const BODIES: [u32; 3] = [114, 3802, 25];

/// Those functions of a schema that `PostgREST` can call.
pub(super) struct Functions<'a> {
    printer: &'a Printer<'a>,
    callable: Vec<Callable<'a>>,
}

struct Callable<'a> {
    function: &'a Function,
    inputs: Vec<&'a Parameter>,
}

impl<'a> Functions<'a> {
    pub(super) fn of(printer: &'a Printer<'a>, schema: &str) -> Self {
        let own = printer.catalogue.functions.iter().filter(|function| function.schema == schema);
        let callable = own.map(|function| Callable {
            function,
            inputs: function.parameters.iter().filter(|parameter| parameter.is_input()).collect(),
        });
        let mut functions = Self { printer, callable: callable.collect() };
        let mut callable = std::mem::take(&mut functions.callable);
        callable.retain(|each| functions.is_callable(&each.inputs));
        functions.callable = callable;
        functions
    }

    /// Unnamed parameters are a whole row, or the body of the request.
    fn is_callable(&self, inputs: &[&Parameter]) -> bool {
        let is_body = |input: &Parameter| BODIES.contains(&input.type_id);
        inputs.iter().all(|input| !input.name.is_empty())
            || inputs.iter().all(|input| !input.name.is_empty() || (input.has_default && is_body(input)))
            || matches!(inputs, [input] if is_body(input) || self.row_type(input.type_id).is_some())
    }

    /// The functions by name; overloads are members of a union.
    pub(super) fn shapes(&self) -> Vec<(&'a str, Shape)> {
        let mut shapes: Vec<(&str, Shape)> = Vec::new();
        let mut rest = &self.callable[..];
        while let [first, ..] = rest {
            let name = first.function.name.as_str();
            let num = rest.iter().take_while(|each| each.function.name == name).count();
            let (overloads, others) = rest.split_at(num);
            let shape = match overloads {
                [only] => self.signature(only, overloads),
                _ => Shape::Union(overloads.iter().map(|each| self.signature(each, overloads)).collect()),
            };
            shapes.push((name, shape));
            rest = others;
        }
        shapes
    }

    /// The fields that functions add to the rows of a relation.
    pub(super) fn computed(&self, relation: &Relation) -> Vec<(&'a str, Shape)> {
        let is_computed = |each: &&Callable<'a>| {
            let row = match &each.inputs[..] {
                [input] => self.row_type(input.type_id),
                _ => None,
            };
            match row {
                Some(row) => row.relation_id == Some(relation.id),
                None => each.function.signature == relation.name,
            }
        };
        let field = |each: &Callable<'a>| {
            (each.function.name.as_str(), self.result(each.function).or_null_if_known())
        };
        self.callable.iter().filter(is_computed).map(field).collect()
    }

    fn signature(&self, each: &Callable<'_>, overloads: &[Callable<'_>]) -> Shape {
        let Callable { function, inputs } = each;
        let mut fields = vec![("Args".to_owned(), false, self.arguments(inputs))];
        let target = self.row_type(function.type_id);
        let result = match self.problem(each, overloads) {
            Some(problem) => {
                let error = ("error".to_owned(), false, Shape::text("true"));
                let error = Shape::Object { fields: vec![error], is_open: false };
                Shape::Both(Box::new(error), quoted(&problem))
            }
            None => self.result(function),
        };
        let is_one = !(function.is_set && function.returns_many);
        let result = if function.is_set && !(is_one && target.is_some()) {
            Shape::List { of: Box::new(result), is_bare: true }
        } else {
            result
        };
        fields.push(("Returns".to_owned(), false, result));
        if let Some(target) = target {
            // A row as the only parameter: a client embeds the result in that row.
            let source = match &function.parameters[..] {
                [parameter] => self.row_type(parameter.type_id),
                _ => None,
            };
            let from = source.map_or("*", |source| &source.format);
            let options = [
                ("from", Shape::Text(quoted(from))),
                ("to", Shape::Text(quoted(&target.name))),
                ("isOneToOne", Shape::Text(is_one.to_string())),
                ("isSetofReturn", Shape::Text(function.is_set.to_string())),
            ];
            fields.push(("SetofOptions".to_owned(), false, Shape::open(options)));
        }
        Shape::Object { fields, is_open: false }
    }

    fn arguments(&self, inputs: &[&Parameter]) -> Shape {
        if inputs.is_empty() {
            return Shape::text("Record<PropertyKey, never>");
        }
        let field =
            |input: &&Parameter| (input.name.clone(), input.has_default, self.printer.of_id(input.type_id));
        Shape::Object { fields: inputs.iter().map(field).collect(), is_open: false }
    }

    /// One row or value of the result.
    fn result(&self, function: &Function) -> Shape {
        let columns = function.parameters.iter().filter(|each| each.mode == ParameterMode::Table);
        let columns: Vec<_> =
            columns.map(|each| (each.name.as_str(), self.printer.of_id(each.type_id))).collect();
        if !columns.is_empty() {
            return Shape::open(columns);
        }
        let row = self.row_type(function.type_id).and_then(|row| row.relation_id);
        let relation = row.and_then(|id| self.printer.lookup.relation(id));
        match relation.filter(|relation| relation.schema == function.schema) {
            Some(relation) => Shape::open(self.printer.columns(relation)),
            None => self.printer.of_id(function.type_id),
        }
    }

    /// Why `PostgREST` can't call it, in its words.
    fn problem(&self, each: &Callable<'_>, overloads: &[Callable<'_>]) -> Option<String> {
        let Callable { function, inputs } = each;
        let others = || overloads.iter().filter(|other| !std::ptr::eq(other.function, *function));
        let type_name = |id| self.printer.lookup.get(id).map_or("unknown", |found| found.name.as_str());
        let path = format!("{}.{}", function.schema, function.name);
        let ambiguous = |candidates: &str| {
            format!(
                "Could not choose the best candidate function between: {candidates}. Try renaming the parameters or \
                 the function itself in the database so function overloading can be resolved"
            )
        };
        match &inputs[..] {
            [] => {
                let is_rival = |other: &&Callable<'_>| matches!(&other.inputs[..], [input] if input.name.is_empty() && input.has_default);
                if let Some(rival) = others().find(is_rival) {
                    let name = type_name(rival.function.type_id);
                    return Some(ambiguous(&format!("{path}(), {path}( => {name})")));
                }
            }
            [input] if !input.name.is_empty() => {
                let rivals = others().filter_map(|other| match &other.inputs[..] {
                    [rival] if rival.name == input.name && rival.type_id != input.type_id => Some(*rival),
                    _ => None,
                });
                let mut candidates: Vec<&Parameter> = std::iter::once(*input).chain(rivals).collect();
                if candidates.len() > 1 {
                    candidates.sort_by_key(|candidate| candidate.type_id);
                    let candidates: Vec<String> = candidates
                        .iter()
                        .map(|candidate| {
                            format!("{path}({} => {})", candidate.name, type_name(candidate.type_id))
                        })
                        .collect();
                    return Some(ambiguous(&candidates.join(", ")));
                }
            }
            [input]
                if self.row_type(input.type_id).is_some() && self.row_type(function.type_id).is_none() =>
            {
                return Some(format!(
                    "the function {path} with parameter or with a single unnamed json/jsonb parameter, but no \
                     matches were found in the schema cache"
                ));
            }
            _ => {}
        }
        None
    }

    /// The type, if it is the row of a relation or composite.
    fn row_type(&self, id: u32) -> Option<&'a Type> {
        self.printer.lookup.get(id).filter(|found| found.relation_id.is_some())
    }
}
