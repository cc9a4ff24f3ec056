//! Which format an export has, and its bytes as text.

use super::{Export, dsc, graph, table, terraform};
use crate::failure::Failure;
use clap::ValueEnum;
use std::io::Read;
use std::path::Path;

/// A format of exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// JSON of Microsoft Graph or of Terraform
    Graph,
    /// A table
    Csv,
    /// Terraform's language
    Terraform,
    /// Microsoft365DSC
    Dsc,
}

impl Format {
    pub(super) fn guess(path: &Path, text: &str) -> Format {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        match extension.to_ascii_lowercase().as_str() {
            "json" | "jsonl" | "ndjson" | "tfstate" => Format::Graph,
            "csv" | "tsv" => Format::Csv,
            "tf" | "tofu" | "hcl" => Format::Terraform,
            "ps1" | "psd1" => Format::Dsc,
            _ => Format::of_text(text),
        }
    }

    fn of_text(text: &str) -> Format {
        if text.trim_start().starts_with(['{', '[']) {
            Format::Graph
        } else if text.contains("AADGroup") {
            Format::Dsc
        } else if text.contains("resource \"") {
            Format::Terraform
        } else {
            Format::Csv
        }
    }

    /// For a sentence.
    pub(super) fn name(self) -> &'static str {
        match self {
            Format::Graph => "JSON",
            Format::Csv => "CSV",
            Format::Terraform => "Terraform",
            Format::Dsc => "Microsoft365DSC",
        }
    }

    /// The rules in a text of this format.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn find(self, text: &str) -> Result<Export, String> {
        match self {
            Format::Graph => graph::find(text),
            Format::Csv => table::find(text),
            Format::Terraform => terraform::find(text),
            Format::Dsc => Ok(dsc::find(text)),
        }
    }
}

/// The export as text; Windows writes some as UTF-16.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let refuse = |reason: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot read `{}`: {reason}", path.display()))
    };
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = bytes.map_err(|reason| refuse(&reason))?;
    decode(bytes).ok_or_else(|| refuse(&"it is neither UTF-8 nor UTF-16"))
}

fn decode(bytes: Vec<u8>) -> Option<String> {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        rest.is_empty().then(|| String::from_utf16(&units).ok()).flatten()
    };
    match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_encodings_are_read() {
        let utf16 = |unit: fn(u16) -> [u8; 2]| "\u{feff}é".encode_utf16().flat_map(unit).collect::<Vec<_>>();
        assert_eq!(decode(utf16(u16::to_le_bytes)).as_deref(), Some("é"));
        assert_eq!(decode(utf16(u16::to_be_bytes)).as_deref(), Some("é"));
        assert_eq!(decode("\u{feff}é".into()).as_deref(), Some("é"));
        assert_eq!(decode("é".into()).as_deref(), Some("é"));
        assert_eq!(decode(vec![0xFF]), None);
        assert_eq!(decode(vec![0xFF, 0xFE, 0]), None);
    }

    #[test]
    fn the_name_or_the_text_tells_the_format() {
        let check = |name: &str, text: &str, format| assert_eq!(Format::guess(Path::new(name), text), format);
        check("groups.JSON", "", Format::Graph);
        check("-", " [{}]", Format::Graph);
        check("-", "AADGroup 'x' {}", Format::Dsc);
        check("export.txt", "resource \"azuread_group\" \"x\" {}", Format::Terraform);
        check("main.tf", "", Format::Terraform);
        check("-", "id,membershipRule", Format::Csv);
    }
}
