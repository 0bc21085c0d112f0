//! What a generator says about a lesson beside its text, as front matter.

use super::fields::LessonFields;
use crate::content::front_matter::{Entry, compose};

/// Facts about a lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LessonFacts {
    /// Its stable id.
    pub lesson_id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Module and number, where the path of the file does not give them.
    pub numbers: Option<(u32, u32)>,
    /// Its level, as the generator calls it.
    pub bloom_level: Option<String>,
    /// What a learner can do afterwards.
    pub objectives: Vec<String>,
    /// The concepts that it introduces.
    pub key_concepts: Vec<String>,
}

impl LessonFacts {
    /// The text with these facts as its front matter. A text that has front matter stays as it is: it says more than a
    /// generator's call.
    pub fn above(&self, body: &str, path: &str, fields: &LessonFields<'_>) -> String {
        let (module, lesson) = self.numbers.unzip();
        let entries = [
            text(fields.id, self.lesson_id.as_deref()),
            text("title", self.title.as_deref()),
            module.map(|module| (fields.module, Entry::Number(module))),
            lesson.map(|lesson| (fields.lesson, Entry::Number(lesson))),
            text("bloom_level", self.bloom_level.as_deref()),
            Some(("objectives", Entry::Texts(&self.objectives))),
            Some(("key_concepts", Entry::Texts(&self.key_concepts))),
        ];
        compose(body, path, &entries.into_iter().flatten().collect::<Vec<_>>())
    }
}

fn text<'a>(name: &'a str, value: Option<&'a str>) -> Option<(&'a str, Entry<'a>)> {
    Some((name, Entry::Text(value?)))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::content::{bloom::BloomLevel, lesson::Lesson};

    proptest! {
        #[test]
        fn facts_read_back_as_the_lesson(
            lesson_id in option::of("[^\0]{1,20}"),
            title in option::of("[^\0]{1,40}"),
            numbers in option::of((0u32..99, 0u32..99)),
            level in option::of(0usize..6),
            objectives in vec("[^\0]{1,20}", 0..4),
            key_concepts in vec("[^\0]{0,20}", 0..4),
            body in "[a-z ]{0,20}",
        ) {
            let level = level.map(|level| BloomLevel::ALL[level]);
            let bloom_level = level.map(|level| level.as_str().to_owned());
            let facts = LessonFacts { lesson_id, title, numbers, bloom_level, objectives, key_concepts };
            let text = facts.above(&body, "lessons/a.md", &LessonFields::default());
            let (lesson, problems) = Lesson::read("lessons/a.md", &text, None, &LessonFields::default());
            prop_assert_eq!(problems, vec![]);
            prop_assert_eq!(lesson.lesson_id, facts.lesson_id);
            prop_assert_eq!(lesson.title, facts.title);
            prop_assert_eq!(lesson.module.zip(lesson.number), facts.numbers);
            prop_assert_eq!(lesson.bloom_level, level);
            prop_assert_eq!(lesson.objectives, facts.objectives);
            prop_assert_eq!(lesson.key_concepts, facts.key_concepts);
        }
    }
}
