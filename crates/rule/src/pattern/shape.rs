//! What can be known of a pattern without running it: a text that every match has inside, and
//! whether it is no more than a plain text comparison.

use super::syntax::{Assertion, Node, Polarity};

/// A pattern that is nothing but a text, possibly held to an end of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlainText {
    /// Folded.
    pub(super) text: Box<str>,
    pub(super) start: Start,
    pub(super) end: End,
}

/// Whether the text must begin the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Anywhere,
    Value,
}

/// Whether the text must end the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Anywhere,
    Value,
    /// `$`: or a line feed that ends it may follow.
    ValueOrFinalLineFeed,
}

impl PlainText {
    /// `node`, where it is a plain text.
    pub(super) fn of(node: &Node) -> Option<PlainText> {
        let mut nodes = match node {
            Node::Sequence(nodes) => nodes.as_slice(),
            Node::Empty => &[],
            node => std::slice::from_ref(node),
        };
        let mut start = Start::Anywhere;
        let mut end = End::Anywhere;
        // At an open end of the search, what may match nothing asks for nothing.
        while let [Node::Repeat { min: 0, .. }, rest @ ..] = nodes {
            nodes = rest;
        }
        while let [rest @ .., Node::Repeat { min: 0, .. }] = nodes {
            nodes = rest;
        }
        if let [Node::Assertion(Assertion::TextStart), rest @ ..] = nodes {
            start = Start::Value;
            nodes = rest;
        }
        if let [rest @ .., Node::Assertion(last @ (Assertion::TextEnd | Assertion::TextEndOrFinalLineFeed))] =
            nodes
        {
            end = if *last == Assertion::TextEnd { End::Value } else { End::ValueOrFinalLineFeed };
            nodes = rest;
        }
        let text: Option<String> = nodes
            .iter()
            .map(|node| match node {
                Node::Literal(c) => Some(*c),
                _ => None,
            })
            .collect();
        Some(PlainText { text: text?.into_boxed_str(), start, end })
    }

    /// Whether it is found in this folded value.
    pub(super) fn is_match(&self, folded: &str) -> bool {
        let text = &*self.text;
        let before_line_feed = || folded.strip_suffix('\n');
        match (self.start, self.end) {
            (Start::Anywhere, End::Anywhere) => folded.contains(text),
            (Start::Value, End::Anywhere) => folded.starts_with(text),
            (Start::Anywhere, End::Value) => folded.ends_with(text),
            (Start::Value, End::Value) => folded == text,
            (Start::Anywhere, End::ValueOrFinalLineFeed) => {
                folded.ends_with(text) || before_line_feed().is_some_and(|folded| folded.ends_with(text))
            }
            (Start::Value, End::ValueOrFinalLineFeed) => folded == text || before_line_feed() == Some(text),
        }
    }
}

/// Texts, folded, that a match has inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Required {
    /// The longest that every match has.
    pub(super) each: Option<Box<str>>,
    /// Every match has one of these at least; empty where no such texts are known. Of the sets that were found,
    /// the one whose shortest text is the longest.
    pub(super) any: Vec<Box<str>>,
}

/// More texts than this are not worth looking for.
const MAX_ANY: usize = 16;

impl Required {
    /// What every match of `node` has inside.
    pub(super) fn of(node: &Node) -> Required {
        let mut runs = Runs::default();
        runs.visit(node);
        runs.end();
        runs.required
    }

    fn offer(&mut self, other: Required) {
        let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        if length(&other.each) > length(&self.each) {
            self.each = other.each;
        }
        let shortest = |texts: &[Box<str>]| texts.iter().map(|text| text.len()).min().unwrap_or(0);
        if shortest(&other.any) > shortest(&self.any) && other.any.len() <= MAX_ANY {
            self.any = other.any;
        }
    }
}

#[derive(Default)]
struct Runs {
    /// Literals that stand next to each other, so far.
    current: String,
    required: Required,
}

