//! The tools for people who write rules, as scripts and CI see them: one test a tool.

use muster_tests::program::{Run, Workshop};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;

#[test]
fn fmt_prints_the_canonical_text_of_a_rule() {
    let workshop = Workshop::default();
    let canonical = "user.department -eq \"Sales\" -or user.city -in [\"a\", 'b']";
    let run = workshop.run(&["rule", "fmt", "((User.DEPARTMENT eq 'Sales') OR user.city -in [\"a\",'b'])"]);
    let expected = canonical.replace("'b'", "\"b\"");
    assert_eq!((run.status, run.stdout.trim_end()), (0, expected.as_str()), "{run:?}");
    // It is the same rule.
    let again = workshop.run_with(&["rule", "fmt", "-"], &run.stdout);
    assert_eq!((again.status, &again.stdout), (0, &run.stdout));

    assert_eq!(workshop.run(&["rule", "fmt", "--check", expected.as_str()]).status, 0);
    let run = workshop.run(&["rule", "fmt", "--check", canonical]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains(&expected), "{}", run.stderr);
    let run = workshop.run(&["rule", "fmt", "user.departmnt -eq 'x'"]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("MR0022"), "{}", run.stderr);

    workshop.write("a.rule", format!("{canonical}\r\n"));
    assert_eq!(workshop.run(&["rule", "fmt", "--check", "--file", "a.rule"]).status, 1);
    assert_eq!(workshop.run(&["rule", "fmt", "--write", "--file", "a.rule"]).status, 0);
    assert_eq!(workshop.bytes("a.rule"), format!("{expected}\n").into_bytes());
    assert_eq!(workshop.run(&["rule", "fmt", "--check", "--file", "a.rule"]).status, 0);
    for wrong in
        [&["rule", "fmt"][..], &["rule", "fmt", "x", "--file", "a.rule"], &["rule", "fmt", "--write", "x"]]
    {
        assert_eq!(workshop.run(wrong).status, 2, "{wrong:?}");
    }
}

#[test]
fn warnings_can_be_made_to_count() {
    let workshop = Workshop::default();
    let doubtful = "user.city -eq \"null\"";
    assert_eq!(workshop.run(&["rule", "check", doubtful]).status, 0);
    let run = workshop.run(&["rule", "check", "--deny-warnings", doubtful]);
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("MR1001") && run.stderr.contains("--deny-warnings"), "{}", run.stderr);
    let run = workshop.run(&["rule", "check", "--deny-warnings", "--json", doubtful]);
    assert_eq!((run.status, &run.json()["valid"]), (1, &json!(true)));
    assert_eq!(workshop.run(&["rule", "check", "--deny-warnings", "user.city -eq null"]).status, 0);
}

const TESTS: &str = r#"
now = 2026-11-22T10:00:00Z

[[rule]]
name = "guests"
rule = '''(user.userType -eq "Guest")
  -and (user.companyName -eq "Contoso")'''
selects = [{ userType = "guest", companyName = "CONTOSO" }]
rejects = [{ id = "u2", userType = "Member", companyName = "Contoso" }, {}]

[[rule]]
file = "hired.rule"
selects = [{ employeeHireDate = "2026-11-22T10:00:00Z" }]
rejects = [{ employeeHireDate = "2026-11-22T10:00:01Z" }]

[[rule]]
rule = 'user.departmnt -eq "x"'
errors = ["MR0022"]

[[rule]]
rule = 'user.memberOf -any (group.objectId -in ["G1"])'
selects = [{ memberOf = ["g1"] }]
warnings = []
"#;

