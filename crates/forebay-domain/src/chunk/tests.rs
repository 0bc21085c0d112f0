//! Chunks lose no text, respect their sizes, follow the structure, and stay stable when other text changes.

use std::{collections::HashSet, fmt::Write as _};

use proptest::prelude::*;

use super::*;

const ID: ReferenceId = ReferenceId([7; 16]);

fn cut(text: &str) -> Vec<Chunk<'_>> {
    chunks(ID, text, ChunkSizes::default())
}

fn small() -> ChunkSizes {
    ChunkSizes::new(100, 200).unwrap()
}

fn shown(text: &str, sizes: ChunkSizes) -> Vec<(String, String)> {
    chunks(ID, text, sizes).into_iter().map(|chunk| (chunk.heading, chunk.text.to_owned())).collect()
}

fn dense(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

/// Paragraphs of made-up words, different for each seed.
fn paragraph(seed: u64, num_words: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = String::new();
    for place in 0..num_words {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        write!(out, "{:x}", state % 0xfff_ffff).unwrap();
        out.push_str(if place % 11 == 10 { ". " } else { " " });
    }
    out.trim_end().to_owned() + "."
}

#[test]
fn headings_start_chunks_and_stay_with_the_text_below() {
    let text =
        "Before.\n\n# Guide\n\n## Setup\nHow to begin.\n\n### Install\n- one\n- two\n\nTitle\n=====\nEnd.";
    let expected = [
        ("", "Before."),
        ("Guide > Setup", "# Guide\n\n## Setup\nHow to begin."),
        ("Guide > Setup > Install", "### Install\n- one\n- two"),
        ("Title", "Title\n=====\nEnd."),
    ];
    assert_eq!(shown(text, ChunkSizes::default()), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn a_code_block_stays_whole_and_contains_no_headings() {
    let code = format!("```sh\n# not a heading\n\n{}\n```", "echo one two three\n".repeat(7));
    let text = format!("# A\n{}\n\n{code}\n\n{}", paragraph(1, 20), paragraph(2, 20));
    let found = chunks(ID, &text, small());
    assert!(found.iter().any(|chunk| chunk.text.contains(&code)), "{found:#?}");
    assert!(found.iter().all(|chunk| chunk.heading == "A"));
}

#[test]
fn long_text_is_cut_between_sentences_if_possible() {
    let text = "It was a bright cold day in April again. ".repeat(40);
    for chunk in chunks(ID, &text, small()) {
        assert!(chunk.text.starts_with("It") && chunk.text.ends_with('.'), "{chunk:?}");
    }
}

#[test]
fn small_neighbours_share_a_chunk_and_equal_chunks_have_different_ids() {
    assert_eq!(cut("one\n\ntwo\n\nthree").len(), 1);
    let twice = cut("# A\nsame\n\n# A\nsame");
    assert_eq!(twice[0].content_hash, twice[1].content_hash);
    assert_ne!(twice[0].id, twice[1].id);
    assert!(cut(" \n\t\n").is_empty());
}

#[test]
fn ids_match_the_documentation() {
    let chunk = &cut("x")[0];
    assert_eq!(chunk.content_hash, VersionHash::of(b"\0x"));
    // Computed with `sha256sum` over sixteen bytes of 7, the hash and four zero bytes.
    let mut content = vec![7; 16];
    content.extend(chunk.content_hash.0);
    content.extend([0; 4]);
    let digest = VersionHash::of(&content).to_string();
    let id = chunk.id.to_string().replace('-', "");
    assert_eq!((&id[..12], &id[13..16]), (&digest[..12], &digest[13..16]));
    assert_eq!(&id[12..13], "8");
}

#[test]
fn a_text_without_structure_is_cut_too() {
    for text in [
        "ü".repeat(100_000),
        "word ".repeat(50_000),
        "好。".repeat(9_000),
        "```\n".to_owned() + &"x\n".repeat(9_000),
    ] {
        let found = cut(&text);
        assert!(found.iter().all(|chunk| chunk.text.chars().count() <= 2_000));
        // Not many more pieces than necessary.
        assert!(found.len() <= text.chars().count() / 500, "{}", found.len());
    }
}

#[test]
fn sizes_out_of_range_are_refused() {
    for (target, max) in [(99, 200), (300, 299), (100, 16_001)] {
        assert_eq!(ChunkSizes::new(target, max), Err(InvalidChunkSizes));
    }
}

/// Realistic lines: prose, headings, lists, fences, tables, blank lines, and noise.
fn any_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => "[a-z .,!?]{0,120}",
        1 => "#{1,7} [A-Za-z ]{0,20}#{0,2}",
        1 => " {0,4}[-*+] [a-z ]{0,60}",
        1 => "[0-9]{1,3}[.)] [a-z. ]{0,60}",
        1 => Just("```".to_owned()),
        1 => Just("~~~ rust".to_owned()),
        1 => "[=-]{1,5}",
        1 => "\\|[a-z |]{0,40}\\|",
        3 => Just(String::new()),
        1 => "[^ ]{200,400}",
        1 => "\\PC{0,80}",
        1 => "[ \t\u{a0}\r\u{2028}。！]{0,9}",
    ];
    proptest::collection::vec(line, 0..60).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn no_text_is_lost_and_sizes_are_respected(text in any_text(), target in 100_usize..300, more in 0_usize..200) {
        let sizes = ChunkSizes::new(target, target + more).unwrap();
        let found = chunks(ID, &text, sizes);
        prop_assert_eq!(found.iter().map(|chunk| dense(chunk.text)).collect::<String>(), dense(&text));
        for (place, chunk) in found.iter().enumerate() {
            prop_assert_eq!(chunk.ordinal as usize, place);
            prop_assert!(chunk.text.chars().count() <= sizes.max());
            prop_assert!(!chunk.text.is_empty() && chunk.text.trim() == chunk.text);
        }
        let ids: HashSet<ChunkId> = found.iter().map(|chunk| chunk.id).collect();
        prop_assert_eq!(ids.len(), found.len());
        prop_assert_eq!(chunks(ID, &text, sizes), found);
    }

    /// In a long text without headings, changing, adding or removing a paragraph changes only a few chunks.
    #[test]
    fn a_changed_paragraph_affects_only_nearby_chunks(seed in 1_u64..1_000_000, place in 0_usize..80, words in 1_usize..200, kind in 0..3) {
        let before: Vec<String> =
            (0..80).zip(0..).map(|(n, at)| paragraph(seed * 100 + at, 10 + (n * 37) % 90)).collect();
        let mut after = before.clone();
        match kind {
            0 => after[place] = paragraph(seed + 7, words),
            1 => after.insert(place, paragraph(seed + 7, words)),
            _ => drop(after.remove(place)),
        }
        let (before, after) = (before.join("\n\n"), after.join("\n\n"));
        let before: HashSet<ChunkId> = cut(&before).iter().map(|chunk| chunk.id).collect();
        prop_assert!(before.len() > 15);
        let num_new = cut(&after).iter().filter(|chunk| !before.contains(&chunk.id)).count();
        prop_assert!(num_new <= 9, "{num_new} of {}", before.len());
    }

    /// The same for one endless paragraph, which is cut between sentences.
    #[test]
    fn a_changed_word_affects_only_nearby_chunks(seed in 1_u64..1_000_000, place in 0_usize..5_000) {
        let before = paragraph(seed, 5_000);
        let at = before.match_indices(' ').nth(place).map_or(0, |(at, _)| at);
        let after = format!("{} other{}", &before[..at], &before[at..]);
        let before: HashSet<ChunkId> = cut(&before).iter().map(|chunk| chunk.id).collect();
        let num_new = cut(&after).iter().filter(|chunk| !before.contains(&chunk.id)).count();
        prop_assert!(num_new <= 9, "{num_new} of {}", before.len());
    }
}

#[test]
fn a_section_inserted_at_the_top_leaves_the_others_unchanged() {
    let parts: Vec<String> = (0..30).map(|n| format!("## Part {n}\n{}", paragraph(n + 1, 150))).collect();
    let rest = parts.join("\n\n");
    let before: HashSet<ChunkId> = cut(&rest).iter().map(|chunk| chunk.id).collect();
    let after = format!("## New\nA paragraph.\n\n{rest}");
    let num_new = cut(&after).iter().filter(|chunk| !before.contains(&chunk.id)).count();
    assert_eq!(num_new, 1);
}
