//! What is refused, with the words that are underlined; what is accepted, and as what.

use crate::diagnostic::Diagnostic;
use crate::rule::{ElementTest, ExpressionKind, IntegerTest, Moment, Order, Predicate, Test, TextTest};
use crate::{
    Attribute, AttributeType, DeclaredAttribute, Dialect, Expression, Instant, ObjectKind, Rule, Schema,
    property,
};
use std::sync::Arc;

fn schema() -> Schema {
    let declare = |name: &str, value_type| DeclaredAttribute {
        object: ObjectKind::User,
        name: name.into(),
        value_type,
    };
    Schema::new([
        declare("Level", AttributeType::Integer),
        declare("badges", AttributeType::StringCollection),
        declare("contractor", AttributeType::Boolean),
    ])
    .unwrap()
}

/// Checks that `marked` is refused with exactly these codes, and that what they underline is what
/// stands between `«` and `»`, in order. (`«»` underlines nothing, as at the end.)
#[track_caller]
fn check(dialect: Dialect, marked: &str, codes: &[&str]) -> Vec<Diagnostic> {
    let text = marked.replace(['«', '»'], "");
    let expected: Vec<&str> = marked.split('«').skip(1).map(|rest| rest.split('»').next().unwrap()).collect();
    let diagnostics = Rule::parse(&text, dialect, &schema()).expect_err(&text);
    let found: Vec<(&str, &str)> =
        diagnostics.iter().map(|found| (found.code.as_str(), found.span.of(&text))).collect();
    let expected: Vec<(&str, &str)> = codes.iter().copied().zip(expected).collect();
    assert_eq!(found, expected, "{text}\n{diagnostics:#?}");
    diagnostics
}

#[track_caller]
fn refuse(marked: &str, codes: &[&str]) -> Vec<Diagnostic> {
    check(Dialect::Entra, marked, codes)
}

#[track_caller]
fn refuse_extended(marked: &str, codes: &[&str]) -> Vec<Diagnostic> {
    check(Dialect::Extended, marked, codes)
}

/// As `refuse` with one code; its suggestion makes the rule `corrected`, which is valid.
#[track_caller]
fn correct(marked: &str, code: &str, corrected: &str) {
    let diagnostics = refuse(marked, &[code]);
    let suggestion = diagnostics[0].suggestion.as_ref().expect("a suggestion");
    let applied = suggestion.apply(&marked.replace(['«', '»'], ""));
    assert_eq!(applied, corrected);
    accept(corrected);
}

#[track_caller]
fn parse(dialect: Dialect, text: &str) -> Rule {
    Rule::parse(text, dialect, &schema()).unwrap_or_else(|found| panic!("{text}\n{found:#?}"))
}

#[track_caller]
fn accept(text: &str) -> Rule {
    parse(Dialect::Entra, text)
}

#[track_caller]
fn same(text: &str, canonical: &str) {
    assert_eq!(accept(text).canonical(), canonical);
}

/// The one literal that the rule is.
#[track_caller]
fn literal(dialect: Dialect, text: &str) -> (Predicate, bool) {
    match parse(dialect, text).expression() {
        Expression { kind: ExpressionKind::Literal { predicate, negated }, .. } => {
            (Predicate::clone(predicate), *negated)
        }
        other => panic!("{other:?}"),
    }
}

fn user(name: &str) -> Attribute {
    property::find(ObjectKind::User, name, &schema()).unwrap().attribute
}

fn one_of(texts: &[&str]) -> TextTest {
    TextTest::OneOf(texts.iter().map(|text| Box::from(*text)).collect())
}

#[test]
fn l1_operator_words() {
    for spelling in ["-eq", "eq", "-EQ", "Eq"] {
        same(&format!("user.city {spelling} \"x\""), "user.city -eq \"x\"");
    }
    same(
        "user.city -notin['a']AND not user.state notStartsWith'b'",
        "user.city -notIn [\"a\"] -and -not (user.state -notStartsWith \"b\")",
    );
    same(
        "user.city -eq5 -or user.city -eq-5and user.state -ne 1.50",
        "user.city -eq 5 -or (user.city -eq -5 -and user.state -ne 1.50)",
    );
    correct("user.city «equals» 'x'", "MR0011", "user.city -eq 'x'");
    correct("user.city «==» 'x'", "MR0011", "user.city -eq 'x'");
    correct("user.city «<>» 'x'", "MR0011", "user.city -ne 'x'");
    correct("user.city «does not contain» 'x'", "MR0011", "user.city -notContains 'x'");
    correct("user.city «-not in» ['x']", "MR0011", "user.city -notIn ['x']");
    correct("user.city «starts with» 'x'", "MR0011", "user.city -startsWith 'x'");
    correct("user.city «-like» 'x*'", "MR0011", "user.city -startsWith \"x\"");
    correct("user.city «-notLike» '*x*'", "MR0011", "user.city -notContains \"x\"");
    correct("user.city «-containz» 'x'", "MR0011", "user.city -contains 'x'");
    correct("user.city -eq 'x' «||» user.city -eq 'y'", "MR0011", "user.city -eq 'x' -or user.city -eq 'y'");
    correct("«!»(user.city -eq 'x')", "MR0011", "-not (user.city -eq 'x')");
    refuse("user.city «-like» 'x*y'", &["MR0011"]);
    correct("user.city «is null»", "MR0011", "user.city -eq null");
    correct("user.city «is not null»", "MR0011", "user.city -ne null");
    correct(
        "user.city «-exists» -and user.state -eq 'x'",
        "MR0011",
        "user.city -ne null -and user.state -eq 'x'",
    );
    correct(
        "user.city«.contains»('x') -or user.state -eq 'x'",
        "MR0011",
        "user.city -contains 'x' -or user.state -eq 'x'",
    );
    correct("user.city «--eq» 'x'", "MR0011", "user.city -eq 'x'");
    refuse("user.city «-banana» 'x'", &["MR0011"]);
    refuse("user.city «==» 'x' «&&» user.state «!=» 'y'", &["MR0011", "MR0011", "MR0011"]);
}

