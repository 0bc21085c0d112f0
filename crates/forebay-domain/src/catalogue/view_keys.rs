//! Foreign keys as views show them.
//!
//! A view that shows all columns of a key refers to what its table refers to, and is referred to like its table. Each
//! column of a view comes from at most one column of another relation.

use std::collections::{BTreeMap, HashMap};

use super::{Relation, Relationship};

/// A foreign key of a table. Columns are numbers; see [`Column::number`](super::Column::number).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The name of the constraint.
    pub name: String,
    /// The table that refers.
    pub relation_id: u32,
    /// Its columns.
    pub columns: Vec<i16>,
    /// The schema that contains the table that is referred to.
    pub referenced_schema: String,
    /// The name of that table.
    pub referenced_relation: String,
    /// The table that is referred to.
    pub referenced_id: u32,
    /// Its columns.
    pub referenced_columns: Vec<i16>,
    /// Their names, in the order of the key.
    pub referenced_names: Vec<String>,
    /// Whether at most one row refers to each row.
    pub is_one_to_one: bool,
    /// Whether its schema's name needs quotes. Generators that run elsewhere don't find the columns then, and this one
    /// agrees with them.
    pub is_quoted: bool,
}

/// A column of a view, and the column that it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewColumn {
    /// The view.
    pub view_id: u32,
    /// The number of its column.
    pub number: i16,
    /// The relation that the column comes from.
    pub origin_id: u32,
    /// The number of the column there.
    pub origin_number: i16,
}

/// One side of a relationship.
struct Side<'a> {
    schema: &'a str,
    relation: &'a str,
    columns: Option<Vec<String>>,
}

/// The relationships of tables and views whose sides are in one schema.
pub fn relationships(
    relations: &[Relation],
    keys: &[ForeignKey],
    columns: &[ViewColumn],
) -> Vec<Relationship> {
    let by_id: HashMap<u32, &Relation> = relations.iter().map(|relation| (relation.id, relation)).collect();
    let views = Views::new(&by_id, columns);
    let mut found = Vec::new();
    for key in keys {
        let Some(table) = by_id.get(&key.relation_id) else { continue };
        let known = |names: Vec<String>| (!key.is_quoted).then_some(names);
        let mut from = vec![Side {
            schema: &table.schema,
            relation: &table.name,
            columns: known(names(table, &key.columns)),
        }];
        from.extend(views.sides(key.relation_id, &key.columns));
        let mut to = vec![Side {
            schema: &key.referenced_schema,
            relation: &key.referenced_relation,
            columns: known(key.referenced_names.clone()),
        }];
        if !key.is_quoted {
            to.extend(views.sides(key.referenced_id, &key.referenced_columns));
        }
        for from in &from {
            for to in to.iter().filter(|to| to.schema == from.schema) {
                found.push(Relationship {
                    name: key.name.clone(),
                    schema: from.schema.to_owned(),
                    relation: from.relation.to_owned(),
                    columns: from.columns.clone(),
                    is_one_to_one: key.is_one_to_one,
                    referenced_relation: to.relation.to_owned(),
                    referenced_columns: to.columns.clone(),
                });
            }
        }
    }
    found
}

/// The columns of views by the column that they show, also by way of other views.
struct Views<'a> {
    by_id: &'a HashMap<u32, &'a Relation>,
    /// For each table and view, the columns of the view by the column of the table.
    shown: BTreeMap<(u32, u32), BTreeMap<i16, Vec<i16>>>,
}

impl<'a> Views<'a> {
    fn new(by_id: &'a HashMap<u32, &'a Relation>, columns: &[ViewColumn]) -> Self {
        let origins: HashMap<(u32, i16), (u32, i16)> = columns
            .iter()
            .map(|column| ((column.view_id, column.number), (column.origin_id, column.origin_number)))
            .collect();
        let mut shown: BTreeMap<(u32, u32), BTreeMap<i16, Vec<i16>>> = BTreeMap::new();
        for column in columns {
            let mut origin = (column.origin_id, column.origin_number);
            // Each step leads to an older view, except where a view was replaced by one that uses its user.
            for _ in 0..columns.len() {
                let Some(next) = origins.get(&origin) else { break };
                origin = *next;
            }
            let numbers = shown.entry((origin.0, column.view_id)).or_default().entry(origin.1).or_default();
            numbers.push(column.number);
        }
        for columns in shown.values_mut().flat_map(BTreeMap::values_mut) {
            columns.sort_unstable();
        }
        Self { by_id, shown }
    }

