//! What holds of the language whatever the input. The fuzz targets and the test that replays their corpora share
//! this.

use muster_rule::migrate::migrate;
use muster_rule::pattern::Pattern;
use muster_rule::{
    Attribute, AttributeType, Dialect, Element, Instant, Memberships, Row, Rule, Schema, Text, Value, check,
    fold, property,
};

/// Any text as a rule, in either dialect: it is understood or refused, never more; diagnostics point into it; what
/// is understood prints as the same rule and migrates to it, and its explanation agrees with its decision.
pub(crate) fn rule(text: &str) {
    let schema = Schema::default();
    let entra = check(text, Dialect::Entra, &schema);
    let extended = check(text, Dialect::Extended, &schema);
    for diagnostic in entra.diagnostics.iter().chain(&extended.diagnostics) {
        let spans = diagnostic.related.iter().map(|(span, _)| span);
        for span in spans.chain([&diagnostic.span]).chain(diagnostic.suggestion.iter().map(|it| &it.span)) {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{diagnostic:?}");
        }
        assert!(diagnostic.place(text).line >= 1, "{diagnostic:?}");
    }
    assert!(entra.rule.is_none() || extended.rule.is_some(), "the extended dialect takes less");
    let Some(rule) = extended.rule else {
        assert!(extended.diagnostics.iter().any(|diagnostic| diagnostic.is_error()), "refused for no reason");
        return;
    };
    assert_eq!(rule.text(), text);
    for suggestion in extended.diagnostics.iter().filter_map(|lint| lint.suggestion.as_ref()) {
        let corrected = suggestion.apply(text);
        let again = Rule::parse(&corrected, Dialect::Extended, &schema);
        assert!(again.is_ok() || corrected.encode_utf16().count() > 3_072, "{corrected}: {again:?}");
    }
    let canonical = rule.canonical();
    let migration = migrate(text, Dialect::Extended, &schema);
    assert_eq!(migration.errors, []);
    let migrated = Rule::parse(&migration.text, Dialect::Extended, &schema)
        .unwrap_or_else(|errors| panic!("{}: {errors:?}", migration.text));
    // Quotes that a lint takes away are gone from the canonical text, too.
    if migration.changes.iter().all(|change| !change.reason.contains("boolean")) {
        assert_eq!(migrated.canonical(), canonical, "{}", migration.text);
    }
    if let Ok(again) = Rule::parse(&canonical, Dialect::Extended, &schema) {
        assert_eq!(again.canonical(), canonical);
        let now = Instant::from_millis(1_795_305_600_000);
        let sample = Sample::new(text.split('"').nth(1).unwrap_or("Sales"), now);
        agree(&rule, &again, &sample, now);
        agree(&rule, &again, &Nothing, now);
    } else {
        // Canonical spellings can be longer than those of the author.
        assert!(canonical.encode_utf16().count() > 3_072, "{canonical}");
    }
}

/// One rule in two spellings decides the same of an object, and explains it as it decides.
fn agree<O: Row + Memberships>(rule: &Rule, again: &Rule, object: &O, now: Instant) {
    let decided = rule.matches(object, object, now);
    assert_eq!(rule.explain(object, object, now).result, decided);
    assert_eq!(again.matches(object, object, now), decided, "{}", again.text());
}

/// A pattern, and after U+0000 a value: it compiles or is refused with its place; whether it matches depends on the
/// value's folding alone, and a match has the required literal.
pub(crate) fn pattern(input: &str) {
    let (text, value) = input.split_once('\0').unwrap_or((input, "Ann-42@Contoso.com"));
    let pattern = match Pattern::compile(text) {
        Ok(pattern) => pattern,
        Err(error) => {
            assert!(error.span.is_none_or(|span| text.get(span).is_some()), "{text}");
            return;
        }
    };
    let value = Text::new(value);
    let found = pattern.is_match(&value);
    assert_eq!(found, pattern.is_match(&Text::new(&fold::fold(value.as_str()))));
    let has = |text: &str| value.folded().contains(text);
    assert!(!found || pattern.required_literal().is_none_or(has), "{text}");
    let any = pattern.required_any();
    assert!(!found || any.is_empty() || any.iter().any(|text| has(text)), "{text}");
}

/// An object with a value of the right type, made of one text, for every attribute of the table.
struct Sample {
    text: Value,
    texts: Value,
    elements: Value,
    boolean: Value,
    instant: Value,
}

impl Sample {
    fn new(text: &str, now: Instant) -> Sample {
        let text = Text::new(text);
        let members = || [Some(text.clone()), None, Some(Text::new("Enabled"))].into();
        Sample {
            texts: Value::Texts(vec![Text::new("smtp:a@contoso.com"), text.clone()]),
            elements: Value::Elements(vec![Element { members: members() }, Element { members: members() }]),
            boolean: Value::Boolean(true),
            instant: Value::Instant(now),
            text: Value::Text(text),
        }
    }
}

impl Row for Sample {
    fn value(&self, attribute: &Attribute) -> Option<&Value> {
        let Attribute::Standard(code) = attribute else { return Some(&self.text) };
        match property::by_code(*code)?.value_type {
            AttributeType::Boolean => Some(&self.boolean),
            AttributeType::DateTime => Some(&self.instant),
            AttributeType::StringCollection => Some(&self.texts),
            AttributeType::ObjectCollection => Some(&self.elements),
            AttributeType::String | AttributeType::Reference => Some(&self.text),
            AttributeType::Integer | AttributeType::Memberships => None,
        }
    }
}

impl Memberships for Sample {
    fn contains(&self, folded_group_id: &str) -> bool {
        folded_group_id.len().is_multiple_of(2)
    }
}

/// An object that has nothing and is in no group.
struct Nothing;

impl Row for Nothing {
    fn value(&self, _attribute: &Attribute) -> Option<&Value> {
        None
    }
}

impl Memberships for Nothing {
    fn contains(&self, _folded_group_id: &str) -> bool {
        false
    }
}