#[test]
fn l2_dashes() {
    same("user.city –eq 'x' —and user.state ―ne 'y'", "user.city -eq \"x\" -and user.state -ne \"y\"");
    for dash in ['\u{2010}', '\u{2011}', '\u{2212}'] {
        correct(&format!("user.city «{dash}eq» 'x'"), "MR0009", "user.city -eq 'x'");
    }
    correct("user.city -eq «\u{2212}5»", "MR0009", "user.city -eq -5");
}

#[test]
fn l3_white_space() {
    same("\u{feff}user.department-eq \"x\"", "user.department -eq \"x\"");
    same(
        "user.mail -endsWith\"@contoso.com\"\u{a0}and\r\nuser.city\t-ne null\n",
        "user.mail -endsWith \"@contoso.com\" -and user.city -ne null",
    );
    correct("user.city «- eq» 'x'", "MR0008", "user.city -eq 'x'");
    correct("«Device. displayName» -eq 'x'", "MR0008", "Device.displayName -eq 'x'");
    correct("«user .city» -eq 'x'", "MR0008", "user.city -eq 'x'");
    correct("user.city«\u{200b}» -eq 'x'", "MR0005", "user.city -eq 'x'");
    correct("user.city«\u{2003}»-eq 'x'", "MR0005", "user.city -eq 'x'");
}

#[test]
fn l4_names_in_any_case() {
    same(
        "USER.CITY -eq 'x' -and User.MailNickName -eq 'y'",
        "user.city -eq \"x\" -and user.mailNickname -eq \"y\"",
    );
    same(
        "USER.assignedplans -ANY (AssignedPlan.SERVICE -eq 'x')",
        "user.assignedPlans -any (assignedPlan.service -eq \"x\")",
    );
    same("DIRECT reports For 'x'", "Direct Reports for \"x\"");
    same("user.employeeHireDate -le SYSTEM.Now", "user.employeeHireDate -le system.now");
    correct("«uſer».city -eq 'x'", "MR0020", "user.city -eq 'x'");
}

#[test]
fn l5_strings() {
    let text_of = |rule: &str| match literal(Dialect::Entra, rule).0 {
        Predicate::Attribute { test: Test::Text(TextTest::OneOf(texts)), .. } => texts[0].to_string(),
        other => panic!("{other:?}"),
    };
    for (written, means) in [
        ("'o''neill'", "o'neill"),
        ("\"o''neill\"", "o'neill"),
        ("\"o'neill\"", "o'neill"),
        ("\"a`\"b\"", "a\"b"),
        ("\"a``b`c\"", "a`b`c"),
        ("'a``b\"c'", "a``b\"c"),
        ("\"a\\b\\\"", "a\\b\\"),
        ("''", ""),
        ("''''", "'"),
        ("\"two\r\nlines\"", "two\r\nlines"),
        ("`\"Sales`\"", "sales"),
        ("`\"`\"", ""),
    ] {
        let rule = format!("user.city -eq {written}");
        assert_eq!(text_of(&rule), means, "{written}");
        // The canonical spelling means the same.
        assert_eq!(text_of(&accept(&rule).canonical()), means, "{written}");
    }
    correct("user.city -eq «'''»", "MR0007", "user.city -eq ''''");
    correct(
        "(user.city -eq «\"Rome») -and user.state -ne \"x\"",
        "MR0007",
        "(user.city -eq \"Rome\") -and user.state -ne \"x\"",
    );
    correct("(user.city -eq «'Rome»)", "MR0007", "(user.city -eq 'Rome')");
    correct("user.city -eq «`\"Rome»", "MR0007", "user.city -eq `\"Rome`\"");
    correct("user.city -eq \"«\"»Rome\"\"", "MR0012", "user.city -eq \"Rome\"");
    correct(
        "user.surname -eq 'O«'»Brien' and user.city -ne 'x'",
        "MR0012",
        "user.surname -eq \"O''Brien\" and user.city -ne 'x'",
    );
    correct("(user.city -eq \"a «\\\"»b\\\" c\")", "MR0004", "(user.city -eq \"a `\"b`\" c\")");
}

