//! What all pages have around their content: the head, the navigation, the footer.

use forebay_views::failure::Failure;
use maud::{DOCTYPE, Markup, html};

use super::{assets, parts};
use crate::caller::Caller;

/// What htmx may do: nothing inline, no evaluation, only this server, no copies of pages in the browser's storage.
const HTMX: &str =
    r#"{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true,"historyEnabled":false}"#;

/// An entry of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Now,
    Runs,
    Handoffs,
    Sources,
    Freshness,
    Workers,
    Search,
    Content,
    /// The API, which the footer leads to.
    Api,
}

impl Section {
    const ALL: [Self; 8] = [
        Self::Now,
        Self::Runs,
        Self::Handoffs,
        Self::Sources,
        Self::Freshness,
        Self::Workers,
        Self::Search,
        Self::Content,
    ];

    const fn entry(self) -> (&'static str, &'static str) {
        match self {
            Self::Now => ("/", "Now"),
            Self::Runs => ("/runs", "Runs"),
            Self::Handoffs => ("/handoffs", "Hand-offs"),
            Self::Sources => ("/sources", "Sources"),
            Self::Freshness => ("/freshness", "Freshness"),
            Self::Workers => ("/workers", "Workers"),
            Self::Search => ("/search", "Search"),
            Self::Content => ("/content", "Content"),
            Self::Api => ("/v1/", "API"),
        }
    }
}

/// The content of a page.
pub(super) struct Content {
    /// Its heading.
    title: String,
    /// What is below the heading.
    body: Markup,
    /// When it refetches itself, for htmx; empty: never.
    trigger: &'static str,
    /// The topics of [`super::events`] that it shows.
    topics: &'static [&'static str],
    /// Whether it has charts.
    has_charts: bool,
}

impl Content {
    /// A page that stays as it is.
    pub(super) fn new(title: impl Into<String>, body: Markup) -> Self {
        Self { title: title.into(), body, trigger: "", topics: &[], has_charts: false }
    }

    /// Refetches the content when one of these topics of [`super::events`] changes.
    #[must_use]
    pub(super) fn live(self, topics: &'static [&'static str]) -> Self {
        Self { trigger: "changed throttle:1s", topics, ..self }
    }

    /// Whether it has charts.
    #[must_use]
    pub(super) fn charts(self, has_charts: bool) -> Self {
        Self { has_charts, ..self }
    }

    /// Refetches the content every second.
    #[must_use]
    pub(super) fn polled(self) -> Self {
        Self { trigger: "every 1s", ..self }
    }
}

/// A page. `address`: its own, from which it refetches its content.
pub(super) fn page(section: Section, address: &str, content: &Content, caller: &Caller) -> Markup {
    let main = html! {
        h1 { (parts::plain(&content.title)) }
        // A part that follows a job takes this element of the page that no longer does.
        @if content.trigger.is_empty() {
            div #live { (content.body) }
        } @else {
            div #live data-live=(content.topics.join(" ")) hx-get=(address) hx-select="#live" hx-swap="outerHTML" hx-trigger=(content.trigger) {
                (content.body)
            }
        }
    };
    let top = html! { (navigation(Some(section))) (clock()) (identity(caller)) };
    document(&content.title, content.has_charts, &top, &main)
}

/// The page of a failure, with its stable code and what to do next.
pub(super) fn failure(failure: &Failure) -> Markup {
    let error = failure.view();
    let main = html! {
        h1 { "This did not work" }
        div .notice.bad role="alert" {
            p { (parts::plain(&error.message)) }
            @if let Some(hint) = &error.hint { p { (parts::plain(hint)) } }
            p .soft { "Error code: " code { (error.code) } }
        }
    };
    document("This did not work", false, &html! { (navigation(None)) (clock()) }, &main)
}

/// A page for those who have not logged in.
pub(super) fn outside(title: &str, main: &Markup) -> Markup {
    document(title, false, &html! {}, &html! { h1 { (title) } (main) })
}

fn navigation(current: Option<Section>) -> Markup {
    html! {
        nav aria-label="Pages" {
            ul {
                @for each in Section::ALL {
                    @let (path, name) = each.entry();
                    li { a href=(path) aria-current=[(current == Some(each)).then_some("page")] { (name) } }
                }
            }
        }
    }
}

fn clock() -> Markup {
    html! { span .clock { "All times are UTC (+00:00)" } }
}

/// Who looks, and in which role.
fn identity(caller: &Caller) -> Markup {
    html! {
        @if caller.is_open() {
            span .who { "No log-in: everyone on this machine may do everything" }
        } @else {
            form .who method="post" action="/logout" {
                span { (parts::plain(&caller.principal.name)) " · " (caller.principal.role) }
                button type="submit" { "Log out" }
            }
        }
    }
}

/// `top`: what the head of the page has beside the name.
fn document(title: &str, has_charts: bool, top: &Markup, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=(HTMX);
                title { (parts::plain(title)) " · Forebay" }
                link rel="icon" href="data:,";
                @if has_charts { link rel="stylesheet" href=(assets::path("uplot.css")); }
                link rel="stylesheet" href=(assets::path("forebay.css"));
                script src=(assets::path("htmx.js")) defer {}
                @if has_charts { script src=(assets::path("uplot.js")) defer {} }
                script src=(assets::path("forebay.js")) defer {}
            }
            body {
                a .skip href="#main" { "Skip to the content" }
                header .top { a .brand href="/" { "Forebay" } (top) }
                main #main tabindex="-1" { (main) }
                footer { "Forebay " (env!("CARGO_PKG_VERSION")) " · " a href="/actions" { "Who did what" } " · " a href="/v1/" { "Try the API" } }
            }
        }
    }
}
