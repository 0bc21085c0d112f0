//! The phrases by which criteria are found: Portuguese, Spanish, English, in this order.
//!
//! A phrase must be specific: `contexto` alone would make a position of every section on history. In prose, and with
//! several words in headings, a phrase is found wherever its words follow each other; a phrase of one word must begin
//! the heading, so that `Next steps` are no steps. Spelling follows each language; case and diacritics are removed
//! before comparing.

use super::criteria::Criterion;

/// The phrases of one criterion, for each language.
pub(super) struct Cues {
    /// In headings.
    pub(super) headings: [&'static [&'static str]; 3],
    /// In the text of paragraphs, lists and tables.
    pub(super) prose: [&'static [&'static str]; 3],
}

const GOAL: Cues = Cues {
    headings: [
        &["objetivo", "objetivos", "meta da lição", "o que você vai aprender", "resultado esperado"],
        &[
            "objetivo",
            "objetivos",
            "meta de la lección",
            "lo que aprenderás",
            "qué aprenderás",
            "qué vas a aprender",
        ],
        &[
            "goal",
            "goals",
            "objective",
            "objectives",
            "what you will learn",
            "what you'll learn",
            "learning objectives",
            "learning outcomes",
        ],
    ],
    prose: [
        &[
            "ao final desta lição",
            "ao final desta aula",
            "ao fim desta lição",
            "você será capaz de",
            "o objetivo desta",
        ],
        &["al final de esta lección", "al terminar esta lección", "serás capaz de", "el objetivo de esta"],
        &[
            "by the end of this lesson",
            "after this lesson",
            "you will be able to",
            "you'll be able to",
            "the goal of this",
        ],
    ],
};

const POSITION: Cues = Cues {
    headings: [
        &[
            "onde você está",
            "onde estamos",
            "posição",
            "ponto de partida",
            "pré-requisito",
            "pré-requisitos",
            "de onde viemos",
        ],
        &[
            "dónde estás",
            "dónde estamos",
            "posición",
            "punto de partida",
            "requisitos previos",
            "prerrequisitos",
        ],
        &[
            "where you are",
            "where we are",
            "position",
            "starting point",
            "prerequisite",
            "prerequisites",
            "before you start",
        ],
    ],
    prose: [
        &["na lição anterior", "na aula anterior", "até aqui você", "você já sabe", "você está aqui"],
        &["en la lección anterior", "hasta aquí has", "ya sabes", "estás aquí"],
        &[
            "in the previous lesson",
            "in the last lesson",
            "so far you have",
            "you already know",
            "you are here",
        ],
    ],
};

const STEPS: Cues = Cues {
    headings: [
        &["passos", "passo a passo", "passo 1", "roteiro", "etapas"],
        &["pasos", "paso a paso", "paso 1", "hoja de ruta"],
        &["steps", "step by step", "step 1", "roadmap", "walkthrough"],
    ],
    prose: [
        &["siga os passos", "siga estes passos", "em três passos", "primeiro passo"],
        &["sigue los pasos", "sigue estos pasos", "en tres pasos", "primer paso"],
        &["follow the steps", "follow these steps", "in three steps", "first step"],
    ],
};

const HOOK: Cues = Cues {
    headings: [
        &["gancho", "abertura", "por que isso importa", "por que isto importa", "por que importa"],
        &["gancho", "apertura", "por qué importa", "por qué esto importa"],
        &["hook", "opening", "why it matters", "why this matters"],
    ],
    prose: [
        &[
            "imagine que",
            "imagine um",
            "imagine uma",
            "você já se perguntou",
            "você já tentou",
            "já aconteceu com você",
        ],
        &["imagina que", "imagina un", "imagina una", "alguna vez te has preguntado", "alguna vez has"],
        &["imagine that", "imagine a", "imagine you", "have you ever", "did you ever wonder"],
    ],
};

const KEY_CONCEPTS: Cues = Cues {
    headings: [
        &[
            "conceito-chave",
            "conceitos-chave",
            "conceitos fundamentais",
            "conceitos principais",
            "ideias-chave",
        ],
        &[
            "concepto clave",
            "conceptos clave",
            "conceptos fundamentales",
            "conceptos principales",
            "ideas clave",
        ],
        &["key concept", "key concepts", "core concepts", "main concepts", "key ideas", "key terms"],
    ],
    prose: [
        &["o conceito-chave", "os conceitos-chave", "o conceito central"],
        &["el concepto clave", "los conceptos clave", "el concepto central"],
        &["the key concept", "the key concepts", "the core concept", "the key idea"],
    ],
};

