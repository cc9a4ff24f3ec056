//! Terraform's language: `azuread_group` with `dynamic_membership`, and `msgraph_resource`.
//!
//! What stands in the text is read, with what the same text says of variables, locals and other groups; what
//! Terraform would have to work out is not.

use super::{Export, Found, Rule};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Block, Body};
use hcl_edit::template::Element;

pub(super) fn find(text: &str) -> Result<Export, String> {
    let body = parse_body(text).map_err(|error| {
        let place = error.location();
        format!("line {}, column {}: {}", place.line(), place.column(), error.message())
    })?;
    let module = Module { body: &body };
    let mut export = Export::default();
    for block in body.get_blocks("resource") {
        let line = block
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| before.matches('\n').count() + 1);
        match labels(block).as_slice() {
            ["azuread_group" | "azuread_group_without_members", label] => {
                module.azuread(block, label, line, &mut export);
            }
            ["msgraph_resource" | "msgraph_update_resource", label] => {
                module.msgraph(block, label, line, &mut export)
            }
            _ => {}
        }
    }
    Ok(export)
}

fn labels(block: &Block) -> Vec<&str> {
    block.labels.iter().map(|label| label.as_str()).collect()
}

/// The text that rules may refer to.
struct Module<'b> {
    body: &'b Body,
}

impl Module<'_> {
    fn azuread(&self, block: &Block, label: &str, line: Option<usize>, export: &mut Export) {
        let generated = block.body.get_blocks("dynamic").filter(|it| labels(it) == ["dynamic_membership"]);
        let generated = generated.filter_map(|it| it.body.get_blocks("content").next());
        let membership = block.body.get_blocks("dynamic_membership").chain(generated).next();
        let Some(rule) = membership.and_then(|membership| membership.body.get_attribute("rule")) else {
            export.assigned += 1;
            return;
        };
        let enabled = membership.and_then(|membership| membership.body.get_attribute("enabled"));
        let name = block.body.get_attribute("display_name").and_then(|name| self.text(&name.value).ok());
        export.rules.push(Found {
            line,
            id: Some(label.to_owned()),
            name,
            rule: self.rule(&rule.value),
            paused: enabled
                .is_some_and(|enabled| matches!(&enabled.value, Expression::Bool(value) if !*value.value())),
        });
    }

    fn msgraph(&self, block: &Block, label: &str, line: Option<usize>, export: &mut Export) {
        let url = block.body.get_attribute("url").and_then(|url| self.text(&url.value).ok());
        let Some(body) = block.body.get_attribute("body") else { return };
        let mut parts = Vec::new();
        let whole = objects(&body.value, &mut parts);
        let value = |name: &str| parts.iter().find_map(|part| member(part, name));
        let rule = match value("membershipRule") {
            Some(rule) => self.rule(rule),
            // Other resources of Graph have bodies too.
            None if whole || url.as_deref() != Some("groups") => return,
            None => unknown("body"),
        };
        let text = |name| value(name).and_then(|value| self.text(value).ok());
        let state = text("membershipRuleProcessingState");
        export.rules.push(Found {
            line,
            id: Some(label.to_owned()),
            name: text("displayName"),
            rule,
            paused: state.is_some_and(|state| state.eq_ignore_ascii_case("Paused")),
        });
    }

    fn rule(&self, expression: &Expression) -> Rule {
        match self.text(expression) {
            // A heredoc's line end is none of the rule's.
            Ok(text) => Rule::Text(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(part) => unknown(&part),
        }
    }

    /// The text that an expression is, or the part that cannot be known.
    fn text(&self, expression: &Expression) -> Result<String, String> {
        self.text_within(expression, MOST_REFERENCES)
    }

    fn text_within(&self, expression: &Expression, references: usize) -> Result<String, String> {
        match expression {
            Expression::String(text) => Ok(text.as_str().to_owned()),
            Expression::Number(number) => Ok(number.value().to_string()),
            Expression::Bool(value) => Ok(value.value().to_string()),
            Expression::Parenthesis(inner) => self.text_within(inner.inner(), references),
            Expression::StringTemplate(template) => self.joined(template.iter(), references),
            Expression::HeredocTemplate(heredoc) => self.joined(heredoc.template.iter(), references),
            Expression::Traversal(traversal) => self.referred(traversal, references),
            other => Err(other.to_string().trim().to_owned()),
        }
    }

    fn joined<'e>(
        &self,
        elements: impl Iterator<Item = &'e Element>,
        references: usize,
    ) -> Result<String, String> {
        elements
            .map(|element| match element {
                Element::Literal(text) => Ok(text.as_str().to_owned()),
                Element::Interpolation(inner) => self.text_within(&inner.expr, references),
                Element::Directive(_) => Err("%{…}".to_owned()),
            })
            .collect()
    }

    /// `var.x`, `local.x`, and the id of another group of this text.
    fn referred(&self, traversal: &Traversal, references: usize) -> Result<String, String> {
        let unknown = || traversal_text(traversal);
        let references = references.checked_sub(1).ok_or_else(unknown)?;
        let names = path(traversal).ok_or_else(unknown)?;
        let path: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = match path.as_slice() {
            ["var", name] => {
                let block = self.body.get_blocks("variable").find(|block| labels(block) == [*name]);
                block.and_then(|block| block.body.get_attribute("default"))
            }
            ["local", name] => {
                self.body.get_blocks("locals").find_map(|block| block.body.get_attribute(name))
            }
            ["azuread_group", label, "id" | "object_id"] | ["msgraph_resource", label, "id"] => {
                let kind = path.first().copied().unwrap_or_default();
                let is_it = |block: &&Block| labels(block) == [kind, *label];
                let exists = self.body.get_blocks("resource").any(|block| is_it(&block));
                return if exists { Ok((*label).to_owned()) } else { Err(unknown()) };
            }
            _ => None,
        };
        self.text_within(&found.ok_or_else(unknown)?.value, references)
    }
}

