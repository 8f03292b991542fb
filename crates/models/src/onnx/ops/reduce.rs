//! Operators that fold an axis away, and softmax.

use super::shape::axes_of;
use super::{Attributes, Data, Fault, Kernel, Tensor, around, axis_index};

/// How elements are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    Sum,
    Mean,
    Max,
    Min,
    Prod,
    L1,
    L2,
    SumSquare,
    LogSumExp,
}

impl Fold {
    /// One number from several.
    fn of(self, values: &mut dyn Iterator<Item = f64>) -> f64 {
        match self {
            Self::Sum => values.sum(),
            Self::Mean => {
                let (n, total) = values.fold((0u32, 0.0), |(n, total), x| (n + 1, total + x));
                total / f64::from(n)
            }
            Self::Max => values.fold(f64::NEG_INFINITY, |a, x| if x > a || x.is_nan() { x } else { a }),
            Self::Min => values.fold(f64::INFINITY, |a, x| if x < a || x.is_nan() { x } else { a }),
            Self::Prod => values.product(),
            Self::L1 => values.map(f64::abs).sum(),
            Self::L2 => values.map(|x| x * x).sum::<f64>().sqrt(),
            Self::SumSquare => values.map(|x| x * x).sum(),
            Self::LogSumExp => {
                let all: Vec<f64> = values.collect();
                let top = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if !top.is_finite() {
                    return top;
                }
                top + libm::log(all.iter().map(|x| libm::exp(x - top)).sum())
            }
        }
    }
}

/// `ReduceSum` and its kin: all axes unless some are named.
pub(crate) fn reduce(a: &Attributes<'_>, fold: Fold) -> Kernel {
    let attribute = a.ints("axes");
    let keeps = a.int("keepdims", 1) != 0;
    let is_noop = a.int("noop_with_empty_axes", 0) != 0;
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let mut axes = axes_of(args, &attribute, x.rank())?;
        if axes.is_empty() {
            if is_noop {
                return Ok(x.clone());
            }
            axes = (0..x.rank()).collect();
        }
        axes.sort_unstable();
        axes.dedup();
        let (mut shape, mut values) = (x.shape.clone(), numbers(&x.data)?);
        // One axis after the other would be wrong for means of unequal parts and for norms; so the folded axes are
        // brought to the end first.
        let kept: Vec<usize> = (0..x.rank()).filter(|i| !axes.contains(i)).collect();
        let order: Vec<usize> = kept.iter().chain(&axes).copied().collect();
        if !order.iter().copied().eq(0..x.rank()) {
            values = permuted(&shape, &values, &order);
        }
        let folded: usize = axes.iter().filter_map(|&i| x.shape.get(i)).product();
        let n: usize = kept.iter().filter_map(|&i| x.shape.get(i)).product();
        let out: Vec<f64> = if folded == 0 {
            vec![fold.of(&mut std::iter::empty()); super::count(&[n])?]
        } else {
            values.chunks_exact(folded).map(|part| fold.of(&mut part.iter().copied())).collect()
        };
        shape = if keeps {
            x.shape.iter().enumerate().map(|(i, &dim)| if axes.contains(&i) { 1 } else { dim }).collect()
        } else {
            kept.iter().filter_map(|&i| x.shape.get(i).copied()).collect()
        };
        Tensor::new(shape, like(&x.data, out))
    })
}

/// The elements with the dimensions in another order.
fn permuted(shape: &[usize], values: &[f64], order: &[usize]) -> Vec<f64> {
    let stride = |axis: usize| shape.iter().skip(axis + 1).product::<usize>();
    let mut places = vec![0usize];
    for &axis in order {
        let (dim, step) = (shape.get(axis).copied().unwrap_or(1), stride(axis));
        places = places.iter().flat_map(|&p| (0..dim).map(move |j| p + j * step)).collect();
    }
    places.iter().filter_map(|&p| values.get(p).copied()).collect()
}

/// Numbers as 64-bit floats; integers beyond 2^53 are refused nowhere else either.
fn numbers(data: &Data) -> Result<Vec<f64>, Fault> {
    Ok(match data {
        Data::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
        Data::F64(v) => v.clone(),
        Data::I64(v) => v.iter().map(|&x| x as f64).collect(),
        Data::I32(v) => v.iter().map(|&x| f64::from(x)).collect(),
        other => return Err(format!("it needs numbers, but is given {}", other.kind()).into()),
    })
}

/// Numbers in the element type of `data`.
fn like(data: &Data, values: Vec<f64>) -> Data {
    match data {
        Data::F64(_) => Data::F64(values),
        Data::I64(_) => Data::I64(values.into_iter().map(|x| x as i64).collect()),
        Data::I32(_) => Data::I32(values.into_iter().map(|x| x as i32).collect()),
        _ => Data::F32(values.into_iter().map(|x| x as f32).collect()),
    }
}

/// `ArgMax` and `ArgMin`: the place of the extreme, the first one of equals unless `select_last_index`.
pub(crate) fn arg_extreme(a: &Attributes<'_>, largest: bool) -> Kernel {
    let axis = a.int("axis", 0);
    let keeps = a.int("keepdims", 1) != 0;
    let last = a.int("select_last_index", 0) != 0;
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let axis = axis_index(axis, x.rank())?;
        let (outer, length, inner) = around(&x.shape, axis);
        if length == 0 {
            return Err("there is no largest of no numbers".into());
        }
        let values = numbers(&x.data)?;
        let mut out = Vec::with_capacity(outer * inner);
        for o in 0..outer {
            for i in 0..inner {
                let along = (0..length).filter_map(|j| values.get((o * length + j) * inner + i).copied());
                let mut best: Option<(usize, f64)> = None;
                for (j, v) in along.enumerate() {
                    let beats = best.is_none_or(|(_, b)| {
                        let better = if largest { v > b } else { v < b };
                        better || (last && v.total_cmp(&b).is_eq())
                    });
                    if beats {
                        best = Some((j, v));
                    }
                }
                out.push(best.map_or(0, |(j, _)| j as i64));
            }
        }
        let shape = x
            .shape
            .iter()
            .enumerate()
            .filter(|&(i, _)| keeps || i != axis)
            .map(|(i, &dim)| if i == axis { 1 } else { dim })
            .collect();
        Tensor::new(shape, Data::I64(out))
    })
}

/// `Softmax` or its logarithm. Before version 13 all dimensions from `axis` (1 by default) on are taken together.
pub(crate) fn softmax(a: &Attributes<'_>, takes_log: bool) -> Kernel {
    let is_old = a.opset < 13;
    let axis = a.int("axis", if is_old { 1 } else { -1 });
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let axis = axis_index(axis, x.rank())?;
        let (outer, length, inner) = if is_old {
            let outer: usize = x.shape.iter().take(axis).product();
            (outer, x.len().checked_div(outer).unwrap_or(0), 1)
        } else {
            around(&x.shape, axis)
        };
        let mut values = numbers(&x.data)?;
        let mut along = Vec::with_capacity(length);
        for o in 0..outer {
            for i in 0..inner {
                let place = |j: usize| (o * length + j) * inner + i;
                along.clear();
                along.extend((0..length).filter_map(|j| values.get(place(j)).copied()));
                let top = along.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = along.iter().map(|v| libm::exp(v - top)).sum();
                for (j, v) in along.iter().enumerate() {
                    let answer = if takes_log { v - top - libm::log(total) } else { libm::exp(v - top) / total };
                    if let Some(slot) = values.get_mut(place(j)) {
                        *slot = answer;
                    }
                }
            }
        }
        Tensor::new(x.shape.clone(), like(&x.data, values))
    })
}
