//! The criteria and their weights.

crate::words! {
    /// What a lesson should have.
    pub enum Criterion {
        /// What the learner will be able to do.
        Goal = "goal",
        /// Where the learner is: what came before, what is needed.
        Position = "position",
        /// The way to the goal.
        Steps = "steps",
        /// A reason to go on reading.
        Hook = "hook",
        /// The ideas to remember.
        KeyConcepts = "key_concepts",
        /// The way to the next lesson.
        Transition = "transition",
        /// A question that the learner answers alone.
        ReflectiveQuestion = "reflective_question",
        /// A comparison with something known, or a drawing.
        AnalogyOrDiagram = "analogy_or_diagram",
        /// The lesson again, as a list or a table.
        StructuredReview = "structured_review",
        /// Something to do at once.
        QuickAction = "quick_action",
    }

    /// The score that a criterion belongs to.
    pub enum CriterionGroup {
        /// The route: goal, position, steps.
        Gps = "gps",
        /// The way of teaching.
        Didactics = "didactics",
    }
}

impl Criterion {
    /// The score that it belongs to.
    pub const fn group(self) -> CriterionGroup {
        match self {
            Self::Goal | Self::Position | Self::Steps => CriterionGroup::Gps,
            _ => CriterionGroup::Didactics,
        }
    }

    /// Its weight. Those of a group add up to 100.
    pub(super) const fn percent(self) -> u32 {
        match self {
            Self::Goal => 40,
            Self::Position | Self::Steps => 30,
            Self::KeyConcepts => 20,
            Self::Hook | Self::ReflectiveQuestion | Self::AnalogyOrDiagram | Self::StructuredReview => 15,
            Self::Transition | Self::QuickAction => 10,
        }
    }

    /// Its name in a sentence.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Goal => "goal",
            Self::Position => "position of the learner",
            Self::Steps => "steps",
            Self::Hook => "hook",
            Self::KeyConcepts => "key concepts",
            Self::Transition => "transition to the next lesson",
            Self::ReflectiveQuestion => "reflective question",
            Self::AnalogyOrDiagram => "analogy or diagram",
            Self::StructuredReview => "structured review",
            Self::QuickAction => "quick action",
        }
    }

    /// How to meet it.
    pub(super) const fn advice(self) -> &'static str {
        match self {
            Self::Goal => "Add a section such as `## Objetivo` or `## Goal`",
            Self::Position => "Add a section such as `## Onde você está` or `## Where you are`",
            Self::Steps => "Add a section such as `## Passo a passo` or `## Steps`",
            Self::Hook => "Add a section such as `## Gancho` or `## Why it matters`",
            Self::KeyConcepts => "Add a section such as `## Conceitos-chave` or `## Key concepts`",
            Self::Transition => "Add a section such as `## Próxima lição` or `## Next lesson`",
            Self::ReflectiveQuestion => {
                "Add a section such as `## Para refletir` or `## Reflection`, with a question in it"
            }
            Self::AnalogyOrDiagram => "Add a section such as `## Analogia` or `## Analogy`, or an image",
            Self::StructuredReview => {
                "Add a section such as `## Revisão` or `## Review`, with a list or a table in it"
            }
            Self::QuickAction => "Add a section such as `## Ação rápida` or `## Quick action`",
        }
    }
}
