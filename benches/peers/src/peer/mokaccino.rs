//! The mokaccino crate, a percolator: queries in conjunctive form, found by the terms of a document.

use super::Search;
use crate::plain::{Columns, Plain, PlainRow};
use ::mokaccino::prelude::{Document, Percolator, Query};
use foldhash::HashMap;

pub(super) struct Queries {
    percolator: Percolator,
    rules: HashMap<::mokaccino::prelude::Qid, u32>,
}

pub(super) fn build(columns: &Columns, rules: &[Plain]) -> Queries {
    let mut percolator = Percolator::default();
    let rules = (0..).zip(rules).map(|(number, rule)| (percolator.add_query(query(columns, rule)), number));
    let rules = rules.collect();
    // As its own statistics advise.
    Queries { percolator: percolator.optimized(), rules }
}

impl Search for Queries {
    fn search(&self, columns: &Columns, row: &PlainRow, found: &mut Vec<u32>) {
        let mut document = Document::default();
        for (name, value) in columns.names().iter().zip(row) {
            document.with_value_mut(name.as_str(), value.as_str());
        }
        found.extend(self.percolator.percolate(&document).filter_map(|query| self.rules.get(&query)));
    }
}

fn query(columns: &Columns, rule: &Plain) -> Query {
    let each = |terms: &[Plain]| terms.iter().map(|term| query(columns, term)).collect();
    let name = |column: &usize| columns.names().get(*column).map_or("", String::as_str);
    match rule {
        Plain::All(terms) => Query::from_and(each(terms)),
        Plain::Any(terms) => Query::from_or(each(terms)),
        Plain::Not(term) => Query::negation(query(columns, term)),
        Plain::OneOf(column, values) => {
            Query::from_or(values.iter().map(|value| Query::term(name(column), value.as_str())).collect())
        }
        Plain::StartsWith(column, prefix) => Query::prefix(name(column), prefix.as_str()),
    }
}
