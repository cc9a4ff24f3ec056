//! "Did you mean": the known word that is closest to an unknown one.

use muster_rule::spelling;

/// ", did you mean `…`?" with the closest of `known`, or nothing where none is close.
pub(crate) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    match spelling::closest(word, known).first() {
        Some(closest) => format!(", did you mean `{closest}`?"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_close_is_suggested() {
        assert_eq!(did_you_mean("divice", ["user", "device"]), ", did you mean `device`?");
        assert_eq!(did_you_mean("USER", ["user", "device"]), ", did you mean `user`?");
        assert_eq!(did_you_mean("banana", ["user", "device"]), "");
    }
}
