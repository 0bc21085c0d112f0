//! What a generator says about a lesson beside its text, as front matter.

use super::fields::LessonFields;
use crate::content::{
    front_matter::{Entry, compose, patch, split},
    yaml,
};

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
    /// The text with these facts as its front matter. A text that has front matter says more than a generator's call,
    /// so it only gets the id if it has none: without it, the lesson would be another one after a move.
    pub fn above(&self, body: &str, path: &str, fields: &LessonFields<'_>) -> String {
        if let Some(text) = self.lesson_id.as_deref().and_then(|id| with_id(body, path, fields, id)) {
            return text;
        }
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

/// A text whose front matter got its id; every other byte is as before. `None`: it has no front matter, has an id, or
/// cannot get one without being rewritten.
fn with_id(text: &str, path: &str, fields: &LessonFields<'_>, id: &str) -> Option<String> {
    let front = split(text, path).ok()?.front?;
    let root = yaml::parse(text, front, path).ok()?;
    let names = [fields.id, "lesson_id", "id"];
    let found = names.into_iter().find(|name| root.as_ref().is_some_and(|root| root.pair(name).is_some()));
    let value = root.as_ref().and_then(|root| root.pair(found?));
    let has_id = value.is_some_and(|(_, value)| !value.is_null());
    if has_id { None } else { patch(text, path, found.unwrap_or(fields.id), id).ok() }
}

fn text<'a>(name: &'a str, value: Option<&'a str>) -> Option<(&'a str, Entry<'a>)> {
    Some((name, Entry::Text(value?)))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::content::{bloom::BloomLevel, lesson::Lesson};

    #[test]
    fn front_matter_without_an_id_gets_it_and_keeps_its_bytes() {
        let facts = LessonFacts {
            lesson_id: Some("L: 1".to_owned()),
            title: Some("Other".to_owned()),
            ..LessonFacts::default()
        };
        let above = |text: &str| facts.above(text, "lessons/a.md", &LessonFields::default());
        let text = "\u{feff}---\r\n# mine\r\nversion: 1.10\r\ntitle: 'A'  # why\r\n---\r\n# A\r\n";
        assert_eq!(above(text), text.replace("---\r\n# A", "lesson_id: \"L: 1\"\r\n---\r\n# A"));
        assert_eq!(above("---\nid:\n---\n# A\n"), "---\nid: \"L: 1\"\n---\n# A\n");
        for text in
            ["---\nid: x\n---\n# A\n", "---\nlesson_id: [1]\n---\n", "---\n{a: 1}\n---\n", "---\na: 1\n"]
        {
            assert_eq!(above(text), text);
        }
        let chosen = LessonFields { id: "code", ..LessonFields::default() };
        assert_eq!(facts.above("---\na: 1\n---\n", "a.md", &chosen), "---\na: 1\ncode: \"L: 1\"\n---\n");
    }

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
