//! Tables of the user: what the configuration says about them, and what it leaves alone.

use super::{edit, stage};

#[test]
fn a_file_without_tables_leaves_those_of_a_course_alone() {
    let stage = stage();
    stage.execute("create table courses (slug text primary key, name text)");
    let tables = "[content.tables.pieces]\ntable = \"courses\"\ncolumns = { piece_slug = \"slug\", title = \"name\" }\n";
    let mut title = "Rust from the start";
    for (config, next, name) in [
        (tables, "Rust one", "Rust one"),
        ("[content]\npool_size = 2\n", "Rust two", "Rust two"),
        ("[content]\ntables = {}\n", "Rust three", "Rust two"),
    ] {
        stage.write("forebay.toml", config);
        edit(&stage, "curriculum.yaml", title, next);
        title = next;
        stage.json("content sync rust-basics");
        assert_eq!(stage.value("(select string_agg(name, ',') from courses)"), name, "{config}");
    }
    assert_eq!(stage.value("(select own_tables is null from forebay.content_pieces)"), "true");
}
