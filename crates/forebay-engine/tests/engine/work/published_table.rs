//! Tables that Forebay creates are closed to the roles of web APIs unless their pipeline is published.

use serde_json::{Value, json};

use super::Shop;

/// Supabase's default privileges.
const SUPABASE: &str = "alter default privileges in schema public grant all on tables to anon, authenticated";

fn items(publish: bool) -> Value {
    json!({"table": "public.items", "columns": {"title": "title"}, "removed": "mark", "publish": publish})
}

/// What a role sees of the table; the code of the error if it is refused.
async fn seen(shop: &Shop, role: &str) -> String {
    let titles = "select coalesce(string_agg(title, ' ' order by title), '') from public.items";
    as_role(shop, role, titles).await
}

async fn as_role(shop: &Shop, role: &str, statement: &str) -> String {
    shop.client.batch_execute(&format!("begin; set local role {role}")).await.unwrap();
    let answer = match shop.client.query_opt(statement, &[]).await {
        Ok(row) => row.map_or_else(String::new, |row| row.get(0)),
        Err(error) => error.code().unwrap().code().to_owned(),
    };
    shop.client.batch_execute("rollback").await.unwrap();
    answer
}

const REFUSED: &str = "42501";

#[tokio::test]
async fn a_created_table_is_closed_unless_it_is_published() {
    let mut shop = Shop::open().await;
    shop.client.batch_execute(SUPABASE).await.unwrap();
    shop.only_table(items(false)).await;
    shop.put_all(&[("a", json!({"title": "a"})), ("b", json!({"title": "b"}))]).await;
    assert_eq!(shop.drain().await.num_succeeded, 2);
    for role in ["anon", "authenticated"] {
        assert_eq!(seen(&shop, role).await, REFUSED);
    }
    let is_on = "select relrowsecurity::text from pg_class where oid = 'public.items'::regclass";
    assert_eq!(shop.column(is_on).await, ["true"]);

    shop.only_table(items(true)).await;
    shop.remove("b").await;
    assert_eq!(shop.drain().await.num_succeeded, 1);
    for role in ["anon", "authenticated"] {
        assert_eq!(seen(&shop, role).await, "a", "removed rows are not shown");
        for statement in [
            "delete from public.items returning title",
            "update public.items set title = 'c' returning title",
            "insert into public.items values (gen_random_uuid(), 'c') returning title",
            "truncate public.items",
        ] {
            assert_eq!(as_role(&shop, role, statement).await, REFUSED, "{statement}");
        }
    }

    shop.only_table(items(false)).await;
    shop.put("c", &json!({"title": "c"})).await;
    assert_eq!(shop.drain().await.num_succeeded, 1);
    assert_eq!(seen(&shop, "anon").await, REFUSED);
}

#[tokio::test]
async fn a_table_of_the_user_keeps_its_rights_and_is_not_published() {
    let mut shop = Shop::open().await;
    let make =
        "create table public.items (reference_id uuid primary key, title text, removed_at timestamptz)";
    shop.client.batch_execute(&format!("{SUPABASE}; {make}")).await.unwrap();
    shop.only_table(items(false)).await;
    shop.put("a", &json!({"title": "a"})).await;
    assert_eq!(shop.drain().await.num_succeeded, 1);
    assert_eq!(seen(&shop, "anon").await, "a", "its grants are the user's");
    let attention = forebay_store::doctor::Attention::read(&shop.client).await.unwrap();
    let exposed: Vec<(&str, &str)> =
        attention.exposed.iter().map(|found| (found.role.as_str(), found.table.as_str())).collect();
    assert_eq!(exposed, [("anon", "public.items"), ("authenticated", "public.items")]);

    shop.only_table(items(true)).await;
    shop.put("b", &json!({"title": "b"})).await;
    let error = shop.drain().await.error.unwrap();
    assert_eq!(error.code(), "table_unusable");
    assert!(error.to_string().contains("did not create it"), "{error}");
    assert_eq!(shop.states().await, ["pending 1", "succeeded 1"]);
}
