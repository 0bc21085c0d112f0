//! The peer Scrapy: `scrapy runspider` with a spider that reads the same fields of the same pages.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::TempDir;
use tokio::process::Command;

use super::{sample::Sample, source::CONCURRENCY};
use crate::failure::Failure;

const SPIDER: &str = include_str!("spider.py");

/// The peer that was found.
#[derive(Debug)]
pub(super) struct Scrapy {
    python: PathBuf,
    /// The folder of the spider, without any configuration of Scrapy.
    folder: TempDir,
    /// Its version and that of Python.
    pub(super) version: String,
}

impl Scrapy {
    /// Asks a Python for its version.
    pub(super) async fn find(python: &Path) -> Result<Self, Failure> {
        let missing = || {
            Failure::peer_not_found(format!("{} has no Scrapy", python.display()))
                .hint("name the python of an environment in which `pip install scrapy` was run, or leave out --scrapy")
        };
        // A bare name is looked up in PATH. A path is relative to the current folder, but the spider runs elsewhere.
        let is_bare = python.components().count() == 1;
        let python = if is_bare { python.to_owned() } else { absolute(python) };
        let mut asking = Command::new(&python);
        asking.args(["-c", "import platform, scrapy; print(scrapy.__version__, platform.python_version())"]);
        let answer = asking.stdin(Stdio::null()).output().await.map_err(|_| missing())?;
        let versions = String::from_utf8_lossy(&answer.stdout);
        let (version, python_version) = versions.trim().split_once(' ').ok_or_else(missing)?;
        let version = format!("{version} on Python {python_version}");
        let folder = TempDir::new()?;
        fs::write(folder.path().join("spider.py"), SPIDER)?;
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
        // Standard output is for the report; Scrapy logs to standard error.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Sample::of(command, "Scrapy").await
    }
}

/// Does not follow links: the Python of an environment is one, and finds its packages by its own path.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
