//! Turns the standard error of a program into log lines with a level, bounded and without secrets.

use std::{collections::VecDeque, io::Read};

use crate::masks::Masks;

/// Maximum length of a line in bytes; longer lines are truncated.
const MAX_LINE_BYTES: usize = 8 << 10;
/// How many of the last lines the error of a failed program quotes.
const KEPT_LINES: usize = 5;
/// Maximum length of each quoted line, in characters.
const KEPT_CHARS: usize = 300;
/// The level is searched in this many leading characters, because a time and a logger name may precede it.
const LEVEL_WITHIN: usize = 120;

/// The level of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// `debug`.
    Debug,
    /// `info`.
    Info,
    /// `warning`.
    Warning,
    /// `error`.
    Error,
}

impl LogLevel {
    /// The name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One line that a program wrote to its standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The level found in the line, as in `ERROR: …`, `[warning] …` or Scrapy's `… [scrapy.core] INFO: …`. Default:
    /// `info`.
    pub level: LogLevel,
    /// The line, at most 8 KiB, without control characters, with secrets masked.
    pub message: String,
}

/// Receives the lines that a program writes to its standard error, on a thread of its own.
pub type LineSink = Box<dyn FnMut(LogLine) + Send>;

/// Reads to the end of the input and passes each line to `take`. A final line counts those beyond the limit. Returns
/// the last lines.
pub(super) fn follow(
    mut input: impl Read,
    secrets: &[String],
    max_lines: u32,
    mut take: impl FnMut(LogLine),
) -> String {
    let masks = Masks::of(secrets);
    let mut last = VecDeque::with_capacity(KEPT_LINES);
    let mut num_lines = 0u64;
    let mut line = Vec::new();
    let mut buffer = vec![0; 8 << 10];
    let mut end_line = |line: &mut Vec<u8>| {
        let message = masks.apply(&printable(line));
        line.clear();
        if message.trim().is_empty() {
            return;
        }
        if last.len() == KEPT_LINES {
            last.pop_front();
        }
        last.push_back(message.chars().take(KEPT_CHARS).collect::<String>());
        num_lines += 1;
        if num_lines <= u64::from(max_lines) {
            take(LogLine { level: level(&message), message });
        }
    };
    loop {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                for piece in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
                    let text = piece.strip_suffix(b"\n").unwrap_or(piece);
                    let room = MAX_LINE_BYTES.saturating_sub(line.len()).min(text.len());
                    line.extend_from_slice(&text[..room]);
                    if text.len() < piece.len() {
                        end_line(&mut line);
                    }
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // A pipe that can no longer be read has ended.
            Err(_) => break,
        }
    }
    end_line(&mut line);
    let num_skipped = num_lines.saturating_sub(max_lines.into());
    if num_skipped > 0 {
        let message = format!("The program wrote {num_skipped} more lines, which were not logged.");
        take(LogLine { level: LogLevel::Warning, message });
    }
    Vec::from(last).join(" | ")
}

fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.trim_end().chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// The level of a line: the first word near the start that names a level and is in capitals or followed by a colon or
/// bracket.
fn level(line: &str) -> LogLevel {
    let head: String = line.chars().take(LEVEL_WITHIN).collect();
    let mut rest = head.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let word_on = &rest[start..];
        let end = word_on.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word_on.len());
        let (word, after) = word_on.split_at(end);
        let level = match word.to_ascii_lowercase().as_str() {
            "debug" | "trace" => Some(LogLevel::Debug),
            "info" | "notice" => Some(LogLevel::Info),
            "warn" | "warning" => Some(LogLevel::Warning),
            "error" | "critical" | "fatal" => Some(LogLevel::Error),
            _ => None,
        };
        let is_capital = word.bytes().all(|byte| byte.is_ascii_uppercase());
        if let Some(level) = level
            && (is_capital || after.starts_with([':', ']']))
        {
            return level;
        }
        rest = after;
    }
    LogLevel::Info
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(text: &str, secrets: &[&str], max_lines: u32) -> (Vec<LogLine>, String) {
        let secrets: Vec<String> = secrets.iter().map(|&secret| secret.to_owned()).collect();
        let mut lines = Vec::new();
        let last = follow(text.as_bytes(), &secrets, max_lines, |line| lines.push(line));
        (lines, last)
    }

    #[test]
    fn the_level_is_found_in_the_line() {
        for (line, expected) in [
            ("ERROR: no response", LogLevel::Error),
            ("2026-01-02 03:04:05 [scrapy.core.engine] INFO: Spider opened", LogLevel::Info),
            ("2026-01-02 03:04:05 [scrapy.core.scraper] ERROR: Spider error", LogLevel::Error),
            ("[warning] slow", LogLevel::Warning),
            ("level=x warn: slow", LogLevel::Warning),
            ("CRITICAL gone", LogLevel::Error),
            ("DEBUG details", LogLevel::Debug),
            ("an error in a sentence is none", LogLevel::Info),
            ("", LogLevel::Info),
        ] {
            assert_eq!(level(line), expected, "{line}");
        }
    }

    #[test]
    fn lines_are_bounded_and_secrets_are_masked() {
        let text = format!(
            "token hush-hush\r\n\n  \nhttps://me:pa:ss@h.example/x?y\n{}\nlast\u{7}",
            "y".repeat(20_000)
        );
        let (lines, last) = followed(&text, &["hush-hush", "y"], 3);
        let messages: Vec<&str> = lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(messages[..2], ["token ***", "https://***@h.example/x?y"]);
        assert_eq!(messages[2].len(), MAX_LINE_BYTES);
        assert_eq!(messages[3], "The program wrote 1 more lines, which were not logged.");
        assert!(last.ends_with("| last\u{fffd}") && last.len() < 1000, "{last}");
        assert_eq!(followed("", &[], 3), (Vec::new(), String::new()));
    }

    #[test]
    fn each_line_of_a_secret_is_masked() {
        let secrets = ["-----BEGIN KEY-----\r\nMIIEvQ\n  AoIBAQ\nend\n-----END KEY-----\n", "MIIEvQxyz"];
        let text = "bad key MIIEvQ\nAoIBAQ; at the end\nMIIEvQxyz\n-----END KEY-----";
        let (lines, last) = followed(text, &secrets, 9);
        let messages: Vec<&str> = lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(messages, ["bad key ***", "***; at the end", "***", "***"]);
        assert!(!last.contains("MIIEvQ"), "{last}");
    }

    #[test]
    fn the_last_lines_are_kept_beyond_the_limit() {
        let (lines, last) = followed("1\n2\n3\n4\n5\n6\n7", &[], 0);
        assert_eq!(lines.len(), 1);
        assert_eq!(last, "3 | 4 | 5 | 6 | 7");
    }
}
