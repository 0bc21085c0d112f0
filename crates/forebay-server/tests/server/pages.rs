//! The pages of the dashboard, as a browser without JavaScript reads them.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::{Value, json};

use crate::stage::{Answer, Stage};

/// Pages that take no name.
const PAGES: [&str; 11] = [
    "/",
    "/runs",
    "/handoffs",
    "/handoffs/deliveries",
    "/sources",
    "/freshness",
    "/workers",
    "/search",
    "/content",
    "/actions",
    "/v1/",
];

/// Sends a form as a page of the dashboard does.
async fn submit(stage: &Stage, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header("host", "localhost:8321")
        .header("origin", "http://localhost:8321")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    stage.send(request).await
}

async fn page(stage: &Stage, path: &str) -> String {
    let answer = stage.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.text()
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split_once(after).unwrap().0
}

async fn held_run(stage: &Stage) -> i64 {
    stage.json("/v1/runs?status=held").await["items"][0]["run_id"].as_i64().unwrap()
}

#[tokio::test]
async fn each_page_of_an_empty_database_says_that_there_is_nothing() {
    let stage = Stage::empty().await;
    assert!(page(&stage, "/").await.contains("All is well"));
    assert!(page(&stage, "/runs").await.contains("No runs."));
    assert!(page(&stage, "/handoffs").await.contains("No hand-offs."));
    assert!(page(&stage, "/sources").await.contains("No sources."));
    assert!(page(&stage, "/freshness").await.contains("Nothing was synced yet."));
    assert!(page(&stage, "/workers").await.contains("No workers."));
    assert!(page(&stage, "/search?q=algebra").await.contains("0 documents, by words"));
    assert!(page(&stage, "/content").await.contains("has no courses."));
}

#[tokio::test]
async fn each_page_is_a_whole_document_without_inline_script_or_style() {
    let stage = Stage::seeded().await;
    let run_id = held_run(&stage).await;
    let mut paths: Vec<String> = PAGES.map(str::to_owned).to_vec();
    paths.extend(["", "/held", "/log", "/decide/release"].map(|part| format!("/runs/{run_id}{part}")));
    for path in paths {
        let text = page(&stage, &path).await;
        assert!(text.starts_with("<!DOCTYPE html>") && text.contains("<h1>"), "{path}");
        assert!(
            !text.contains(" style=") && !text.contains("<style") && !text.contains(" onclick="),
            "{path}"
        );
        for script in text.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/assets/"), "{path}: {script:.80}");
        }
        assert!(text.len() < 100_000, "{path}: {} bytes", text.len());
    }
}

