//! What one feature of a row may become where the margin is a sum over features: gains, and what they cost.

use std::rc::Rc;

use crate::Grid;

/// Everything a feature of one row may become.
pub(crate) enum Curve {
    /// A few values; the first is the row's own.
    Points {
        values: Vec<f64>,
        costs: Vec<f64>,
        /// By condition, then by value: what it adds to the margin.
        gains: Vec<Vec<f64>>,
    },
    /// Numbers whose effect is a line: `slope · (x − present)` at the price of `price + rate · |x − present|`.
    Line { present: f64, price: f64, rate: f64, slopes: Vec<f64>, grid: Grid, range: (f64, f64) },
}

/// What it may still be in a part of the search.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Span {
    /// These of its values.
    Points(Vec<usize>),
    /// The present number, where it may stay, or a permitted one between two.
    Line { may_stay: bool, between: Option<(f64, f64)> },
}

/// A span as bounds see it: for each condition the cheapest value, and what is gained for more.
pub(crate) struct Piece {
    pub(crate) span: Span,
    pub(crate) cheapest: f64,
    pub(crate) cost: f64,
    /// By condition.
    pub(crate) starts: Vec<f64>,
    pub(crate) edges: Vec<Vec<Edge>>,
}

/// A side of the lower hull of gains and costs, from the value that stands before it to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    pub(crate) gain: f64,
    pub(crate) cost: f64,
    pub(crate) to: f64,
}

#[allow(clippy::indexing_slicing, reason = "a span holds places of values that are there")]
impl Curve {
    /// The whole of it.
    pub(crate) fn all(&self) -> Span {
        match self {
            Self::Points { values, .. } => Span::Points((0..values.len()).collect()),
            Self::Line { range, .. } => Span::Line { may_stay: true, between: Some(*range) },
        }
    }

    pub(crate) fn present(&self) -> f64 {
        match self {
            Self::Points { values, .. } => values[0],
            Self::Line { present, .. } => *present,
        }
    }

    pub(crate) fn is_single(&self, span: &Span) -> bool {
        match span {
            Span::Points(places) => places.len() < 2,
            Span::Line { may_stay, between } => match between {
                None => true,
                Some((low, high)) => !may_stay && low >= high,
            },
        }
    }

    /// Whether any number between two is left, and nothing else.
    pub(crate) fn is_smooth(&self, span: &Span) -> bool {
        matches!((self, span), (Self::Line { grid: Grid::Any, .. }, Span::Line { may_stay: false, .. }))
    }

    /// Whether the present value is left.
    pub(crate) fn may_stay(&self, span: &Span) -> bool {
        match span {
            Span::Points(places) => places.contains(&0),
            Span::Line { may_stay, .. } => *may_stay,
        }
    }

    /// What a value adds to a margin.
    pub(crate) fn gain(&self, condition: usize, value: f64) -> f64 {
        match self {
            Self::Points { values, gains, .. } => {
                let place = values.iter().position(|v| crate::space::is_same(*v, value)).unwrap_or(0);
                gains[condition][place]
            }
            Self::Line { present, slopes, .. } => {
                if crate::space::is_same(*present, value) {
                    0.0
                } else {
                    slopes[condition] * (value - present)
                }
            }
        }
    }

    /// A span as bounds see it; none where nothing is left.
    pub(crate) fn piece(&self, span: Span, n_conditions: usize) -> Option<Rc<Piece>> {
        let (cheapest, cost) = match (self, &span) {
            (Self::Points { values, costs, .. }, Span::Points(places)) => {
                let best = places.iter().min_by(|a, b| costs[**a].total_cmp(&costs[**b]))?;
                (values[*best], costs[*best])
            }
            (Self::Line { present, .. }, Span::Line { may_stay: true, .. }) => (*present, 0.0),
            (Self::Line { present, price, rate, .. }, Span::Line { between: Some((low, high)), .. }) => {
                let near = present.clamp(*low, *high);
                (near, price + rate * (near - present).abs())
            }
            _ => return None,
        };
        let starts = (0..n_conditions).map(|k| self.gain(k, cheapest)).collect();
        let edges = (0..n_conditions).map(|k| self.edges(k, &span, cheapest, cost)).collect();
        Some(Rc::new(Piece { span, cheapest, cost, starts, edges }))
    }

    /// The lower hull from the cheapest value on, in rising order of cost per gain.
    fn edges(&self, condition: usize, span: &Span, cheapest: f64, cost: f64) -> Vec<Edge> {
        match (self, span) {
            (Self::Points { values, costs, gains }, Span::Points(places)) => {
                let start = (self.gain(condition, cheapest), cost, cheapest);
                let mut points: Vec<(f64, f64, f64)> =
                    places.iter().map(|p| (gains[condition][*p], costs[*p], values[*p])).collect();
                points.retain(|p| p.0 > start.0);
                points.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
                hull(start, &points)
            }
            (Self::Line { present, price, rate, slopes, .. }, Span::Line { between: Some((low, high)), .. }) => {
                let slope = slopes[condition];
                let to = if slope > 0.0 { *high } else { *low };
                let gain = slope * (to - cheapest);
                // Where it may stay, only what lies beyond the present value gains.
                if gain <= 0.0 || slope.abs() == 0.0 {
                    return Vec::new();
                }
                let total = price + rate * (to - present).abs();
                vec![Edge { gain, cost: total - cost, to }]
            }
            _ => Vec::new(),
        }
    }

