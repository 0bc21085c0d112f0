//! The input of a run: a file, standard input, or the output of a program.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use forebay_domain::scope::Scope;
use forebay_engine::persist::{Feed, Input};
use forebay_sources::{
    ReadOptions,
    kinds::command::{Program, RunContext},
};

use crate::failure::Failure;

/// Opens a file. Also returns its size, if it has one.
pub(super) fn open(file: &Path, options: ReadOptions) -> Result<(Input, Option<u64>), Failure> {
    let (reader, size) = reader(file)?;
    Ok((Input::bytes(file.display().to_string(), reader, options), size))
}

/// Standard input cannot be checked before it is read.
pub(super) fn check_readable(file: &Path) -> Result<(), Failure> {
    if is_standard_input(file) {
        return Ok(());
    }
    reader(file).map(drop)
}

/// The output of a program, which starts when no other run holds the scope and is stopped when its run ends.
pub(super) fn program(argv: &[String], source: &str, scope: &Scope, options: ReadOptions) -> Input {
    let name = argv.first().cloned().unwrap_or_default();
    let program = Program { argv: argv.to_vec() };
    let (source, scope, format) = (source.to_owned(), scope.clone(), options.format);
    let begin = Box::new(move |run_id| {
        let start = async move {
            let context = RunContext { source: &source, run_id, scope: &scope };
            let output = program.start(&context)?;
            let stopper = output.stopper();
            Ok(Feed::program(Box::new(output), options, stopper))
        };
        Box::pin(start) as _
    });
    Input { name, feed: Feed::Later { begin, format } }
}

fn reader(file: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), Failure> {
    if is_standard_input(file) {
        return Ok((Box::new(io::stdin()), None));
    }
    let unreadable = |error: &io::Error| {
        Failure::usage("input_unreadable", format!("the file {} cannot be read", file.display()))
            .because(error)
    };
    let opened = File::open(file).map_err(|error| unreadable(&error))?;
    let metadata = opened.metadata().map_err(|error| unreadable(&error))?;
    if metadata.is_dir() {
        return Err(Failure::usage("input_unreadable", format!("{} is a folder", file.display()))
            .hint("name the files in it"));
    }
    Ok((Box::new(opened), metadata.is_file().then_some(metadata.len())))
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == "-"
}
