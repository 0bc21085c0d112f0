//! A notification for programs: an event of `CloudEvents` 1.0.2, in the structured mode of its JSON format.

use forebay_domain::percent;
use serde_json::json;

use super::message::Message;

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// The text. It is the same in every attempt.
pub(super) fn json(message: &Message<'_>) -> String {
    json!({
        "specversion": "1.0",
        "id": message.id,
        "source": format!("/forebay/notify/{}", percent::encode(&message.notice.notifier)),
        "type": "forebay.notification",
        "time": message.created_at.to_string(),
        "datacontenttype": "application/json",
        "data": message.notice,
    })
    .to_string()
}