fn unknown(part: &str) -> Rule {
    Rule::Unknown(format!(
        "`{part}` in its rule is not known here: import the output of `terraform show -json` instead"
    ))
}

/// The objects that a body is made of: itself, or the arguments of `merge` and `jsonencode`. Whether that is all.
fn objects<'e>(body: &'e Expression, parts: &mut Vec<&'e Object>) -> bool {
    match body {
        Expression::Object(object) => {
            parts.push(object);
            true
        }
        Expression::Parenthesis(inner) => objects(inner.inner(), parts),
        Expression::FuncCall(call) if matches!(call.name.name.as_str(), "merge" | "jsonencode") => {
            let mut whole = true;
            for argument in call.args.iter() {
                whole &= objects(argument, parts);
            }
            whole
        }
        _ => false,
    }
}

/// The value of an object's member.
fn member<'e>(object: &'e Object, name: &str) -> Option<&'e Expression> {
    let is_it = |key: &ObjectKey| match key {
        ObjectKey::Ident(ident) => ident.as_str() == name,
        ObjectKey::Expression(Expression::String(text)) => text.as_str() == name,
        ObjectKey::Expression(Expression::Variable(ident)) => ident.as_str() == name,
        ObjectKey::Expression(_) => false,
    };
    object.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value.expr())
}

/// Locals may refer to locals; so many times at most.
const MOST_REFERENCES: usize = 16;

/// The names of `a.b.c`. `None`: it has other operators too.
fn path(traversal: &Traversal) -> Option<Vec<String>> {
    let Expression::Variable(first) = &traversal.expr else { return None };
    let mut names = vec![first.as_str().to_owned()];
    for operator in &traversal.operators {
        match operator.value() {
            TraversalOperator::GetAttr(name) => names.push(name.as_str().to_owned()),
            _ => return None,
        }
    }
    Some(names)
}

