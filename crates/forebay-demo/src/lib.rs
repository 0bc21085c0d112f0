//! The demo: a made-up site is scraped, persisted, handed off, ingested and searched, in a database of its own.
//!
//! The demo is a story in steps. A step shows figures that it has just read, and checks each claim that it makes, with
//! evidence from the database where possible. A claim that does not hold ends the demo. This crate prints nothing: the
//! caller gets each step as a value. It installs no tracing subscriber either: the engine's events go to the caller's.
//!
//! ```no_run
//! # async fn example() -> Result<(), forebay_demo::Error> {
//! let target = forebay_store::Target::Embedded { data_dir: "/tmp/data".into() };
//! let stage = forebay_demo::Stage::open(target).await?;
//! let mut story = forebay_demo::Story::new(&stage);
//! while let Some(step) = story.next().await? {
//!     println!("{}. {}", step.number, step.title);
//! }
//! stage.drop_database().await?;
//! stage.close().await
//! # }
//! ```
//!
//! To add a step, write a file for it and add it to [`Story::next`]. Steps leave data behind for those after them.

mod broken;
mod catalogue;
mod database;
mod error;
mod first_day;
mod lists;
mod memory;
mod point_in_time;
mod replay;
mod runs;
mod second_day;
mod site;
mod stage;
mod step;
mod story;

pub use error::{Error, Result};
pub use stage::Stage;
pub use step::{Cell, Column, Step, Table};
pub use story::Story;
