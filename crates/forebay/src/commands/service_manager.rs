//! Says to the service manager that started this process (systemd with `Type=notify`) when it is ready and when it
//! stops. Otherwise, nothing happens.

use sd_notify::NotifyState;

/// The process does what it is for.
pub(super) fn ready() {
    say(&NotifyState::Ready);
}

/// The process finishes its work, and will end.
pub(super) fn stopping() {
    say(&NotifyState::Stopping);
}

fn say(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(%error, "the service manager can't be notified");
    }
}
