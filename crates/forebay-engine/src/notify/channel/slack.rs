//! A message in the format of Slack's incoming webhooks, which Mattermost, Rocket.Chat and others accept as well.
//!
//! `text` is what notifications on a phone show, and what programs without blocks show. Slack accepts 50 blocks of
//! 3,000 characters.

use serde_json::{Value, json};

use super::{
    super::{
        alert::{Alert, AlertStatus},
        settings::{Notifier, NotifierError, WebhookSettings},
    },
    message::{Message, Tried},
    webhook::SignedPost,
};
use crate::human;

/// The media type.
const MEDIA_TYPE: &str = "application/json; charset=utf-8";
/// The maximum number of characters of a block, below Slack's own limit.
const MOST_CHARS: usize = 2_900;

/// A channel.
#[derive(Debug)]
pub(in super::super) struct Slack(SignedPost);

impl Slack {
    pub(super) fn open(notifier: &Notifier, settings: &WebhookSettings) -> Result<Self, NotifierError> {
        Ok(Self(SignedPost::open(notifier, settings)?))
    }

    pub(super) async fn send(&self, message: &Message<'_>) -> Tried {
        self.0.send(message.id, body(message).to_string(), MEDIA_TYPE).await
    }
}

/// The request body.
pub(in super::super) fn body(message: &Message<'_>) -> Value {
    let notice = message.notice;
    let heading = format!("*{}*", escaped(&notice.title));
    let mut blocks = vec![section(&heading)];
    let (told, num_more) = notice.told();
    blocks.extend(told.iter().map(|alert| section(&block(alert))));
    if num_more > 0 {
        blocks.push(section(&format!("and {num_more} more: `forebay doctor`")));
    }
    json!({ "text": escaped(&notice.title), "blocks": blocks })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": human::shortened(text, MOST_CHARS) } })
}

fn block(alert: &Alert) -> String {
    let mark = if alert.status == AlertStatus::Resolved { ":white_check_mark:" } else { ":red_circle:" };
    let headline = escaped(&alert.headline());
    let headline = match &alert.link {
        // Only our own paths and the configured URL are in a link, so none of these characters are.
        Some(link) => format!("<{link}|{}>", headline.replace('|', "/")),
        None => headline,
    };
    let detail =
        if alert.detail.is_empty() { String::new() } else { format!("\n{}", escaped(&alert.detail)) };
    let next = escaped(&alert.next_command).replace('`', "'");
    format!("{mark} {headline}\n{}{detail}\n`{next}`", alert.times())
}

/// Slack's own characters, so that a name can't mention people or make a link.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
