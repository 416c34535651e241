//! The ratios, as a picture: a strip for each measure, on which the best of the peers is at 1 and less is better. On a
//! ground of its own, so that it can be read on any page.

use super::strip::Strip;
use super::words::ratio;
use crate::outcome::Outcome;
use anyhow::Result;
use plotters::coord::Shift;
use plotters::coord::combinators::LogCoord;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const WIDTH: i32 = 1000;
/// The axis, and the words beside it: what a measure is called, and what has come of it.
const AXIS: (i32, i32) = (292, 740);
const TITLE: i32 = 20;
const RATIO: i32 = 792;
const WANTED: i32 = 872;
const PEER_NAME: i32 = 892;
/// What is above the strips, how high each is, and what is below.
const HEAD: i32 = 96;
const STRIP: i32 = 28;
const FOOT: i32 = 72;

/// What is farther is shown at the edge.
const LEAST: f64 = 0.04;
const MOST: f64 = 25.0;
const MARKS: [f64; 9] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];

const INK: RGBColor = RGBColor(0x1f, 0x29, 0x37);
const PALE_INK: RGBColor = RGBColor(0x5f, 0x67, 0x75);
const GROUND: RGBColor = RGBColor(0xff, 0xff, 0xff);
const STRIPE: RGBColor = RGBColor(0xf4, 0xf6, 0xf9);
const GRID: RGBColor = RGBColor(0xdb, 0xdf, 0xe6);
const MET: RGBColor = RGBColor(0x0f, 0x76, 0x6e);
const MISSED: RGBColor = RGBColor(0xc2, 0x2f, 0x2f);
const PEER: RGBColor = RGBColor(0x9a, 0xa2, 0xaf);
const LIMIT: RGBColor = RGBColor(0x1f, 0x29, 0x37);
const WISH: RGBColor = RGBColor(0xe0, 0x8a, 0x0b);

type Root<'p> = DrawingArea<SVGBackend<'p>, Shift>;

/// The picture, as SVG.
pub(super) fn plot(outcomes: &[Outcome]) -> Result<String> {
    let strips: Vec<_> = outcomes.iter().filter_map(Strip::of).collect();
    let bottom = HEAD.saturating_add(STRIP.saturating_mul(i32::try_from(strips.len())?));
    let size = (WIDTH.unsigned_abs(), bottom.saturating_add(FOOT).unsigned_abs());
    let mut picture = String::new();
    let root = SVGBackend::with_string(&mut picture, size).into_drawing_area();
    root.fill(&GROUND)?;
    head(&root)?;
    for top in (HEAD..bottom).step_by(2 * STRIP as usize) {
        root.draw(&Rectangle::new([(0, top), (WIDTH, top + STRIP)], STRIPE.filled()))?;
    }
    grid(&root, bottom)?;
    for (strip, top) in strips.iter().zip((HEAD..).step_by(STRIP as usize)) {
        draw(&root, strip, top + STRIP / 2)?;
    }
    legend(&root, bottom + 52)?;
    root.present()?;
    drop(root);
    Ok(picture)
}

fn head(root: &Root) -> Result<()> {
    let title = "What Upkeep needs, where the best of its peers needs 1";
    let subtitle = "less is better: time, memory, processor, of throughput the time that a byte takes; on a logarithmic scale";
    write(root, title, (TITLE, 30), HPos::Left, (20, INK, FontStyle::Bold))?;
    write(root, subtitle, (TITLE, 54), HPos::Left, (13, PALE_INK, FontStyle::Normal))?;
    for (text, x, side) in
        [("ratio", RATIO, HPos::Right), ("wanted", WANTED, HPos::Right), ("best peer", PEER_NAME, HPos::Left)]
    {
        write(root, text, (x, HEAD - 12), side, (13, PALE_INK, FontStyle::Normal))?;
    }
    Ok(())
}

fn grid(root: &Root, bottom: i32) -> Result<()> {
    for mark in MARKS {
        let is_best = (mark - 1.0).abs() < f64::EPSILON;
        let style = if is_best { PEER.stroke_width(2) } else { GRID.stroke_width(1) };
        let x = across(mark);
        root.draw(&PathElement::new([(x, HEAD), (x, bottom)], style))?;
        write(root, &mark.to_string(), (x, bottom + 14), HPos::Center, (12, PALE_INK, FontStyle::Normal))?;
    }
    Ok(())
}

/// Where a multiple is on the axis.
fn across(multiple: f64) -> i32 {
    LogCoord::from((LEAST..MOST).log_scale()).map(&multiple.clamp(LEAST, MOST), AXIS)
}

