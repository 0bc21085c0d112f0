//! Runs in every state, with the versions, drift, rejected records and log lines that belong to them.

use forebay_domain::run::RunStatus;
use forebay_store::logs::{self, Level, NewLine};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::dataset::{
    BOOKS, COURSES, Dataset, EVENTS, MENUS, PROFESSORS, REVIEWS, ROOMS, SHUTTLES, operator,
};
use crate::{
    error::Result,
    persist::{reject, rekey},
};

const TITLES: [&str; 20] = [
    "Introduction to Computing",
    "Data Structures",
    "Discrete Mathematics",
    "Operating Systems",
    "Databases",
    "Networks",
    "Compilers",
    "Machine Learning",
    "Computer Graphics",
    "Software Engineering",
    "Linear Algebra",
    "Calculus I",
    "Calculus II",
    "Statistics",
    "World History",
    "Art of the Renaissance",
    "English Composition",
    "Creative Writing",
    "Physics I",
    "Chemistry I",
];

pub(super) async fn make(dataset: &Dataset<'_>) -> Result<()> {
    courses(dataset).await?;
    rooms(dataset).await?;
    reviews(dataset).await?;
    dataset.persist(EVENTS, 7, &numbered(12, |number| event(number, "Main Hall"))).await?;
    let person = |number| json!({"id": format!("P-{number}"), "name": format!("Professor {number}"), "url": format!("https://people.example.com/{number}")});
    dataset.persist(PROFESSORS, 30, &numbered(6, person)).await?;
    let titled = |number| json!({"id": format!("N-{number}"), "title": format!("Item {number}")});
    for source in [BOOKS, MENUS, SHUTTLES] {
        dataset.persist(source, 40, &numbered(4, titled)).await?;
    }
    Ok(())
}

/// An event in a place.
pub(super) fn event(number: usize, place: &str) -> Value {
    json!({
        "id": format!("E-{number:02}"),
        "title": format!("Open lecture {number}"),
        "starts": format!("2026-12-{:02}T18:00:00Z", number + 1),
        "venue": place,
        "url": format!("https://events.example.com/{number}"),
    })
}

/// Additions, updates, a removal and a restoration; then drift; then a run that is held because most of it is missing.
async fn courses(dataset: &Dataset<'_>) -> Result<()> {
    let mut records = numbered(TITLES.len(), course);
    dataset.persist(COURSES, 14, &records).await?;
    for record in &mut records[..5] {
        record["seats"] = json!(0);
    }
    dataset.persist(COURSES, 12, &records[..19]).await?;
    records[2]["title"] = json!("Discrete Structures");
    dataset.persist(COURSES, 10, &records).await?;
    for record in &mut records[..4] {
        record["credits"] = json!("3 or 4");
        record["modality"] = json!("online");
    }
    let drifted = dataset.persist(COURSES, 8, &records).await?;
    let held = dataset.persist(COURSES, 1, &records[..5]).await?;
    let of_drifted = [
        (Level::Info, "read 20 records", json!({"page": 1})),
        (Level::Debug, "the page has a new column", json!({"column": "modality"})),
        (Level::Warn, "4 records have text in credits", json!({"field": "credits", "records": 4})),
    ];
    let of_held = [
        (Level::Info, "read 5 records", json!({"page": 1})),
        (Level::Error, "page 2 answered 500", json!({"url": "https://courses.example.com/?page=2"})),
    ];
    let mut client = dataset.database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    for (run_id, days, lines) in [(drifted.run_id, 8, &of_drifted[..]), (held.run_id, 1, &of_held)] {
        let lines = lines.iter().zip(0..).map(|((level, message, metadata), second)| NewLine {
            logged_at: dataset.ago(SignedDuration::from_secs(24 * 3_600 * days - second)),
            level: *level,
            message: (*message).to_owned(),
            metadata: metadata.clone(),
        });
        logs::add(&transaction, run_id, &lines.collect::<Vec<_>>()).await?;
    }
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(())
}

/// Every key changes at once; an operator accepts it as a re-key.
async fn rooms(dataset: &Dataset<'_>) -> Result<()> {
    let keyed = |prefix: &'static str| move |number| json!({"id": format!("{prefix}{number:02}"), "title": format!("Room {number} of the library")});
    dataset.persist(ROOMS, 11, &numbered(20, keyed("old-"))).await?;
    let held = dataset.persist(ROOMS, 5, &numbered(20, keyed(""))).await?;
    if held.status == RunStatus::Held {
        rekey(dataset.database, held.run_id, &operator("the library numbered its rooms anew")).await?;
    }
    Ok(())
}

/// A partial run with rejected records, a failed run of an error page, and a held run that an operator rejected.
async fn reviews(dataset: &Dataset<'_>) -> Result<()> {
    let review = |number| json!({"id": format!("V-{number:02}"), "stars": 1 + number % 5, "text": format!("Review {number}")});
    let records = numbered(30, review);
    dataset.persist(REVIEWS, 9, &records).await?;
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    let torn = format!("{}\n{{\"id\": \"V-30\", \"stars\": \n{{\"stars\": 4}}\n", lines.join("\n"));
    dataset.persist_lines(REVIEWS, 6, &torn).await?;
    // The failure of this run is what it is for.
    let _ = dataset.persist_lines(REVIEWS, 4, &"<html>502 Bad Gateway</html>\n".repeat(10)).await;
    let held = dataset.persist(REVIEWS, 2, &records[..6]).await?;
    if held.status == RunStatus::Held {
        reject(dataset.database, held.run_id, &operator("the site showed an error page")).await?;
    }
    Ok(())
}

fn course(number: usize) -> Value {
    json!({
        "id": format!("CSC-{}", 101 + number),
        "title": TITLES[number % TITLES.len()],
        "credits": 3 + number % 2,
        "instructor": format!("Professor {}", number % 6),
        "seats": 20 + number,
        "url": format!("https://courses.example.com/CSC-{}", 101 + number),
    })
}

fn numbered(num_records: usize, record: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..num_records).map(record).collect()
}
