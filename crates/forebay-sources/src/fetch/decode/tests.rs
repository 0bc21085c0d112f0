//! Samples of encodings that the tests cannot produce (brotli and zstd), and hostile data.

use std::io::Cursor;

use forebay_domain::hex;
use proptest::prelude::*;

use super::*;

/// `café `, twenty times.
const BROTLI: &str = "1b7700f88d94a9e35b838c99a5aab0e1882d0ec0d401";
const ZSTD: &str = "28b52ffd04586d000030636166c3a92001002f6929027a199d22";

/// 3 MiB of zeros.
const BROTLI_BOMB: &str = "9bffff2ff82700e2b14020f7fe05";
const ZSTD_BOMB: &str = "28b52ffd04684c000008000100fcff391002020010000200100002001000020010000200100002001000020010000200100002001000020010000200100002001000020010000200100002001000020010000200100002001000020010000200100002001000020010000300100072b432e4";

fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap()
}

fn decode(data: &[u8], encoding: Encoding) -> Result<Vec<u8>, &'static str> {
    let url = Url::parse("https://a.example/").unwrap();
    let mut decoded = Decoder::new(Cursor::new(data.to_vec()), Some(encoding), 4 << 20, url);
    let mut body = Vec::new();
    match decoded.read_to_end(&mut body) {
        Ok(_) => Ok(body),
        Err(error) => Err(error.downcast::<Error>().unwrap().code()),
    }
}

fn coffee() -> Vec<u8> {
    "café ".repeat(20).into_bytes()
}

#[test]
fn brotli_and_zstd_are_decoded() {
    assert_eq!(decode(&bytes(BROTLI), Encoding::Br), Ok(coffee()));
    assert_eq!(decode(&bytes(ZSTD), Encoding::Zstd), Ok(coffee()));
}

#[test]
fn consecutive_and_skippable_zstd_frames_are_decoded() {
    let skipped = bytes("502a4d1803000000616263");
    let frames = [&skipped[..], &bytes(ZSTD), &skipped, &bytes(ZSTD)].concat();
    assert_eq!(decode(&frames, Encoding::Zstd), Ok(coffee().repeat(2)));
    assert_eq!(decode(&skipped[..9], Encoding::Zstd), Err("body_truncated"));
}

#[test]
fn bombs_in_every_encoding_are_refused() {
    assert_eq!(decode(&bytes(BROTLI_BOMB), Encoding::Br), Err("decompression_bomb"));
    assert_eq!(decode(&bytes(ZSTD_BOMB), Encoding::Zstd), Err("decompression_bomb"));
}

#[test]
fn a_zstd_window_above_8_mib_is_refused() {
    // The header of this frame asks for a window of 16 MiB.
    let huge = bytes("28b52ffd007000000001000061");
    assert_eq!(decode(&huge, Encoding::Zstd), Err("body_corrupt"));
}

#[test]
fn data_cut_at_any_byte_is_truncated() {
    for (data, encoding) in [(bytes(BROTLI), Encoding::Br), (bytes(ZSTD), Encoding::Zstd)] {
        for length in 1..data.len() {
            let decoded = decode(&data[..length], encoding);
            assert_eq!(decoded, Err("body_truncated"), "{} of {} bytes of {encoding:?}", length, data.len());
        }
    }
}

#[test]
fn content_encoding_is_parsed() {
    let of = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, reqwest::header::HeaderValue::from_static(value));
        }
        encoding(&headers, &Url::parse("https://a.example/").unwrap()).map_err(|error| error.code())
    };
    assert_eq!(of(&[]), Ok(None));
    assert_eq!(of(&["", " identity ,"]), Ok(None));
    assert_eq!(of(&["GZip"]), Ok(Some(Encoding::Gzip)));
    assert_eq!(of(&["identity, zstd"]), Ok(Some(Encoding::Zstd)));
    for unknown in [&["compress"][..], &["gzip, gzip"], &["deflate", "zstd"], &["gzip, compress"]] {
        assert_eq!(of(unknown), Err("encoding_unknown"), "{unknown:?}");
    }
}

proptest! {
    /// Any input ends in data or in one of our errors.
    #[test]
    fn no_data_makes_the_decoder_panic(
        mut data in prop::collection::vec(any::<u8>(), 0..300), start in 0_usize..5, encoding in 0_usize..4,
        damage in 0_usize..30,
    ) {
        let starts = [bytes(BROTLI), bytes(ZSTD), bytes("1f8b0800000000000003"), bytes("789c"), vec![]];
        let mut whole = starts[start].clone();
        if let (Some(byte), Some(new)) = (whole.get_mut(damage), data.pop()) {
            *byte = new;
        }
        whole.extend(data);
        let encoding = [Encoding::Gzip, Encoding::Deflate, Encoding::Br, Encoding::Zstd][encoding];
        if let Err(code) = decode(&whole, encoding) {
            prop_assert!(["body_truncated", "body_corrupt", "decompression_bomb", "body_too_large"].contains(&code));
        }
    }
}