#[test]
fn l7_quotes_markup_and_no_quotes() {
    correct("user.city -eq «“Rome”»", "MR0006", "user.city -eq \"Rome\"");
    correct(
        "user.city -eq «‘Rome’» -and user.state -eq 'x'",
        "MR0006",
        "user.city -eq \"Rome\" -and user.state -eq 'x'",
    );
    correct("user.city -eq \"Rome«”»", "MR0006", "user.city -eq \"Rome\"");
    correct(
        "(user.city -eq \"Rome«”») -and (user.state -eq \"x\")",
        "MR0006",
        "(user.city -eq \"Rome\") -and (user.state -eq \"x\")",
    );
    refuse("user.city -eq «“Rome”» -or user.city -eq «“Paris”»", &["MR0006", "MR0006"]);
    accept("user.city -eq \"the “eternal” city\" -or user.city -eq 'L’Aquila'");
    correct("device.deviceOSType -eq «Windows»", "MR0010", "device.deviceOSType -eq \"Windows\"");
    correct(
        "user.companyName -startsWith «Contoso Ltd» -and user.city -eq 'x'",
        "MR0010",
        "user.companyName -startsWith \"Contoso Ltd\" -and user.city -eq 'x'",
    );
    correct(
        "(user.department -eq «Research and Development»)",
        "MR0010",
        "(user.department -eq \"Research and Development\")",
    );
    correct(
        "user.objectId -eq «a2e19b97-8b3d-4d4a-a106-4ce66896a863»",
        "MR0010",
        "user.objectId -eq \"a2e19b97-8b3d-4d4a-a106-4ce66896a863\"",
    );
    correct(
        "user.objectId -eq «62e19b97-8b3d-4d4a-a106-4ce66896a863»",
        "MR0010",
        "user.objectId -eq \"62e19b97-8b3d-4d4a-a106-4ce66896a863\"",
    );
    correct("user.mail -endsWith «@contoso.com»", "MR0010", "user.mail -endsWith \"@contoso.com\"");
    refuse("user.city -in [«Rome», «New York»]", &["MR0010", "MR0010"]);
    let extension = format!("user.extension_{}", "0".repeat(32));
    correct(&format!("{extension}«\\_»y -eq 'a'"), "MR0004", &format!("{extension}_y -eq 'a'"));
    correct("user.city -eq «\\\"»Rome\\\"", "MR0004", "user.city -eq \"Rome\"");
    correct("«\"»user.city -eq \\\"Rome\\\"\"", "MR0004", "user.city -eq \"Rome\"");
    correct(
        "user.city -eq «&quot;»Rome&quot; -and user.state -eq &#39;x&#39;",
        "MR0004",
        "user.city -eq \"Rome\" -and user.state -eq 'x'",
    );
    correct(
        "user.city -eq 'R&D' «&amp;»&amp; user.state -eq 'x'",
        "MR0004",
        "user.city -eq 'R&D' -and user.state -eq 'x'",
    );
    correct("«{»\"id\": \"g1\", \"membershipRule\": \"user.city -eq 'x'\"}", "MR0004", "user.city -eq 'x'");
    correct("«**»user.city -eq 'x'**", "MR0004", "user.city -eq 'x'");
    correct("«`»user.city -eq 'x'`", "MR0004", "user.city -eq 'x'");
    correct("user.otherMails -any («\\_» -eq 'x')", "MR0004", "user.otherMails -any (_ -eq 'x')");
}

#[test]
fn l8_to_l11_literals() {
    for null in ["null", "$null", "NULL", "$Null"] {
        assert_eq!(
            literal(Dialect::Entra, &format!("user.city -ne {null}")),
            (Predicate::Attribute { attribute: user("city"), test: Test::Null }, true)
        );
    }
    for (written, value) in [("true", true), ("$FALSE", false), ("\"True\"", true), ("'false'", false)] {
        let rule = format!("user.accountEnabled -eq {written}");
        let test = Test::Boolean(value);
        assert_eq!(
            literal(Dialect::Entra, &rule).0,
            Predicate::Attribute { attribute: user("accountEnabled"), test }
        );
    }
    let numbers = literal(Dialect::Entra, "user.postalCode -in [50001, '1.0', -7]").0;
    let test = Test::Text(one_of(&["-7", "1.0", "50001"]));
    assert_eq!(numbers, Predicate::Attribute { attribute: user("postalCode"), test });
    correct("user.city -eq «true»", "MR0028", "user.city -eq \"true\"");
    correct("user.city -eq «2026-11-22»", "MR0028", "user.city -eq \"2026-11-22\"");
    let fixed = Instant::parse("2026-11-22T00:00:00Z").unwrap();
    for written in ["2026-11-22", "'2026-11-22T01:00+01:00'", "2026-11-22T00:00:00.0009Z"] {
        let rule = format!("user.employeeHireDate -ge {written}");
        let test = Test::Instant(Order::AtLeast, Moment::Fixed(fixed));
        assert_eq!(
            literal(Dialect::Entra, &rule).0,
            Predicate::Attribute { attribute: user("employeeHireDate"), test }
        );
    }
    refuse("user.employeeHireDate -ge «'tomorrow'»", &["MR0029"]);
    refuse("user.employeeHireDate -ge «2026-02-30»", &["MR0029"]);
    correct("user.city -eq «2026-02-30»", "MR0028", "user.city -eq \"2026-02-30\"");
    correct("user.employeeHireDate -ge «now»", "MR0029", "user.employeeHireDate -ge system.now");
    correct(
        "«system.now -plus P1D» -ge user.employeeHireDate",
        "MR0051",
        "user.employeeHireDate -le system.now -plus P1D",
    );
    correct("user.employeeHireDate -ge «'system.now'»", "MR0029", "user.employeeHireDate -ge system.now");
}

