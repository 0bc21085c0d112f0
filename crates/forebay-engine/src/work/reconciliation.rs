//! Checks that no reference was lost on its way to a pipeline, and hands missing ones off again.
//!
//! [`verify`] and [`repair`] read Forebay's own records. [`compare`] also reads the target, in case rows were deleted
//! there or an old copy was restored. All of them read the references range by range, hold no locks in between, and may
//! run at any time, twice, or concurrently with each other and the workers.

mod target;

use std::collections::{BTreeMap, HashMap};

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    connect::{Client, Database},
    handoffs::{self, Standing, Subscriber, Verified},
    pipelines::{self, Pipeline},
};

use crate::error::Result;

pub use target::Target;

/// Number of references that one statement sorts out.
const RANGE: u32 = 50_000;
/// Number of references that one statement checks.
const PAGE: usize = 2000;
/// Number of references that are read from a target at once.
const TARGET_PAGE: u32 = 2000;
/// Maximum number of references named in a report.
const MOST_NAMED: usize = 1000;

/// The references to check: those after one id, up to another one.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The id before the first one.
    pub after: ReferenceId,
    /// The last one.
    pub until: ReferenceId,
}

/// All of them.
impl Default for Part {
    fn default() -> Self {
        Self { after: ReferenceId([0; 16]), until: ReferenceId([255; 16]) }
    }
}

impl Part {
    /// The next `limit` references after one, and whether there are more.
    pub async fn next(database: &Database, after: ReferenceId, limit: u32) -> Result<(Self, bool)> {
        let client = database.client().await?;
        let rest = Self { after, ..Self::default() };
        let Some(until) = handoffs::range_end(&**client, after, limit).await? else {
            return Ok((rest, false));
        };
        let has_more = handoffs::range_end(&**client, until, 1).await?.is_some();
        Ok((if has_more { Self { after, until } } else { rest }, has_more))
    }
}

/// The state of the references in a pipeline.
#[derive(Clone, Debug, Default)]
pub struct Reconciliation {
    /// Number of references, by state.
    pub counts: BTreeMap<Standing, u64>,
    /// The missing and outdated references, the first thousand by id.
    pub missing: Vec<(ReferenceId, Standing)>,
    /// Number of hand-offs made by the repair.
    pub num_repaired: u64,
    /// How the target differs, if it was compared.
    pub target: Option<Compared>,
}

forebay_domain::words! {
    /// What is wrong with a reference.
    pub enum Problem {
        /// It was never handed off.
        Missing = "missing",
        /// It was ingested, or failed, with settings that the pipeline no longer has.
        Outdated = "outdated",
        /// It counts as ingested, but the target doesn't have it.
        Absent = "absent",
        /// It was removed or deleted, but the target still has it.
        Extra = "extra",
    }
}

/// The differences between a target and what was delivered.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// References that count as ingested but are missing in the target.
    pub num_absent: u64,
    /// The first thousand of them by id.
    pub absent: Vec<ReferenceId>,
    /// Removed or deleted references that are still in the target.
    pub num_extra: u64,
    /// The first thousand of them by id.
    pub extra: Vec<ReferenceId>,
    /// The target is a table that the pipeline has filled and that is gone, or another one has its name.
    pub is_gone: bool,
}

impl Reconciliation {
    fn count(&mut self, standing: Standing, number: u64) {
        if number > 0 {
            *self.counts.entry(standing).or_default() += number;
        }
    }

    /// Number of missing or outdated references.
    pub fn num_missing(&self) -> u64 {
        self.counts.iter().filter(|(verdict, _)| verdict.wants_repair()).map(|(_, count)| count).sum()
    }

    /// Number of references with a problem, here or in the target.
    pub fn num_wrong(&self) -> u64 {
        self.num_missing() + self.target.as_ref().map_or(0, |target| target.num_absent + target.num_extra)
    }

    /// Number of them that were not handed off again.
    pub fn num_unrepaired(&self) -> u64 {
        self.num_wrong().saturating_sub(self.num_repaired)
    }

    /// The named references with a problem: those missing and outdated, then those absent, then those extra.
    pub fn problems(&self) -> impl Iterator<Item = (ReferenceId, Problem)> {
        let here = self.missing.iter().map(|(id, standing)| {
            let is_outdated = *standing == Standing::Outdated;
            (*id, if is_outdated { Problem::Outdated } else { Problem::Missing })
        });
        let absent = self.target.iter().flat_map(|target| &target.absent);
        let extra = self.target.iter().flat_map(|target| &target.extra);
        here.chain(absent.map(|id| (*id, Problem::Absent))).chain(extra.map(|id| (*id, Problem::Extra)))
    }
}

/// Judges every reference in a pipeline.
pub async fn verify(database: &Database, pipeline: &Pipeline) -> Result<Reconciliation> {
    check(database, pipeline, Part::default(), None, false).await
}

/// Judges every reference in a pipeline, and hands off the missing and outdated ones again.
pub async fn repair(database: &Database, pipeline: &Pipeline) -> Result<Reconciliation> {
    let began_at = pipelines::repair_began_at(&**database.client().await?, pipeline.pipeline_id).await?;
    let result = check(database, pipeline, Part::default(), None, true).await?;
    if let Some(began_at) = began_at {
        pipelines::repaired(&**database.client().await?, pipeline.pipeline_id, began_at).await?;
    }
    Ok(result)
}

