//! Line plots as SVG, to stand within a page.

use std::fmt::Write;

/// A curve, or several, over common axes. Nothing but what is needed to read them off.
#[derive(Clone, Debug)]
pub struct Plot {
    /// Above it.
    pub title: String,
    /// Below the horizontal axis.
    pub x: String,
    /// Beside the vertical axis.
    pub y: String,
    /// How the horizontal axis is divided.
    pub scale: Scale,
    /// Each a name and points.
    pub curves: Vec<(String, Vec<(f64, f64)>)>,
}

/// How an axis is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By powers of ten; all values are above 0.
    Logarithmic,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 46.0;
const COLOURS: [&str; 4] = ["#1f5fa8", "#b3541e", "#3f7d3a", "#7a4a9c"];
/// A curve is drawn with at most so many points.
const MOST_POINTS: usize = 400;

impl Plot {
    /// The `svg` element.
    #[must_use]
    pub fn svg(&self) -> String {
        let points = || self.curves.iter().flat_map(|(_, points)| points.iter().copied());
        let (least, most) = self.horizontal(points().map(|(x, _)| x));
        let highest = ceiling(points().map(|(_, y)| y).fold(0.0, f64::max));
        let place = |x: f64, y: f64| {
            let across = if most > least { (self.along(x) - least) / (most - least) } else { 0.5 };
            (LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / highest * (HEIGHT - TOP - BOTTOM))
        };
        let mut svg = String::new();
        let _ = write!(
            svg,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\
             <text x=\"{LEFT}\" y=\"20\" class=\"title\">{title}</text>",
            title = escape(&self.title)
        );
        for step in 0..=4 {
            let value = highest * f64::from(step) / 4.0;
            let (_, y) = place(least, value);
            let _ = write!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" class=\"grid\"/>\
                 <text x=\"{}\" y=\"{:.1}\" class=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0,
                short(value)
            );
        }
        for value in self.ticks(least, most) {
            let (x, _) = place(value, 0.0);
            let _ = write!(
                svg,
                "<text x=\"{x:.1}\" y=\"{}\" class=\"middle\">{}</text>",
                HEIGHT - BOTTOM + 16.0,
                short(value)
            );
        }
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" class=\"middle\">{}</text><text transform=\"translate(14 {}) rotate(-90)\" \
             class=\"middle\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 8.0,
            escape(&self.x),
            (TOP + HEIGHT - BOTTOM) / 2.0,
            escape(&self.y)
        );
        for (place_of, (name, points)) in self.curves.iter().enumerate() {
            let colour = COLOURS.get(place_of % COLOURS.len()).copied().unwrap_or("black");
            let every = points.len().div_ceil(MOST_POINTS).max(1);
            let drawn: Vec<(f64, f64)> = points.iter().step_by(every).map(|(x, y)| place(*x, *y)).collect();
            let path: Vec<String> = drawn.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = write!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join(" ")
            );
            if drawn.len() < 12 {
                for (x, y) in &drawn {
                    let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
                }
            }
            if self.curves.len() > 1 {
                #[expect(clippy::cast_precision_loss, reason = "a few curves")]
                let y = TOP + 14.0 * (place_of as f64 + 1.0);
                let _ = write!(
                    svg,
                    "<text x=\"{}\" y=\"{y}\" class=\"end\" fill=\"{colour}\">{}</text>",
                    WIDTH - RIGHT - 4.0,
                    escape(name)
                );
            }
        }
        svg.push_str("</svg>");
        svg
    }

    fn along(&self, x: f64) -> f64 {
        match self.scale {
            Scale::Linear => x,
            Scale::Logarithmic => x.max(f64::MIN_POSITIVE).log10(),
        }
    }

    fn horizontal(&self, values: impl Iterator<Item = f64>) -> (f64, f64) {
        let (least, most) = values
            .map(|x| self.along(x))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| (least.min(x), most.max(x)));
        match self.scale {
            _ if !least.is_finite() => (0.0, 1.0),
            Scale::Linear => (least.min(0.0), most),
            Scale::Logarithmic => (least, most),
        }
    }

    /// Where the horizontal axis has numbers.
    fn ticks(&self, least: f64, most: f64) -> Vec<f64> {
        match self.scale {
            Scale::Linear => (0..=4).map(|step| least + (most - least) * f64::from(step) / 4.0).collect(),
            Scale::Logarithmic => {
                let mut ticks: Vec<f64> =
                    self.curves.iter().flat_map(|(_, points)| points.iter().map(|(x, _)| *x)).collect();
                ticks.sort_by(f64::total_cmp);
                ticks.dedup();
                ticks.truncate(8);
                ticks
            }
        }
    }
}

/// A round number that is not below.
fn ceiling(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let unit = 10_f64.powf(value.log10().floor());
    [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0, 10.0]
        .into_iter()
        .map(|factor| factor * unit)
        .find(|round| *round >= value)
        .unwrap_or(value)
}

/// A number in a few digits.
fn short(value: f64) -> String {
    let shorten = |value: f64, unit: &str| {
        let text = format!("{value:.2}");
        format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match value.abs() {
        1e6.. => shorten(value / 1e6, " M"),
        1e4.. => shorten(value / 1e3, " k"),
        _ => shorten(value, ""),
    }
}

/// Text as the page shows it.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_where_the_axes_say() {
        let plot = Plot {
            title: "a < b".into(),
            x: "rules".into(),
            y: "µs".into(),
            scale: Scale::Logarithmic,
            curves: vec![("one".into(), vec![(1000.0, 2.0), (10_000.0, 4.0), (100_000.0, 8.0)])],
        };
        let svg = plot.svg();
        assert!(svg.contains("a &lt; b") && svg.contains(">10 k<"), "{svg}");
        // The middle point is half way across and half way up.
        assert!(svg.contains("350.0,144.0"), "{svg}");
    }

    #[test]
    fn nothing_and_much_can_be_drawn() {
        let mut plot = Plot {
            title: String::new(),
            x: String::new(),
            y: String::new(),
            scale: Scale::Linear,
            curves: Vec::new(),
        };
        assert!(plot.svg().ends_with("</svg>"));
        let many = (0..100_000).map(|x| (f64::from(x), 1.0)).collect();
        plot.curves = vec![("many".into(), many)];
        assert!(plot.svg().len() < 20_000);
        assert!(!plot.svg().contains("NaN"));
    }
}