#[test]
fn l12_to_l14_limits() {
    let rule = |length: usize| format!("user.city -eq \"{}\"", "é".repeat(length - 16));
    assert_eq!(rule(3072).encode_utf16().count(), 3072);
    accept(&rule(3072));
    refuse(&rule(3073).replace("é\"", "é«\"»"), &["MR0002"]);
    let nested = |depth: usize| format!("{}user.city -eq 'x'{}", "(".repeat(depth), ")".repeat(depth));
    accept(&nested(100));
    refuse(&nested(101).replacen(&"(".repeat(101), &format!("{}«(»", "(".repeat(100)), 1), &["MR0003"]);
    accept(&format!("{}user.city -eq 'x'", "-not ".repeat(100)));
    let nots = format!("{}«-not» user.city -eq 'x'", "-not ".repeat(100));
    refuse(&nots, &["MR0003"]);
    refuse(&format!("user.city -in {}«[»", "[".repeat(100)), &["MR0003"]);
    refuse(&format!("user.employeeHireDate -le {}«(»system.now", "(".repeat(100)), &["MR0003"]);
    for blank in ["", " \r\n\t\u{a0}", "\u{feff}"] {
        refuse(&format!("«{blank}»"), &["MR0001"]);
    }
}

#[test]
fn hostile_texts_end_soon() {
    let texts = [
        "(".repeat(100_000),
        "-not ".repeat(100_000),
        format!("user.city -eq \"{}\"", "x".repeat(1 << 20)),
        "[".repeat(3000),
        "user.otherMails -any (".repeat(130),
        "user.city -in [".repeat(180),
        "\"".repeat(3000),
        "'\"".repeat(1500),
        "“".repeat(3000),
        "`".repeat(3000),
        "\\".repeat(3000),
        "&quot;".repeat(500),
        "x ".repeat(1500),
        "-".repeat(3000),
        "user.".repeat(600),
        "_ -eq 1 -and ".repeat(230),
        "user.city -eq system.now -plus ".repeat(90),
        "\u{0}\u{1b}[31m".repeat(300),
        "user.city -eq \"x\" ".repeat(150),
        ") -and (".repeat(380),
        "! ".repeat(1500),
        "or ".repeat(1000),
        "-and -or ".repeat(340),
        "Direct Reports for ".repeat(160),
        "user.city -eq (".repeat(200),
        "(system.now) -plus ".repeat(160),
        format!("user.city -match '{}'", "(".repeat(3000)),
        format!("user.city -match '{}'", "(?=".repeat(1000)),
        format!("user.city -match '{}'", "[a-[".repeat(700)),
        "user.city -match '(?:(?:(?:a{1,9999}){1,9999}){1,9999}){1,9999}'".to_owned(),
        "user.city -match '((((((a{9}){9}){9}){9}){9}){9})\\1{9999}'".to_owned(),
    ];
    for text in texts {
        let diagnostics = Rule::parse(&text, Dialect::Extended, &schema()).unwrap_err();
        assert!(!diagnostics.is_empty());
        for found in diagnostics {
            assert!(found.message.chars().all(|c| !c.is_control()) && found.message.len() < 1000);
            let range = found.span.start as usize..found.span.end as usize;
            assert!(text.get(range).is_some(), "{:?} of {text:.40}", found.span);
        }
    }
}

#[test]
fn l15_precedence() {
    same(
        "user.city -eq 'a' -or user.city -eq 'b' -and -not user.city -eq 'c' -and user.state -eq 'd'",
        "user.city -eq \"a\" -or (user.city -eq \"b\" -and -not (user.city -eq \"c\") -and user.state -eq \"d\")",
    );
    same(
        "((user.city -eq 'a' -and (user.city -eq 'b' -and user.city -eq 'c')))",
        "user.city -eq \"a\" -and (user.city -eq \"b\" -and user.city -eq \"c\")",
    );
}

