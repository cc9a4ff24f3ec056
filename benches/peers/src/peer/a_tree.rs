//! The a-tree crate: one expression tree for all rules, equal parts shared.

use super::Search;
use crate::plain::{Columns, Plain, PlainRow};
use ::a_tree::{ATree, AttributeDefinition};

pub(super) struct Tree(ATree<u32>);

/// `None` where the crate does not take its own language, which its tests would find.
pub(super) fn build(columns: &Columns, rules: &[Plain]) -> Option<Tree> {
    let definitions: Vec<_> = columns.names().iter().map(|name| AttributeDefinition::string(name)).collect();
    let mut tree = ATree::new(&definitions).ok()?;
    for (number, rule) in (0_u32..).zip(rules) {
        tree.insert(&number, &text(columns, rule)).ok()?;
    }
    Some(Tree(tree))
}

impl Search for Tree {
    fn search(&self, columns: &Columns, row: &PlainRow, found: &mut Vec<u32>) {
        let mut event = self.0.make_event();
        for (name, value) in columns.names().iter().zip(row) {
            // Only unknown names and other types are refused.
            let _ = event.with_string(name, value);
        }
        let Ok(event) = event.build() else { return };
        if let Ok(report) = self.0.search(&event) {
            found.extend(report.matches().iter().map(|rule| **rule));
        }
    }
}

/// In the crate's language. Values of the workload hold no quotes.
fn text(columns: &Columns, rule: &Plain) -> String {
    let join = |terms: &[Plain], operator: &str| {
        terms.iter().map(|term| format!("({})", text(columns, term))).collect::<Vec<_>>().join(operator)
    };
    match rule {
        Plain::All(terms) => join(terms, " and "),
        Plain::Any(terms) => join(terms, " or "),
        Plain::Not(term) => format!("not ({})", text(columns, term)),
        Plain::OneOf(column, values) => {
            let name = columns.names().get(*column).map_or("", String::as_str);
            match values.as_slice() {
                [value] => format!("{name} = \"{value}\""),
                values => format!("{name} in [\"{}\"]", values.join("\", \"")),
            }
        }
        Plain::StartsWith(..) => String::new(),
    }
}
