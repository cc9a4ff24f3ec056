//! parse(print(x)) = x, over trees and over texts.

use super::{Printer, quoted};
use crate::parse::{MAX_LENGTH, parse_tree};
use crate::tree::{
    Comparison, ElementComparison, ElementKind, ElementNode, ElementSubject, Node, NodeKind, Operand,
    OperandKind, Operator, Property, Quantified, Quantifier, Span,
};
use crate::{Dialect, ObjectKind, Rule, Schema};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const NOWHERE: Span = Span { start: 0, end: 0 };

const OPERATORS: [Operator; 16] = [
    Operator::Eq,
    Operator::Ne,
    Operator::StartsWith,
    Operator::NotStartsWith,
    Operator::EndsWith,
    Operator::NotEndsWith,
    Operator::Contains,
    Operator::NotContains,
    Operator::Match,
    Operator::NotMatch,
    Operator::In,
    Operator::NotIn,
    Operator::Le,
    Operator::Ge,
    Operator::Lt,
    Operator::Gt,
];

fn print(tree: &Node) -> String {
    let mut printer = Printer::new(|_| None);
    printer.node(tree);
    printer.out
}

/// Text with what strings find hard.
fn text() -> impl Strategy<Value = String> {
    let hard = prop::sample::select(vec![
        "'", "''", "\"", "`", "`\"", "\\", "”", "’", "\r\n", " -and ", ")", "é", "𝒳",
    ]);
    prop_oneof![
        "[a-zA-Z0-9 @._]{0,12}",
        prop::collection::vec(prop_oneof![hard.prop_map(str::to_owned), "[a-z]{0,3}"], 0..8)
            .prop_map(|parts| parts.concat()),
        any::<String>().prop_map(|text| text.chars().take(12).collect()),
    ]
}

fn operand() -> impl Strategy<Value = Operand> {
    let leaf = prop_oneof![
        4 => text().prop_map(OperandKind::Text),
        1 => "-?[0-9]{1,9}(\\.[0-9]{1,3})?".prop_map(OperandKind::Number),
        1 => any::<bool>().prop_map(OperandKind::Boolean),
        1 => Just(OperandKind::Null),
        1 => prop::sample::select(vec!["2026-11-22", "2026-11-22T10:00Z", "2026-11-22T10:00:00.123-05:00"])
            .prop_map(|text| OperandKind::Instant(text.to_owned())),
        1 => (-3_155_760_000_i64..=3_155_760_000).prop_map(|seconds| OperandKind::Now { shift_millis: seconds * 1000 }),
    ];
    let leaf = leaf.prop_map(|kind| Operand { span: NOWHERE, kind });
    let list = prop::collection::vec(leaf.clone(), 0..4);
    prop_oneof![5 => leaf, 1 => list.prop_map(|values| Operand { span: NOWHERE, kind: OperandKind::List(values) })]
}

fn operator() -> impl Strategy<Value = (Operator, Span)> {
    prop::sample::select(OPERATORS.to_vec()).prop_map(|operator| (operator, NOWHERE))
}

fn property() -> impl Strategy<Value = Property> {
    let names = vec![
        (ObjectKind::User, "department"),
        (ObjectKind::User, "otherMails"),
        (ObjectKind::User, "own_Attribute2"),
        (ObjectKind::Device, "deviceOSVersion"),
        (ObjectKind::User, "extension_0123456789abcdef0123456789ABCDEF_x"),
    ];
    prop::sample::select(names).prop_map(|(object, name)| Property {
        span: NOWHERE,
        object,
        name: name.to_owned(),
        name_span: NOWHERE,
    })
}

fn element() -> impl Strategy<Value = ElementNode> {
    let subject = prop_oneof![
        Just(ElementSubject::Itself),
        prop::sample::select(vec![
            ("assignedPlan", "service"),
            ("group", "objectId"),
            ("assignedLicense", "skuId")
        ])
        .prop_map(|(prefix, name)| ElementSubject::Member {
            prefix: prefix.to_owned(),
            name: name.to_owned()
        }),
    ];
    let leaf = (subject, operator(), operand()).prop_map(|(subject, operator, operand)| {
        ElementKind::Comparison(ElementComparison { subject, subject_span: NOWHERE, operator, operand })
    });
    let leaf = leaf.prop_map(|kind| ElementNode { span: NOWHERE, kind });
    leaf.prop_recursive(4, 12, 3, |inner| {
        let terms = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            terms.clone().prop_map(ElementKind::Or),
            terms.prop_map(ElementKind::And),
            inner.prop_map(|term| ElementKind::Not(Box::new(term))),
        ]
        .prop_map(|kind| ElementNode { span: NOWHERE, kind })
    })
}