#[test]
fn l16_bare_quantifiers() {
    accept("device.devicePhysicalIds -any _ -startsWith '[ZTDId]'");
    accept("-not device.devicePhysicalIds -any _ -startsWith '[ZTDId]'");
    accept(
        "device.displayName -ne null -and (device.devicePhysicalIds -any _ -startsWith 'x') -and device.displayName -ne 'y'",
    );
    correct(
        "device.devicePhysicalIds «-any» _ -startsWith 'x' -and device.accountEnabled -eq true",
        "MR0035",
        "device.devicePhysicalIds -any (_ -startsWith 'x') -and device.accountEnabled -eq true",
    );
    correct(
        "user.otherMails «-all» _ -startsWith 'x' -or _ -endsWith 'y'",
        "MR0035",
        "user.otherMails -all (_ -startsWith 'x' -or _ -endsWith 'y')",
    );
}

#[test]
fn l17_l18_kinds_and_not_null() {
    refuse(
        "user.city -eq 'x' -and «device.displayName» -eq 'y' -and device.displayName -eq 'z'",
        &["MR0024"],
    );
    assert_eq!(accept("device.displayName -eq 'x'").kind(), ObjectKind::Device);
    correct("user.city «-not» null", "MR0034", "user.city -ne null");
    accept("-not (user.city -eq null)");
}

#[test]
fn l19_direct_reports() {
    let rule = accept(" Direct Reports for \"ABC\" ");
    match &rule.expression().kind {
        ExpressionKind::DirectReports { manager, itself } => {
            let id = |attribute| Predicate::Attribute { attribute, test: Test::Text(one_of(&["abc"])) };
            assert_eq!(**manager, id(property::manager()));
            assert_eq!(**itself, id(property::object_id(ObjectKind::User)));
        }
        other => panic!("{other:?}"),
    }
    let reads: Vec<&str> = rule.reads().iter().map(|read| read.name.as_ref()).collect();
    assert_eq!((rule.kind(), reads), (ObjectKind::User, vec!["manager", "objectId"]));
    refuse("Direct Reports for «\"\"»", &["MR0042"]);
    refuse("Direct Reports «for»", &["MR0041"]);
    correct("«Direct Report for» 'x'", "MR0041", "Direct Reports for 'x'");
    correct("«DirectReports for» 'x'", "MR0041", "Direct Reports for 'x'");
    correct("Direct Reports for «a2e1-9b97»", "MR0010", "Direct Reports for \"a2e1-9b97\"");
    refuse("(«Direct Reports for 'x'»)", &["MR0025"]);
    refuse("«Direct Reports for 'x'» -or user.city -eq 'y'", &["MR0025"]);
    refuse("-not «Direct Reports for 'x'»", &["MR0025"]);
    parse(Dialect::Extended, "-not (Direct Reports for 'x') -and user.city -eq 'y'");
}

#[test]
fn l20_l35_arrays() {
    accept("user.city -in ['x']");
    refuse("user.city -in «[]»", &["MR0025"]);
    let (predicate, _) = literal(Dialect::Extended, "user.city -in []");
    assert_eq!(predicate, Predicate::Attribute { attribute: user("city"), test: Test::Text(one_of(&[])) });
    refuse("user.city -in ['x', «null», «['y']»]", &["MR0033", "MR0033"]);
    correct("user.city -in «'x'»", "MR0031", "user.city -in ['x']");
    correct("user.city -in «('x', 'y')»", "MR0031", "user.city -in ['x', 'y']");
    correct("user.city -in «'x', 'y'»", "MR0031", "user.city -in ['x', 'y']");
    correct("user.city -in «@('x')»", "MR0031", "user.city -in ['x']");
    correct("user.city «-ne» ['x']", "MR0032", "user.city -notIn ['x']");
    correct("user.city -eq «'x', 'y'»", "MR0031", "user.city -in ['x', 'y']");
    correct("user.city -in ['x' «'y'»]", "MR0012", "user.city -in ['x' , 'y']");
    correct("user.city -in ['x'«,»]", "MR0012", "user.city -in ['x']");
    correct("user.city -in ['x', «'y'»", "MR0014", "user.city -in ['x', 'y']");
    refuse("user.city -contains «null» -or user.city -startsWith «['x']»", &["MR0030", "MR0030"]);
    correct("user.city -eq «('x')»", "MR0012", "user.city -eq 'x'");
}

#[test]
fn l21_negative_operators_are_negations() {
    for (negative, positive) in [
        ("-ne 'x'", "-eq 'x'"),
        ("-notIn ['x']", "-in ['x']"),
        ("-notStartsWith 'x'", "-startsWith 'x'"),
        ("-notEndsWith 'x'", "-endsWith 'x'"),
        ("-notContains 'x'", "-contains 'x'"),
        ("-notMatch 'x'", "-match 'x'"),
        ("-ne null", "-eq null"),
    ] {
        let (predicate, negated) = literal(Dialect::Entra, &format!("user.city {negative}"));
        assert!(negated);
        assert_eq!(literal(Dialect::Entra, &format!("user.city {positive}")), (predicate, false));
    }
}

