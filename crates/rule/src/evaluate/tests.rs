//! The meaning of every test on every kind of value (L21–L34).

use super::*;
use crate::pattern::Pattern;
use crate::{Attribute, Memberships, Predicate, Row};

/// Milliseconds since 1970: 2026-11-23T12:00:00Z.
const NOON: i64 = 1_795_435_200_000;

fn text(value: &str) -> Option<Value> {
    Some(Value::Text(Text::new(value)))
}

fn texts(values: &[&str]) -> Option<Value> {
    (!values.is_empty()).then(|| Value::Texts(values.iter().map(|value| Text::new(value)).collect()))
}

fn one_of(operands: &[&str]) -> TextTest {
    let mut operands: Vec<Box<str>> =
        operands.iter().map(|&operand| crate::fold::fold(operand).into()).collect();
    operands.sort();
    operands.dedup();
    TextTest::OneOf(operands.into())
}

fn matches(pattern: &str) -> TextTest {
    TextTest::Matches(Pattern::compile(pattern).expect(pattern))
}

fn version(order: Order, operand: &[u64]) -> TextTest {
    TextTest::Version(order, operand.into())
}

fn itself(test: TextTest) -> ElementTest {
    ElementTest::Text { member: None, test }
}

fn member(member: u8, test: TextTest) -> ElementTest {
    ElementTest::Text { member: Some(member), test }
}

fn plans(plans: &[[Option<&str>; 3]]) -> Option<Value> {
    (!plans.is_empty()).then(|| {
        let element =
            |members: &[Option<&str>; 3]| Element { members: members.map(|text| text.map(Text::new)).into() };
        Value::Elements(plans.iter().map(element).collect())
    })
}

#[track_caller]
fn check(test: &Test, value: Option<Value>, expected: bool) {
    assert_eq!(test.holds(value.as_ref(), Instant::from_millis(NOON)), expected, "{test:?} of {value:?}");
}

#[track_caller]
fn check_text(test: TextTest, holds_of: &[&str], not_of: &[&str]) {
    let test = Test::Text(test);
    for value in holds_of {
        check(&test, text(value), true);
    }
    for value in not_of {
        check(&test, text(value), false);
    }
    check(&test, None, false);
}

#[test]
fn l21_only_the_null_test_holds_of_an_absent_value() {
    check(&Test::Null, None, true);
    check(&Test::Null, text("x"), false);
    check(&Test::Null, Some(Value::Boolean(false)), false);
    for test in [one_of(&["a"]), TextTest::StartsWith("".into()), TextTest::EndsWith("".into())] {
        check(&Test::Text(test), None, false);
    }
    check(&Test::Text(TextTest::Contains("".into())), None, false);
    check(&Test::Text(matches("")), None, false);
    check(&Test::Text(version(Order::AtLeast, &[0])), None, false);
    check(&Test::Boolean(false), None, false);
    check(&Test::Integer(IntegerTest::Ordered(Order::AtMost, i64::MAX)), None, false);
    check(&Test::Instant(Order::AtMost, Moment::Fixed(Instant::MAX)), None, false);
}

#[test]
fn l22_text_tests_compare_folded_code_points() {
    check_text(one_of(&["Sales"]), &["sales", "SALES", "ſales"], &["sale", "sales ", " sales", "saless"]);
    check_text(one_of(&["straße"]), &["STRAẞE", "Straße"], &["STRASSE", "strasse"]);
    check_text(one_of(&["İ"]), &["İ"], &["i", "I", "ı", "i\u{307}"]);
    check_text(one_of(&["é"]), &["É"], &["e\u{301}", "e"]);
    check_text(
        TextTest::StartsWith("kelvin".into()),
        &["\u{212A}elvin scale", "KELVIN"],
        &["elvin", "kelvi"],
    );
    check_text(TextTest::EndsWith("σ".into()), &["ΟΔΟΣ", "οδος", "οδοσ"], &["σο"]);
    check_text(TextTest::Contains("ß".into()), &["STRAẞE"], &["ss"]);
}

#[test]
fn l23_the_empty_operand_equals_nothing_and_is_in_every_present_value() {
    check_text(one_of(&[""]), &[], &["x", " "]);
    check_text(TextTest::StartsWith("".into()), &["x"], &[]);
    check_text(TextTest::EndsWith("".into()), &["x"], &[]);
    check_text(TextTest::Contains("".into()), &["x"], &[]);
}

