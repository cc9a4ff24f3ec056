//! "Did you mean": the known word that is closest to an unknown one.

/// ", did you mean `…`?" with the closest of `known`, or nothing where none is close.
pub(crate) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let word = word.to_ascii_lowercase();
    let limit = 1 + word.chars().count() / 4;
    let closest = known
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_ascii_lowercase(), limit), candidate))
        .min_by_key(|(distance, _)| *distance);
    match closest {
        Some((distance, candidate)) if distance <= limit => format!(", did you mean `{candidate}`?"),
        _ => String::new(),
    }
}

/// The number of insertions, deletions and substitutions between two words (Levenshtein), or more
/// than `limit` where their lengths alone say so.
fn distance(left: &str, right: &str, limit: usize) -> usize {
    let right: Vec<char> = right.chars().collect();
    if left.chars().count().abs_diff(right.len()) > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let (mut diagonal, mut last) = (i, i + 1);
        for (cell, b) in row.iter_mut().skip(1).zip(&right) {
            let best = (diagonal + usize::from(a != *b)).min(*cell + 1).min(last + 1);
            diagonal = std::mem::replace(cell, best);
            last = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_edits() {
        for (left, right, edits) in
            [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2)]
        {
            assert_eq!(distance(left, right, 9), edits, "{left} {right}");
        }
    }

    #[test]
    fn only_what_is_close_is_suggested() {
        assert_eq!(did_you_mean("divice", ["user", "device"]), ", did you mean `device`?");
        assert_eq!(did_you_mean("USER", ["user", "device"]), ", did you mean `user`?");
        assert_eq!(did_you_mean("banana", ["user", "device"]), "");
    }
}
