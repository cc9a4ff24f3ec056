//! CSV: one row a group, columns by their names.

use super::{Export, Found, Rule};
use csv::{ReaderBuilder, StringRecord};

pub(super) fn find(text: &str) -> Result<Export, String> {
    // Windows PowerShell puts the type of what it exported before the head.
    let (typed, table) = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#TYPE") => (1, rest),
        _ => (0, text),
    };
    let head = table.lines().next().unwrap_or("");
    let delimiter =
        [b',', b';', b'\t'].into_iter().max_by_key(|it| head.bytes().filter(|byte| byte == it).count());
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .flexible(true)
        .from_reader(table.as_bytes());
    let head = reader.headers().map_err(|error| error.to_string())?.clone();
    let rule = column(&head, &["membershiprule", "dynamicmembershiprule", "rule"])
        .ok_or("no column is called `membershipRule`")?;
    let id = column(&head, &["id", "objectid", "groupid"]);
    let name = column(&head, &["displayname", "name", "groupname"]);
    let state = column(&head, &["membershipruleprocessingstate", "processingstate"]);
    let mut export = Export::default();
    let (mut line, mut counted) = (typed + 1, 0);
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        // The line that the reader knows is one too small where lines end with CR and LF.
        let start =
            record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(counted);
        let blank =
            table.get(start..).map_or(0, |rest| rest.len() - rest.trim_start_matches(['\r', '\n']).len());
        line += table.get(counted..start + blank).map_or(0, |passed| passed.matches('\n').count());
        counted = start + blank;
        let cell = |column: Option<usize>| {
            column
                .and_then(|column| record.get(column))
                .filter(|cell| !cell.trim().is_empty())
                .map(str::to_owned)
        };
        let Some(text) = cell(Some(rule)) else {
            export.assigned += 1;
            continue;
        };
        export.rules.push(Found {
            line: Some(line),
            id: cell(id),
            name: cell(name),
            rule: Rule::Text(text),
            paused: cell(state).is_some_and(|state| state.eq_ignore_ascii_case("Paused")),
        });
    }
    Ok(export)
}

/// The column with the first of these names that there is, whatever the case, blanks and underscores.
fn column(head: &StringRecord, names: &[&str]) -> Option<usize> {
    let plain = |cell: &str| -> String {
        cell.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
    };
    names.iter().find_map(|name| head.iter().position(|cell| plain(cell) == *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_by_their_names() {
        let export = find(
            "#TYPE Microsoft.Graph.Group\r\n\"Id\";\"Display Name\";\"MembershipRule\";\"MembershipRuleProcessingState\"\r\n\
             \"a\";\"A; and B\";\"user.city -eq \"\"Oslo\"\"\";\"Paused\"\r\n\"b\";\"B\";\"\";\"\"\r\n",
        )
        .unwrap();
        let found = Found {
            line: Some(3),
            id: Some("a".to_owned()),
            name: Some("A; and B".to_owned()),
            rule: Rule::Text("user.city -eq \"Oslo\"".to_owned()),
            paused: true,
        };
        assert_eq!((export.rules, export.assigned), (vec![found], 1));
        assert!(find("id,name\n1,2\n").unwrap_err().contains("membershipRule"));
        assert_eq!(find("rule\nx\n").unwrap().rules[0].id, None);
    }
}
