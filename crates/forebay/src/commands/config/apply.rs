//! `forebay config apply`: declares what the configuration names, and disables what its project no longer names.

use forebay_engine::{
    clock,
    configuration::{Applied, ApplyOptions, Configuration, apply},
    work::PipelineSpec,
};
use forebay_store::{
    connect::Database,
    projects::{DeclaredElsewhere, OnConflict},
};
use forebay_views::{ConfigApplied, NameElsewhere};

use crate::{
    cli::why::Why,
    config::Config,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Tone, format},
};

/// Declare the pipelines, schedules and scraped sources of the configuration in the database
///
/// A source without a kind, whose records other programs supply, is declared by its first run of `persist`. Other
/// commands do the same for what they need. Declarations that are no longer in the file are kept unless --prune is
/// given; declarations of other projects are never pruned.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay config apply
  forebay config apply --prune --dry-run
  forebay config apply --prune --yes
  forebay config apply --take-over")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command")]
pub(crate) struct Args {
    /// Disable pipelines of this project that are not in the file, and end its other declarations; asks on a terminal
    #[arg(long)]
    prune: bool,

    /// Replace declarations of other projects that differ from this file; the names then belong to this project
    #[arg(long)]
    take_over: bool,

    /// Show the changes without writing anything
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Skip the confirmation
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Some(config) = context.config_file()? else {
        let path = context.config_path().display();
        return Err(Failure::usage("config_not_found", format!("there is no configuration file {path}"))
            .hint("write one with `forebay init`"));
    };
    let applied = context
        .with_database(async |database| Box::pin(apply_to(args, context, &config, database)).await)
        .await?;
    context.warn_elsewhere("source", &config, &applied.sources_elsewhere);
    context.warn_elsewhere("pipeline", &config, &applied.pipelines_elsewhere);
    context.warn_unready(&applied.unready);
    if args.take_over {
        note_supplied(context, &config, &applied);
    }
    context.ui.show(&view(args, &config, applied))?;
    Ok(Exit::Done)
}

/// Says which sources were taken over without their settings: those that other programs supply.
fn note_supplied(context: &Context, config: &Config, applied: &Applied) {
    let is_supplied = |name: &&String| !config.definitions().contains_key(*name);
    let supplied: Vec<&str> = applied.sources.iter().filter(is_supplied).map(String::as_str).collect();
    if !supplied.is_empty() {
        context.ui.note(&format!(
            "the settings of {} stay those of the former project until the next run stores the new ones; a run with \
             another key is refused while there are records",
            supplied.join(", ")
        ));
    }
}

async fn apply_to(
    args: &Args,
    context: &Context,
    config: &Config,
    database: &Database,
) -> Result<Applied, Failure> {
    let pipelines: Vec<PipelineSpec> = config.pipeline_specs();
    let configuration = Configuration {
        project: config.project().unwrap_or_default(),
        sources: config.definitions(),
        entity_types: &config.entity_types(),
        published: &config.published(),
        pipelines: &pipelines,
    };
    let on_conflict = if args.take_over { OnConflict::TakeOver } else { OnConflict::Keep };
    let by = args.why.actor();
    let options = ApplyOptions { prune: args.prune, on_conflict, dry_run: args.dry_run };
    if args.prune && !args.dry_run && !args.yes {
        let planned =
            apply(database, &configuration, &ApplyOptions { dry_run: true, ..options }, &by, clock::now())
                .await?;
        if planned.ends_any() {
            context.ui.confirm(&loss(&planned))?;
        }
    }
    Ok(apply(database, &configuration, &options, &by, clock::now()).await?)
}

/// What pruning ends, for the confirmation.
fn loss(planned: &Applied) -> String {
    let part = |what: &str, names: &[String]| match names {
        [] => None,
        names => Some(format!("{what} {}", names.join(", "))),
    };
    let parts = [
        part("disables the pipelines", &planned.disabled_pipelines),
        part("ends the declarations and schedules of the sources", &planned.released_sources),
    ];
    format!("this {}", parts.into_iter().flatten().collect::<Vec<_>>().join(" and "))
}

fn view(args: &Args, config: &Config, applied: Applied) -> ConfigApplied {
    let elsewhere = |names: Vec<DeclaredElsewhere>| {
        names.into_iter().map(|it| NameElsewhere { name: it.name, project: it.owner }).collect()
    };
    let handed_off = applied.pipelines.iter().map(|declared| declared.num_handoffs).sum();
    ConfigApplied {
        project: config.project().unwrap_or_default().to_owned(),
        is_dry_run: args.dry_run,
        changed_sources: applied.sources,
        changed_pipelines: applied.pipelines.into_iter().map(|declared| declared.pipeline).collect(),
        changed_schedules: applied.schedules,
        released_sources: applied.released_sources,
        disabled_pipelines: applied.disabled_pipelines,
        sources_elsewhere: elsewhere(applied.sources_elsewhere),
        pipelines_elsewhere: elsewhere(applied.pipelines_elsewhere),
        num_handoffs: (!args.dry_run).then_some(handed_off),
    }
}

impl Report for ConfigApplied {
    fn write(&self, page: &mut Page) {
        let is_unchanged = [
            &self.changed_sources,
            &self.changed_pipelines,
            &self.changed_schedules,
            &self.released_sources,
            &self.disabled_pipelines,
        ]
        .into_iter()
        .all(Vec::is_empty);
        let dry = if self.is_dry_run { " (dry run; nothing was written)" } else { "" };
        if is_unchanged {
            page.line(&format!("project {}: up to date{dry}", self.project));
            return;
        }
        page.line(&format!("project {}{dry}", self.project));
        let lines: [(&str, &[String], Tone); 5] = [
            ("sources declared", &self.changed_sources, Tone::Good),
            ("pipelines declared", &self.changed_pipelines, Tone::Good),
            ("schedules changed", &self.changed_schedules, Tone::Good),
            ("sources no longer declared (stored data is kept)", &self.released_sources, Tone::Warning),
            ("pipelines disabled (their hand-offs wait)", &self.disabled_pipelines, Tone::Warning),
        ];
        for (what, names, tone) in lines.into_iter().filter(|(_, names, _)| !names.is_empty()) {
            page.toned(tone, &format!("{what}: {}", names.join(", ")));
        }
        if let Some(number) = self.num_handoffs.filter(|number| *number > 0) {
            page.line(&format!("handed off {}", format::counted(number, "existing reference")));
        }
    }
}
