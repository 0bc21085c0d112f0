//! The Supabase CLI, if it is installed.

use std::path::{Path, PathBuf};

/// The Supabase CLI, if `scripts/parts.sh` has installed it.
pub(crate) fn program() -> Option<PathBuf> {
    let parts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/parts/supabase/node_modules");
    let program = parts.join("@supabase/cli-linux-x64/bin/supabase");
    program.exists().then_some(program)
}
