//! A disk that is full, and a folder that cannot be written. Both tests need a disk of their own or another user; they
//! say so where they can have neither.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Course, answer, leftovers};
use crate::{database::database, shown};

/// A small disk in memory.
struct Disk(PathBuf);

impl Disk {
    /// `None`: only the administrator may have one.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let disk = Self(at.to_owned());
        disk.run("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "none"]).then_some(disk)
    }

    fn remount(&self, options: &str) -> bool {
        self.run("mount", &["-o", &format!("remount,{options}")])
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let output = Command::new(program).args(arguments).arg(&self.0).output();
        output.is_ok_and(|output| output.status.success())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.run("umount", &["-l"]);
    }
}

#[expect(clippy::print_stdout, reason = "a test that cannot run says so")]
fn skipped(why: &str) {
    println!("skipped: {why}");
}

/// Asserts that every lesson is whole, and that the database has nothing that the folder has not.
fn assert_consistent(course: &Course) {
    let expected = course.expected();
    for (path, text) in course.lessons() {
        assert_eq!(Some(&text), expected.get(&path), "{path} is torn");
    }
    assert_eq!(leftovers(&course.folder()), Vec::<PathBuf>::new());
    let (_, verified) = course.json("content verify course");
    let differences = verified["differences"].as_array().unwrap();
    assert!(differences.iter().all(|one| one["difference"] == "missing_in_database"), "{verified:#}");
}

#[test]
fn a_full_disk_is_a_clear_error_and_the_database_is_not_ahead() {
    let db = database();
    let course = Course::new(&db.url, 5, 12);
    // The course needs about 500 KiB.
    let aside = course.sandbox.path().join("aside");
    fs::rename(course.folder(), &aside).unwrap();
    let Some(disk) = Disk::mount(&course.folder(), "200k") else { return skipped("no disk can be mounted") };
    let copied = Command::new("cp").arg("-r").arg(aside.join(".")).arg(course.folder()).status().unwrap();
    assert!(copied.success());
    let output = course.generate("--jobs 3").output().unwrap();
    let (exit, document) = answer(&output);
    assert_eq!((exit, &document["error"]["code"]), (1, &"disk_full".into()), "{}", shown(&output));
    assert!(document["error"]["hint"].as_str().unwrap().contains("free some space"), "{document}");
    let num_lessons = course.lessons().len();
    assert!((5..40).contains(&num_lessons), "{num_lessons}");
    assert_consistent(&course);

    assert!(disk.remount("size=4m"));
    let (exit, report) = answer(&course.generate("").output().unwrap());
    assert_eq!((exit, &report["num_kept"]), (0, &num_lessons.into()), "{report:#}");
    assert_eq!(course.lessons(), course.expected());
    course.assert_clean();

    assert!(disk.remount("ro"));
    let (exit, document) = answer(&course.generate("--all").output().unwrap());
    assert_eq!((exit, &document["error"]["code"]), (1, &"permission_denied".into()), "{document:#}");
}

/// The command without the rights of the administrator, who may read and write everywhere. `None`: it cannot be run so.
fn as_nobody(course: &Course, command: Command) -> Option<Command> {
    if !rustix::process::geteuid().is_root() {
        return Some(command);
    }
    let nobody = || {
        let mut nobody = Command::new("setpriv");
        nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(command.get_program());
        nobody
    };
    let can_run = nobody().arg("--version").output();
    if !can_run.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut as_nobody = nobody();
    as_nobody.args(command.get_args()).current_dir(course.sandbox.path());
    as_nobody.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", course.sandbox.path());
    Some(as_nobody)
}

#[test]
fn a_folder_that_may_not_be_written_is_a_clear_error() {
    // Nobody can reach the tests' database, so nothing is listening here.
    let course = Course::new("postgresql://nobody@127.0.0.1:1/none", 1, 3);
    fs::create_dir(course.folder().join("lessons")).unwrap();
    fs::create_dir(course.folder().join(".forebay")).unwrap();
    let Some(mut command) = as_nobody(&course, course.generate("--persist off")) else {
        return skipped("no other user can run the program");
    };
    let allow = |path: &str, mode| {
        fs::set_permissions(course.sandbox.path().join(path), Permissions::from_mode(mode)).unwrap();
    };
    allow("", 0o755);
    allow("course/.forebay", 0o777);
    allow("course/lessons", 0o555);
    let output = command.output().unwrap();
    let (exit, document) = answer(&output);
    assert_eq!((exit, &document["error"]["code"]), (1, &"permission_denied".into()), "{}", shown(&output));
    assert!(document["error"]["message"].as_str().unwrap().contains("lessons/1."), "{document}");
    assert!(course.lessons().is_empty());
    assert_eq!(leftovers(&course.folder()), Vec::<PathBuf>::new());
    allow("course/lessons", 0o777);
    let output = command.output().unwrap();
    assert_eq!(answer(&output).0, 0, "{}", shown(&output));
    assert_eq!(course.lessons(), course.expected());
}

#[test]
fn what_may_not_be_read_costs_only_itself() {
    let course = Course::new("postgresql://nobody@127.0.0.1:1/none", 1, 3);
    for folder in ["lessons", ".forebay", "resources", "private"] {
        fs::create_dir(course.folder().join(folder)).unwrap();
    }
    fs::write(course.folder().join("resources/logo.svg"), "<svg/>").unwrap();
    fs::write(course.folder().join("lessons/1.2-part-2.md"), "# Mine").unwrap();
    let Some(mut command) = as_nobody(&course, course.generate("--persist off")) else {
        return skipped("no other user can run the program");
    };
    for (path, mode) in [
        ("", 0o755),
        ("course/.forebay", 0o777),
        ("course/lessons", 0o777),
        ("course/lessons/1.2-part-2.md", 0),
        ("course/resources/logo.svg", 0),
        ("course/private", 0),
    ] {
        fs::set_permissions(course.sandbox.path().join(path), Permissions::from_mode(mode)).unwrap();
    }
    let output = command.output().unwrap();
    let (exit, report) = answer(&output);
    assert_eq!(
        (exit, &report["num_generated"], &report["num_kept"]),
        (1, &2.into(), &1.into()),
        "{}",
        shown(&output)
    );
    let mut denied: Vec<&str> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|problem| problem["code"] == "permission_denied")
        .map(|problem| {
            let path = problem["place"].as_str().unwrap();
            assert!(problem["message"].as_str().unwrap().contains(&format!("course/{path}")), "{problem}");
            path
        })
        .collect();
    denied.sort_unstable();
    assert_eq!(denied, ["lessons/1.2-part-2.md", "private", "resources/logo.svg"], "{report:#}");
}
