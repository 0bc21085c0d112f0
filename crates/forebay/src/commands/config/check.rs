//! `forebay config check`: checks the configuration without using a database or the network.

use forebay_views::{ConfigCheck, DeclaredSource, EnabledState, Pipeline};

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Table, Tone, format, table::Column},
};

/// Check the configuration and list what it declares
///
/// Finds what other commands would refuse. Warns of what they would miss on this machine: secrets that are not set,
/// programs, and pipelines on sources that the file doesn't declare. Connects to nothing. Errors that only the database
/// or a site can reveal, such as a missing table, appear when the source or pipeline is used.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay config check
  forebay config check --config etc/forebay.toml")]
pub(crate) struct Args {}

/// Runs the command.
pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let path = context.config_path().display().to_string();
    let Some(config) = context.config_file()? else {
        return Err(Failure::usage("config_not_found", format!("there is no configuration file {path}"))
            .hint("write one with `forebay init`"));
    };
    let entity_types = config.entity_types();
    let sources = config.sources.iter().map(|(name, source)| {
        let definition = config.definitions().get(name);
        DeclaredSource {
            source: name.clone(),
            entity_type: entity_types[name.as_str()].map(str::to_owned),
            kind: definition.map(|found| found.kind.as_str().to_owned()),
            key_fields: source.key_fields(),
            state: EnabledState::from(source.enabled).to_string(),
            schedule: definition.and_then(|found| found.schedule.as_ref()).map(ToString::to_string),
        }
    });
    let pipelines = config.pipeline_specs().into_iter().map(|spec| Pipeline {
        pipeline: spec.name,
        source: spec.source_name,
        handler: spec.handler,
        state: EnabledState::from(spec.enabled).to_string(),
    });
    context.ui.show(&ConfigCheck {
        path,
        project: config.project().unwrap_or_default().to_owned(),
        sources: sources.collect(),
        pipelines: pipelines.collect(),
        warnings: config.warnings(context.config_path())?,
    })?;
    Ok(Exit::Done)
}

impl Report for ConfigCheck {
    fn write(&self, page: &mut Page) {
        page.line(&format!("{} is valid; its project is {}", self.path, self.project));
        let mut table = Table::new([
            Column::text("source"),
            Column::text("entity"),
            Column::text("kind"),
            Column::text("key"),
            Column::text("scraped"),
        ]);
        for line in &self.sources {
            let scraped = match (&line.schedule, &line.kind) {
                (_, None) => "never; add its records with `forebay persist`",
                _ if line.state == EnabledState::Disabled.as_str() => "never; it is disabled",
                (Some(schedule), _) => schedule,
                (None, _) => "on request",
            };
            table.row([
                line.source.clone(),
                line.entity_type.clone().unwrap_or_default(),
                line.kind.clone().unwrap_or_default(),
                line.key_fields.join(", "),
                scraped.to_owned(),
            ]);
        }
        page.table(&table, "no sources");
        let mut table =
            Table::new([Column::text("pipeline"), Column::text("source"), Column::text("handler")]);
        for line in &self.pipelines {
            let handler = if line.state == EnabledState::Enabled.as_str() {
                line.handler.clone()
            } else {
                format!("{} (disabled)", line.handler)
            };
            table.row([
                line.pipeline.clone(),
                line.source.clone().unwrap_or_else(|| "*".to_owned()),
                handler,
            ]);
        }
        page.table(&table, "no pipelines");
        for warning in &self.warnings {
            page.toned(
                Tone::Warning,
                &format!("warning[{}]: {}", warning.code, format::plain(&warning.message)),
            );
            if let Some(hint) = &warning.hint {
                page.line(&format!("hint: {hint}"));
            }
        }
    }
}