#[test]
fn l26_to_l29_collections() {
    let any = |test| Predicate::Attribute { attribute: user("otherMails"), test: Test::AnyElement(test) };
    let ends = || ElementTest::Text { member: None, test: TextTest::EndsWith("x".into()) };
    let not = |test| ElementTest::Not(Box::new(test));
    let mails = |rest: &str| literal(Dialect::Entra, &format!("user.otherMails {rest}"));
    assert_eq!(mails("-endsWith 'X'"), (any(ends()), false));
    assert_eq!(mails("-notEndsWith 'X'"), (any(not(ends())), false));
    assert_eq!(mails("-any (_ -notEndsWith 'x')"), (any(not(ends())), false));
    assert_eq!(mails("-all (_ -endsWith 'x')"), (any(not(ends())), true));
    assert_eq!(mails("-all (_ -notEndsWith 'x')"), (any(ends()), true));
    assert_eq!(mails("-any (-not -not -not (_ -endsWith 'x'))"), (any(not(ends())), false));
    let null = |name: &str| Predicate::Attribute { attribute: user(name), test: Test::Null };
    assert_eq!(mails("-ne null"), (null("otherMails"), true));
    assert_eq!(literal(Dialect::Entra, "user.assignedPlans -eq null"), (null("assignedPlans"), false));
    let (predicate, negated) =
        literal(Dialect::Entra, "user.assignedPlans -all (assignedPlan.servicePlanId -eq null)");
    let missing = ElementTest::Not(Box::new(ElementTest::Missing { member: Some(0) }));
    let attribute = user("assignedPlans");
    assert_eq!(
        (predicate, negated),
        (Predicate::Attribute { attribute, test: Test::AnyElement(missing) }, true)
    );
    correct(
        "user.assignedPlans «-eq» 'x'",
        "MR0037",
        "user.assignedPlans -any (assignedPlan.servicePlanId -eq 'x')",
    );
    correct(
        "user.assignedPlans «-notContains» 'x'",
        "MR0037",
        "-not (user.assignedPlans -any (assignedPlan.servicePlanId -contains 'x'))",
    );
    correct(
        "user.assignedPlans -any («_» -eq 'x')",
        "MR0038",
        "user.assignedPlans -any (assignedPlan.servicePlanId -eq 'x')",
    );
    correct(
        "user.assignedPlans -any («assignedPlans.service» -eq 'x')",
        "MR0038",
        "user.assignedPlans -any (assignedPlan.service -eq 'x')",
    );
    correct(
        "user.assignedPlans -any («assignedPlan.status» -eq 'x')",
        "MR0039",
        "user.assignedPlans -any (assignedPlan.capabilityStatus -eq 'x')",
    );
    correct(
        "user.otherMails -any («assignedPlan.service» -eq 'x')",
        "MR0038",
        "user.otherMails -any (_ -eq 'x')",
    );
    correct(
        "«assignedPlan.service» -eq 'x'",
        "MR0021",
        "user.assignedPlans -any (assignedPlan.service -eq 'x')",
    );
    correct(
        "user.assignedPlans -any («servicePlanId» -eq 'x')",
        "MR0038",
        "user.assignedPlans -any (assignedPlan.servicePlanId -eq 'x')",
    );
    correct("user.otherMails -any («'x'»)", "MR0012", "user.otherMails -any (_ -eq 'x')");
    correct("user.otherMails -any («-eq» 'x')", "MR0012", "user.otherMails -any (_ -eq 'x')");
    refuse("«_» -eq 'x'", &["MR0021"]);
    refuse("user.city «-any» (_ -eq 'x')", &["MR0036"]);
    refuse("user.otherMails -any (_ -eq 'x' -and «user.city» -eq 'y')", &["MR0038"]);
}

#[test]
fn l30_to_l35_types() {
    refuse("user.accountEnabled «-contains» true", &["MR0027"]);
    correct("user.accountEnabled -eq «1»", "MR0028", "user.accountEnabled -eq true");
    correct("«user.accountEnabled»", "MR0018", "user.accountEnabled -eq true");
    refuse("user.city «-ge» 'x' -or user.city «-lt» 'y'", &["MR0027", "MR0027"]);
    refuse("user.employeeHireDate «-contains» '2026'", &["MR0027"]);
    refuse("user.employeeHireDate «-eq» system.now", &["MR0043"]);
    refuse("user.employeeHireDate -ge system.now -plus P1D «-minus» P1D", &["MR0044"]);
    refuse("user.employeeHireDate -ge (system.now) «-plus» P1D", &["MR0044"]);
    correct(
        "user.employeeHireDate -ge system.now -plus «P2Y»",
        "MR0046",
        "user.employeeHireDate -ge system.now -plus P730D",
    );
    correct(
        "user.employeeHireDate -ge system.now -plus «\"P1D\"»",
        "MR0047",
        "user.employeeHireDate -ge system.now -plus P1D",
    );
    refuse("user.employeeHireDate -ge system.now -plus «P1.5D»", &["MR0045"]);
    refuse("user.employeeHireDate -ge system.now «-plus»", &["MR0045"]);
    correct(
        "user.employeeHireDate -ge system.now «+» P1D",
        "MR0011",
        "user.employeeHireDate -ge system.now -plus P1D",
    );
    refuse("user.city -eq «system.now»", &["MR0028"]);
    let (predicate, _) = literal(Dialect::Entra, "user.employeeHireDate -le (system.now -minus p1w2dt3h)");
    let shift_millis = -((9 * 24 + 3) * 3_600_000);
    let test = Test::Instant(Order::AtMost, Moment::Now { shift_millis });
    assert_eq!(predicate, Predicate::Attribute { attribute: user("employeeHireDate"), test });
    assert!(accept("user.employeeHireDate -le system.now").reads_clock());
    refuse("user.employeeHireDate «-gt» 2026-01-01", &["MR0025"]);
    parse(Dialect::Extended, "user.employeeHireDate -gt 2026-01-01");
    refuse("device.deviceOSVersion «-ge» '10.0'", &["MR0026"]);
    let version = |text: &str| literal(Dialect::Extended, &format!("device.deviceOSVersion -ge {text}")).0;
    assert_eq!(version("'10.0.0'"), version("10"));
    assert_ne!(version("'10.0.1'"), version("10"));
    refuse_extended("device.deviceOSVersion -lt «'10.x'»", &["MR0049"]);
    refuse("user.city -eq «user.state»", &["MR0050"]);
    correct("«'x'» -eq user.city", "MR0051", "user.city -eq 'x'");
}