#[test]
fn l20_l25_lists_are_searched_literally() {
    check_text(one_of(&["US", "de", "12.*"]), &["us", "DE", "12.*"], &["fr", "12.5", "u", "uss"]);
    check_text(one_of(&[]), &[], &["x"]);
    let many: Vec<String> = (0..1_000).map(|n| format!("Dept{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check_text(one_of(&many), &["dept0", "DEPT999", "dept500"], &["dept1000", "dept"]);
}

#[test]
fn l24_patterns_search_the_value() {
    check_text(matches("^Sal.s$"), &["Sales", "SALTS"], &["presales", "sal\ns"]);
}

#[test]
fn l34_versions_compare_by_number_and_part() {
    check_text(
        version(Order::AtLeast, &[10, 0, 22_000]),
        &["10.0.22000", "10.0.22000.1", "10.1", "11", "10.0.26100"],
        &["10.0.19045", "9.9.99999", "10.0", "10"],
    );
    check_text(version(Order::AtMost, &[10]), &["10", "10.0.0", "9.99", "10.0.0-beta"], &["10.0.1", "11"]);
    check_text(version(Order::Equal, &[10, 0]), &["10", "10.0", "10.0.0", "10 (22H2)"], &["10.0.1"]);
    check_text(version(Order::Below, &[16, 2]), &["16.1.9", "16", "16..9"], &["16.2", "16.10"]);
    check_text(
        version(Order::Above, &[16, 2]),
        &["16.10", "16.2.1", "99999999999999999999999"],
        &["16.2", "16.2.0.0"],
    );
    // What begins with no digit compares with nothing.
    for order in [Order::AtLeast, Order::AtMost, Order::Equal, Order::Below, Order::Above] {
        check_text(version(order, &[0]), &[], &["v10", "Windows 10", ".5", "", "-1", "１０"]);
    }
}

#[test]
fn l30_a_null_boolean_is_neither_true_nor_false() {
    for operand in [true, false] {
        check(&Test::Boolean(operand), Some(Value::Boolean(operand)), true);
        check(&Test::Boolean(operand), Some(Value::Boolean(!operand)), false);
        check(&Test::Boolean(operand), None, false);
    }
}

#[test]
fn integers_compare_by_number() {
    let is = |test: IntegerTest, value: i64, expected: bool| {
        check(&Test::Integer(test), Some(Value::Integer(value)), expected);
    };
    is(IntegerTest::OneOf([i64::MIN, -1, 7].into()), -1, true);
    is(IntegerTest::OneOf([i64::MIN, -1, 7].into()), 0, false);
    is(IntegerTest::OneOf([].into()), 0, false);
    for (order, below, equal, above) in [
        (Order::Equal, false, true, false),
        (Order::AtMost, true, true, false),
        (Order::AtLeast, false, true, true),
        (Order::Below, true, false, false),
        (Order::Above, false, false, true),
    ] {
        is(IntegerTest::Ordered(order, 7), 6, below);
        is(IntegerTest::Ordered(order, 7), 7, equal);
        is(IntegerTest::Ordered(order, 7), 8, above);
    }
}

#[test]
fn l31_l33_instants_compare_with_fixed_ones_and_with_the_shifted_clock() {
    let at = |order: Order, moment: Moment, value: i64, expected: bool| {
        check(&Test::Instant(order, moment), Some(Value::Instant(Instant::from_millis(value))), expected);
    };
    for (order, before, same, after) in [
        (Order::Equal, false, true, false),
        (Order::AtMost, true, true, false),
        (Order::AtLeast, false, true, true),
        (Order::Below, true, false, false),
        (Order::Above, false, false, true),
    ] {
        for (moment, operand) in [
            (Moment::Fixed(Instant::from_millis(5_000)), 5_000),
            (Moment::Now { shift_millis: 0 }, NOON),
            (Moment::Now { shift_millis: 86_400_000 }, NOON + 86_400_000),
            (Moment::Now { shift_millis: -86_400_000 }, NOON - 86_400_000),
        ] {
            at(order, moment, operand - 1, before);
            at(order, moment, operand, same);
            at(order, moment, operand + 1, after);
        }
    }
    // The clock at the ends of time.
    let late = Moment::Now { shift_millis: i64::MAX };
    let early = Moment::Now { shift_millis: i64::MIN };
    at(Order::AtMost, late, NOON, true);
    at(Order::AtLeast, early, NOON, true);
    assert_eq!(late.at(Instant::MAX), Instant::MAX);
    assert_eq!(early.at(Instant::MIN), Instant::MIN);
}

#[test]
fn l26_l27_some_element_must_satisfy_and_an_empty_collection_has_none() {
    let starts = Test::AnyElement(itself(TextTest::StartsWith("smtp:".into())));
    check(&starts, texts(&["SIP:a", "SMTP:b"]), true);
    check(&starts, texts(&["sip:a"]), false);
    check(&starts, None, false);
    check(&Test::Null, texts(&[]), true);
    check(&Test::Null, texts(&["x"]), false);
    // -all p is the negation of: some element is not p.
    let some_not = Test::AnyElement(ElementTest::Not(Box::new(itself(TextTest::EndsWith("x".into())))));
    check(&some_not, texts(&["ax", "bx"]), false);
    check(&some_not, texts(&["ax", "b"]), true);
    check(&some_not, None, false);
}

#[test]
fn l28_all_terms_hold_of_the_same_element() {
    let enabled = || member(2, one_of(&["Enabled"]));
    let exchange = || member(1, one_of(&["exchange"]));
    let both = Test::AnyElement(ElementTest::All([exchange(), enabled()].into()));
    check(&both, plans(&[[Some("1"), Some("Exchange"), Some("enabled")]]), true);
    check(
        &both,
        plans(&[[None, Some("exchange"), Some("Deleted")], [None, Some("other"), Some("Enabled")]]),
        false,
    );
    let either = Test::AnyElement(ElementTest::Any([exchange(), enabled()].into()));
    check(&either, plans(&[[None, Some("other"), Some("Enabled")]]), true);
    check(&either, plans(&[[Some("exchange"), None, None]]), false);
    let neither =
        Test::AnyElement(ElementTest::Not(Box::new(ElementTest::Any([exchange(), enabled()].into()))));
    check(&neither, plans(&[[None, None, None]]), true);
    check(&neither, plans(&[[None, Some("exchange"), None]]), false);
    // A missing member satisfies no text test, so its negation does.
    let not_exchange = Test::AnyElement(ElementTest::Not(Box::new(exchange())));
    check(&not_exchange, plans(&[[Some("1"), None, None]]), true);
    check(&Test::AnyElement(ElementTest::All([].into())), plans(&[[None, None, None]]), true);
    check(&Test::AnyElement(ElementTest::Any([].into())), plans(&[[None, None, None]]), false);
}

#[test]
fn l29_a_missing_member_is_null() {
    let missing = |member| ElementTest::Missing { member };
    let no_id = Test::AnyElement(missing(Some(0)));
    check(&no_id, plans(&[[Some("1"), None, None], [None, Some("x"), None]]), true);
    check(&no_id, plans(&[[Some("1"), None, None]]), false);
    check(&no_id, None, false);
    // -all (… -eq null): no element has an id; true of none at all.
    let has_id = Test::AnyElement(ElementTest::Not(Box::new(missing(Some(0)))));
    check(&has_id, plans(&[[None, Some("x"), None]]), false);
    check(&has_id, None, false);
    check(&has_id, plans(&[[None, None, None], [Some("1"), None, None]]), true);
    // A text is never missing.
    check(&Test::AnyElement(missing(None)), texts(&["x"]), false);
}

#[test]
fn a_value_of_another_type_satisfies_nothing() {
    let tests = [
        Test::Boolean(true),
        Test::Text(TextTest::Contains("".into())),
        Test::Integer(IntegerTest::Ordered(Order::AtLeast, i64::MIN)),
        Test::Instant(Order::AtLeast, Moment::Fixed(Instant::MIN)),
        Test::AnyElement(ElementTest::All([].into())),
        Test::Null,
    ];
    let values = [
        Some(Value::Boolean(true)),
        text("x"),
        Some(Value::Integer(0)),
        Some(Value::Instant(Instant::from_millis(0))),
        texts(&["x"]),
        None,
    ];
    for (own, test) in tests.iter().enumerate() {
        for (at, value) in values.iter().enumerate() {
            check(test, value.clone(), at == own);
        }
    }
}

struct Sample;

impl Row for Sample {
    fn value(&self, attribute: &Attribute) -> Option<&Value> {
        static NAME: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| Value::Text(Text::new("Ann")));
        (*attribute == Attribute::Standard(1)).then(|| &*NAME)
    }
}

impl Memberships for Sample {
    fn contains(&self, folded_group_id: &str) -> bool {
        folded_group_id == "g2"
    }
}

#[test]
fn l36_predicates_read_the_row_and_the_memberships() {
    let now = Instant::from_millis(NOON);
    let holds = |predicate: Predicate| predicate.holds(&Sample, &Sample, now);
    let is_ann = |code| Predicate::Attribute {
        attribute: Attribute::Standard(code),
        test: Test::Text(one_of(&["ann"])),
    };
    assert!(holds(is_ann(1)));
    assert!(!holds(is_ann(2)));
    assert!(holds(Predicate::Attribute { attribute: Attribute::Standard(2), test: Test::Null }));
    assert!(holds(Predicate::MemberOf(["g1".into(), "g2".into()].into())));
    assert!(!holds(Predicate::MemberOf(["g1".into()].into())));
    assert!(!holds(Predicate::MemberOf([].into())));
}

#[test]
fn l24_the_patterns_of_a_predicate_are_known() {
    let patterns = |test: Test| {
        let mut found = Vec::new();
        let predicate = Predicate::Attribute { attribute: Attribute::Standard(1), test };
        predicate.each_pattern(&mut |pattern| found.push(pattern.text().to_owned()));
        found
    };
    assert_eq!(patterns(Test::Text(matches("a+"))), ["a+"]);
    assert!(patterns(Test::Text(one_of(&["a+"]))).is_empty());
    let not = ElementTest::Not(Box::new(member(1, matches("b+"))));
    let all =
        ElementTest::All([member(0, matches("a+")), not, ElementTest::Missing { member: Some(2) }].into());
    assert_eq!(patterns(Test::AnyElement(all)), ["a+", "b+"]);
}
