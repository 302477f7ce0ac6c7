//! The curves as a picture: requests a second and latency, by connections, for each backend.

use std::fs;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::report::{Figures, Line};

/// Who is told apart by colour, which those who see few can, too.
const WHO: [(&str, &str, RGBColor); 9] = [
    ("ours", "ours", RGBColor(0, 114, 178)),
    ("ours_near", "ours, near", RGBColor(86, 180, 233)),
    ("ours_actix", "ours, actix-web", RGBColor(0, 60, 100)),
    ("tower_sessions", "tower-sessions", RGBColor(213, 94, 0)),
    ("tower_sessions_moka", "tower-sessions, moka", RGBColor(230, 159, 0)),
    ("axum_session", "axum_session", RGBColor(0, 140, 100)),
    ("axum_session_memory", "axum_session, memory", RGBColor(120, 200, 120)),
    ("actix_session", "actix-session", RGBColor(180, 90, 150)),
    ("express_session", "express-session", RGBColor(90, 90, 90)),
];

const BACKENDS: [&str; 4] = ["memory", "sqlite", "postgres", "redis"];

/// Draws what [`save`] has written.
pub(crate) fn draw(figures: &Path, picture: &Path) -> Result<()> {
    let lines: Vec<Line> = serde_json::from_slice(&fs::read(figures)?)?;
    draw_lines(&lines, picture).map_err(|error| anyhow!("{error}"))
}

/// Writes the figures, for [`draw`] and for other programs.
pub(crate) fn save(lines: &[Line], path: &Path) -> Result<()> {
    let lines = lines.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    fs::write(path, format!("[\n{}\n]\n", lines.join(",\n")))?;
    Ok(())
}

fn draw_lines(lines: &[Line], path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::new(path, (1_100, 1_760)).into_drawing_area();
    // A light ground of its own is as readable on a dark page.
    root.fill(&RGBColor(252, 252, 250))?;
    let areas = root.split_evenly((BACKENDS.len(), 2));
    for (row, backend) in BACKENDS.iter().enumerate() {
        let here: Vec<_> = lines.iter().filter(|line| line.backend == *backend).collect();
        if here.is_empty() {
            continue;
        }
        panel(&here, &format!("{backend}: requests a second"), |it| it.requests, &areas[2 * row])?;
        panel(&here, &format!("{backend}: µs, 99 of 100 are faster"), |it| it.p99, &areas[2 * row + 1])?;
    }
    root.present()?;
    Ok(())
}

fn panel<B: DrawingBackend>(
    lines: &[&Line],
    title: &str,
    of: fn(&Figures) -> f64,
    area: &DrawingArea<B, Shift>,
) -> Result<(), Box<dyn std::error::Error>>
where
    B::ErrorType: 'static,
{
    let (bottom, top) = lines
        .iter()
        .map(|line| of(&line.figures))
        .fold((f64::MAX, 1.0_f64), |(low, high), it| (low.min(it), high.max(it)));
    let last = lines.iter().map(|line| line.connections).max().unwrap_or(1) as f64;
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .caption(title, ("sans-serif", 17))
        .x_label_area_size(42)
        .y_label_area_size(64)
        // Room on the right, for who is who.
        .build_cartesian_2d(
            (1.0..last * 12.0).log_scale().with_key_points(vec![1.0, 8.0, 64.0]),
            (bottom / 1.5..top * 1.5).log_scale().with_key_points(steps(bottom / 1.5..top * 1.5)),
        )?;
    chart
        .configure_mesh()
        .x_desc("connections")
        .x_label_formatter(&|x| format!("{x}"))
        .y_label_formatter(&|y| if *y >= 1e4 { format!("{} k", (y / 1e3).round()) } else { format!("{}", y.round()) })
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (who, label, colour) in WHO {
        let line = lines.iter().filter(|line| line.who == who).map(|line| (line.connections as f64, of(&line.figures)));
        let line: Vec<_> = line.collect();
        if line.is_empty() {
            continue;
        }
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(line, style).point_size(3))?
            .label(label)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::MiddleRight)
        .background_style(WHITE.mix(0.8))
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    Ok(())
}

/// Gives the numbers within that begin with 1, 2 or 5.
fn steps(within: std::ops::Range<f64>) -> Vec<f64> {
    let decades = (0..7).map(|power| 10_f64.powi(power));
    decades
        .flat_map(|decade| [1.0, 2.0, 5.0].map(|first| first * decade))
        .filter(|step| within.contains(step))
        .collect()
}
