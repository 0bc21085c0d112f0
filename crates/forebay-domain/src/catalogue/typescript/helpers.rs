//! What is the same for every database: JSON, and helpers that name the types of one table.

use std::fmt::Write;

use super::{layout::WIDTH, names::quoted};

/// Any JSON.
pub(super) const JSON: &str = "export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[]
";

/// Writes the helpers. Without a schema, they mean the default one.
pub(super) fn write(page: &mut String, default_schema: &str) {
    page.push_str("\ntype DatabaseWithoutInternals = Omit<Database, \"__InternalSupabase\">\n\n");
    let name = quoted(default_schema);
    let line = format!("type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, {name}>]\n");
    if line.trim_end().chars().count() <= WIDTH {
        page.push_str(&line);
    } else {
        let _ = writeln!(
            page,
            "type DefaultSchema = DatabaseWithoutInternals[Extract<\n  keyof Database,\n  {name}\n>]"
        );
    }
    let table = ["DefaultSchemaTableNameOrOptions", "TableName"];
    Helper { name: "Tables", names: table, sections: &["Tables", "Views"], part: Some(["Row", "R"]) }
        .write(page);
    Helper { name: "TablesInsert", names: table, sections: &["Tables"], part: Some(["Insert", "I"]) }
        .write(page);
    Helper { name: "TablesUpdate", names: table, sections: &["Tables"], part: Some(["Update", "U"]) }
        .write(page);
    let names = ["DefaultSchemaEnumNameOrOptions", "EnumName"];
    Helper { name: "Enums", names, sections: &["Enums"], part: None }.write(page);
    let names = ["PublicCompositeTypeNameOrOptions", "CompositeTypeName"];
    Helper { name: "CompositeTypes", names, sections: &["CompositeTypes"], part: None }.write(page);
}

/// A type with two parameters: a name in the default schema, or a schema and a name.
struct Helper {
    name: &'static str,
    /// The names of its parameters.
    names: [&'static str; 2],
    /// The sections of a schema where it looks for the name.
    sections: &'static [&'static str],
    /// The part of what it finds, and a variable for it.
    part: Option<[&'static str; 2]>,
}

impl Helper {
    fn write(&self, page: &mut String) {
        let [first, second] = self.names;
        let default = self.from("DefaultSchema", " & ");
        let one_or_both = |text: String| if self.sections.len() > 1 { format!("({text})") } else { text };
        let own = format!("DatabaseWithoutInternals[{first}[\"schema\"]]");
        let _ = writeln!(
            page,
            "\nexport type {}<\n  {first} extends\n    | keyof {}\n    | {{ schema: keyof DatabaseWithoutInternals }},\n  \
             {second} extends ({first} extends {{\n    schema: keyof DatabaseWithoutInternals\n  }}\n    ? keyof {}\n    \
             : never) = never,\n> = {first} extends {{\n  schema: keyof DatabaseWithoutInternals\n}}",
            self.name,
            one_or_both(default.clone()),
            one_or_both(self.from(&own, " &\n        ")),
        );
        let own = one_or_both(self.from(&own, " &\n      "));
        let found = one_or_both(self.from("DefaultSchema", " &\n        "));
        match self.part {
            Some([part, variable]) => {
                let _ = writeln!(
                    page,
                    "  ? {own}[{second}] extends {{\n      {part}: infer {variable}\n    }}\n    ? {variable}\n    : never\n  \
                     : {first} extends keyof {}\n    ? {found}[{first}] extends {{\n        {part}: infer {variable}\n      \
                     }}\n      ? {variable}\n      : never\n    : never",
                    one_or_both(self.from("DefaultSchema", " &\n        ")),
                );
            }
            None => {
                let _ = writeln!(
                    page,
                    "  ? {own}[{second}]\n  : {first} extends keyof {default}\n    ? {found}[{first}]\n    : never"
                );
            }
        }
    }

    fn from(&self, schema: &str, separator: &str) -> String {
        let sections: Vec<String> =
            self.sections.iter().map(|section| format!("{schema}[\"{section}\"]")).collect();
        sections.join(separator)
    }
}