fn traversal_text(traversal: &Traversal) -> String {
    Expression::Traversal(Box::new(traversal.clone())).to_string().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_with_what_the_text_says() {
        let export = find(
            r#"
variable "country" {
  default = "NO"
}
locals {
  city = "Oslo"
  rule = "user.city -eq \"${local.city}\""
}
resource "azuread_group" "oslo" {
  display_name = "Oslo"
  types        = ["DynamicMembership"]
  dynamic_membership {
    enabled = true
    rule    = local.rule
  }
}
resource "azuread_group" "norway" {
  display_name     = "Norway, ${var.country}"
  security_enabled = true
  dynamic_membership {
    enabled = false
    rule    = <<-EOT
      (user.country -eq "${var.country}") -and
        (user.memberOf -any (group.objectId -in ['${azuread_group.oslo.object_id}']))
    EOT
  }
}
resource "azuread_group" "assigned" {
  display_name = "Assigned"
}
resource "azuread_group" "each" {
  for_each     = local.departments
  display_name = each.key
  dynamic_membership {
    enabled = true
    rule    = "user.department -eq \"${each.value}\""
  }
}
resource "msgraph_resource" "graph" {
  url = "groups"
  body = {
    displayName                   = "Graph"
    membershipRule                = "user.accountEnabled -eq true"
    membershipRuleProcessingState = "Paused"
  }
}
"#,
        )
        .unwrap();
        let expected = [
            r#"Some(9) oslo "Oslo" false"#,
            r#"Some(17) norway "Norway, NO" true"#,
            r#"Some(31) each "" false"#,
            r#"Some(39) graph "Graph" true"#,
        ];
        assert_eq!(export.groups(), expected);
        assert_eq!(export.text(0), "user.city -eq \"Oslo\"");
        let norway = "(user.country -eq \"NO\") -and\n  (user.memberOf -any (group.objectId -in ['oslo']))";
        assert_eq!(export.text(1), norway);
        let each = &export.rules[2].rule;
        assert!(matches!(each, Rule::Unknown(reason) if reason.contains("`each.value`")), "{each:?}");
        assert_eq!(export.text(3), "user.accountEnabled -eq true");
        assert_eq!(export.assigned, 1);
    }

    #[test]
    fn generated_blocks_and_merged_bodies_are_read() {
        let export = find(
            r#"
resource "azuread_group_without_members" "a" {
  dynamic "dynamic_membership" {
    for_each = var.rule == null ? [] : [1]
    content {
      enabled = true
      rule    = "user.city -eq null"
    }
  }
}
resource "msgraph_resource" "b" {
  url  = "groups"
  body = merge({ "displayName" = "B", membershipRule = "user.state -eq null" }, var.more)
}
resource "msgraph_resource" "c" {
  url  = "groups"
  body = local.body
}
resource "msgraph_resource" "d" {
  url  = "groups"
  body = { displayName = "assigned" }
}
"#,
        )
        .unwrap();
        assert_eq!(
            export.groups(),
            [r#"Some(2) a "" false"#, r#"Some(11) b "B" false"#, r#"Some(15) c "" false"#]
        );
        assert_eq!((export.text(0), export.text(1)), ("user.city -eq null", "user.state -eq null"));
        assert!(matches!(export.rules[2].rule, Rule::Unknown(_)));
    }

    #[test]
    fn what_refers_to_itself_is_not_followed_for_ever() {
        let export = find(
            "locals {\n  a = local.a\n}\nresource \"azuread_group\" \"x\" {\n  dynamic_membership {\n    rule = local.a\n  }\n}\n",
        );
        assert!(matches!(export.unwrap().rules[0].rule, Rule::Unknown(_)));
        let error = find("resource {").unwrap_err();
        assert!(error.contains("line 1"), "{error}");
    }
}