impl Runs {
    fn visit(&mut self, node: &Node) {
        match node {
            Node::Literal(c) => self.current.push(*c),
            Node::Empty | Node::Assertion(_) | Node::Look { polarity: Polarity::Negative, .. } => {}
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.visit(node)),
            Node::Group(_, node) | Node::Atomic(node) => self.visit(node),
            Node::Repeat { node, min: 1.., .. } => {
                self.visit(node);
                self.end();
            }
            // It asks for the same text, beside what is taken.
            Node::Look { node, .. } => self.required.offer(Required::of(node)),
            Node::Choice(nodes) => {
                self.end();
                let terms: Vec<Required> = nodes.iter().map(Required::of).collect();
                if terms.iter().all(|term| !term.any.is_empty()) {
                    let mut any: Vec<_> = terms.into_iter().flat_map(|term| term.any).collect();
                    // Shorter ones first: what has another of them inside says nothing more.
                    any.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
                    let mut apart: Vec<Box<str>> = Vec::new();
                    for text in any {
                        if !apart.iter().any(|shorter| text.contains(&**shorter)) {
                            apart.push(text);
                        }
                    }
                    self.required.offer(Required { each: None, any: apart });
                }
            }
            Node::Set(_) | Node::Repeat { .. } | Node::Reference(_) | Node::Conditional { .. } => self.end(),
        }
    }

    fn end(&mut self) {
        if !self.current.is_empty() {
            let text = std::mem::take(&mut self.current).into_boxed_str();
            self.required.offer(Required { each: Some(text.clone()), any: vec![text] });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::parse::parse;

    #[test]
    fn finds_what_every_match_has_inside() {
        let check = |pattern: &str, literal: Option<&str>| {
            let required = Required::of(&parse(pattern).expect(pattern));
            assert_eq!(required.each.as_deref(), literal, "{pattern}");
            assert!(literal.is_none() || !required.any.is_empty(), "{pattern}");
        };
        check("Contoso", Some("contoso"));
        check(r"^\w+@contoso\.com$", Some("@contoso.com"));
        check("(ab)(c)", Some("abc"));
        check(r"foo\bbar", Some("foobar"));
        check("(?:abc)+d", Some("abc"));
        check("a(?:bcd)?e", Some("a"));
        check("abc|abd", None);
        check("x(?:ab|cd)yz", Some("yz"));
        check("[Kk]elvin", Some("kelvin"));
        check(r"^(?=.*admin)(?!.*guest).{3}", Some("admin"));
        check(".*", None);
        check("", None);
    }

    #[test]
    fn finds_texts_of_which_every_match_has_one() {
        let check = |pattern: &str, texts: &[&str]| {
            let required = Required::of(&parse(pattern).expect(pattern));
            let found: Vec<&str> = required.any.iter().map(|text| &**text).collect();
            assert_eq!(found, texts, "{pattern}");
        };
        check("^(Sales|Marketing)$", &["sales", "marketing"]);
        check(r"@(contoso|fabrikam)\.com$", &["contoso", "fabrikam"]);
        check(r"@(a|b)\.com$", &[".com"]);
        check("(?:north|(?:south|south-)east)x?", &["north", "south"]);
        check("(?:a|A)b", &["a"]);
        check("^(?=.*(?:admin|root))", &["root", "admin"]);
        check("(?:abc|)", &[]);
        check("(?:abc|[de])", &[]);
        check(&format!("(?:{})", (10..40).map(|n| format!("dept{n}")).collect::<Vec<_>>().join("|")), &[]);
    }

    #[test]
    fn knows_a_plain_text_comparison() {
        let check = |pattern: &str, plain: Option<(&str, Start, End)>| {
            let node = parse(pattern).expect(pattern);
            let found = PlainText::of(&node);
            let found = found.as_ref().map(|plain| (&*plain.text, plain.start, plain.end));
            assert_eq!(found, plain, "{pattern}");
        };
        check("Sales", Some(("sales", Start::Anywhere, End::Anywhere)));
        check(".*Sales.*", Some(("sales", Start::Anywhere, End::Anywhere)));
        check("^Sales", Some(("sales", Start::Value, End::Anywhere)));
        check("^Sales.*", Some(("sales", Start::Value, End::Anywhere)));
        check(r"Sales\z", Some(("sales", Start::Anywhere, End::Value)));
        check("(?:Sales)$", Some(("sales", Start::Anywhere, End::ValueOrFinalLineFeed)));
        check("^Sales$", Some(("sales", Start::Value, End::ValueOrFinalLineFeed)));
        check("", Some(("", Start::Anywhere, End::Anywhere)));
        check("^.*Sales", None); // what is before it has no line feed
        check("^Sales.*$", None); // nor has what is after it
        check("(?m)^Sales", None);
        check("Sal.s", None);
    }
}
