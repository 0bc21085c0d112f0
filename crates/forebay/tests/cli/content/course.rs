//! A made-up course in a folder: lessons in English, Portuguese and Spanish that meet every criterion of the
//! validation.

use std::{fs, path::Path};

const BRIEF: &str = "\
# Rust basics

## 1. Basic information

- **Name:** Rust from the start
- **Duration:** 40 minutes

## 2. ICP

People who know Python.

## 3. Content and pedagogy

Ownership first.

## 4. Voice

Calm and exact.

## 5. Format and delivery

Text.

## 6. Commercial

Free.

## 7. Additional context

None.

## 8. References

The book.
";

const CURRICULUM: &str = "\
course:
  title: Rust from the start
  type: technical
  level: beginner
  duration: 40min
metadata:
  framework: GPS
  keywords: [rust, borrowing]
learning_objectives:
  - Write small programs
modules:
  - number: 1
    title: Ownership
    lessons:
      - lesson_id: borrowing
        title: Borrowing
        file_path: lessons/1.1-borrowing.md
        duration: 10min
      - lesson_id: mover
        title: Mover
        file_path: lessons/1.2-mover.md
        duration: 10min
  - number: 2
    title: Types
    lessons:
      - lesson_id: tipos
        title: Tipos
        file_path: lessons/2.1-tipos.md
        duration: 10min
      - lesson_id: vida
        title: Vida
        file_path: lessons/2.2-vida.md
        duration: 10min
";

const ENGLISH: &str = "\
---
lesson_id: borrowing
title: Borrowing
bloom_level: apply
objectives:
  - Lend a value
key_concepts: [reference, owner]
---

# Borrowing

## Why it matters

Every program lends values.

## Goal

You will lend a value without losing it.

## Where you are

You know variables.

## Step by step

1. Write a reference.
2. Pass it on.

## Key concepts

A reference lends a value. Think of it as a library that lends a book.

## Reflection

What would happen if nobody gave the book back?

## Summary

- A reference lends.
- An owner keeps.

## Quick action

Lend a string now.

## Next lesson

We move values.
";

const PORTUGUESE: &str = "\
---
lesson_id: mover
title: Mover
bloom_level: compreender
---

# Mover

## Gancho

Um valor tem um dono.

## Objetivo

Você vai mover um valor.

## Onde você está

Você já conhece o empréstimo.

## Passo a passo

1. Crie um valor.
2. Mova o valor.

## Conceitos-chave

Mover não copia. É como uma chave que muda de mão.

## Para refletir

Quem é o dono do valor depois?

## Revisão estruturada

- Mover muda o dono.
- O nome antigo não vale mais.

## Ação rápida

Mova uma lista.

## Próxima lição

Os tipos.
";

const SPANISH: &str = "\
---
lesson_id: tipos
title: Tipos
bloom_level: analizar
---

# Tipos

## Por qué importa

Un tipo evita errores.

## Objetivo

Vas a elegir un tipo.

## Dónde estás

Ya conoces los valores.

## Paso a paso

1. Mira el valor.
2. Elige el tipo.

## Conceptos clave

Un tipo es como un molde. Cada valor tiene uno.

## Para reflexionar

¿Qué tipo tiene una lista vacía?

## Resumen

- Todo valor tiene un tipo.
- El compilador lo comprueba.

## Acción rápida

Escribe una función.

## Próxima lección

La vida de un valor.
";

/// What a generator writes when it stops too early.
const SHORT: &str =
    "---\nlesson_id: vida\ntitle: Vida\n---\n\n# Vida\n\n## Objetivo\n\nVer cuánto vive un valor.\n";

/// Writes the course into a folder below `at`.
pub(crate) fn write_course(at: &Path, name: &str) {
    let folder = at.join(name);
    for (path, text) in [
        ("COURSE-BRIEF.md", BRIEF),
        ("course-outline.md", "# Outline\n\nTwo modules.\n"),
        ("curriculum.yaml", CURRICULUM),
        (
            "research/market-analysis.md",
            "# Market\n\nMany want to learn Rust.\n\n## Competitors\n\n- One\n- Two\n",
        ),
        ("research/content-gaps.md", "# Gaps\n\nNobody explains moves.\n"),
        ("research/differentiation.md", "# Differentiation\n\nOwnership first.\n"),
        ("research/sources.md", "# Sources\n\nThe book.\n"),
        ("resources/notes.txt", "Remember the compiler.\n"),
        ("lessons/1.1-borrowing.md", ENGLISH),
        ("lessons/1.2-mover.md", PORTUGUESE),
        ("lessons/2.1-tipos.md", SPANISH),
        ("lessons/2.2-vida.md", SHORT),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