#[tokio::test]
async fn assets_are_cached_forever_under_the_hash_of_their_content() {
    let stage = Stage::empty().await;
    let text = page(&stage, "/").await;
    let mut num_bytes = text.len();
    for path in text.split("\"/assets/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let answer = stage.get(&format!("/assets/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        num_bytes += answer.body.len();
    }
    assert!(num_bytes < 150_000, "the first page is {num_bytes} bytes in all");
    assert_eq!(stage.get("/assets/0000000000000000.forebay.js").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn now_names_what_needs_a_person_with_its_next_step() {
    let stage = Stage::seeded().await;
    let run_id = held_run(&stage).await;
    let text = page(&stage, "/").await;
    assert!(text.contains("Held run") && text.contains(&format!("href=\"/runs/{run_id}/held\"")), "{text}");
    let retry = "/handoffs/retry?pipeline=seed.index&amp;state=failed&amp;reason_code=permanent&amp;\
        failure_code=document_refused";
    assert!(text.contains(retry), "{text}");
}

#[tokio::test]
async fn a_held_run_is_released_after_its_effects_were_counted() {
    let stage = Stage::seeded().await;
    let run_id = held_run(&stage).await;
    let diff = stage.json(&format!("/v1/runs/{run_id}/diff")).await;
    let num_removed = diff["effects"]["num_removed"].as_u64().unwrap();
    assert!(num_removed > 0, "{diff}");
    let held = page(&stage, &format!("/runs/{run_id}/held")).await;
    let key = diff["changes"]["items"][0]["record_key"].as_str().unwrap();
    assert!(held.contains(key), "{held}");

    let ask = format!("/runs/{run_id}/decide/release");
    let question = page(&stage, &ask).await;
    assert!(question.contains(&format!("remove {num_removed} record")), "{question}");
    let expected = between(&question, "name=\"expected\" value=\"", "\"");
    let outdated = submit(&stage, &ask, "expected=0-0-0-0-0").await;
    assert_eq!(outdated.header("location"), format!("{ask}?changed=yes"));
    let done = submit(&stage, &ask, &format!("expected={expected}")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    assert_eq!(done.header("location"), format!("/runs/{run_id}?decided=release"));
    let run = page(&stage, done.header("location")).await;
    assert!(run.contains("Released: the withheld changes are applied."), "{run}");
    assert!(!page(&stage, "/").await.contains(&format!("/runs/{run_id}/held")));
    // Somebody who still has the page of the decision open.
    assert_eq!(submit(&stage, &ask, &format!("expected={expected}")).await.status, StatusCode::CONFLICT);
    assert!(page(&stage, &format!("/runs/{run_id}/held")).await.contains("no longer held"));
}

#[tokio::test]
async fn a_run_is_undone() {
    let stage = Stage::seeded().await;
    let run_id = held_run(&stage).await;
    let ask = format!("/runs/{run_id}/decide/release");
    let question = page(&stage, &ask).await;
    let expected = between(&question, "name=\"expected\" value=\"", "\"").to_owned();
    submit(&stage, &ask, &format!("expected={expected}")).await;

    let ask = format!("/runs/{run_id}/decide/revert");
    assert!(page(&stage, &format!("/runs/{run_id}")).await.contains(&ask));
    let question = page(&stage, &ask).await;
    let expected = between(&question, "name=\"expected\" value=\"", "\"");
    let done = submit(&stage, &ask, &format!("expected={expected}")).await;
    assert!(done.header("location").ends_with("?decided=revert"), "{}", done.text());
    assert!(page(&stage, &format!("/runs/{run_id}")).await.contains("Undone by run"));
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let stage = Stage::seeded().await;
    let run_id = held_run(&stage).await;
    let path = format!("/runs/{run_id}/decide/reject");
    let sites = [("origin", "http://evil"), ("sec-fetch-site", "cross-site"), ("origin", "null")];
    let paths =
        [&*path, "/handoffs/pause", "/sources/seed.courses/breaker", "/sources/seed.courses/test", "/mcp"];
    for ((name, value), path) in sites.iter().flat_map(|site| paths.map(|path| (*site, path))) {
        let request = Request::post(path)
            .header("host", "localhost:8321")
            .header(name, value)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("expected=0-0-0-0-0"))
            .unwrap();
        assert_eq!(stage.send(request).await.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(stage.json(&format!("/v1/runs/{run_id}")).await["run"]["status"], "held");
}

#[tokio::test]
async fn failed_hand_offs_are_retried_by_cause_after_a_dry_run() {
    let stage = Stage::seeded().await;
    let path = "/handoffs/retry?pipeline=seed.index&state=failed&failure_code=document_refused";
    let list = "/v1/handoffs?pipeline=seed.index&state=failed&failure_code=document_refused";
    let num_failed = stage.json(list).await["items"].as_array().unwrap().len();
    assert!(num_failed > 0);
    let question = page(&stage, path).await;
    let hand_offs = if num_failed == 1 { "hand-off" } else { "hand-offs" };
    assert!(
        question.contains(&format!("<strong>{num_failed} {hand_offs}</strong> will be tried again.")),
        "{question}"
    );
    // A dry run changes nothing.
    assert_eq!(stage.json(list).await["items"].as_array().unwrap().len(), num_failed);
    let filter = between(&question, "name=\"filter\" value=\"", "\"").replace("&amp;", "&");
    let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", &filter).finish();
    let begun = submit(&stage, "/handoffs/retry", &form).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text());
    let job = begun.header("location").to_owned();
    for _ in 0..200 {
        if !page(&stage, &job).await.contains("every 1s") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let done = page(&stage, &job).await;
    assert!(done.contains(&format!("<strong>{num_failed}</strong> queued again")), "{done}");
    assert!(stage.json(list).await["items"].as_array().unwrap().is_empty());
    assert_eq!(stage.get("/handoffs/retry/999").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_record_shows_its_versions_and_its_hand_offs() {
    let stage = Stage::empty().await;
    for title in ["Old", "Middle", "New"] {
        stage.persist("courses", &[json!({ "id": "A/1", "title": title })]).await;
    }
    let path = "/references/courses%2FA%2F1";
    let now = page(&stage, path).await;
    assert!(
        now.contains("<h1>courses/A/1</h1>") && now.contains("&quot;title&quot;: &quot;New&quot;"),
        "{now}"
    );
    assert!(now.contains("<del class=\"old\">&quot;Old&quot;</del>"), "{now}");
    assert!(now.contains("type=\"range\" name=\"at\" min=\"1\" max=\"3\" value=\"3\""), "{now}");
    let then = page(&stage, &format!("{path}?at=1")).await;
    assert!(between(&then, "Version 1 of 3", "</pre>").contains("Old"), "{then}");
    let both = page(&stage, &format!("{path}?from=1&to=2")).await;
    let sides = between(&both, "<div class=\"sides\">", "</div>");
    assert!(sides.contains("Old") && sides.contains("Middle") && !sides.contains("New"), "{sides}");
    let none = page(&stage, &format!("{path}?at=4")).await;
    assert!(between(&none, "Version 4 of 3", "<h2").contains("no such version"), "{none}");
    assert_eq!(stage.get("/references/courses%2Fnothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn decisions_are_listed_with_who_made_them() {
    let stage = Stage::seeded().await;
    let actions = stage.json("/v1/actions?limit=1000").await;
    let all = actions["items"].as_array().unwrap();
    let of_source = all.iter().find(|action| action["source"].is_string()).unwrap();
    let text = |name: &str| of_source[name].as_str().unwrap();
    let (action, source) = (text("action"), text("source"));
    let list = page(&stage, &format!("/actions?source={source}")).await;
    assert!(list.contains(&format!("<code>{action}</code>")) && list.contains(text("actor")), "{list}");
    let one = page(&stage, &format!("/sources/{source}")).await;
    assert!(between(&one, "<h2>Timeline</h2>", "</table>").contains(action), "{one}");
    assert!(page(&stage, "/actions?actor=nobody").await.contains("Nothing was changed by hand."));
    let run_id = held_run(&stage).await;
    let asked = page(&stage, &format!("/runs/{run_id}/decide/reject")).await;
    let expected = between(&asked, "name=\"expected\" value=\"", "\"");
    submit(&stage, &format!("/runs/{run_id}/decide/reject"), &format!("expected={expected}")).await;
    let run = page(&stage, &format!("/runs/{run_id}")).await;
    let decided = between(&run, "What people decided", "</table>");
    assert!(decided.contains("<code>run_rejected</code>"), "{decided}");
}

#[tokio::test]
async fn requests_of_webhooks_are_listed_with_status_and_latency() {
    let stage = Stage::seeded().await;
    let client = stage.database.client().await.unwrap();
    let insert = "insert into forebay.ingestion_deliveries \
             (pipeline_id, reference_id, event_id, attempt, sent_at, duration_ms, http_status, failure_code, response) \
         select p.pipeline_id, r.reference_id, 'e-1', 2, now(), 1234, 503, 'http_503', 'a <b>busy</b> day' \
         from forebay.pipelines as p, forebay.\"references\" as r limit 1";
    client.execute(insert, &[]).await.unwrap();
    let list = page(&stage, "/handoffs/deliveries?failed=failed").await;
    let row = between(&list, "<tbody>", "</tbody>");
    assert!(row.contains("503") && row.contains("1.2 s") && row.contains("a &lt;b&gt;busy"), "{row}");
    assert_eq!(stage.json("/v1/deliveries?failed=true").await["items"][0]["duration_ms"], 1234);
    assert_eq!(stage.get("/handoffs/deliveries?pipeline=none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_source_shows_its_breaker_and_its_runs() {
    let stage = Stage::seeded().await;
    let sources = stage.json("/v1/sources").await;
    for source in sources["items"].as_array().unwrap() {
        let name = source["source"].as_str().unwrap();
        assert!(page(&stage, "/sources").await.contains(&format!("href=\"/sources/{name}\"")));
        let one = page(&stage, &format!("/sources/{name}")).await;
        assert!(one.contains(&format!("<h1>{name}</h1>")) && one.contains("Breaker"), "{one}");
        let timeline = between(&one, "<h2>Timeline</h2>", "All its runs");
        let runs = stage.json(&format!("/v1/runs?source={name}&limit=20")).await;
        for run in runs["items"].as_array().unwrap() {
            assert!(timeline.contains(&format!("href=\"/runs/{}\"", run["run_id"])), "{run} {timeline}");
        }
    }
    assert_eq!(stage.get("/sources/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_breaker_takes_commands() {
    let stage = Stage::seeded().await;
    let path = "/sources/seed.courses/breaker";
    for (command, state) in
        [("open", "forced_open"), ("disable", "disabled"), ("close", "closed"), ("reset", "closed")]
    {
        let answer = submit(&stage, path, &format!("command={command}&reason=site+down")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        assert_eq!(answer.header("location"), "/sources/seed.courses#breaker");
        assert_eq!(stage.json("/v1/sources/seed.courses/breaker").await["state"], state);
    }
    let one = page(&stage, "/sources/seed.courses").await;
    let timeline = between(&one, "<h2>Timeline</h2>", "</table>");
    assert_eq!(timeline.matches("site down").count(), 4, "{timeline}");
    assert!(timeline.contains("forced_open"), "{timeline}");
    assert!(submit(&stage, path, "command=explode").await.status.is_client_error());
    let nothing = submit(&stage, "/sources/nothing/breaker", "command=open").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_pipeline_is_paused_and_resumed() {
    let stage = Stage::seeded().await;
    let submitted = |form: &'static str| submit(&stage, "/handoffs/pause", form);
    let form =
        "pipeline=seed.index&what=pause&minutes=90&reason=index+moves&filter=state%3Dfailed%26source%3Da+b";
    let paused = submitted(form).await;
    assert_eq!(
        (paused.status, paused.header("location")),
        (StatusCode::SEE_OTHER, "/handoffs?state=failed&source=a+b")
    );
    assert!(page(&stage, "/handoffs").await.contains("■ paused until"));
    assert_eq!(submitted("pipeline=seed.index&what=resume&minutes=").await.status, StatusCode::SEE_OTHER);
    assert!(!page(&stage, "/handoffs").await.contains("■ paused until"));
    for form in ["pipeline=seed.index&what=pause&minutes=0", "pipeline=seed.index&what=pause&minutes=x"] {
        let refused = submitted(form).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{form}");
        assert!(refused.text().contains("minutes"), "{}", refused.text());
    }
    assert_eq!(submitted("pipeline=nothing&what=pause").await.status, StatusCode::NOT_FOUND);
    assert_eq!(submitted("pipeline=a%00&what=pause").await.status, StatusCode::BAD_REQUEST);
    let encoded = submit(&stage, "/handoffs/retry", "filter=source%3Da%2500").await;
    assert_eq!(encoded.status, StatusCode::BAD_REQUEST, "{}", encoded.text());
    let actions = stage.json("/v1/actions?limit=2").await;
    let names: Vec<&str> =
        actions["items"].as_array().unwrap().iter().map(|item| item["action"].as_str().unwrap()).collect();
    assert_eq!(names, ["pipeline_resumed", "pipeline_paused"]);
    assert_eq!(actions["items"][1]["reason"], "index moves");
}

#[tokio::test]
async fn hand_offs_have_a_rate() {
    let stage = Stage::seeded().await;
    let set = "update forebay.ingestion_outcomes set finished_at = now() - interval '1 hour'; \
        delete from forebay.ingestion_attempts; \
        update forebay.ingestion_outcomes set finished_at = now(), state = 'succeeded' where ctid in ( \
            select o.ctid from forebay.ingestion_outcomes as o join forebay.pipelines as p using (pipeline_id) \
            where p.name = 'seed.index' limit 3)";
    stage.database.client().await.unwrap().batch_execute(set).await.unwrap();
    let text = page(&stage, "/handoffs").await;
    let row = between(&text, "<th scope=\"row\">seed.index", "</tr>");
    assert!(row.contains("<td class=\"n\">3 (0.2/min)</td><td class=\"n\">0</td>"), "{row}");
}

#[tokio::test]
async fn each_page_of_a_timeline_has_the_hand_offs_of_its_time() {
    let stage = Stage::empty().await;
    let record = |number: usize| {
        let fields =
            (0..90).map(|field| (format!("f{field}"), json!(number))).chain([("id".to_owned(), json!(1))]);
        Value::Object(fields.collect())
    };
    for number in 0..5 {
        stage.persist("courses", &[record(number)]).await;
    }
    let client = stage.database.client().await.unwrap();
    // One hand-off right after each version.
    let outcomes = "insert into forebay.ingestion_outcomes (reference_id, pipeline_id, payload_hash, version, generation, \
             state, change, reason_code, enqueued_at, finished_at) \
         select reference_id, 1, sha256(version::text::bytea), version, 1, 'succeeded', 'updated', 'updated', at, \
             at + interval '1 microsecond' \
         from (select distinct reference_id, version, changed_at as at from forebay.reference_revisions) as v";
    client.batch_execute(outcomes).await.unwrap();
    let (mut path, mut seen) = ("/references/courses%2F1".to_owned(), Vec::new());
    for _ in 0..10 {
        let text = page(&stage, &path).await;
        let timeline = between(&text, "<h2 id=\"timeline\">", "<h2>Hand-offs");
        let ends = timeline.split("succeeded</span>, version ").skip(1).map(|rest| rest[..1].to_owned());
        seen.extend(ends);
        let Some((_, next)) = timeline.split_once("rel=\"next\" href=\"") else { break };
        path = next.split('"').next().unwrap().replace("&amp;", "&");
    }
    assert_eq!(seen, ["5", "4", "3", "2"]);
}

#[tokio::test]
async fn the_timeline_of_a_record_has_its_hand_offs() {
    let stage = Stage::seeded().await;
    let failed = &stage.json("/v1/handoffs?pipeline=seed.index&state=failed").await["items"][0];
    let text = page(&stage, &format!("/references/{}", failed["reference_id"].as_str().unwrap())).await;
    let timeline = between(&text, "<h2 id=\"timeline\">", "<h2>Hand-offs");
    assert!(timeline.contains("seed.index: ") && timeline.contains("failed</span>, version 1"), "{timeline}");
    assert!(timeline.contains("attempt 1 failed") && timeline.contains("added, version 1"), "{timeline}");
}

#[tokio::test]
async fn filters_stay_in_the_address_and_an_empty_one_is_none() {
    let stage = Stage::seeded().await;
    let text = page(&stage, "/runs?source=&status=held").await;
    assert!(text.contains("<option value=\"held\" selected>"), "{text}");
    assert_eq!(stage.get("/runs?status=nothing").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(stage.get("/runs?stauts=held").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(stage.get("/runs?source=nothing").await.status, StatusCode::NOT_FOUND);
    assert_eq!(stage.get("/runs/999999").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn text_that_others_wrote_is_escaped_and_shown_without_disguise() {
    let stage = Stage::empty().await;
    let hostile = "<script>alert(1)</script>\u{202e}\u{1b}[31m\"'";
    let record = |number: usize| json!({ "id": format!("{number}{hostile}"), "title": hostile, "page": "javascript:alert(1)" });
    let all: Vec<_> = (0..20).map(record).collect();
    stage.persist("hostile", &all).await;
    stage.persist("hostile", &all[..1]).await;
    let run_id = held_run(&stage).await;
    for path in [format!("/runs/{run_id}/held"), format!("/runs/{run_id}"), "/".to_owned()] {
        let text = page(&stage, &path).await;
        assert!(
            !text.contains("<script>alert") && !text.contains('\u{202e}') && !text.contains('\u{1b}'),
            "{path}"
        );
        assert!(!text.contains("href=\"javascript:"), "{path}");
    }
    let held = page(&stage, &format!("/runs/{run_id}/held")).await;
    assert!(held.contains("&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}"), "{held}");
    let search = stage.get("/runs?source=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!search.text().contains("<script>alert"), "{}", search.text());
}

#[tokio::test]
async fn a_page_without_its_database_says_when_to_try_again() {
    let page = Stage::unreachable().get("/").await;
    assert_eq!((page.status, page.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "2"));
}
