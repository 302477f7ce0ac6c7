//! The curves as a picture.

use std::error::Error;
use std::path::Path;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use crate::figures::Figures;

/// What a panel shows: the curve, its title, what its x is.
const PANELS: [(&str, &str, &str); 6] = [
    ("get_by_sessions", "get, by sessions stored (1 task)", "sessions"),
    ("get_uniform_by_tasks", "get, by tasks (any session alike)", "tasks"),
    ("get_zipf_by_tasks", "get, by tasks (few sessions asked for most)", "tasks"),
    ("create_by_tasks", "create, by tasks", "tasks"),
    ("create_by_payload", "create, by payload (1 task)", "bytes of payload"),
    ("rewrite_by_hot_sessions", "read and rewrite, 16 tasks", "sessions they share"),
];

/// Colours that can be told apart by those who see few, too.
fn colour(who: &str) -> RGBColor {
    match who {
        "ours" => RGBColor(0, 114, 178),
        "raw" => RGBColor(90, 90, 90),
        "memory_store" => RGBColor(213, 94, 0),
        _ => RGBColor(0, 140, 100),
    }
}

fn label(who: &str) -> &'static str {
    match who {
        "ours" => "session-ets",
        "raw" => "raw DashMap",
        "memory_store" => "tower-sessions MemoryStore",
        _ => "tower-sessions-moka-store",
    }
}

/// Draws all panels on a light ground of its own, which is as readable on a dark page.
pub(crate) fn draw(figures: &Figures, path: &Path) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (1_100, 1_150)).into_drawing_area();
    root.fill(&RGBColor(252, 252, 250))?;
    for ((curve, title, x), area) in PANELS.iter().zip(root.split_evenly((3, 2))) {
        panel(figures, curve, title, x, &area)?;
    }
    root.present()?;
    Ok(())
}

fn panel<B: DrawingBackend>(
    figures: &Figures,
    curve: &str,
    title: &str,
    x_name: &str,
    area: &DrawingArea<B, plotters::coord::Shift>,
) -> Result<(), Box<dyn Error>>
where
    B::ErrorType: 'static,
{
    let who = figures.who(curve);
    let lines: Vec<_> = who.iter().map(|who| (*who, figures.line(curve, who))).collect();
    let points = || lines.iter().flat_map(|(_, line)| line.iter());
    let (low, high) = points().fold((f64::MAX, 1.0_f64), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
    let top = points().fold(1.0_f64, |top, (_, y)| top.max(*y));
    let bottom = points().fold(f64::MAX, |bottom, (_, y)| bottom.min(*y));
    // Some room for the last label.
    let xs: std::ops::Range<f64> = low..high.max(low + 1.0) * 1.3;
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .caption(title, ("sans-serif", 17))
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d(log(xs), log(bottom / 2.0..top * 12.0))?;
    chart
        .configure_mesh()
        .x_desc(x_name)
        .x_labels(5)
        .y_desc("ns per operation")
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (who, line) in lines {
        let style = colour(who).stroke_width(2);
        chart
            .draw_series(LineSeries::new(line.iter().copied(), style).point_size(3))?
            .label(label(who))
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    Ok(())
}

fn log(
    range: std::ops::Range<f64>,
) -> impl AsRangedCoord<Value = f64, CoordDescType = impl Ranged<ValueType = f64> + ValueFormatter<f64>> {
    range.log_scale()
}

fn short(number: f64) -> String {
    match number {
        n if n >= 1e6 => format!("{} M", (n / 1e5).round() / 10.0),
        n if n >= 1e4 => format!("{} k", (n / 1e2).round() / 10.0),
        n => format!("{}", n.round()),
    }
}
