//! Prepares a block or a page: from delimited text to keys, hashes and canonical payloads.
//!
//! Runs on threads that may block, several blocks at a time.

use std::sync::Arc;

use forebay_domain::prepare::Preparer;
use forebay_sources::{
    Block,
    crawl::{Crawled, PageOutcome},
    fetch::redact_url,
};
use forebay_store::rejected::{RAW_LIMIT, Rejected};
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;
use tracing::debug_span;

use super::prepared::{PreparedBlock, PreparedPage};

/// A piece of input to prepare, and how far the input has been read with it.
pub(super) enum Piece {
    Block(Block, u64, Option<OwnedSemaphorePermit>),
    Page(Box<Crawled>, u64),
}

/// Prepares a piece of input.
pub(super) fn prepare(preparer: &mut Preparer, piece: Piece) -> PreparedBlock {
    match piece {
        Piece::Block(block, position, permit) => {
            PreparedBlock { permit, ..prepare_block(preparer, &block, position) }
        }
        Piece::Page(crawled, position) => prepare_page(preparer, *crawled, position),
    }
}

/// Prepares the records of a page. A page that is gone or could not be read is an empty block.
fn prepare_page(preparer: &mut Preparer, crawled: Crawled, position: u64) -> PreparedBlock {
    let Crawled { link, outcome } = crawled;
    let url: Arc<str> = redact_url(&link.url).into();
    let _span = debug_span!("page", url = &*url).entered();
    match outcome {
        PageOutcome::Read { harvest, validators, fresh_until, fetched_at } => {
            let mut block = prepare_block(preparer, &harvest.block, position);
            for rejected in &mut block.rejected {
                rejected.url = Some(Arc::clone(&url));
            }
            let coverage = preparer.take_coverage();
            block.page = Some(Arc::new(PreparedPage {
                key: link.key(),
                url,
                fetched_at,
                validators,
                fresh_until,
                links: harvest.links,
                field_counts: coverage.fields().map(|field| (field.name.to_owned(), field.count)).collect(),
                known: None,
            }));
            block.coverage = coverage;
            block
        }
        PageOutcome::Unchanged { known } => PreparedBlock {
            input_position: position,
            page: Some(Arc::new(PreparedPage {
                key: link.key(),
                url,
                fetched_at: Timestamp::UNIX_EPOCH,
                validators: known.validators,
                fresh_until: known.fresh_until,
                links: Vec::new(),
                field_counts: known.field_counts,
                known: Some(known.reference_ids),
            })),
            ..PreparedBlock::default()
        },
        PageOutcome::Gone { .. } | PageOutcome::Failed { .. } => {
            PreparedBlock { input_position: position, ..PreparedBlock::default() }
        }
    }
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
