//! `caulk schema`

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::{CLEAN, output};
use crate::{config::Config, doctor, pull::results::Results, sink::json::Report, sweep};

/// Print the JSON schema of the configuration, the reports or a sweep's plan
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Of what
    #[arg(value_enum, default_value_t = Of::Config)]
    of: Of,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// .caulk.yaml
    Config,
    /// `--format json`
    Report,
    /// `caulk pr --format json`
    PullRequests,
    /// `caulk doctor --json`
    Doctor,
    /// A line of the plan of `caulk sweep`
    SweepPlan,
}

impl Schema {
    pub(super) fn run(&self) -> Result<u8> {
        let schema = match self.of {
            Of::Config => schemars::schema_for!(Config),
            Of::Doctor => schemars::generate::SchemaSettings::draft2020_12()
                .for_serialize()
                .into_generator()
                .into_root_schema_for::<doctor::Report>(),
            Of::SweepPlan => schemars::generate::SchemaSettings::draft2020_12()
                .for_serialize()
                .into_generator()
                .into_root_schema_for::<sweep::plan::Line>(),
            Of::PullRequests => schemars::generate::SchemaSettings::draft2020_12()
                .for_serialize()
                .into_generator()
                .into_root_schema_for::<Results>(),
            // What is described is what comes out, not what could be read back.
            Of::Report => schemars::generate::SchemaSettings::draft2020_12()
                .for_serialize()
                .into_generator()
                .into_root_schema_for::<Report>(),
        };
        let mut text = serde_json::to_string_pretty(&schema)?;
        text.push('\n');
        output::raw(text.as_bytes())?;
        Ok(CLEAN)
    }
}
