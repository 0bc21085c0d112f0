//! Shortens long values so that old and new fit on one line and their difference is visible.

/// Characters to keep before the first difference.
const LEAD: usize = 8;
/// Minimum length of a recognisable excerpt.
const LEAST: usize = 12;

/// Both texts in `room` characters together. A short text leaves its room to the other.
pub(super) fn excerpts(old: &str, new: &str, room: usize) -> (String, String) {
    let (old_length, new_length) = (old.chars().count(), new.chars().count());
    if old_length + new_length <= room {
        return (old.to_owned(), new.to_owned());
    }
    let half = (room / 2).max(LEAST);
    let old_room = half.max(room.saturating_sub(new_length));
    let new_room = half.max(room.saturating_sub(old_length));
    let same = old.chars().zip(new.chars()).take_while(|(old, new)| old == new).count();
    (shorten(old, same, old_room), shorten(new, same, new_room))
}

/// At most `room` characters of the text, including position `place`; `…` replaces the rest.
fn shorten(text: &str, place: usize, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    // The start is shown unless the position is too far in.
    let start = if place + LEAST <= room { 0 } else { place.saturating_sub(LEAD).min(length - room + 1) };
    let mut shown = String::new();
    let mut left = room;
    if start > 0 {
        shown.push('…');
        left -= 1;
    }
    if length - start > left {
        shown.extend(text.chars().skip(start).take(left - 1));
        shown.push('…');
    } else {
        shown.extend(text.chars().skip(start));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(old: &str, new: &str, room: usize) -> String {
        let (old, new) = excerpts(old, new, room);
        format!("{old} → {new}")
    }

    #[test]
    fn short_text_is_unchanged() {
        assert_eq!(both("1", "2", 40), "1 → 2");
    }

    #[test]
    fn a_short_value_leaves_its_room_to_the_long_one() {
        let long = "\"Introduction to Computer Science for Everyone\"";
        assert_eq!(both("null", long, 40), "null → \"Introduction to Computer Science f…");
        assert_eq!(both(long, "null", 40), "\"Introduction to Computer Science f… → null");
    }

    #[test]
    fn the_difference_is_shown_however_far_in_it_is() {
        let old = format!("\"{} at nine o'clock in the hall\"", "la ".repeat(40));
        let new = format!("\"{} at ten o'clock in the hall\"", "la ".repeat(40));
        assert_eq!(both(&old, &new, 50), "… la  at nine o'clock in… → … la  at ten o'clock in …");
        let (old, new) = excerpts(&format!("{old}a"), &format!("{old}bcd"), 50);
        assert!(old.ends_with('a') && new.ends_with("bcd"), "{old} {new}");
    }

    #[test]
    fn no_room_is_no_reason_to_fail() {
        for room in 0..30 {
            for (old, new) in [("", "ä".repeat(50)), ("äöü", "äö".repeat(9))] {
                let (old, new) = excerpts(old, &new, room);
                assert!(
                    old.chars().count().max(new.chars().count()) <= room.max(LEAST),
                    "{room} {old} {new}"
                );
            }
        }
    }
}
