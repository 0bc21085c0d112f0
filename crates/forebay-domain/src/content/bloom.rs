//! The levels of Bloom's taxonomy as revised by Anderson and Krathwohl (2001).

use super::fold::fold;

crate::words! {
    /// What a learner can do with the knowledge, from recall to creation.
    pub enum BloomLevel {
        /// Recall facts.
        Remember = "remember",
        /// Explain ideas.
        Understand = "understand",
        /// Use knowledge in a new situation.
        Apply = "apply",
        /// Find connections and parts.
        Analyze = "analyze",
        /// Judge and justify.
        Evaluate = "evaluate",
        /// Make something new.
        Create = "create",
    }
}

impl BloomLevel {
    /// The level that a text names in English, Portuguese or Spanish, as a verb or a noun. It may have a number or a
    /// comment beside it (`3 - Aplicar`). None if it names none, or more than one.
    pub fn recognise(text: &str) -> Option<Self> {
        let folded = fold(text);
        let mut levels = folded.split(' ').filter_map(Self::of_word);
        let first = levels.next()?;
        levels.all(|level| level == first).then_some(first)
    }

    fn of_word(word: &str) -> Option<Self> {
        let levels: [(Self, &[&str]); 6] = [
            (
                Self::Remember,
                &["remember", "remembering", "lembrar", "lembranca", "recordar", "recuerdo", "memorizar"],
            ),
            (
                Self::Understand,
                &[
                    "understand",
                    "understanding",
                    "compreender",
                    "compreensao",
                    "entender",
                    "entendimento",
                    "comprender",
                    "comprension",
                ],
            ),
            (Self::Apply, &["apply", "applying", "application", "aplicar", "aplicacao", "aplicacion"]),
            (
                Self::Analyze,
                &[
                    "analyze",
                    "analyse",
                    "analyzing",
                    "analysing",
                    "analysis",
                    "analisar",
                    "analise",
                    "analizar",
                    "analisis",
                ],
            ),
            (
                Self::Evaluate,
                &["evaluate", "evaluating", "evaluation", "avaliar", "avaliacao", "evaluar", "evaluacion"],
            ),
            (Self::Create, &["create", "creating", "creation", "criar", "criacao", "crear", "creacion"]),
        ];
        levels.into_iter().find(|(_, words)| words.contains(&word)).map(|(level, _)| level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_recognised_in_three_languages() {
        for (level, words) in [
            (BloomLevel::Remember, ["Remember", "Lembrar", "recordar"]),
            (BloomLevel::Understand, ["understanding", "Compreensão", "comprender"]),
            (BloomLevel::Apply, ["apply", "3 - Aplicar", "Aplicación"]),
            (BloomLevel::Analyze, ["Analyse", "Análise (analisar)", "analizar"]),
            (BloomLevel::Evaluate, ["evaluate", "Avaliar", "evaluación"]),
            (BloomLevel::Create, ["CREATE", "criação", "Crear"]),
        ] {
            assert_eq!(words.map(BloomLevel::recognise), [Some(level); 3]);
            assert_eq!(BloomLevel::recognise(level.as_str()), Some(level));
        }
    }

    #[test]
    fn other_words_and_two_levels_are_none() {
        for text in ["", "knowledge", "apply and create", "L3"] {
            assert_eq!(BloomLevel::recognise(text), None, "{text}");
        }
    }
}