    /// Each view that shows all of the columns, once for each choice among columns that show the same.
    fn sides(&self, table: u32, columns: &[i16]) -> Vec<Side<'a>> {
        let mut sides = Vec::new();
        for ((_, view), shown) in self.shown.range((table, 0)..=(table, u32::MAX)) {
            let Some(view) = self.by_id.get(view) else { continue };
            let mut choices: Vec<Vec<i16>> = vec![Vec::new()];
            for column in columns {
                let numbers = shown.get(column).map_or(&[][..], Vec::as_slice);
                let longer = |choice: &Vec<i16>| {
                    let choice = choice.clone();
                    numbers.iter().map(move |number| [&choice[..], &[*number]].concat()).collect::<Vec<_>>()
                };
                choices = choices.iter().flat_map(longer).collect();
            }
            sides.extend(choices.iter().map(|choice| Side {
                schema: &view.schema,
                relation: &view.name,
                columns: Some(names(view, choice)),
            }));
        }
        sides
    }
}

fn names(relation: &Relation, numbers: &[i16]) -> Vec<String> {
    let name = |number: &i16| relation.columns.iter().find(|column| column.number == *number);
    numbers.iter().filter_map(name).map(|column| column.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Column, Relation, RelationKind},
        ForeignKey, ViewColumn, relationships,
    };

    fn relation(id: u32, name: &str, kind: RelationKind, columns: &[&str]) -> Relation {
        let column = |(number, name): (i16, &&str)| Column {
            number,
            name: (*name).to_owned(),
            type_id: 23,
            is_nullable: true,
            has_default: false,
            is_generated: false,
            is_updatable: true,
            comment: None,
        };
        Relation {
            id,
            schema: "public".to_owned(),
            name: name.to_owned(),
            kind,
            is_partition: false,
            is_insertable: true,
            is_updatable: true,
            comment: None,
            columns: (1..).zip(columns).map(column).collect(),
        }
    }

    /// A view of a view shows the key twice, and another one only a part of it.
    #[test]
    fn a_view_has_the_keys_of_its_table_once_for_each_choice_of_columns() {
        let relations = [
            relation(1, "people", RelationKind::Table, &["id", "boss", "boss_day"]),
            relation(2, "view", RelationKind::View, &["boss", "again", "day"]),
            relation(3, "over", RelationKind::View, &["day", "one", "two"]),
            relation(4, "part", RelationKind::View, &["boss"]),
            relation(5, "bosses", RelationKind::Table, &["id", "day"]),
        ];
        let key = ForeignKey {
            name: "key".to_owned(),
            relation_id: 1,
            columns: vec![2, 3],
            referenced_schema: "public".to_owned(),
            referenced_relation: "bosses".to_owned(),
            referenced_id: 5,
            referenced_columns: vec![1, 2],
            referenced_names: vec!["id".to_owned(), "day".to_owned()],
            is_one_to_one: false,
            is_quoted: false,
        };
        let origin = |view_id, number, origin_id, origin_number| ViewColumn {
            view_id,
            number,
            origin_id,
            origin_number,
        };
        let columns = [
            origin(2, 1, 1, 2),
            origin(2, 2, 1, 2),
            origin(2, 3, 1, 3),
            origin(3, 1, 2, 3),
            origin(3, 2, 2, 1),
            origin(3, 3, 2, 2),
            origin(4, 1, 1, 2),
        ];
        let found = relationships(&relations, &[key], &columns);
        let found: Vec<String> = found
            .iter()
            .map(|found| format!("{} ({})", found.relation, found.columns.as_ref().unwrap().join(", ")))
            .collect();
        let expected = [
            "people (boss, boss_day)",
            "view (boss, day)",
            "view (again, day)",
            "over (one, day)",
            "over (two, day)",
        ];
        assert_eq!(found, expected);
    }

    /// A view that was replaced by one that uses its own user can lead back to itself.
    #[test]
    fn views_that_use_each_other_end() {
        let relations =
            [relation(2, "a", RelationKind::View, &["x"]), relation(3, "b", RelationKind::View, &["x"])];
        let columns = [(2, 3), (3, 2)].map(|(view_id, origin_id)| ViewColumn {
            view_id,
            number: 1,
            origin_id,
            origin_number: 1,
        });
        assert_eq!(relationships(&relations, &[], &columns), []);
    }
}
