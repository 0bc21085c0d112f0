//! What is found out about a user's tables, whatever their names are.

use std::time::Duration;

use forebay_store::{
    tables::{SchemaName, TableName},
    testing,
    user_tables::{self, KeyFaults, UserTable},
};

const MINUTE: Duration = Duration::from_mins(1);

const FILL: &str = r#"
    create schema app;
    create table app.venues (id int primary key, name text not null);
    create table app.events (id uuid, slug text not null unique, venue int references app.venues, starts text, price text,
        extra jsonb, note varchar(40), "a ""b"" \c'; drop table app.venues" int);
    insert into app.venues values (1, 'Hall');
    insert into app.events values
        (null, 'a', 1, '2026-01-01', '12', '{"x": 1}', 'long text', 1),
        (gen_random_uuid(), 'b', 1, '2026-01-01 10:00', 'free', '[1]', '12', 2),
        (gen_random_uuid(), 'c', null, '', null, null, 'http://x', null);
    create table app."x""; drop schema app cascade; --" ("y'" text);
    insert into app."x""; drop schema app cascade; --" values ('1'), ('true');
    create view app.names as select name from app.venues;
    create table app.parts (id int) partition by range (id);
    create table app.part_1 partition of app.parts for values from (0) to (10);
    create table app.bare ()"#;

fn shapes(table: &UserTable, column: &str) -> String {
    let column = table.column(column).unwrap();
    column.shapes.iter().map(|(shape, number)| format!("{shape} {number}")).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn tables_are_listed_with_keys_rows_and_the_shapes_of_values() {
    let database = testing::database().await;
    let mut client = database.client().await;
    client.batch_execute(FILL).await.unwrap();
    let schema = SchemaName::parse("app").unwrap();
    let tables = user_tables::list(&mut client, &schema, MINUTE).await.unwrap();
    let names: Vec<_> = tables.iter().map(|table| (table.name.as_str(), table.num_rows)).collect();
    assert_eq!(
        names,
        [
            ("bare", Some(0)),
            ("events", Some(3)),
            ("names", Some(1)),
            ("parts", Some(0)),
            ("venues", Some(1)),
            ("x\"; drop schema app cascade; --", Some(2)),
        ]
    );
    let (events, names, venues, odd) = (&tables[1], &tables[2], &tables[4], &tables[5]);
    assert_eq!(
        (&venues.key[..], &events.key[..], &names.key[..]),
        (&["id".into()][..], &["slug".into()][..], &[][..])
    );
    assert!(names.is_view && !events.is_view);
    assert_eq!(events.references, [(vec!["venue".to_owned()], "app.venues".to_owned())]);
    assert_eq!(shapes(events, "starts"), "date 1, empty 1, timestamp 1");
    assert_eq!(shapes(events, "extra"), "array 1, null 1, object 1");
    assert_eq!(shapes(events, "id"), "null 1, value 2");
    let mixed = |table: &UserTable, column: &str| {
        table.column(column).unwrap().mixed().map(|shapes| shapes.join(" "))
    };
    assert_eq!(mixed(events, "starts").as_deref(), Some("date timestamp"));
    assert_eq!(mixed(events, "extra").as_deref(), Some("array object"));
    assert_eq!(mixed(events, "price"), None, "text among which is a number");
    assert_eq!(mixed(events, "note"), None);
    assert_eq!(mixed(odd, "y'").as_deref(), Some("boolean integer"));
    assert!(events.column("id").unwrap().is_nullable && !events.column("slug").unwrap().is_nullable);

    let faults = async |client: &mut _, columns: &[&str]| {
        let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        user_tables::key_faults(client, events, &columns, MINUTE).await.unwrap()
    };
    assert_eq!(faults(&mut client, &["slug"]).await, KeyFaults::default());
    let expected = KeyFaults { num_null: 1, num_repeated: 1, num_surplus: 1 };
    assert_eq!(faults(&mut client, &["venue"]).await, expected);
    assert_eq!(
        faults(&mut client, &["venue", "starts"]).await,
        KeyFaults { num_null: 1, ..KeyFaults::default() }
    );
    assert_eq!(faults(&mut client, &["a \"b\" \\c'; drop table app.venues"]).await.num_null, 1);

    let find = async |client: &mut _, name: &str| {
        user_tables::find(client, &TableName::parse(name).unwrap(), MINUTE).await.unwrap()
    };
    assert_eq!(find(&mut client, "app.events").await.as_ref(), Some(events));
    assert_eq!(find(&mut client, "app.event_").await, None);
    let slow = "create view app.slow as select pg_sleep(20)::text as id";
    client.batch_execute(slow).await.unwrap();
    let ended = user_tables::list(&mut client, &schema, Duration::from_millis(200)).await.unwrap_err();
    assert!(ended.to_string().contains("timeout"), "{ended}");
}
