//! What a run would do, found by reading alone: nothing is declared, locked or written.
//!
//! The input is read, prepared, compared with the database and judged by the rules of a run. A dry run doesn't know
//! everything that its run would know, and what it leaves out is:
//!
//! - re-keys and keys that return to earlier records: these look like removed and added records
//! - for the guards: what earlier runs missed, and what other scopes have
//! - the content of keys that come again much later in the input; a message says so
//! - partial records laid over stored ones; a message says so
//! - what the database would refuse

mod found;
mod judging;
mod look;

use forebay_domain::{
    end_line::EndRule,
    run::{Counts, OnDuplicate, RunStatus},
    scope::Scope,
};
use forebay_store::{connect::Database, references, runs, sources};

pub use self::found::Sample;
use self::{judging::Judging, look::Look};
use super::{
    declare::plan,
    feed::Input,
    open::{check_not_future, check_order, is_staged, now},
    request::PersistRequest,
    tap::{self, name_key, of_tap},
};
use crate::error::{Error, Result};

/// What a run would do.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The source.
    pub source: String,
    /// The scope.
    pub scope: Scope,
    /// The file, `-` or URL.
    pub input: String,
    /// How the run would end.
    pub status: RunStatus,
    /// Why it would not simply be complete, and what the dry run can't tell.
    pub messages: Vec<String>,
    /// Its counts. Changes that the guards withhold are included.
    pub counts: Counts,
    /// How many of the changes the guards withhold.
    pub num_withheld: u64,
    /// Some of the changes, at most five of each kind.
    pub samples: Vec<Sample>,
}

/// Reads an input and says what a run of it would do. Errors: those of a run before it begins, and of reading.
pub async fn dry_run(database: &Database, mut request: PersistRequest, input: Input) -> Result<DryRun> {
    let client = database.client().await?;
    let input = name_key(&client, &mut request, input).await?;
    let is_tap = input.feed.is_tap();
    let mut planned = plan(&client, &request, OnDuplicate::default_for(is_tap)).await?;
    let known = planned.known.as_ref();
    if let Some(known) = known
        && known.key_fields != planned.key_fields
        && sources::has_active(&**client, known.source_id).await?
    {
        return Err(Error::KeyChanged {
            source_name: known.name.clone(),
            stored: known.key_fields.clone(),
            given: planned.key_fields,
        });
    }
    if is_tap {
        of_tap(&mut request, &mut planned.policy, &planned.key_fields);
    }
    let policy = request.overrides.apply_to(planned.policy);
    let scope = request.scope.to_string();
    let observed_at = request.observed_at.unwrap_or_else(now);
    if !request.allow_future {
        check_not_future(&client, observed_at).await?;
    }
    let (mut watermark, mut staged) = (None, policy.needs_whole_input());
    if let Some(known) = known {
        watermark = runs::watermark(&**client, known.source_id, &request.scope).await?;
        check_order(watermark, observed_at)?;
        let had_records = references::any_active(&**client, known.source_id, &scope).await?;
        let has_other_scopes = references::any_active_elsewhere(&**client, known.source_id, &scope).await?;
        staged = is_staged(&request, &policy, known, had_records, has_other_scopes);
    }
    let mut feed = input.feed.begin(0).await?;
    if let Some(options) = tap::options(&mut feed) {
        let source_id = known.map(|known| known.source_id);
        tap::continue_from(&client, options, source_id, &scope, policy.guards.enabled).await?;
    }
    let entity = request.entities.get(&planned.entity_type);
    let records = policy.record_policy(&request.source, &planned.key_fields, &scope, entity);
    let look = Look::new(&client, known, &policy, &request, records, observed_at)?;
    let (mut found, read) = look.read(feed).await?;
    let judging = Judging {
        client: &client,
        known,
        policy: &policy,
        request: &request,
        end_rule: EndRule::of(policy.require_end, known.is_some_and(|known| known.sends_end_line)),
        watermark,
        observed_at,
        staged,
    };
    let (decision, num_withheld) = judging.judge(&mut found, &read).await?;
    let messages = decision.messages.into_iter().chain(found.left_out(policy.mode)).chain(decision.warnings);
    Ok(DryRun {
        status: decision.status,
        messages: messages.collect(),
        source: request.source,
        scope: request.scope,
        input: input.name,
        counts: found.tally.counts,
        num_withheld,
        samples: found.samples,
    })
}
