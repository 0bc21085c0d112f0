//! `GET /v1/changes/stream`

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{Method, header},
    response::{IntoResponse, Response},
};
use forebay_domain::access::Permission;
use forebay_store::timeline::{StreamCursor, StreamFilter};
use forebay_views::{ChangeEvent, failure::Failure, read::changes};
use futures_util::stream;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, Interval, interval_at},
};

use crate::{
    app::App,
    caller::Caller,
    endpoint::None as Nothing,
    feed::{Message, PORTION},
    gate::Subject,
    raw::{Raw, RawRequest},
};

/// How often a follower hears that the connection lives, and where it is.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a client waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 2000;

/// The stream of changes as server-sent events.
pub(super) struct Follow;

/// What to follow, and from where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Only this source.
    source: Option<String>,
    /// Only this entity type.
    entity: Option<String>,
    /// Start after this cursor; the header `Last-Event-ID` takes precedence. Without either, only new changes come.
    after: Option<String>,
}

impl Raw for Follow {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/v1/changes/stream";
    const NAME: &'static str = "follow_changes";
    const SUMMARY: &'static str =
        "Follow what changes as server-sent events, whose ids are cursors; resumes after Last-Event-ID";
    const NEEDS: Permission = Permission::Read;
    const RESPONSE: &'static str = "text/event-stream";
    type Path = Nothing;
    type Query = Query;
    type Output = ChangeEvent;

    fn subject(query: &Query) -> Subject<'_> {
        Subject::filtered(query.source.as_deref())
    }

    async fn call(app: App, request: RawRequest<Self>) -> Result<Response, Failure> {
        let Query { source, entity, after } = request.query;
        let filter = StreamFilter { source, entity_type: entity };
        let last_id = request.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        let client = app.client().await?;
        changes::check_names(&client, &filter, app.sources()).await?;
        // A client that has no id yet may send an empty one.
        let at = match last_id.filter(|id| !id.is_empty()).or(after.as_deref()) {
            Some(cursor) => changes::check(&client, changes::position(cursor)?).await?,
            None => StreamCursor::now(&**client).await?,
        };
        drop(client);
        let every = |period| interval_at(Instant::now() + period, period);
        let (beat, check) = (every(HEARTBEAT), every(app.access().recheck()));
        let (caller, phase, ready) = (request.caller, Phase::Missed(None), VecDeque::new());
        let mut follower = Follower { app, caller, filter, at, phase, ready, beat, check };
        follower.ready.push_back(format!("retry: {RETRY_MS}\nid: {}\n\n", changes::cursor_at(at)?).into());
        let events = stream::unfold(follower, async |mut follower| {
            let event = follower.next().await?;
            Some((Ok::<Bytes, Infallible>(event), follower))
        });
        let headers = [(header::CONTENT_TYPE, Self::RESPONSE), (header::CACHE_CONTROL, "no-store")];
        Ok((headers, Body::from_stream(events)).into_response())
    }
}

/// One who follows.
struct Follower {
    app: App,
    caller: Caller,
    filter: StreamFilter,
    /// Everything up to here was sent, or was not asked for.
    at: StreamCursor,
    phase: Phase,
    ready: VecDeque<Bytes>,
    beat: Interval,
    /// When to check that the caller may still follow.
    check: Interval,
}

enum Phase {
    /// Reads from the database what was missed; joins the feed when there is no more.
    Missed(Option<Receiver<Message>>),
    /// Gets what comes.
    Live(Receiver<Message>),
    /// Sends what is ready, and no more.
    Over,
}

impl Follower {
    /// The next piece of the response; `None`: it ends.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if let Phase::Over = self.phase {
                return None;
            }
            if let Err(failure) = self.step().await {
                self.end(failure.code(), &failure.full_message());
            }
        }
    }

    async fn step(&mut self) -> Result<(), Failure> {
        let app = self.app.clone();
        match &mut self.phase {
            Phase::Missed(joined) => {
                let joined = joined.take();
                let turn = app.feed().turn().await;
                let page = changes::part(app.database(), &self.filter, self.at, PORTION).await?;
                drop(turn);
                self.at = page.next;
                let is_last = page.is_last;
                for event in changes::view(page)?.items {
                    self.ready.push_back(text(&event));
                }
                // What is added between the last look and joining is read by one more look.
                self.phase = match (joined, is_last) {
                    (joined, false) => Phase::Missed(joined),
                    (None, true) => Phase::Missed(Some(app.feed().join().await?)),
                    (Some(receiver), true) => {
                        self.ready.push_back(comment("live", self.at)?);
                        Phase::Live(receiver)
                    }
                };
            }
            Phase::Live(receiver) => tokio::select! {
                () = app.stopping().cancelled() => self.phase = Phase::Over,
                message = receiver.recv() => self.take(message),
                _ = self.beat.tick() => {
                    self.ready.push_back(comment("heartbeat", self.at)?);
                }
                _ = self.check.tick() => {
                    let (access, source) = (app.access(), self.filter.source.as_deref());
                    if !access.still(app.database(), &self.caller, Follow::NEEDS, source).await {
                        self.end("token_refused", "the token is no longer good for this stream");
                    }
                }
            },
            Phase::Over => {}
        }
        Ok(())
    }

    fn take(&mut self, message: Result<Message, RecvError>) {
        let order = |at: &StreamCursor| (at.end_id, at.reference_id);
        match message {
            Ok(Message::Change(change)) if order(&change.0) > order(&self.at) => {
                self.at = change.0;
                if self.wants(&change.1) {
                    self.ready.push_back(text(&change.1));
                }
            }
            Ok(Message::Reached(at)) if order(&at) > order(&self.at) => self.at = at,
            // It was read from the database.
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => {
                self.end(
                    "too_slow",
                    "the client reads more slowly than changes come; resume after the last id",
                );
            }
            Err(RecvError::Closed) => self.phase = Phase::Over,
        }
    }

    fn wants(&self, event: &ChangeEvent) -> bool {
        let is_of =
            |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
        is_of(&self.filter.source, &event.change.source)
            && is_of(&self.filter.entity_type, &event.change.entity_type)
    }

    /// Says why the stream ends. The event has no id, so the client resumes after the last change.
    fn end(&mut self, code: &str, message: &str) {
        let data = serde_json::json!({ "code": code, "message": message });
        self.ready.push_back(format!("event: cut\ndata: {data}\n\n").into());
        self.phase = Phase::Over;
    }
}

/// A comment, with the position that the client has reached.
fn comment(text: &str, at: StreamCursor) -> Result<Bytes, Failure> {
    Ok(format!(": {text}\nid: {}\n\n", changes::cursor_at(at)?).into())
}

/// A change as an event.
fn text(event: &ChangeEvent) -> Bytes {
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("id: {}\nevent: change\ndata: {data}\n\n", event.cursor).into()
}