const TRANSITION: Cues = Cues {
    headings: [
        &["transição", "próxima lição", "próxima aula", "próximos passos", "ponte", "o que vem a seguir"],
        &["transición", "próxima lección", "próximos pasos", "puente", "qué sigue", "lo que sigue"],
        &["transition", "next lesson", "next steps", "bridge", "what's next", "what comes next"],
    ],
    prose: [
        &["na próxima lição", "na próxima aula", "no próximo módulo"],
        &["en la próxima lección", "en la siguiente lección", "en el próximo módulo"],
        &["in the next lesson", "in the following lesson", "in the next module"],
    ],
};

const REFLECTIVE_QUESTION: Cues = Cues {
    headings: [
        &["reflexão", "para refletir", "reflita", "pergunta reflexiva", "pare e pense"],
        &["reflexión", "para reflexionar", "reflexiona", "pregunta reflexiva", "detente y piensa"],
        &["reflection", "reflect", "reflective question", "stop and think", "think about it"],
    ],
    prose: [
        &["o que você faria", "como você aplicaria", "como você usaria", "pense em uma situação", "reflita"],
        &["qué harías", "cómo aplicarías", "cómo usarías", "piensa en una situación", "reflexiona"],
        &["what would you", "how would you", "how could you", "think of a situation", "ask yourself"],
    ],
};

const ANALOGY_OR_DIAGRAM: Cues = Cues {
    headings: [
        &["analogia", "metáfora", "diagrama", "visualmente"],
        &["analogía", "metáfora", "diagrama", "visualmente"],
        &["analogy", "metaphor", "diagram", "picture it"],
    ],
    prose: [
        &[
            "é como um",
            "é como uma",
            "é como se",
            "funciona como um",
            "funciona como uma",
            "pense nisso como",
            "pense em um",
        ],
        &["es como un", "es como una", "es como si", "funciona como un", "funciona como una", "piensa en un"],
        &[
            "is like a",
            "is like an",
            "works like a",
            "works like an",
            "think of it as",
            "think of it like",
            "just like a",
        ],
    ],
};

const STRUCTURED_REVIEW: Cues = Cues {
    headings: [
        &["revisão", "resumo", "recapitulando", "recapitulação", "em resumo", "pontos-chave"],
        &["repaso", "resumen", "recapitulación", "recapitulando", "en resumen", "puntos clave"],
        &["review", "summary", "recap", "key takeaways", "takeaways", "in summary"],
    ],
    prose: [&[], &[], &[]],
};

const QUICK_ACTION: Cues = Cues {
    headings: [
        &["ação rápida", "mão na massa", "exercício", "desafio", "sua vez", "pratique", "tarefa"],
        &["acción rápida", "manos a la obra", "ejercicio", "desafío", "tu turno", "practica", "tarea"],
        &["quick action", "hands-on", "exercise", "challenge", "your turn", "practice", "try it"],
    ],
    prose: [
        &["agora é a sua vez", "agora é sua vez", "agora é com você", "faça agora"],
        &["ahora es tu turno", "ahora te toca", "hazlo ahora"],
        &["now it is your turn", "now it's your turn", "do it now"],
    ],
};

/// The phrases of a criterion.
pub(super) const fn of(criterion: Criterion) -> &'static Cues {
    match criterion {
        Criterion::Goal => &GOAL,
        Criterion::Position => &POSITION,
        Criterion::Steps => &STEPS,
        Criterion::Hook => &HOOK,
        Criterion::KeyConcepts => &KEY_CONCEPTS,
        Criterion::Transition => &TRANSITION,
        Criterion::ReflectiveQuestion => &REFLECTIVE_QUESTION,
        Criterion::AnalogyOrDiagram => &ANALOGY_OR_DIAGRAM,
        Criterion::StructuredReview => &STRUCTURED_REVIEW,
        Criterion::QuickAction => &QUICK_ACTION,
    }
}

/// Languages of code blocks that are drawn.
pub(super) const DIAGRAM_LANGUAGES: [&str; 6] = ["mermaid", "plantuml", "dot", "graphviz", "d2", "svgbob"];
