//! Prepares a block or a page: from delimited text to keys, hashes and canonical payloads.
//!
//! Runs on threads that may block, several blocks at a time.

use std::sync::Arc;

use forebay_domain::prepare::Preparer;
use forebay_sources::{
    Block, Link,
    crawl::{Crawled, PageOutcome},
    fetch::redact_url,
};
use forebay_store::rejected::{RAW_LIMIT, Rejected};
use tokio::sync::OwnedSemaphorePermit;
use tracing::debug_span;

use super::prepared::{PreparedBlock, PreparedPage};

/// A piece of input to prepare, and how far the input has been read with it.
pub(super) enum Piece {
    Block(Block, u64, Option<OwnedSemaphorePermit>),
    Page(Box<Crawled>, PageOrder, Option<OwnedSemaphorePermit>),
}

/// The place of a page, or of a part of one, in the input.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageOrder {
    /// Number of pages that have begun.
    pub(super) position: u64,
    /// Whether it is the first part of its page.
    pub(super) is_first: bool,
}

/// Prepares a piece of input.
pub(super) fn prepare(preparer: &mut Preparer, piece: Piece) -> PreparedBlock {
    match piece {
        Piece::Block(block, position, permit) => {
            PreparedBlock { permit, ..prepare_block(preparer, &block, position) }
        }
        Piece::Page(crawled, order, permit) => {
            PreparedBlock { permit, ..prepare_page(preparer, *crawled, order) }
        }
    }
}

/// Prepares the records of a page. A page that is gone or could not be read is an empty block.
fn prepare_page(preparer: &mut Preparer, crawled: Crawled, order: PageOrder) -> PreparedBlock {
    let Crawled { link, outcome } = crawled;
    let url: Arc<str> = redact_url(&link.url).into();
    let _span = debug_span!("prepare", url = &*url).entered();
    let PageOrder { position, is_first } = order;
    let of_page =
        |url, link: &Link| PreparedPage { key: link.key(), url, is_first, ..PreparedPage::default() };
    match outcome {
        PageOutcome::Part { block, fetched_at } => {
            let page = PreparedPage { is_last: false, fetched_at, ..of_page(url, &link) };
            prepare_part(preparer, &block, position, page)
        }
        PageOutcome::Read { harvest, validators, fresh_until, fetched_at } => {
            let page = PreparedPage {
                fetched_at,
                validators,
                fresh_until,
                links: harvest.links,
                ..of_page(url, &link)
            };
            prepare_part(preparer, &harvest.block, position, page)
        }
        PageOutcome::Unchanged { known } => PreparedBlock {
            input_position: position,
            page: Some(Arc::new(PreparedPage {
                validators: known.validators,
                fresh_until: known.fresh_until,
                field_counts: known.field_counts,
                known: Some(known.reference_ids),
                ..of_page(url, &link)
            })),
            ..PreparedBlock::default()
        },
        PageOutcome::Gone { .. } | PageOutcome::Failed { .. } => {
            PreparedBlock { input_position: position, ..PreparedBlock::default() }
        }
    }
}

/// Prepares records of a page, with their coverage.
fn prepare_part(
    preparer: &mut Preparer,
    block: &Block,
    position: u64,
    mut page: PreparedPage,
) -> PreparedBlock {
    let mut part = prepare_block(preparer, block, position);
    for rejected in &mut part.rejected {
        rejected.url = Some(Arc::clone(&page.url));
    }
    part.coverage = preparer.take_coverage();
    let fields = part.coverage.fields();
    page.field_counts = fields.map(|field| (field.name.to_owned(), field.count)).collect();
    PreparedBlock { page: Some(Arc::new(page)), ..part }
}

fn prepare_block(preparer: &mut Preparer, block: &Block, input_position: u64) -> PreparedBlock {
    let mut out = PreparedBlock {
        records: Vec::with_capacity(block.records.len()),
        places: Vec::with_capacity(block.records.len()),
        payloads: Vec::with_capacity(block.bytes.len()),
        input_position,
        ..PreparedBlock::default()
    };
    for span in &block.records {
        let text = block.text(span);
        match preparer.prepare(text, &mut out.payloads, &mut out.keys) {
            Ok(record) => {
                out.num_replaced += u64::from(record.replaced);
                out.records.push(record);
                out.places.push(span.place);
            }
            Err(reject) => out.rejected.push(Rejected {
                url: None,
                place: span.place,
                reject,
                raw: text[..text.len().min(RAW_LIMIT)].to_vec(),
                raw_length: text.len() as u64,
            }),
        }
    }
    out.rejected.extend(block.rejected.iter().map(|rejected| Rejected {
        url: None,
        place: rejected.place,
        reject: rejected.reject.clone(),
        raw: rejected.raw.clone(),
        raw_length: rejected.raw_len,
    }));
    out.rejected.sort_by_key(|rejected| rejected.place);
    out
}
