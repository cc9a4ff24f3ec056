//! Equal patterns are one, for as long as somebody holds it: thousands of rules may ask for the same, and
//! what a search was given up on for one of them is so for all. A few are held here, so that an editor which
//! checks a rule on each key press does not compile its patterns each time.

use super::Inner;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

/// Every pattern that is held, by its text, and some that were.
#[derive(Default)]
struct Known {
    patterns: HashMap<Box<str>, Weak<Inner>>,
    /// With so many the forgotten ones are taken out.
    sweep_at: usize,
    /// Those that were made last, so many at most; each has its bounds (`linear`, `bounded`).
    recent: VecDeque<Arc<Inner>>,
}

const RECENT: usize = 16;

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// The pattern of this text that somebody holds.
pub(super) fn find(text: &str) -> Option<Arc<Inner>> {
    known().patterns.get(text).and_then(Weak::upgrade)
}

/// Makes a pattern known. Of two of the same text the first stays; that is the answer.
pub(super) fn keep(inner: Inner) -> Arc<Inner> {
    let mut known = known();
    if let Some(first) = known.patterns.get(&inner.text).and_then(Weak::upgrade) {
        return first;
    }
    if known.patterns.len() >= known.sweep_at {
        known.patterns.retain(|_, pattern| pattern.strong_count() > 0);
        known.sweep_at = 2 * known.patterns.len() + 64;
    }
    let inner = Arc::new(inner);
    known.patterns.insert(inner.text.clone(), Arc::downgrade(&inner));
    known.recent.truncate(RECENT - 1);
    known.recent.push_front(Arc::clone(&inner));
    inner
}

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;
    use super::*;

    #[test]
    fn equal_patterns_are_one_and_forgotten_ones_are_swept() {
        let compile = |text: &str| Pattern::compile(text).unwrap();
        let (one, other) = (compile("^shared [a-z]+$"), compile("^shared [a-z]+$"));
        assert!(Arc::ptr_eq(&one.inner, &other.inner));
        assert!(!Arc::ptr_eq(&one.inner, &compile("^shared [a-y]+$").inner));
        for count in 0..1_000 {
            compile(&format!("^swept {count} [a-z]+$"));
        }
        let left = known().patterns.keys().filter(|text| text.starts_with("^swept")).count();
        assert!(left < 900, "{left}");
        drop((one, other));
        for count in 0..RECENT {
            compile(&format!("^pushed out {count} [a-z]+$"));
        }
        assert!(find("^shared [a-z]+$").is_none());
    }
}