#[test]
fn rules_are_tested_in_files() {
    let workshop = Workshop::default();
    workshop.write("hired.rule", "user.employeeHireDate -le system.now\n");
    workshop.write("rules.toml", TESTS);
    let run = workshop.run(&["rule", "test", "rules.toml"]);
    assert_eq!((run.status, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("4 rules, 6 objects: all passed"), "{}", run.stderr);

    let failing = TESTS
        .replace(
            "rejects = [{ id = \"u2\", userType = \"Member\"",
            "rejects = [{ id = \"u2\", userType = \"Guest\"",
        )
        .replace("errors = [\"MR0022\"]", "selects = [{}]")
        .replace("memberOf = [\"g1\"]", "memberOf = [\"g1\"], city = 5")
        .replace("warnings = []", "warnings = [\"MR1001\"]");
    workshop.write("rules.toml", failing);
    let run = workshop.run(&["rule", "test", "rules.toml", "--json"]);
    assert_eq!(run.status, 1, "{run:?}");
    for told in [
        "FAIL rules.toml:4 guests\n  rejects 1 (`u2`) is selected, and should not be:\n    ✓ (user.userType",
        "✓ user.userType -eq \"Guest\"",
        "FAIL rules.toml:16 user.departmnt -eq \"x\"\n  is refused:\n    error[MR0022]",
        "warnings: expected [MR1001], found []",
        "selects 1: the object is invalid: `city` is the number 5",
        "4 rules, 6 objects: 3 failed",
    ] {
        assert!(run.stderr.contains(told), "{told}\n{}", run.stderr);
    }
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!((&lines[0]["line"], &lines[0]["passed"]), (&json!(4), &json!(false)));
    assert_eq!(
        lines[1],
        json!({"file": "rules.toml", "line": 11, "name": "hired.rule", "passed": true, "failures": []})
    );
    assert_eq!(lines[3]["failures"].as_array().map(Vec::len), Some(2));
}

#[test]
fn rules_are_tested_in_json_lines_too() {
    let workshop = Workshop::default();
    workshop.write(
        "rules.jsonl",
        "{\"rule\":\"user.city -eq 'Oslo'\",\"selects\":[{\"city\":\"oslo\"}],\"rejects\":[{}]}\n\n\
         {\"name\":\"ext\",\"dialect\":\"extended\",\"rule\":\"user.createdDateTime -lt system.now\",\"now\":\"2026-11-22\",\"selects\":[{\"createdDateTime\":\"2026-11-21\"}]}\n",
    );
    let run = workshop.run(&["rule", "test", "rules.jsonl"]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stderr.contains("2 rules, 3 objects"), "{}", run.stderr);
    // A doubt counts where it is told to.
    workshop.write("doubt.jsonl", "{\"rule\":\"user.city -eq 'null'\"}\n");
    assert_eq!(workshop.run(&["rule", "test", "doubt.jsonl"]).status, 0);
    assert_eq!(workshop.run(&["rule", "test", "doubt.jsonl", "--deny-warnings"]).status, 1);
    workshop.write("doubt.jsonl", "{\"rule\":\"user.city -eq 'null'\",\"warnings\":[\"MR1001\"]}\n");
    assert_eq!(workshop.run(&["rule", "test", "doubt.jsonl", "--deny-warnings"]).status, 0);
}

#[test]
fn a_file_that_is_no_test_is_refused() {
    let workshop = Workshop::default();
    for (name, text, told) in [
        ("a.toml", "", "it has no rules"),
        ("a.toml", "[[rule]]\nrule = 'user.city -eq null'\nselect = [{}]\n", "select"),
        ("a.toml", "[[rule]]\nname = 'x'\n", "line 1: a test has either `rule` or `file`"),
        ("a.toml", "[[rule]]\nfile = 'none.rule'\n", "none.rule"),
        (
            "a.toml",
            "[[rule]]\nrule = 'x'\nerrors = ['MR0018']\nselects = [{}]\n",
            "selects and rejects nothing",
        ),
        ("a.jsonl", "{\"rule\":5}\n", "line 1"),
        ("a.jsonl", "{\"rule\":\"x\",\"selects\":[5]}\n", "`5` is no object"),
        ("a.txt", "x", "`.toml` or `.jsonl`"),
    ] {
        workshop.write(name, text);
        let run = workshop.run(&["rule", "test", name]);
        assert_eq!(run.status, 2, "{text}: {run:?}");
        assert!(run.stderr.contains(told), "{text}: {}", run.stderr);
    }
}

#[test]
fn the_properties_are_listed() {
    let workshop = Workshop::default();
    let run = workshop.run(&["rule", "props", "user"]);
    let line = |run: &Run, start: &str| {
        let found = run.stdout.lines().find(|line| line.split_whitespace().next() == Some(start));
        found
            .unwrap_or_else(|| panic!("{start}: {}", run.stdout))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(run.status, 0);
    assert_eq!(line(&run, "user.mobile"), "user.mobile string entra the user mobilePhone");
    assert_eq!(line(&run, "user.mail"), "user.mail string entra guests");
    assert_eq!(line(&run, "user.createdDateTime"), "user.createdDateTime dateTime extended");
    let run = workshop.run(&["rule", "props", "device"]);
    assert_eq!(line(&run, "device.deviceOSType"), "device.deviceOSType string entra operatingSystem");

    workshop.write("schema.json", r#"{"attributes":[{"object":"user","name":"level","type":"integer"}]}"#);
    let rows = workshop.run(&["rule", "props", "user", "--json", "--schema", "schema.json"]).json();
    let row = |name: &str| rows.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
    let expected =
        json!({"name": "level", "type": "integer", "dialect": "extended", "writtenBy": "administrator"});
    assert_eq!(row("level"), &expected);
    assert_eq!(row("assignedPlans")["element"], "assignedPlan");
    assert_eq!(row("assignedPlans")["members"], json!(["servicePlanId", "service", "capabilityStatus"]));
    assert_eq!(workshop.run(&["rule", "props", "group"]).status, 2);
}

#[test]
fn old_spellings_are_migrated_and_told() {
    let workshop = Workshop::default();
    let old = "(user.mailNickName startsWith `\"a`\")  and (user.accountEnabled -eq \"True\")";
    let new = "(user.mailNickname -startsWith \"a\")  -and (user.accountEnabled -eq true)";
    let run = workshop.run(&["rule", "migrate", old]);
    assert_eq!((run.status, run.stdout.trim_end()), (0, new), "{run:?}");
    for told in ["1:20: `startsWith` is now `-startsWith`", "`\"True\"` is now `true`", "5 changes"] {
        assert!(run.stderr.contains(told), "{told}\n{}", run.stderr);
    }
    let answer = workshop.run(&["rule", "migrate", "--json", old]).json();
    assert_eq!((&answer["valid"], &answer["text"]), (&json!(true), &json!(new)));
    assert_eq!(answer["changes"].as_array().map(Vec::len), Some(5));

    workshop.write("a.rule", format!("{old}\n"));
    assert_eq!(workshop.run(&["rule", "migrate", "--write", "--file", "a.rule"]).status, 0);
    assert_eq!(workshop.bytes("a.rule"), format!("{new}\n").into_bytes());
    let run = workshop.run(&["rule", "migrate", "user.departmnt eq 'x'"]);
    assert_eq!((run.status, run.stdout.trim_end()), (1, "user.departmnt eq 'x'"));
    assert!(run.stderr.contains("MR0022"), "{}", run.stderr);
}

#[test]
fn exports_become_event_lines_that_replay_takes() {
    let workshop = Workshop::default();
    workshop.write(
        "groups.json",
        r#"{"value":[
            {"id":"g1","displayName":"Guests","membershipRule":"user.userType -eq \"Guest\"","membershipRuleProcessingState":"On"},
            {"id":"g2","displayName":"Wrong","membershipRule":"user.departmnt -eq \"x\""},
            {"id":"g3","displayName":"Assigned","membershipRule":null},
            {"id":"G1","displayName":"Twice","membershipRule":"user.city -eq null"}]}"#,
    );
    let run = workshop.run(&["rule", "import", "groups.json"]);
    assert_eq!(run.status, 1, "{run:?}");
    let expected = json!({"kind": "group", "op": "upsert", "id": "g1", "data": {"displayName": "Guests",
        "membershipRule": "user.userType -eq \"Guest\"", "membershipRuleProcessingState": "On"}});
    assert_eq!(run.json(), expected);
    for told in [
        "groups.json: `Guests` valid",
        "groups.json: `Wrong` refused:\nerror[MR0022]",
        "the id `G1` stands in the export twice",
        "1 valid rule, 2 refused; 1 group without a rule left out",
    ] {
        assert!(run.stderr.contains(told), "{told}\n{}", run.stderr);
    }
    workshop.write("events.jsonl", run.stdout);
    let replay = ["replay", "--events", "events.jsonl", "--deltas", "out.jsonl", "--strict", "--stats"];
    let run = workshop.run(&replay);
    assert_eq!((run.status, &run.json()["groups"]), (0, &json!(1)), "{run:?}");

    // The other formats, by name or by text; each is tested where it is read.
    workshop.write("main.tf", "resource \"azuread_group\" \"a\" {\n  display_name = \"A\"\n  dynamic_membership {\n    enabled = true\n    rule    = \"user.city -eq \\\"Oslo\\\"\"\n  }\n}\n");
    let run = workshop.run(&["rule", "import", "main.tf"]);
    assert_eq!((run.status, &run.json()["id"]), (0, &json!("a")), "{run:?}");
    assert!(run.stderr.contains("main.tf:1: `A` valid"), "{}", run.stderr);
    let run = workshop.run_with(
        &["rule", "import", "-"],
        "displayName,membershipRule\nSales/EMEA,\"user.city ne $null\"\n",
    );
    assert_eq!((run.status, &run.json()["id"]), (0, &json!("Sales-EMEA")), "{run:?}");
    let dsc = "AADGroup 'x'\n{\n  Id = \"d\";\n  MembershipRule = \"user.city ne `$null\";\n}\n";
    let run = workshop.run_with(&["rule", "import", "-", "--migrate"], dsc);
    assert_eq!(run.json()["data"]["membershipRule"], "user.city -ne null", "{run:?}");
    let extended = ["rule", "import", "-", "--format", "csv", "--dialect", "extended"];
    let run = workshop.run_with(&extended, "id;rule\nx;user.createdDateTime -lt system.now\n");
    assert_eq!(run.json()["data"]["dialect"], "extended", "{run:?}");

    assert_eq!(workshop.run_with(&["rule", "import", "-"], "{}").status, 1, "no rule in it");
    for (text, format) in [("{", "graph"), ("a,b\n", "csv"), ("resource {", "terraform")] {
        assert_eq!(
            workshop.run_with(&["rule", "import", "-", "--format", format], text).status,
            2,
            "{format}"
        );
    }
}

#[test]
fn an_explanation_is_a_tree_for_people_and_json_for_programs() {
    let workshop = Workshop::default();
    workshop.write("objects.jsonl", "{\"id\":\"u1\",\"city\":\"Oslo\"}\n{\"id\":\"u2\",\"city\":5}\n");
    let rule = "user.city -eq \"oslo\" -and -not (user.state -ne null)";
    let eval = |explain: &str| workshop.run(&["rule", "eval", rule, "--objects", "objects.jsonl", explain]);
    let run = eval("--explain=tree");
    let expected = "\
u1 is a member
  ✓ user.city -eq \"oslo\" -and -not (user.state -ne null)
    ✓ user.city -eq \"oslo\"  [user.city = \"Oslo\"]
    ✓ -not (user.state -ne null)
      ✗ user.state -ne null  [user.state = null]
";
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
    assert!(run.stdout[expected.len()..].starts_with("u2: `city` is the number 5"), "{}", run.stdout);
    // A pipe is no terminal.
    let (auto, json) = (eval("--explain"), eval("--explain=json"));
    assert_eq!((auto.status, &auto.stdout), (1, &json.stdout));
    let tree: Value = serde_json::from_str(json.stdout.lines().next().unwrap()).unwrap();
    let leaf = json!({"expression": "user.city -eq \"oslo\"", "expressionResult": true,
        "propertyToEvaluate": {"propertyName": "city", "propertyValue": "Oslo"}, "expressionEvaluationDetails": []});
    assert_eq!(tree["explanation"]["expressionEvaluationDetails"][0], leaf);
}

#[test]
fn on_a_terminal_an_explanation_is_the_tree() {
    let workshop = Workshop::default();
    workshop.write("objects.jsonl", "{\"id\":\"u1\",\"city\":\"Oslo\"}\n");
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let terminal = openpt(flags).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let other_side = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let stdout = File::options().read(true).write(true).open(other_side).unwrap();
    let arguments = ["rule", "eval", "user.city -eq \"oslo\"", "--objects", "objects.jsonl", "--explain"];
    let status = workshop.command(&arguments).stdout(stdout).status().unwrap();
    assert!(status.success());
    // What the terminal was told is kept until it is read; it ends lines with CR and LF.
    let mut told = vec![0; 1024];
    let length = File::from(terminal).read(&mut told).unwrap();
    let told = String::from_utf8(told[..length].to_vec()).unwrap();
    assert_eq!(told, "u1 is a member\r\n  ✓ user.city -eq \"oslo\"  [user.city = \"Oslo\"]\r\n");
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let workshop = Workshop::default();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = workshop.run(&["completions", shell]);
        assert_eq!(run.status, 0, "{shell}");
        for word in ["replay", "migrate", "deny-warnings"] {
            assert!(run.stdout.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(workshop.run(&["completions", "cmd"]).status, 2);
    let page = workshop.run(&["man"]);
    assert!(page.status == 0 && page.stdout.contains(".TH muster 1"), "{page:?}");
    let page = workshop.run(&["man", "rule", "check"]);
    assert!(
        page.stdout.contains("muster\\-rule\\-check") && page.stdout.contains("deny\\-warnings"),
        "{page:?}"
    );
    assert_eq!(workshop.run(&["man", "bananas"]).status, 2);
    std::fs::create_dir(workshop.path("pages")).unwrap();
    assert_eq!(workshop.run(&["man", "--all", "pages"]).status, 0);
    assert!(workshop.path("pages/muster-rule-import.1").exists());
}
