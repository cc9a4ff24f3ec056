//! The report as a page of its own: a table, and plots within it. It asks nothing of a network.

use super::plot::{Plot, Scale, escape};
use super::report::Report;
use super::{Measured, per_second};

/// What the page shows beside the report.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// The command line that made it.
    pub command: String,
    /// The machine: processor, cores, system.
    pub machine: String,
    /// Numbers of rules, and the processor's microseconds that a change took in the index there.
    pub cost: Vec<(usize, f64)>,
    /// Seconds since the start, and bytes of memory held.
    pub memory: Vec<(f64, u64)>,
    /// Percentiles, each with its latency in milliseconds.
    pub latency: Vec<(f64, f64)>,
}

/// The page.
#[must_use]
pub fn page(report: &Report, measured: &Measured, details: &Details) -> String {
    let mut plots = String::new();
    let mut add = |plot: Plot| {
        plots.push_str("<figure>");
        plots.push_str(&plot.svg());
        plots.push_str("</figure>\n");
    };
    if report.is_right() {
        add(plot("Throughput over time", "seconds", "changes/s", throughput(measured)));
        if !details.latency.is_empty() {
            // Towards 100 % the axis is stretched: 1 of 10, of 100, of 1,000 changes is slower.
            let points = details.latency.iter().map(|(percent, millis)| (100.0 / (100.0 - percent), *millis));
            add(Plot {
                scale: Scale::Logarithmic,
                ..plot("Latency", "one in so many changes is slower", "milliseconds", points.collect())
            });
        }
        if !details.cost.is_empty() {
            #[expect(clippy::cast_precision_loss, reason = "numbers of rules")]
            let points = details.cost.iter().map(|(rules, micros)| (*rules as f64, *micros)).collect();
            add(Plot {
                scale: Scale::Logarithmic,
                ..plot("Cost of a change in the index", "rules", "µs of processor time", points)
            });
        }
    }
    if !details.memory.is_empty() {
        #[expect(clippy::cast_precision_loss, reason = "bytes")]
        let points = details.memory.iter().map(|(at, bytes)| (*at, *bytes as f64 / 1024.0 / 1024.0));
        add(plot("Memory", "seconds since the start", "MiB resident", points.collect()));
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>muster bench {mode}, {profile}</title>\n\
         <style>{STYLE}</style>\n<h1>muster bench {mode}</h1>\n<p><code>{command}</code></p>\n<p>{machine}</p>\n\
         <pre>{table}</pre>\n{plots}<h2>As JSON</h2>\n<pre>{json}</pre>\n</html>\n",
        mode = report.mode,
        profile = report.profile,
        command = escape(&details.command),
        machine = escape(&details.machine),
        table = escape(&report.table()),
        json = escape(&serde_json::to_string_pretty(report).unwrap_or_default()),
    )
}

const STYLE: &str = "body{font:16px/1.4 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;\
                     color:#1b1b1b;background:#fff}pre{overflow-x:auto;background:#f4f4f2;padding:.8rem}\
                     figure{margin:1.5rem 0}svg{width:100%;height:auto;font:12px system-ui,sans-serif}\
                     .title{font-weight:600;font-size:14px}.grid{stroke:#d8d8d4}.end{text-anchor:end}\
                     .middle{text-anchor:middle}";

fn plot(title: &str, x: &str, y: &str, points: Vec<(f64, f64)>) -> Plot {
    Plot {
        title: title.into(),
        x: x.into(),
        y: y.into(),
        scale: Scale::Linear,
        curves: vec![(String::new(), points)],
    }
}

/// Changes a second from each moment to the next, over spans of the same length.
fn throughput(measured: &Measured) -> Vec<(f64, f64)> {
    let span = measured.elapsed / 100;
    let mut points = Vec::new();
    let mut last = (std::time::Duration::ZERO, 0);
    for (at, changes) in &measured.series {
        if *at >= last.0 + span && *at > last.0 {
            points.push((at.as_secs_f64(), per_second(changes - last.1, *at - last.0)));
            last = (*at, *changes);
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Profile, Size, Workload};
    use std::time::Duration;

    fn measured(differences: u64) -> Measured {
        Measured {
            changes: 1000,
            deltas: 4000,
            elapsed: Duration::from_secs(2),
            series: (1..=20).map(|at| (Duration::from_millis(at * 100), at * 50)).collect(),
            verified: 10,
            differences,
            cpu: None,
        }
    }

    fn made(differences: u64) -> String {
        let workload = Workload::new(Profile::Flat, Size { rules: 10, objects: 10 }, 1);
        let measured = measured(differences);
        let report = Report::new("replay", &workload, 1, &measured, &[]);
        let details = Details {
            command: "muster bench replay --report <file>".into(),
            machine: "two cores".into(),
            cost: vec![(1000, 2.0), (100_000, 3.0)],
            memory: vec![(0.0, 1 << 20), (1.0, 2 << 20)],
            latency: vec![(50.0, 1.0), (99.0, 9.0)],
        };
        page(&report, &measured, &details)
    }

    #[test]
    fn the_page_has_its_plots_within_it_and_asks_for_nothing() {
        let page = made(0);
        for title in ["Throughput over time", "Latency", "Cost of a change in the index", "Memory"] {
            assert!(page.contains(&format!("aria-label=\"{title}\"")), "{title}");
        }
        assert!(page.contains("--report &lt;file&gt;") && page.contains("changes/s"));
        for asking in ["http", "src=", "href=", "url(", "@import", "<script"] {
            assert!(!page.contains(asking), "{asking}");
        }
    }

    #[test]
    fn a_run_that_differs_shows_no_rate() {
        let page = made(3);
        assert!(!page.contains("Throughput") && !page.contains("changes/s"), "{page}");
    }
}
