//! Diagnostics as people read them on a terminal: the source line, carets, help.

use super::{Diagnostic, Severity};
use crate::tree::Span;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use std::ops::Range;

/// How to render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// ASCII only, for files and for tests.
    Plain,
    /// With terminal colours.
    Colored,
}

impl Diagnostic {
    /// The diagnostic over the rule's `text`, several lines, without a final line break.
    #[must_use]
    pub fn render(&self, text: &str, style: Style) -> String {
        let level = match self.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.message.as_str()).id(self.code.as_str());
        let help = self.help.as_deref();
        let mut groups = Vec::new();
        if text.len() > MOST {
            groups.push(Group::with_title(title));
            groups.extend(help.map(|help| Group::with_title(Level::HELP.secondary_title(help))));
            return renderer(style).render(&groups);
        }
        let primary = AnnotationKind::Primary.span(range(text, self.span));
        let context = |(span, message): &'_ (Span, String)| {
            AnnotationKind::Context.span(range(text, *span)).label(message.clone())
        };
        let snippet = Snippet::source(text).annotation(primary).annotations(self.related.iter().map(context));
        groups.push(title.element(snippet));
        if let Some(suggestion) = &self.suggestion {
            let patch = Patch::new(range(text, suggestion.span), suggestion.text.as_str());
            let title = Level::HELP.secondary_title(help.unwrap_or("write it like this"));
            groups.push(title.element(Snippet::source(text).patch(patch)));
        } else if let Some(help) = help {
            groups.push(Group::with_title(Level::HELP.secondary_title(help)));
        }
        renderer(style).render(&groups)
    }
}

/// A longer text, in bytes, is no rule and is not shown.
const MOST: usize = 16 * 1024;

fn renderer(style: Style) -> Renderer {
    match style {
        Style::Plain => Renderer::plain(),
        Style::Colored => Renderer::styled(),
    }
}

/// The span as a range inside `text`, on character boundaries.
fn range(text: &str, span: Span) -> Range<usize> {
    let (start, end) = span.range();
    let start = text.floor_char_boundary(start.min(text.len()));
    start..text.floor_char_boundary(end.min(text.len())).max(start)
}

#[cfg(test)]
mod tests {
    use super::Style;
    use crate::{Dialect, Schema, check};

    #[test]
    fn people_see_the_line_the_place_and_the_correction() {
        let text = "user.city -eq 'Rome' -and\n  user.departmnt -eq 'x'";
        let checked = check(text, Dialect::Entra, &Schema::default());
        let expected = "\
error[MR0022]: `user.departmnt` is no property
  |
2 |   user.departmnt -eq 'x'
  |        ^^^^^^^^^
  |
help: did you mean `user.department`?
  |
2 |   user.department -eq 'x'
  |               +";
        assert_eq!(checked.diagnostics[0].render(text, Style::Plain), expected);
        assert!(checked.diagnostics[0].render(text, Style::Colored).contains("\u{1b}["));
    }

    #[test]
    fn a_text_of_a_megabyte_is_not_shown() {
        let text = format!("user.city -eq '{}'", "x".repeat(1 << 20));
        let checked = check(&text, Dialect::Entra, &Schema::default());
        assert!(checked.diagnostics[0].render(&text, Style::Plain).len() < 500);
    }
}
