//! Search over lessons: it uses its index, and text of any kind can be stored.

use forebay_store::{
    content::{self, SEARCH, SearchFilter},
    testing,
};
use tokio_postgres::Client;

/// A course with many lessons; every hundredth has the word "rare".
async fn stock(client: &Client) {
    client
        .batch_execute(
            "insert into forebay.content_pieces (project, piece_slug, title) values ('default', 'c', 'C');
             insert into forebay.course_lessons (reference_id, piece_id, module_number, lesson_number, word_count,
                lesson_id, slug, title, content, file_path, content_hash)
             select forebay.reference_id('s', n::text), p.piece_id, n, 1, 2, n::text, 's', 'Lição ' || n,
                case when n % 100 = 0 then 'Uma palavra RARÍSSIMA.' else repeat('some words ', 50) end, n || '.md',
                sha256(n::text::bytea)
             from generate_series(1, 20000) as n, forebay.content_pieces as p;
             analyze forebay.course_lessons;",
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn search_uses_its_index() {
    let database = testing::database().await;
    let client = database.client().await;
    stock(&client).await;
    client.batch_execute("set plan_cache_mode = force_generic_plan").await.unwrap();
    client
        .batch_execute(&format!("prepare searching (text, text, text, text, text, bigint) as {SEARCH}"))
        .await
        .unwrap();
    let explain = "explain execute searching ('rarissima', 'default', null, null, null, 10)";
    let rows = client.query(explain, &[]).await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(plan.iter().any(|line| line.contains("course_lessons_search")), "{}", plan.join("\n"));
    let found = content::search(&client, "default", "rarissima", &SearchFilter::default(), 10).await.unwrap();
    assert_eq!(found.len(), 10);
    assert_eq!(found[0].content, "Uma palavra RARÍSSIMA.");
}

#[tokio::test]
async fn accents_are_folded_in_both_forms() {
    let database = testing::database().await;
    let client = database.client().await;
    for (text, expected) in [
        ("ÁÉÍÓÚ áéíóú", "AEIOU aeiou"),
        ("Ação, pingüim, mañana, façade, Ångström", "Acao, pinguim, manana, facade, Angstrom"),
        ("cora\u{63}\u{327}a\u{303}o", "coracao"),
        ("日本語 ёлка Ήλιος 🎉", "日本語 елка Ηλιος 🎉"),
        ("", ""),
        ("more than that: 45 characters, which are too many", "more than that: 45 characters, which are"),
    ] {
        let folded: String =
            client.query_one("select forebay.fold_text($1, 40)", &[&text]).await.unwrap().get(0);
        assert_eq!(folded, expected);
    }
}

#[tokio::test]
async fn a_text_of_any_characters_has_a_search_vector() {
    let database = testing::database().await;
    let client = database.client().await;
    stock(&client).await;
    // Each word differs, and each character has three bytes and becomes nine: the most that decomposition adds.
    let words = "select string_agg(chr(44032 + i % 11172) || chr(44032 + i / 7 % 11172), ' ') \
         from generate_series(1, 90000) as i";
    let changed = client
        .execute(
            &format!("update forebay.course_lessons set content = ({words}) where module_number = 1"),
            &[],
        )
        .await
        .unwrap();
    assert_eq!(changed, 1);
}
