//! Files in, files out, every line once: what `replay` and `licensing replay` have in common.
//!
//! [`apply`] reads and decides, [`publish`] commits and writes. Neither knows what a line means.

pub(crate) mod apply;
pub(crate) mod publish;

use crate::failure::Failure;
use std::path::{Path, PathBuf};

/// Refuses outputs that are inputs, which would be lost. `option` is what names the output.
pub(crate) fn check_outputs(inputs: &[PathBuf], output: &Path, option: &str) -> Result<(), Failure> {
    let mut dead = output.as_os_str().to_owned();
    dead.push(".dead");
    for output in [output, Path::new(&dead)] {
        let Ok(output) = output.canonicalize() else { continue };
        if let Some(input) = inputs.iter().find(|input| input.canonicalize().is_ok_and(|i| i == output)) {
            let message = format!(
                "`{}` is an input and would be overwritten: give another name to {option}",
                input.display()
            );
            return Err(Failure::usage(message));
        }
    }
    Ok(())
}
