//! A reader of Postgres' logical replication messages (pgoutput, protocol version 1, binary off), as subscribers get
//! them.

use std::collections::HashMap;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Null,
    /// Stored apart from the row and not changed, so it isn't sent.
    Unchanged,
    Text(String),
}

/// A row after a change, by column.
pub(super) type Row = HashMap<String, Field>;

/// A change of a row.
#[derive(Debug)]
pub(super) enum Event {
    Insert(Row),
    Update(Row),
    Delete,
}

/// The tables that were described so far, by their number: name and columns.
#[derive(Default)]
pub(super) struct Reader {
    tables: HashMap<u32, (String, Vec<String>)>,
}

impl Reader {
    /// The change of a row that a message describes, with its table.
    pub(super) fn read(&mut self, message: &[u8]) -> Option<(String, Event)> {
        let mut bytes = Bytes(message);
        match bytes.u8() {
            b'R' => {
                let id = bytes.u32();
                let (schema, name) = (bytes.text(), bytes.text());
                let _replica_identity = bytes.u8();
                let columns = (0..bytes.u16()).map(|_| {
                    let _is_key = bytes.u8();
                    let name = bytes.text();
                    let _type_and_modifier = (bytes.u32(), bytes.u32());
                    name
                });
                let columns = columns.collect();
                self.tables.insert(id, (format!("{schema}.{name}"), columns));
                None
            }
            kind @ (b'I' | b'U' | b'D') => {
                let (name, columns) = &self.tables[&bytes.u32()];
                if kind == b'D' {
                    return Some((name.clone(), Event::Delete));
                }
                if bytes.u8() != b'N' {
                    // The old key comes first where an update changes it.
                    bytes.row(columns);
                    assert_eq!(bytes.u8(), b'N');
                }
                let row = bytes.row(columns);
                Some((name.clone(), if kind == b'I' { Event::Insert(row) } else { Event::Update(row) }))
            }
            // Begin and end of a transaction.
            b'B' | b'C' => None,
            other => panic!("a message of kind {other}"),
        }
    }
}

/// The rest of a message.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take(&mut self, number: usize) -> &[u8] {
        let (first, rest) = self.0.split_at(number);
        self.0 = rest;
        first
    }

    fn u8(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    /// A text that ends with a zero byte.
    fn text(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap();
        let text = String::from_utf8(self.take(end).to_vec()).unwrap();
        self.take(1);
        text
    }

    fn row(&mut self, columns: &[String]) -> Row {
        assert_eq!(usize::from(self.u16()), columns.len());
        let mut row = Row::new();
        for column in columns {
            let field = match self.u8() {
                b'n' => Field::Null,
                b'u' => Field::Unchanged,
                _ => {
                    let length = self.u32() as usize;
                    Field::Text(String::from_utf8(self.take(length).to_vec()).unwrap())
                }
            };
            row.insert(column.clone(), field);
        }
        row
    }
}
