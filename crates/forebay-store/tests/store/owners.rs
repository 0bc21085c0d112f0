//! Migrating where other roles were first: schemas, a history and functions that somebody planted or prepared.

use forebay_store::{
    migrations::{self, MIGRATIONS, MigrationState},
    testing::{TestDatabase, empty_database},
};
use tokio_postgres::{Client, NoTls};

/// An empty database, and a role of this test that may log in and owns nothing.
struct World {
    database: TestDatabase,
    admin: Client,
    role: String,
}

impl World {
    async fn new() -> Self {
        let database = empty_database().await;
        let admin = database.client().await;
        let role = format!("other_role_of_{}", database.config().get_dbname().unwrap());
        admin.batch_execute(&format!("drop role if exists {role}; create role {role} login")).await.unwrap();
        Self { database, admin, role }
    }

    /// Connects as the role.
    async fn other(&self) -> Client {
        let mut config = self.database.config();
        let (client, connection) = config.user(&self.role).connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    async fn run(&self, statements: &str) {
        self.admin.batch_execute(&statements.replace("OTHER", &self.role)).await.unwrap();
    }

    async fn value(&self, expression: &str) -> String {
        self.admin.query_one(&format!("select ({expression})::text"), &[]).await.unwrap().get(0)
    }

    /// Roles belong to the whole cluster.
    async fn end(self) {
        self.run("drop owned by OTHER cascade; drop role OTHER").await;
    }
}

#[tokio::test]
async fn what_another_role_owns_is_refused() {
    for planted in [
        "create schema forebay authorization OTHER",
        "create schema forebay; create schema forebay_private authorization OTHER",
        "create schema forebay; create table forebay.schema_migrations
             (version int primary key, name text, checksum text, applied_at timestamptz not null default now());
         alter table forebay.schema_migrations owner to OTHER",
    ] {
        let world = World::new().await;
        world.run(planted).await;
        let mut client = world.database.client().await;
        let error = migrations::up(&mut client).await.unwrap_err();
        assert_eq!(error.code(), "schema_foreign", "{planted}: {error:?}");
        assert!(error.to_string().contains(&world.role), "{error}");
        assert!(error.hint().unwrap().contains(" owner to "), "{error:?}");
        assert_eq!(world.value("select to_regclass('forebay.sources') is null").await, "true");

        // A member of that role has its rights anyway.
        world.run("grant OTHER to current_user").await;
        assert_eq!(migrations::up(&mut client).await.unwrap().len(), MIGRATIONS.len(), "{planted}");
        world.end().await;
    }
}

#[tokio::test]
async fn prepared_schemas_need_no_right_on_the_database() {
    let world = World::new().await;
    let mut other = world.other().await;
    let refused = migrations::up(&mut other).await.unwrap_err();
    assert_eq!(refused.server().unwrap().sqlstate(), Some("42501"), "it may create no schema: {refused:?}");

    world
        .run("create schema forebay authorization OTHER; create schema forebay_private authorization OTHER")
        .await;
    assert_eq!(migrations::up(&mut other).await.unwrap().len(), MIGRATIONS.len());
    // It keeps what it couldn't create again.
    assert_eq!(migrations::reset(&mut other).await.unwrap().len(), MIGRATIONS.len());
    migrations::down(&mut other, 0).await.unwrap();
    let left =
        "select string_agg(nspname, ' ' order by nspname) from pg_namespace where nspname like 'forebay%'";
    assert_eq!(world.value(left).await, "forebay forebay_private");
    let states = migrations::status(&other).await.unwrap();
    assert!(states.iter().all(|line| line.state == MigrationState::Pending), "{states:?}");
    world.end().await;
}

#[tokio::test]
async fn planted_functions_do_not_run() {
    let world = World::new().await;
    // A better match than the server's own, which is variadic; in the search path of every session.
    world
        .run(
            "grant create on schema public to OTHER;
             set role OTHER;
             create table public.caught (who text);
             grant all on public.caught to public;
             create function public.format(template text, argument text) returns text language plpgsql as
                 $$ begin insert into public.caught values (current_user); return 'select 1'; end $$;
             reset role",
        )
        .await;
    let mut client = world.database.client().await;
    client.batch_execute("set search_path = public, pg_catalog").await.unwrap();
    migrations::up(&mut client).await.unwrap();
    migrations::down(&mut client, 0).await.unwrap();
    assert_eq!(world.value("select count(*) from public.caught").await, "0");
    let path: String = client.query_one("show search_path", &[]).await.unwrap().get(0);
    assert_eq!(path, "public, pg_catalog", "the session keeps its own");
    world.end().await;
}
