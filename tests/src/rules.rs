//! Random rules: every operator, both dialects, collections and nulls, dates, memberships, direct
//! reports; nearly all of them valid, and most of them true for some and false for other objects.

mod element;
mod text;
mod typed;

use crate::random::Random;
use crate::spelling::RuleText;
use crate::universe::{EXTENSION, Universe, recased};
use muster_directory::ObjectKind;
use muster_rule::Dialect;

/// A random rule of this dialect, about dates near `clock`; a few are not valid in it, or at all.
pub fn rule(universe: &Universe, clock: i64, dialect: Dialect, random: &mut Random) -> String {
    match random.below(100) {
        0..2 => random.pick(INVALID).to_string(),
        2..4 => valid_rule(universe, clock, Dialect::Extended, random),
        _ => valid_rule(universe, clock, dialect, random),
    }
}

/// A random rule that this dialect accepts, where the schema declares what [`history`](crate::history) may declare.
pub fn valid_rule(universe: &Universe, clock: i64, dialect: Dialect, random: &mut Random) -> String {
    let kind = if random.chance(75) { ObjectKind::User } else { ObjectKind::Device };
    let mut writer =
        Writer { universe, clock, kind, extended: dialect == Dialect::Extended, text: RuleText::new(random) };
    match writer.text.random().below(100) {
        0..15 => writer.member_of(),
        15..20 if kind == ObjectKind::User => writer.direct_reports(),
        20..25 => writer.quantified(true),
        25..28 => writer.wide(),
        28..95 if universe.crowded => writer.guarded(),
        _ => {
            let depth = writer.text.random().below(3);
            writer.expression(depth);
        }
    }
    writer.text.finish()
}

/// Rules that no dialect accepts.
const INVALID: &[&str] = &[
    "",
    "user.department",
    "user.shoeSize -eq \"44\"",
    "user.department -eq \"a\" -and device.displayName -eq \"a\"",
    "user.department -eq \"a",
    "(user.department -eq \"a\"",
    "user.department = \"a\"",
    "user.accountEnabled -startsWith \"t\"",
    "user.department -not null",
    "user.department -match \"(\"",
    "user.otherMails -any _ -eq \"a\" -and user.department -eq \"b\"",
];

const TEXT_OPERATORS: &[&str] =
    &["startsWith", "notStartsWith", "endsWith", "notEndsWith", "contains", "notContains"];

struct Writer<'a> {
    universe: &'a Universe,
    /// In milliseconds.
    clock: i64,
    kind: ObjectKind,
    extended: bool,
    text: RuleText<'a>,
}

impl Writer<'_> {
    fn expression(&mut self, depth: usize) {
        let choice = if depth == 0 { 0 } else { self.text.random().weighted(&[2, 3, 3, 1]) };
        match choice {
            0 => self.term(),
            1 => self.chain("and", depth),
            2 => self.chain("or", depth),
            _ => {
                self.text.operator("not");
                self.parenthesised(depth - 1);
            }
        }
    }

    /// Terms that bind tighter than the chain stand with or without parentheses.
    fn chain(&mut self, operator: &str, depth: usize) {
        let terms = self.text.random().between(2, 3);
        for term in 0..terms {
            if term > 0 {
                self.text.operator(operator);
            }
            match self.text.random().weighted(&[4, 4, 1]) {
                0 => self.term(),
                1 => self.parenthesised(depth - 1),
                _ => {
                    self.text.operator("not");
                    self.term();
                }
            }
        }
    }

    /// More combinations than an index can spell out.
    fn wide(&mut self) {
        for pair in 0..6 {
            if pair > 0 {
                self.text.operator("and");
            }
            self.text.mark("(");
            self.term();
            self.text.operator("or");
            self.term();
            self.text.mark(")");
        }
    }

    /// Predicates that very many rules share, and something else.
    fn guarded(&mut self) {
        self.kind = ObjectKind::User;
        self.property("accountEnabled");
        self.text.operator("eq");
        self.text.boolean(true);
        if self.text.random().chance(60) {
            self.text.operator("and");
            self.property("dirSyncEnabled");
            self.text.operator("eq");
            self.text.boolean(true);
        }
        self.text.operator("and");
        match self.text.random().below(10) {
            0..4 => {
                let name = self.universe.user_texts[0].name;
                self.property(name);
                let operator = *self.text.random().pick(TEXT_OPERATORS);
                self.text.operator(operator);
                let part = self.part();
                self.text.text(&part);
            }
            4..8 => self.text_comparison(),
            _ => self.parenthesised(1),
        }
    }

    fn parenthesised(&mut self, depth: usize) {
        self.text.mark("(");
        self.expression(depth);
        self.text.mark(")");
    }

    /// One comparison or quantifier, safe beside `-and` and `-or`.
    fn term(&mut self) {
        let extended = usize::from(self.extended);
        let user = usize::from(self.kind == ObjectKind::User);
        match self.text.random().weighted(&[
            40,
            8,
            16 * user + 10 * extended,
            14,
            12,
            8 * extended,
            3 * extended * user,
            3,
            4 * extended * user,
            10 * extended,
            6 * (1 - user),
        ]) {
            0 => self.text_comparison(),
            1 => self.boolean_comparison(),
            2 => self.date_comparison(),
            3 => self.collection_comparison(),
            4 => self.quantified(false),
            5 => self.member_of(),
            6 => self.direct_reports(),
            7 => self.object_id(),
            8 => self.text_of("user.manager"),
            9 => self.declared(),
            _ => self.version(),
        }
    }

    fn property(&mut self, name: &str) {
        let prefix = self.kind.as_str();
        if name == EXTENSION {
            self.text.exact_name(prefix, name)
        } else {
            self.text.name(&format!("{prefix}.{name}"))
        }
    }

    fn direct_reports(&mut self) {
        self.kind = ObjectKind::User;
        let words = if self.text.odd(30) { "DIRECT reports  FOR" } else { "Direct Reports for" };
        self.text.raw(words);
        let manager = self.text.random().pick(&self.universe.users).clone();
        let manager = recased(&manager, self.text.random());
        self.text.string(&manager);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_rule::{AttributeType, DeclaredAttribute, Rule, Schema};

    #[test]
    fn every_spelling_of_a_valid_rule_is_accepted() {
        let declared = [
            (ObjectKind::User, "level", AttributeType::Integer),
            (ObjectKind::User, "badge", AttributeType::Boolean),
            (ObjectKind::User, "costCenter", AttributeType::String),
            (ObjectKind::User, "review", AttributeType::DateTime),
            (ObjectKind::User, "skills", AttributeType::StringCollection),
            (ObjectKind::Device, "slot", AttributeType::Integer),
        ];
        let declared = declared.map(|(object, name, value_type)| DeclaredAttribute {
            object,
            name: name.into(),
            value_type,
        });
        let schema = Schema::new(declared).unwrap();
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let universe = Universe::new(&mut random);
            for dialect in [Dialect::Entra, Dialect::Extended].repeat(20) {
                let text = valid_rule(&universe, crate::engine::START, dialect, &mut random);
                if let Err(diagnostics) = Rule::parse(&text, dialect, &schema) {
                    panic!("seed {seed}, {dialect:?}: {text:?}: {diagnostics:#?}");
                }
            }
        }
    }
}
