//! The name of this process as a worker.

use std::sync::LazyLock;

use forebay_store::workers::Process;

use crate::clock;

/// Chosen once: everything that the process runs has one name.
static NAME: LazyLock<String> = LazyLock::new(|| Process::this().worker_name(clock::random_seed()));

/// `HOST:PID:xxxxx`.
pub(crate) fn own_name() -> String {
    NAME.clone()
}