    /// A permitted value on the line that gains at least as much, the nearest to the start.
    pub(crate) fn beyond(&self, span: &Span, from: f64, to: f64, share: f64) -> f64 {
        let wanted = from + (to - from) * share;
        match (self, span) {
            (Self::Line { grid, .. }, Span::Line { between: Some((low, high)), .. }) => {
                let snapped = if to >= from { grid.at_least(wanted) } else { grid.at_most(wanted) };
                snapped.clamp(*low, *high)
            }
            _ => to,
        }
    }

    /// The span in two or three parts, such that a share of an edge is in none of them.
    pub(crate) fn split(&self, span: &Span, condition: usize, value: f64, share: f64) -> Vec<Span> {
        match (self, span) {
            (Self::Points { gains, values, .. }, Span::Points(places)) => {
                let gain = |p: &usize| gains[condition][*p];
                let far = self.gain(condition, value);
                // What gains less than the far end of the edge, and the rest.
                let (near, rest): (Vec<usize>, Vec<usize>) = places.iter().partition(|p| gain(p) < far);
                if near.is_empty() || rest.is_empty() {
                    let (one, rest) = places.iter().partition(|p| crate::space::is_same(values[**p], value));
                    return vec![Span::Points(one), Span::Points(rest)];
                }
                vec![Span::Points(near), Span::Points(rest)]
            }
            (Self::Line { .. }, Span::Line { may_stay: true, between }) => {
                vec![Span::Line { may_stay: true, between: None }, Span::Line { may_stay: false, between: *between }]
            }
            (Self::Line { grid, present, .. }, Span::Line { may_stay: false, between: Some((low, high)) }) => {
                let at = present.clamp(*low, *high);
                let wanted = at + (value - at) * share;
                let (mut below, mut above) = (grid.at_most(wanted), grid.at_least(wanted));
                if below >= above {
                    // A permitted value: it goes to the nearer part alone.
                    above = if let Grid::Step(step) = grid { grid.at_least(below + 0.5 * step) } else { below };
                    below = wanted.min(below);
                }
                let part = |low: f64, high: f64| Span::Line { may_stay: false, between: Some((low, high)) };
                let mut parts = Vec::new();
                if below >= *low {
                    parts.push(part(*low, below.min(*high)));
                }
                if above <= *high {
                    parts.push(part(above.max(*low), *high));
                }
                parts
            }
            _ => Vec::new(),
        }
    }

    /// The span without a value, and the value alone.
    pub(crate) fn apart(&self, span: &Span, value: f64) -> Vec<Span> {
        match (self, span) {
            (Self::Points { values, .. }, Span::Points(places)) => {
                let (one, rest) = places.iter().partition(|p| crate::space::is_same(values[**p], value));
                vec![Span::Points(one), Span::Points(rest)]
            }
            (Self::Line { .. }, Span::Line { may_stay: true, between }) => {
                vec![Span::Line { may_stay: true, between: None }, Span::Line { may_stay: false, between: *between }]
            }
            (Self::Line { grid, .. }, Span::Line { may_stay: false, between: Some((low, high)) }) => {
                let (before, behind) = match grid {
                    Grid::Step(step) => (grid.at_most(value - 0.5 * step), grid.at_least(value + 0.5 * step)),
                    // The next number is as good as the same one: halves are looked at instead.
                    Grid::Any => (f64::midpoint(*low, *high), f64::midpoint(*low, *high).next_up()),
                };
                let part = |low: f64, high: f64| Span::Line { may_stay: false, between: Some((low, high)) };
                let mut parts = Vec::new();
                if before >= *low {
                    parts.push(part(*low, before));
                }
                if matches!(grid, Grid::Step(_)) {
                    parts.push(part(value, value));
                }
                if behind <= *high {
                    parts.push(part(behind, *high));
                }
                parts
            }
            _ => Vec::new(),
        }
    }
}

/// The lower hull of points in rising order of gain, from a start that is the cheapest.
fn hull(start: (f64, f64, f64), points: &[(f64, f64, f64)]) -> Vec<Edge> {
    let mut kept: Vec<(f64, f64, f64)> = vec![start];
    // From the most gain downwards, what gains less and costs as much is of no use.
    let mut useful: Vec<(f64, f64, f64)> = Vec::new();
    for point in points.iter().rev() {
        if useful.last().is_none_or(|last| point.1 < last.1) {
            useful.push(*point);
        }
    }
    for point in useful.into_iter().rev() {
        while let [.., a, b] = kept.as_slice() {
            // b lies above the line from a to the new point.
            if (b.1 - a.1) * (point.0 - a.0) >= (point.1 - a.1) * (b.0 - a.0) {
                kept.pop();
            } else {
                break;
            }
        }
        kept.push(point);
    }
    let pairs = kept.windows(2).filter_map(|w| if let [a, b] = w { Some((a, b)) } else { None });
    pairs.map(|(a, b)| Edge { gain: b.0 - a.0, cost: b.1 - a.1, to: b.2 }).collect()
}