fn draw(root: &Root, strip: &Strip, y: i32) -> Result<()> {
    let colour = match strip.is_met {
        Some(true) => MET,
        Some(false) => MISSED,
        None => INK,
    };
    let ours = across(strip.ours);
    write(root, strip.title, (TITLE, y), HPos::Left, (13, INK, FontStyle::Normal))?;
    root.draw(&PathElement::new([(ours, y), (across(1.0), y)], colour.mix(0.35).stroke_width(6)))?;
    for other in &strip.others {
        let at = (across(*other), y);
        if *other > MOST { farther(root, at)? } else { peer(root, at)? }
    }
    if let Some(multiple) = strip.limit {
        limit(root, (across(multiple), y))?;
    }
    if let Some((multiple, wanted)) = &strip.wish {
        wish(root, (across(*multiple), y))?;
        write(root, wanted, (WANTED, y), HPos::Right, (13, INK, FontStyle::Normal))?;
    }
    root.draw(&Circle::new((ours, y), 6, colour.filled()))?;
    write(root, &ratio(strip.ours), (RATIO, y), HPos::Right, (13, colour, FontStyle::Bold))?;
    write(root, strip.best_peer, (PEER_NAME, y), HPos::Left, (13, INK, FontStyle::Normal))
}

fn peer(root: &Root, at: (i32, i32)) -> Result<()> {
    root.draw(&Circle::new(at, 4, GROUND.filled()))?;
    Ok(root.draw(&Circle::new(at, 4, PEER.stroke_width(2)))?)
}

/// A peer beyond the end of the axis.
fn farther(root: &Root, (x, y): (i32, i32)) -> Result<()> {
    let triangle = [(x - 4, y - 5), (x + 4, y), (x - 4, y + 5)];
    Ok(root.draw(&Polygon::new(triangle, PEER.filled()))?)
}

fn limit(root: &Root, (x, y): (i32, i32)) -> Result<()> {
    Ok(root.draw(&PathElement::new([(x, y - 7), (x, y + 7)], LIMIT.stroke_width(2)))?)
}

fn wish(root: &Root, (x, y): (i32, i32)) -> Result<()> {
    let triangle = [(x - 5, y - 13), (x + 5, y - 13), (x, y - 4)];
    Ok(root.draw(&Polygon::new(triangle, WISH.filled()))?)
}

fn legend(root: &Root, y: i32) -> Result<()> {
    let text = |text, x| write(root, text, (x, y), HPos::Left, (12, INK, FontStyle::Normal));
    root.draw(&Circle::new((TITLE + 6, y), 6, MET.filled()))?;
    text("Upkeep, as wanted", TITLE + 18)?;
    root.draw(&Circle::new((170, y), 6, MISSED.filled()))?;
    text("Upkeep, not as wanted", 182)?;
    wish(root, (340, y + 8))?;
    text("the least that is wanted", 352)?;
    peer(root, (512, y))?;
    farther(root, (526, y))?;
    text("a peer; farther off", 538)?;
    limit(root, (674, y))?;
    text("what no program here can be better than", 684)
}

/// Text whose middle is at that height.
fn write(
    root: &Root,
    text: &str,
    at: (i32, i32),
    side: HPos,
    (size, colour, style): (i32, RGBColor, FontStyle),
) -> Result<()> {
    // The backend makes letters smaller by as much.
    let size = f64::from(size) * 1.24;
    let style = FontDesc::new(FontFamily::SansSerif, size, style).color(&colour);
    Ok(root.draw(&Text::new(text, at, style.pos(Pos::new(side, VPos::Center))))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Role;
    use crate::report::samples::outcome;

    #[test]
    fn a_measure_with_a_peer_has_a_strip() {
        let (mut alone, other) = (outcome(), outcome());
        alone.rows.retain(|row| row.role != Role::Peer);
        alone.title = "alone".to_owned();
        let picture = plot(&[alone, other]).unwrap();
        assert!(picture.starts_with("<svg ") && picture.trim_end().ends_with("</svg>"));
        assert!(picture.contains("death to restart"));
        assert!(!picture.contains("alone"));
    }

    #[test]
    fn titles_are_quoted_as_xml_wants_it() {
        let mut outcome = outcome();
        outcome.title = "less < more & <svg>".to_owned();
        assert!(plot(&[outcome]).unwrap().contains("less &lt; more &amp; &lt;svg&gt;"));
    }

    #[test]
    fn the_axis_is_logarithmic_and_has_ends() {
        let middle = across(1.0);
        assert!((middle - across(0.1)).abs_diff(across(10.0) - middle) <= 1);
        assert_eq!((across(0.0), across(1e9)), AXIS);
    }

    #[test]
    fn nothing_is_a_picture_too() {
        assert!(plot(&[]).unwrap().contains("</svg>"));
    }
}