#[test]
fn declared_attributes() {
    refuse("user.«level» -ge 5", &["MR0025"]);
    let (predicate, _) = literal(Dialect::Extended, "user.LEVEL -in [5, '-1', 5]");
    let test = Test::Integer(IntegerTest::OneOf([-1, 5].into()));
    let attribute = Attribute::Named("level".into());
    assert_eq!(predicate, Predicate::Attribute { attribute, test });
    assert_eq!(parse(Dialect::Extended, "user.LEVEL -ge '5'").canonical(), "user.Level -ge \"5\"");
    refuse_extended(
        "user.level -eq «5.5» -or user.level -gt «99999999999999999999» -or user.level «-contains» 5",
        &["MR0028", "MR0028", "MR0027"],
    );
    parse(Dialect::Extended, "user.badges -any (_ -eq 'x') -and user.contractor -ne true");
    correct_extended("user.«lebel» -eq 5", "MR0022", "user.Level -eq 5");
}

#[track_caller]
fn correct_extended(marked: &str, code: &str, corrected: &str) {
    let diagnostics = refuse_extended(marked, &[code]);
    let suggestion = diagnostics[0].suggestion.as_ref().expect("a suggestion");
    assert_eq!(suggestion.apply(&marked.replace(['«', '»'], "")), corrected);
    parse(Dialect::Extended, corrected);
}

#[test]
fn l36_to_l38_member_of() {
    let (predicate, _) =
        literal(Dialect::Entra, "((user.memberOf -any ((group.objectId -in ['G2', 'g1', 'g2']))))");
    let ids: Box<[Arc<str>]> = ["g1".into(), "g2".into()].into();
    assert_eq!(predicate, Predicate::MemberOf(ids));
    let rule = accept("device.memberOf -any group.objectId -in ['X']");
    assert_eq!((rule.sources(), rule.reads()), (&["x".into()][..], &[][..]));
    let ids = |count: usize| vec!["'g'"; count].join(",");
    accept(&format!("user.memberOf -any (group.objectId -in [{}])", ids(50)));
    refuse(&format!("user.memberOf -any (group.objectId -in «[{}]»)", ids(51)), &["MR0025"]);
    refuse("«user.memberOf» -any (group.objectId -in ['x']) -and user.city -eq 'y'", &["MR0025"]);
    refuse("-not («user.memberOf» -any (group.objectId -in ['x']))", &["MR0025"]);
    correct(
        "user.memberOf -any (group.objectId «-eq» 'x')",
        "MR0025",
        "user.memberOf -any (group.objectId -in ['x'])",
    );
    for dialect in [Dialect::Entra, Dialect::Extended] {
        check(dialect, "user.memberOf «-all» (group.objectId -in ['x'])", &["MR0040"]);
        check(dialect, "user.memberOf -any (group.objectId «-ne» 'x')", &["MR0040"]);
        check(dialect, "user.memberOf -any (group.objectId «-notIn» ['x'])", &["MR0040"]);
        check(dialect, "user.memberOf -any (group.objectId -eq «null»)", &["MR0040"]);
        check(
            dialect,
            "user.memberOf -any («group.objectId -in ['x'] -or group.objectId -in ['y']»)",
            &["MR0040"],
        );
        check(dialect, "user.memberOf -eq «null»", &["MR0040"]);
        check(dialect, "user.memberOf «-in» ['x']", &["MR0037"]);
        check(dialect, "user.memberOf -any («group.id» -in ['x'])", &["MR0039"]);
        check(dialect, "user.memberOf -any («_» -in ['x'])", &["MR0038"]);
    }
    let rule = parse(
        Dialect::Extended,
        "user.city -eq 'x' -or -not (user.memberOf -any (group.objectId -eq 'B')) -or user.memberOf -any (group.objectId -in ['a', 'b'])",
    );
    assert_eq!(rule.sources(), &["a".into(), "b".into()]);
}