fn tree() -> impl Strategy<Value = Node> {
    let quantifier = prop::sample::select(vec![Quantifier::Any, Quantifier::All]);
    let leaf = prop_oneof![
        3 => (property(), operator(), operand())
            .prop_map(|(property, operator, operand)| NodeKind::Comparison(Comparison { property, operator, operand })),
        1 => (property(), quantifier, element()).prop_map(|(property, quantifier, body)| {
            NodeKind::Quantified(Quantified { property, quantifier: (quantifier, NOWHERE), bare: false, body })
        }),
        1 => text().prop_map(NodeKind::DirectReports),
    ];
    leaf.prop_map(|kind| Node { span: NOWHERE, kind }).prop_recursive(6, 24, 4, |inner| {
        let terms = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            terms.clone().prop_map(NodeKind::Or),
            terms.prop_map(NodeKind::And),
            inner.prop_map(|term| NodeKind::Not(Box::new(term))),
        ]
        .prop_map(|kind| Node { span: NOWHERE, kind })
    })
}

/// Takes away what printing may change.
fn strip(node: &mut Node) {
    node.span = NOWHERE;
    match &mut node.kind {
        NodeKind::Or(terms) | NodeKind::And(terms) => terms.iter_mut().for_each(strip),
        NodeKind::Not(term) => strip(term),
        NodeKind::Comparison(Comparison { property, operator, operand }) => {
            strip_property(property);
            operator.1 = NOWHERE;
            strip_operand(operand);
        }
        NodeKind::Quantified(Quantified { property, quantifier, bare, body }) => {
            strip_property(property);
            quantifier.1 = NOWHERE;
            *bare = false;
            strip_element(body);
        }
        NodeKind::DirectReports(_) => {}
    }
}

fn strip_property(property: &mut Property) {
    property.span = NOWHERE;
    property.name_span = NOWHERE;
}

fn strip_element(node: &mut ElementNode) {
    node.span = NOWHERE;
    match &mut node.kind {
        ElementKind::Or(terms) | ElementKind::And(terms) => terms.iter_mut().for_each(strip_element),
        ElementKind::Not(term) => strip_element(term),
        ElementKind::Comparison(comparison) => {
            comparison.subject_span = NOWHERE;
            comparison.operator.1 = NOWHERE;
            strip_operand(&mut comparison.operand);
        }
    }
}

fn strip_operand(operand: &mut Operand) {
    operand.span = NOWHERE;
    if let OperandKind::List(values) = &mut operand.kind {
        values.iter_mut().for_each(strip_operand);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, rng_seed: RngSeed::Fixed(20_261_122), ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_parses_to_the_same_tree(tree in tree()) {
        let printed = print(&tree);
        prop_assume!(printed.encode_utf16().count() <= MAX_LENGTH);
        match parse_tree(&printed) {
            Ok(mut parsed) => {
                strip(&mut parsed);
                prop_assert_eq!(&parsed, &tree, "{}", printed);
                prop_assert_eq!(print(&parsed), printed);
            }
            Err(diagnostics) => prop_assert!(false, "{}\n{:#?}", printed, diagnostics),
        }
    }

    #[test]
    fn a_quoted_text_means_itself(text in any::<String>()) {
        let rule = format!("Direct Reports for {}", quoted(&text));
        prop_assume!(rule.encode_utf16().count() <= MAX_LENGTH);
        let parsed = parse_tree(&rule).map(|node| node.kind);
        prop_assert_eq!(parsed, Ok(NodeKind::DirectReports(text)));
    }

    #[test]
    fn no_text_breaks_the_parser(text in "([-a-z.$_ \"'`()\\[\\],“”’&\\\\*<>=!0-9\u{a0}\u{2011}–]|user\\.|-eq |-and |-any |system\\.now){0,60}") {
        if let Err(diagnostics) = parse_tree(&text) {
            prop_assert!(!diagnostics.is_empty());
            for found in diagnostics {
                let (start, end) = found.span.range();
                prop_assert!(text.get(start..end).is_some());
                if let Some(suggestion) = found.suggestion {
                    let (start, end) = suggestion.span.range();
                    prop_assert!(text.get(start..end).is_some());
                }
            }
        }
    }
}

#[test]
fn what_would_nest_too_deep_is_left_as_it_is() {
    let text = format!("{}user.city -eq 'x'", "-not ".repeat(100));
    let rule = Rule::parse(&text, Dialect::Entra, &Schema::default()).unwrap();
    assert_eq!(rule.canonical(), text);
}
