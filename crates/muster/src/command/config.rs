//! `muster config`: is the configuration right, and which one holds?

use crate::config::{Config, ConfigError, Overrides};
use crate::failure::{Failure, Outcome};
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::PathBuf;

/// What can be asked about the configuration.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say what is wrong with the configuration
    Check(CheckArguments),
    /// Print the configuration that holds, and where each value comes from
    Print(PrintArguments),
}

/// Say what is wrong with the configuration
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    source: ConfigArguments,
}

/// Print the configuration that holds, and where each value comes from
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct PrintArguments {
    #[command(flatten)]
    source: ConfigArguments,
}

/// Where a configuration comes from.
#[derive(Args)]
pub(crate) struct ConfigArguments {
    /// The configuration file; without one the defaults hold, but for the environment and --set
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Give one key a value, whatever file and environment say
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_setting)]
    set: Vec<(String, String)>,
}

const AFTER_HELP: &str = "\
`config/muster.toml` lists every key with its default. In the environment a key is MUSTER__SECTION__KEY.

Exit status: 0 done, 2 the configuration is wrong.

Examples:
  muster config check --config muster.toml
  MUSTER__LOG__KIND=kafka muster config print --set kafka.brokers=localhost:9092";

impl ConfigCommand {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            ConfigCommand::Check(arguments) => {
                arguments.source.load()?;
                eprintln!("the configuration is fine");
            }
            ConfigCommand::Print(arguments) => {
                let config = arguments.source.load()?;
                std::io::stdout().write_all(config.print().as_bytes())?;
            }
        }
        Ok(Outcome::Done)
    }
}

impl ConfigArguments {
    /// The configuration; what may be a mistake is said on stderr.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        let mut overrides = Overrides::default();
        for (key, value) in &self.set {
            overrides.set(key, value);
        }
        let config = Config::load(self.config.as_deref(), &overrides)?;
        for warning in config.warnings() {
            eprintln!("warning: {warning}");
        }
        Ok(config)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::Usage(error.into())
    }
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE, as in `http.listen=127.0.0.1:9000`".to_owned()),
    }
}
