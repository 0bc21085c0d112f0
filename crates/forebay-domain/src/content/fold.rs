//! Comparing headings and words of three languages, whatever their case, accents and punctuation.

/// The words of a text in lower case, without accents and punctuation, separated by single spaces.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        if matches!(character, '\u{300}'..='\u{36f}') {
            continue; // an accent that is a character of its own
        }
        if character.is_alphanumeric() {
            folded.push(unaccented(character));
        } else if !folded.ends_with(' ') && !folded.is_empty() {
            folded.push(' ');
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Where a folded text contains a folded phrase as whole words.
pub(super) fn find_phrase(folded: &str, phrase: &str) -> Option<usize> {
    let starts = folded.match_indices(phrase).map(|(start, _)| start);
    let mut whole = starts.filter(|start| {
        let (before, after) = (&folded[..*start], &folded[start + phrase.len()..]);
        (before.is_empty() || before.ends_with(' ')) && (after.is_empty() || after.starts_with(' '))
    });
    whole.next()
}

fn unaccented(character: char) -> char {
    match character {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_punctuation_do_not_count() {
        assert_eq!(fold("## 1. Informações Básicas:"), "1 informacoes basicas");
        assert_eq!(fold("Informac\u{327}o\u{303}es — BA\u{301}SICAS!"), "informacoes basicas");
        assert_eq!(fold("¿Año nuevo? 🎉"), "ano nuevo");
        assert_eq!(fold("market-analysis_v2"), "market analysis v2");
        assert_eq!(fold(" — "), "");
    }

    #[test]
    fn phrases_are_whole_words() {
        assert_eq!(find_phrase("the icp of", "icp"), Some(4));
        assert_eq!(find_phrase("voz", "voz"), Some(0));
        assert_eq!(find_phrase("content and pedagogy", "content and"), Some(0));
        assert_eq!(find_phrase("invoice", "voice"), None);
        assert_eq!(find_phrase("formatting", "format"), None);
        assert_eq!(find_phrase("formatting and format", "format"), Some(15));
    }
}
