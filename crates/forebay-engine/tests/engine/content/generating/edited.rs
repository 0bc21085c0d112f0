//! Files that people write while lessons are generated.

use forebay_domain::content::PersistMode;
use forebay_engine::content::{LessonEnd, Selection};

use super::{LESSON, Run, Stage, lesson, num_generated};

const PATH: &str = "lessons/1.1-part-1.md";

#[tokio::test]
async fn a_file_that_somebody_wrote_meanwhile_is_not_replaced() {
    let stage = Stage::planned(1, 2).await;
    // The program is the somebody.
    let script = format!(
        "read id number path\ncd '{}'\nmkdir -p lessons\n\
        if [ \"$number\" = 1.1 ]; then echo '# A person wrote this' > \"$path\"; fi\n\
        printf '# Lesson %s\\n\\nGenerated.\\n' \"$number\"\n",
        stage.path().display()
    );
    let report = stage.generate(Run { script: &script, ..stage.run() }).await;
    assert_eq!((num_generated(&report), report.is_complete()), (1, false), "{report:?}");
    assert_eq!(stage.text(PATH), "# A person wrote this\n");
    let LessonEnd::Failed { reason_code, message, .. } = &report.lessons[0].end else { panic!("{report:?}") };
    assert_eq!(reason_code, "file_changed");
    let copy = &message[message.find(".forebay/kept/").unwrap()..];
    assert_eq!(stage.text(copy), "# Lesson 1.1\n\nGenerated.\n");
    assert!(stage.verify().await.is_clean(), "both files are stored");
}

#[tokio::test]
async fn what_nobody_has_stored_is_kept_before_it_is_generated_again() {
    let stage = Stage::planned(1, 2).await;
    assert!(stage.generate(stage.run()).await.is_complete());
    let again = || Run { selection: Selection::All, ..stage.run() };
    assert!(stage.generate(again()).await.is_complete(), "the texts are stored");
    stage.write(PATH, b"# A person wrote this\n");
    let report = stage.generate(again()).await;
    assert_eq!((num_generated(&report), report.is_complete()), (2, false));
    let copy = report.lessons[0].kept_as.as_ref().unwrap();
    assert_eq!(stage.text(copy.as_str()), "# A person wrote this\n");
    assert_eq!(report.lessons[1].kept_as, None);
    assert!(stage.text(PATH).contains("Borrowing lends a value."));
    // Without a database, a request to generate everything again means everything.
    stage.write(PATH, lesson(1, 1).as_bytes());
    let off = Run { selection: Selection::All, mode: PersistMode::Off, script: LESSON, ..stage.run() };
    assert!(stage.generate(off).await.is_complete());
}
