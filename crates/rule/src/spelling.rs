//! Which known names are close to a name that is not known.

/// The longest name for which a correction is looked for, in bytes: the work grows with its square.
const MAX_LENGTH: usize = 64;
/// At most so many names are offered.
const MAX_OFFERED: usize = 3;

/// The candidates that `name` may be a slip of, closest first, each at most a third of its letters away. ASCII case counts for nothing.
#[must_use]
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if name.len() > MAX_LENGTH {
        return Vec::new();
    }
    let name = letters(name);
    let allowed = (name.len() / 3).clamp(1, 4);
    let mut found: Vec<(usize, &str)> = Vec::new();
    for candidate in candidates {
        let letters = letters(candidate);
        // Two letters have no typing slip in them that would not make any other two.
        if letters.len().abs_diff(name.len()) > allowed || name.len().min(letters.len()) < 2 {
            continue;
        }
        let distance = distance(&name, &letters);
        if distance <= allowed && distance < letters.len() {
            found.push((distance, candidate));
        }
    }
    found.sort_by_key(|(distance, _)| *distance);
    found.truncate(MAX_OFFERED);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

fn letters(name: &str) -> Vec<char> {
    name.chars().map(|c| c.to_ascii_lowercase()).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours that make `a` of `b` (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut best = at(&last, j) + usize::from(x != y);
            best = best.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let check =
            |a: &str, b: &str, expected| assert_eq!(distance(&letters(a), &letters(b)), expected, "{a} {b}");
        check("", "", 0);
        check("abc", "", 3);
        check("department", "departmnt", 1);
        check("department", "depratment", 1);
        check("Kitten", "sitting", 3);
    }

    #[test]
    fn only_what_is_close_is_offered() {
        let names = ["department", "displayName", "mail", "mobile"];
        assert_eq!(closest("departmnet", names), ["department"]);
        assert_eq!(closest("mial", names), ["mail"]);
        assert_eq!(closest("shoeSize", names), Vec::<&str>::new());
        assert_eq!(closest(&"x".repeat(5000), names), Vec::<&str>::new());
    }
}
