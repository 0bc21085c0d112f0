//! The peer Scrapy: a spider that reads the same fields of the same pages, run as `scrapy runspider` does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::TempDir;
use tokio::process::Command;

use super::{Sample, sample_of, source::CONCURRENCY};
use crate::failure::Failure;

const SPIDER: &str = include_str!("spider.py");

/// The peer, as found.
#[derive(Debug)]
pub(super) struct Scrapy {
    python: PathBuf,
    /// Where the spider is, and nothing that would configure it.
    folder: TempDir,
    /// Its version and that of Python.
    pub(super) version: String,
}

impl Scrapy {
    /// Asks a Python for it.
    pub(super) async fn find(python: &Path) -> Result<Self, Failure> {
        let missing = || {
            Failure::usage("peer_not_found", format!("{} has no Scrapy", python.display()))
                .hint("name the python of an environment in which `pip install scrapy` was run, or leave out --scrapy")
        };
        // A path is looked up from here, and a bare name by PATH, whatever folder the spider runs in.
        let is_bare = python.components().count() == 1;
        let python = if is_bare { python.to_owned() } else { absolute(python) };
        let mut asking = Command::new(&python);
        asking.args(["-c", "import platform, scrapy; print(scrapy.__version__, platform.python_version())"]);
        let told = asking.stdin(Stdio::null()).output().await.map_err(|_| missing())?;
        let told_text = String::from_utf8_lossy(&told.stdout);
        let (version, python_version) = told_text.trim().split_once(' ').ok_or_else(missing)?;
        let version = format!("{version} on Python {python_version}");
        let folder = TempDir::new().map_err(|error| Failure::output(&error))?;
        fs::write(folder.path().join("spider.py"), SPIDER).map_err(|error| Failure::output(&error))?;
        Ok(Self { python, folder, version })
    }

    /// Crawls the site once into a file.
    pub(super) async fn sample(&self, url: &str, file: &Path) -> Result<Sample, Failure> {
        let mut command = Command::new(&self.python);
        command
            .args(["-m", "scrapy", "runspider", "spider.py", "-L", "WARNING", "-a"])
            .arg(format!("url={url}/lists/0"));
        command.arg("-s").arg(format!("CONCURRENT_REQUESTS={CONCURRENCY}"));
        command.arg("-s").arg(format!("CONCURRENT_REQUESTS_PER_DOMAIN={CONCURRENCY}"));
        command.arg("-O").arg(file).current_dir(self.folder.path()).kill_on_drop(true);
        // Standard output is for the report; what Scrapy has to say goes to standard error.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        sample_of(command, "Scrapy").await
    }
}

/// A link stays a link: the python of an environment is one, and knows by its place where its packages are.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
