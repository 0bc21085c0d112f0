//! `content generate` and `content watch`, with made-up courses and a program that makes the same lesson each time.

mod disk;
mod generate;
mod kill;
mod killed_commit;
mod outage;
mod watch;

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{Sandbox, shown};

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_mins(4);

/// Reads the specification without any other program, and prints a lesson of about 8 KiB.
const SCRIPT: &str = r#"IFS= read -r spec
rest=${spec#*\"lesson_id\":\"}
id=${rest%%\"*}
case $FAIL in *" $id "*) echo "no lesson $id" >&2; exit 9;; esac
sleep "${DELAY:-0}"
printf -- '---\nlesson_id: %s\n---\n\n# Lesson %s\n\n' "$id" "$id"
i=0
while [ $i -lt 160 ]; do printf 'Line %s of %s: borrowing lends a value.\n' $i "$id"; i=$((i+1)); done
"#;

/// A course folder that has no lessons yet.
struct Course {
    sandbox: Sandbox,
    url: String,
    num_modules: u32,
    num_lessons: u32,
}

impl Course {
    fn new(url: &str, num_modules: u32, num_lessons: u32) -> Self {
        let course = Self { sandbox: Sandbox::new(), url: url.to_owned(), num_modules, num_lessons };
        let mut curriculum = "course:\n  title: Rust from the start\nmodules:\n".to_owned();
        for module in 1..=num_modules {
            writeln!(curriculum, "  - number: {module}\n    title: Module {module}\n    lessons:").unwrap();
            for lesson in 1..=num_lessons {
                writeln!(
                    curriculum,
                    "      - lesson_id: L{module}-{lesson}\n        title: Lesson {module}.{lesson}\n        file_path: {}",
                    path(module, lesson)
                )
                .unwrap();
            }
        }
        course.write("curriculum.yaml", &curriculum);
        course.write("COURSE-BRIEF.md", "# Rust\n\n## 2. ICP\n\nPython developers.\n");
        course.write("course-outline.md", "# Outline\n");
        for report in ["market-analysis", "content-gaps", "differentiation", "sources"] {
            course.write(&format!("research/{report}.md"), "# Report\n\nMany want to learn.\n");
        }
        fs::write(course.sandbox.path().join("lesson.sh"), SCRIPT).unwrap();
        course
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.path().join("course")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// All lessons as the program makes them, by path.
    fn expected(&self) -> BTreeMap<String, String> {
        let numbers = (1..=self.num_modules)
            .flat_map(|module| (1..=self.num_lessons).map(move |lesson| (module, lesson)));
        numbers.map(|(module, lesson)| (path(module, lesson), text(module, lesson))).collect()
    }

    /// The lessons in the folder, by path.
    fn lessons(&self) -> BTreeMap<String, String> {
        let Ok(entries) = fs::read_dir(self.folder().join("lessons")) else { return BTreeMap::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let lessons = names.filter(|name| !name.starts_with('.'));
        lessons
            .filter_map(|name| {
                // It may be renamed meanwhile.
                let text = fs::read_to_string(self.folder().join("lessons").join(&name)).ok()?;
                Some((format!("lessons/{name}"), text))
            })
            .collect()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.sandbox.command(line);
        command.env("FOREBAY_DATABASE_URL", &self.url).env("PATH", "/usr/bin:/bin");
        command
    }

    /// The words for generating the course.
    fn generate(&self, options: &str) -> Command {
        self.command(&format!("--output json content generate course {options} --command sh lesson.sh"))
    }

    /// Runs a command with `--output json`, and returns its exit code and its document.
    fn json(&self, line: &str) -> (i32, Value) {
        answer(&self.command(&format!("{line} --output json")).output().unwrap())
    }

    /// Asserts that folder and database are equal.
    fn assert_clean(&self) {
        let (exit, document) = self.json("content verify course");
        assert_eq!(exit, 0, "{document:#}");
    }
}

fn path(module: u32, lesson: u32) -> String {
    format!("lessons/{module}.{lesson}-part-{lesson}.md")
}

fn text(module: u32, lesson: u32) -> String {
    let id = format!("L{module}-{lesson}");
    let mut text = format!("---\nlesson_id: {id}\n---\n\n# Lesson {id}\n\n");
    for line in 0..160 {
        writeln!(text, "Line {line} of {id}: borrowing lends a value.").unwrap();
    }
    text
}

/// The exit code and the document of a finished process.
fn answer(output: &Output) -> (i32, Value) {
    let document =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", shown(output)));
    (output.status.code().unwrap(), document)
}

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A running process; dropping it kills it.
struct Running(Option<Child>);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(self.0.as_ref().unwrap());
        rustix::process::kill_process(pid, signal).unwrap();
    }

    fn has_ended(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    fn output(mut self) -> Output {
        until("the program ends", || self.has_ended());
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It fails only if the process has ended.
            let _ended = child.kill();
            let _status = child.wait();
        }
    }
}

/// Temporary files of Forebay in a folder and below.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(leftovers(&path));
        } else if path.extension().is_some_and(|extension| extension == "tmp") {
            found.push(path);
        }
    }
    found
}
