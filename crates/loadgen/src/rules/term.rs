//! A part of a rule: its text, the share of the users that it selects, and how many of them a change
//! takes away.
//!
//! Attributes are independent of each other, and a rule names each once, so that shares multiply.

/// A condition.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    /// As the rule writes it.
    pub(crate) text: String,
    /// Of the users, those that satisfy it.
    pub(crate) share: f64,
    /// The probability that a user satisfies it before a change and not after it. As many come to satisfy
    /// it: values are drawn anew from the same shares.
    pub(crate) loss: f64,
}

impl Term {
    pub(crate) fn leaf(text: String, share: f64, loss: f64) -> Term {
        Term { text, share, loss }
    }

    /// How many memberships a change flips: those that end, and as many that begin.
    pub(crate) fn flips(&self) -> f64 {
        2.0 * self.loss
    }

    /// All of these, which name different attributes.
    pub(crate) fn all(terms: Vec<Term>) -> Term {
        let share: f64 = terms.iter().map(|term| term.share).product();
        let stays: f64 = terms.iter().map(|term| term.share - term.loss).product();
        Term { text: join(&terms, " -and "), share, loss: share - stays }
    }

    /// One of these at least, which name different attributes; in parentheses.
    pub(crate) fn any(terms: Vec<Term>) -> Term {
        let text = format!("({})", join(&terms, " -or "));
        let none = Term::all(terms.into_iter().map(Term::negated).collect());
        Term { text, share: 1.0 - none.share, loss: none.loss }
    }

    /// Not this, written with `-not`.
    pub(crate) fn not(self) -> Term {
        let text = format!("-not ({})", self.text);
        Term { text, ..self.negated() }
    }

    /// The same term, in other words.
    pub(crate) fn written(self, text: String) -> Term {
        Term { text, ..self }
    }

    /// Its negation; the text is left as it is.
    pub(crate) fn negated(self) -> Term {
        Term { share: 1.0 - self.share, ..self }
    }
}

fn join(terms: &[Term], operator: &str) -> String {
    match terms {
        [one] => one.text.clone(),
        many => many.iter().map(|term| format!("({})", term.text)).collect::<Vec<_>>().join(operator),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_losses_follow_the_connectives() {
        let leaf = |share| Term::leaf(format!("{share}"), share, share * 0.1);
        let all = Term::all(vec![leaf(0.5), leaf(0.2)]);
        assert_eq!(all.text, "(0.5) -and (0.2)");
        assert!((all.share - 0.1).abs() < 1e-9);
        assert!((all.loss - (0.1 - 0.45 * 0.18)).abs() < 1e-9);
        let any = Term::any(vec![leaf(0.5), leaf(0.2)]);
        assert!((any.share - 0.6).abs() < 1e-9);
        // Neither before and neither after: (0.5 − 0.05) · (0.8 − 0.02).
        assert!((any.loss - (0.4 - 0.45 * 0.78)).abs() < 1e-9);
        let not = leaf(0.2).not();
        assert_eq!((not.text.as_str(), not.share, not.loss), ("-not (0.2)", 0.8, 0.2 * 0.1));
    }
}