/// Judges every reference in a pipeline and compares it with its target. With `repairs`, hands off again the references
/// that are missing, outdated, absent in the target or extra in the target. A deleted reference cannot be handed off,
/// so its data in the target stays.
pub async fn compare(
    database: &Database,
    pipeline: &Pipeline,
    target: &Target,
    repairs: bool,
) -> Result<Reconciliation> {
    check(database, pipeline, Part::default(), Some(target), repairs).await
}

/// Judges the references of a part in a pipeline, and does the rest like [`compare`] if a target is given.
pub async fn check(
    database: &Database,
    pipeline: &Pipeline,
    part: Part,
    target: Option<&Target>,
    repairs: bool,
) -> Result<Reconciliation> {
    let mut client = database.client().await?;
    let mut result = Reconciliation::default();
    let mut compared = Compared::default();
    let mut after = part.after;
    while after < part.until
        && let Some(end) = handoffs::range_end(&**client, after, RANGE).await?
    {
        let until = end.min(part.until);
        let range = (after, until);
        after = until;
        let sieved = handoffs::sieve(&**client, pipeline.pipeline_id, range, target.is_some()).await?;
        result.count(Standing::Succeeded, sieved.num_succeeded);
        result.count(Standing::InWork, sieved.num_in_work);
        let mut ingested = sieved.ingested;
        for page in sieved.doubtful.chunks(PAGE) {
            let mut missing = Vec::new();
            for found in handoffs::verify(&**client, pipeline.pipeline_id, page).await? {
                result.count(found.standing, 1);
                if found.standing.wants_repair() {
                    missing.push(found.reference_id);
                    if result.missing.len() < MOST_NAMED {
                        result.missing.push((found.reference_id, found.standing));
                    }
                } else if is_ingested(&found) && target.is_some() {
                    ingested.push(found.reference_id);
                }
            }
            if repairs {
                result.num_repaired += hand_off(&mut client, pipeline, &missing, false).await?;
            }
        }
        if let Some(target) = target {
            for page in ingested.chunks(PAGE) {
                let absent = absent(&client, pipeline, target, page).await?;
                compared.num_absent += absent.len() as u64;
                name(&mut compared.absent, &absent);
                if repairs {
                    result.num_repaired += hand_off(&mut client, pipeline, &absent, true).await?;
                }
            }
        }
    }
    if let Some(target) = target {
        compared.is_gone = target.is_gone(&client, pipeline.pipeline_id).await?;
        result.num_repaired +=
            find_extra(&mut client, pipeline, part, target, repairs, &mut compared).await?;
        result.target = Some(compared);
    }
    Ok(result)
}

/// Whether the target should contain the reference.
fn is_ingested(found: &Verified) -> bool {
    found.standing == Standing::Succeeded && !found.is_removed
}

/// Returns the ids in `ingested` that are missing in the target.
async fn absent(
    client: &Client,
    pipeline: &Pipeline,
    target: &Target,
    ingested: &[ReferenceId],
) -> Result<Vec<ReferenceId>> {
    let absent = target.absent(client, pipeline.pipeline_id, ingested).await?;
    if absent.is_empty() {
        return Ok(absent);
    }
    // A reference that was removed or changed between the two reads is not absent.
    let again = handoffs::verify(&***client, pipeline.pipeline_id, &absent).await?;
    Ok(again.iter().filter(|found| is_ingested(found)).map(|found| found.reference_id).collect())
}

/// Finds removed or deleted references that are still in the target. Returns the number of hand-offs that the repair
/// made.
async fn find_extra(
    client: &mut Client,
    pipeline: &Pipeline,
    part: Part,
    target: &Target,
    repairs: bool,
    compared: &mut Compared,
) -> Result<u64> {
    let mut num_repaired = 0;
    let mut after = part.after;
    loop {
        let mut doubtful = target.doubtful(client, pipeline.pipeline_id, after, TARGET_PAGE).await?;
        doubtful.retain(|id| *id <= part.until);
        let Some(last) = doubtful.last() else { return Ok(num_repaired) };
        after = *last;
        let found = handoffs::verify(&***client, pipeline.pipeline_id, &doubtful).await?;
        let found: HashMap<ReferenceId, Verified> =
            found.into_iter().map(|found| (found.reference_id, found)).collect();
        // A removal in progress will delete it.
        let is_extra = |id: &ReferenceId| {
            found.get(id).is_none_or(|found| found.is_removed && found.standing != Standing::InWork)
        };
        let extra: Vec<ReferenceId> = doubtful.into_iter().filter(is_extra).collect();
        compared.num_extra += extra.len() as u64;
        name(&mut compared.extra, &extra);
        if repairs {
            num_repaired += hand_off(client, pipeline, &extra, true).await?;
        }
    }
}

fn name(named: &mut Vec<ReferenceId>, ids: &[ReferenceId]) {
    named.extend(ids.iter().take(MOST_NAMED - named.len()));
}

async fn hand_off(client: &mut Client, pipeline: &Pipeline, ids: &[ReferenceId], force: bool) -> Result<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let num_handoffs = handoffs::repair(&transaction, &subscriber(pipeline), ids, force).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(num_handoffs)
}

pub(super) fn subscriber(pipeline: &Pipeline) -> Subscriber {
    Subscriber {
        pipeline_id: pipeline.pipeline_id,
        changed_fields: pipeline.spec.changed_fields.clone(),
        has_key_limits: pipeline.spec.limits.key.is_some(),
    }
}