#[test]
fn l39_unknown_properties() {
    correct("user.«mobilePhone» -eq 'x'", "MR0022", "user.mobile -eq 'x'");
    correct(
        "user.«onPremisesExtensionAttributes.extensionAttribute3» -eq 'x'",
        "MR0022",
        "user.extensionAttribute3 -eq 'x'",
    );
    correct("device.«model» -eq 'x'", "MR0022", "device.deviceModel -eq 'x'");
    correct("device.«trustType» -eq 'x'", "MR0022", "device.deviceTrustType -eq 'x'");
    correct("device.«osVersion» -startsWith 'x'", "MR0022", "device.deviceOSVersion -startsWith 'x'");
    correct("user.«title» -eq 'x'", "MR0022", "user.jobTitle -eq 'x'");
    correct("user.«upn» -eq 'x'", "MR0022", "user.userPrincipalName -eq 'x'");
    correct("user.«customAttribute5» -eq 'x'", "MR0022", "user.extensionAttribute5 -eq 'x'");
    correct("user.«deparment» -eq 'x'", "MR0022", "user.department -eq 'x'");
    correct("«department» -eq 'x'", "MR0019", "user.department -eq 'x'");
    correct(
        "device.displayName -eq 'x' -and «accountEnabled» -eq true",
        "MR0019",
        "device.displayName -eq 'x' -and device.accountEnabled -eq true",
    );
    correct("«users».city -eq 'x'", "MR0020", "user.city -eq 'x'");
    refuse("user.«managerId» -eq 'x'", &["MR0022"]);
    refuse("user.«manager» -eq 'x'", &["MR0025"]);
    refuse("user.«shoeSize» -eq 'x'", &["MR0022"]);
    let found = refuse("user.«assignedPlans.service» -eq 'x'", &["MR0022"]);
    assert!(found[0].help.as_ref().unwrap().contains("-any (assignedPlan.service"));
    refuse("device.«isDirSynced» -eq true", &["MR0023"]);
    let id = "9d98ed11-4c48-40d2-98fa-d781915f27e4";
    let plain = id.replace('-', "");
    correct(
        &format!("user.«extension_{id}_x» -eq 'x'"),
        "MR0052",
        &format!("user.extension_{plain}_x -eq 'x'"),
    );
    refuse(&format!("device.«extension_{plain}_x» -eq 'x'"), &["MR0022"]);
    refuse(&format!("user.«extension_{plain}» -eq 'x'"), &["MR0022"]);
    let extension = accept(&format!("user.Extension_{plain}__A -eq 'x'"));
    assert_eq!(extension.reads()[0].name.as_ref(), format!("Extension_{plain}__A"));
}

#[test]
fn structure() {
    correct("(user.city -eq «'x'»", "MR0014", "(user.city -eq 'x')");
    let found = refuse("((user.city -eq 'x'«)»", &["MR0014"]);
    assert_eq!(found[0].related[0].0.start, 0);
    correct("user.city -eq 'x'«)»", "MR0015", "user.city -eq 'x'");
    correct("user.city -eq 'x' «-and»", "MR0013", "user.city -eq 'x'");
    correct("«-and» user.city -eq 'x'", "MR0012", "user.city -eq 'x'");
    correct(
        "user.city -eq 'x' -and «-or» user.city -eq 'y'",
        "MR0012",
        "user.city -eq 'x' -and user.city -eq 'y'",
    );
    correct("user.city -eq 'x' «user.state» -eq 'y'", "MR0016", "user.city -eq 'x' -and user.state -eq 'y'");
    correct(
        "user.city -eq 'x' «adn» user.city -eq 'y'",
        "MR0011",
        "user.city -eq 'x' -and user.city -eq 'y'",
    );
    refuse("user.city -eq 'x' «-xor» user.state -eq 'y'", &["MR0011"]);
    correct("user.city -eq 'x' -or «'y'»", "MR0012", "user.city -eq 'x' -or user.city -eq 'y'");
    correct("user.city -eq 'x' or «contains» 'y'", "MR0012", "user.city -eq 'x' or user.city contains 'y'");
    correct("user.city -eq 'x'«;»", "MR0012", "user.city -eq 'x'");
    correct("user.city -eq 'x'«,» user.state -eq 'y'", "MR0016", "user.city -eq 'x' -and user.state -eq 'y'");
    refuse("((«(»", &["MR0013"]);
    refuse("(«)»", &["MR0012"]);
    refuse("«-not»", &["MR0013"]);
    refuse("user.city «-eq»", &["MR0017"]);
    refuse("user.city «-eq» -and user.state «-in» ", &["MR0017", "MR0017"]);
    correct("user.city «'x'»", "MR0018", "user.city -eq 'x'");
    refuse("«user.city» -and («user.state»)", &["MR0018", "MR0018"]);
    refuse(
        "user.«citty» «equalz» 'x' -and («foo».bar -eq «Rome») -or user.accountEnabled «-match» true",
        &["MR0022", "MR0011", "MR0020", "MR0010", "MR0027"],
    );
}
