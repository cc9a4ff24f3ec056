//! Microsoft365DSC: `AADGroup` resources of a PowerShell configuration.
//!
//! Knows as much of PowerShell as exports use: words, strings of three kinds, braces and comments.

use super::{Export, Found, Rule};

pub(super) fn find(text: &str) -> Export {
    let tokens = Lexer { text, at: 0 }.tokens();
    let mut export = Export::default();
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if !first.is_word("AADGroup") {
            continue;
        }
        // The resource's name, then its braces.
        if let [_, Token { kind: Kind::Open, .. }, body @ ..] = after {
            rest = group(first.line, body, &mut export);
        }
    }
    export
}

/// Reads `Key = value` up to the closing brace. What follows it.
fn group<'t>(line: usize, body: &'t [Token], export: &mut Export) -> &'t [Token] {
    let (mut id, mut name, mut rule, mut paused) = (None, None, None, false);
    let (mut rest, mut depth) = (body, 0_usize);
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match &first.kind {
            Kind::Open => depth += 1,
            Kind::Close if depth == 0 => break,
            Kind::Close => depth -= 1,
            Kind::Word(key) if depth == 0 => {
                let [Token { kind: Kind::Equals, .. }, Token { kind: value, .. }, ..] = after else {
                    continue;
                };
                let text = match value {
                    Kind::Text(text) => Some(text.clone()),
                    _ => None,
                };
                match key.to_ascii_lowercase().as_str() {
                    "id" => id = text,
                    "displayname" => name = text,
                    "membershiprule" => {
                        rule = match value {
                            Kind::Text(text) if text.trim().is_empty() => None,
                            Kind::Text(text) => Some(Rule::Text(text.clone())),
                            Kind::Word(word) if word.eq_ignore_ascii_case("$null") => None,
                            _ => Some(Rule::Unknown(
                                "its rule is no string: write it into the export".to_owned(),
                            )),
                        }
                    }
                    "membershipruleprocessingstate" => {
                        paused = text.is_some_and(|state| state.eq_ignore_ascii_case("Paused"));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    match rule {
        Some(rule) => export.rules.push(Found { line: Some(line), id, name, rule, paused }),
        None => export.assigned += 1,
    }
    rest
}

struct Token {
    line: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Anything that is none of the others.
    Word(String),
    /// Its escapes resolved.
    Text(String),
    Open,
    Close,
    Equals,
}

impl Token {
    fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(own) if own.eq_ignore_ascii_case(word))
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn tokens(mut self) -> Vec<Token> {
        let (mut tokens, mut line, mut counted) = (Vec::new(), 1, 0);
        while let Some((start, kind)) = self.next() {
            line += self.text.get(counted..start).unwrap_or("").matches('\n').count();
            counted = start;
            tokens.push(Token { line, kind });
        }
        tokens
    }

    /// The next token and where it begins.
    fn next(&mut self) -> Option<(usize, Kind)> {
        loop {
            let rest = self.rest();
            let first = rest.chars().next()?;
            let start = self.at;
            let kind = match first {
                '{' | '(' => self.single(Kind::Open),
                '}' | ')' => self.single(Kind::Close),
                '=' => self.single(Kind::Equals),
                '#' => {
                    self.at += rest.find('\n').unwrap_or(rest.len());
                    continue;
                }
                '<' if rest.starts_with("<#") => {
                    self.at += rest.find("#>").map_or(rest.len(), |end| end + "#>".len());
                    continue;
                }
                '@' if rest.starts_with("@\"") || rest.starts_with("@'") => self.here_string(),
                '"' | '\'' => self.string(first),
                _ if first.is_whitespace() || matches!(first, ';' | ',' | '@') => {
                    self.at += first.len_utf8();
                    continue;
                }
                _ => {
                    let ends = |c: char| c.is_whitespace() || "{}()=;,\"'#@".contains(c);
                    let end = rest.find(ends).unwrap_or(rest.len()).max(first.len_utf8());
                    self.at += end;
                    Kind::Word(rest.get(..end).unwrap_or("").to_owned())
                }
            };
            return Some((start, kind));
        }
    }

    fn single(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    /// `"…"`, with backticks and doubled quotes, or `'…'`, with doubled ones.
    fn string(&mut self, quote: char) -> Kind {
        let mut content = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        let mut end = self.rest().len();
        while let Some((at, c)) = characters.next() {
            if c == '`' && quote == '"' {
                content.extend(characters.next().map(|(_, escaped)| unescaped(escaped)));
            } else if c == quote {
                if characters.next_if(|(_, next)| *next == quote).is_none() {
                    end = at + 1;
                    break;
                }
                content.push(quote);
            } else {
                content.push(c);
            }
        }
        self.at += end;
        Kind::Text(content)
    }

    /// `@"`, lines, and `"@` at the beginning of a line; or the same with `'`.
    fn here_string(&mut self) -> Kind {
        let rest = self.rest();
        let close = if rest.starts_with("@\"") { "\n\"@" } else { "\n'@" };
        let begin = rest.find('\n').map_or(rest.len(), |at| at + 1);
        // An empty one closes on the line after the first.
        let end =
            rest.get(begin - 1..).and_then(|lines| lines.find(close)).map_or(rest.len(), |at| begin - 1 + at);
        let content = rest.get(begin..end.max(begin)).unwrap_or("");
        self.at += (end + close.len()).min(rest.len());
        let content = content.strip_suffix('\r').unwrap_or(content);
        Kind::Text(if close == "\n\"@" { backticks(content) } else { content.to_owned() })
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }
}

/// A text with backticks resolved.
fn backticks(text: &str) -> String {
    let mut characters = text.chars();
    let mut content = String::new();
    while let Some(c) = characters.next() {
        content.extend(if c == '`' { characters.next().map(unescaped) } else { Some(c) });
    }
    content
}

/// What a backtick and this character stand for.
fn unescaped(c: char) -> char {
    match c {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_among_other_resources() {
        let export = find(
            r##"Configuration M365TenantConfig {
    param ( [parameter()] [System.Management.Automation.PSCredential] $Credential ) # "
    Node localhost {
        <# AADGroup 'commented' { MembershipRule = "x" } #>
        AADUser 'u' { DisplayName = "AADGroup"; }
        AADGroup "AADGroup-Guests"
        {
            Credential                    = $Credscredential;
            Description                   = "With `"quotes`" and # no comment";
            DisplayName                   = "Guests";
            GroupTypes                    = @("DynamicMembership");
            Id                            = "g1";
            MembershipRule                = "(user.userType -eq `"Guest`") -and (user.city -ne `$null)";
            MembershipRuleProcessingState = "On";
            Members                       = @();
        }
        AADGroup 'b' {
            DisplayName = 'It''s B'
            MembershipRule = @"
user.department -eq "Sales"
"@
            MembershipRuleProcessingState = 'Paused'
        }
        AADGroup 'assigned' { DisplayName = "C"; MembershipRule = ""; }
    }
}
"##,
        );
        let expected = [r#"Some(6) g1 "Guests" false"#, r#"Some(17)  "It's B" true"#];
        assert_eq!(export.groups(), expected);
        assert_eq!(export.text(0), "(user.userType -eq \"Guest\") -and (user.city -ne $null)");
        assert_eq!(export.text(1), "user.department -eq \"Sales\"");
        assert_eq!(export.assigned, 1);
    }

    #[test]
    fn a_text_that_ends_anywhere_is_read() {
        let whole = "AADGroup 'x' {\n MembershipRule = @\"\na`\"b\n\"@; Id = \"`\"\"\"\" <# #> }";
        for end in 0..=whole.len() {
            find(&whole[..end]);
        }
        assert_eq!(find(whole).rules[0].id.as_deref(), Some("\"\""));
    }
}
