//! Operators that move elements or change their type.

use std::sync::Arc;

use super::{Attributes, Data, Fault, Kernel, Tensor, Text, around, axis_index, count, element};

/// `Concat`: one after the other along an axis.
pub(crate) fn concat(a: &Attributes<'_>) -> Kernel {
    let axis = a.int("axis", 1);
    Kernel::one(move |args| {
        let parts: Vec<&Tensor> = args.all().collect();
        let axis = axis_index(axis, parts.first().ok_or("it has no inputs")?.rank())?;
        join(&parts, axis)
    })
}

/// `FeatureVectorizer`: the columns of all inputs side by side, as 32-bit floats.
pub(crate) fn feature_vectorizer() -> Kernel {
    Kernel::one(|args| {
        let parts: Result<Vec<Tensor>, Fault> = args
            .all()
            .map(|x| {
                let (n_rows, width) = x.rows();
                Tensor::new(vec![n_rows, width], Data::F32(x.floats()?.into_owned()))
            })
            .collect();
        let parts = parts?;
        join(&parts.iter().collect::<Vec<_>>(), 1)
    })
}

/// Joins along `axis`; the other dimensions must agree.
fn join(parts: &[&Tensor], axis: usize) -> Result<Tensor, Fault> {
    let first = parts.first().ok_or("it has no inputs")?;
    let mut shape = first.shape.clone();
    let mut length = 0usize;
    for part in parts {
        let agrees = part.rank() == first.rank()
            && part.shape.iter().zip(&first.shape).enumerate().all(|(i, (a, b))| i == axis || a == b);
        if !agrees {
            let problem =
                format!("values of shape {:?} and {:?} cannot be joined along axis {axis}", first.shape, part.shape);
            return Err(problem.into());
        }
        length = length.saturating_add(part.shape.get(axis).copied().unwrap_or(0));
    }
    if let Some(dim) = shape.get_mut(axis) {
        *dim = length;
    }
    let n = count(&shape)?;
    let (outer, ..) = around(&shape, axis);
    // How many neighbouring elements each part gives in turn.
    let strides: Vec<usize> = parts.iter().map(|part| part.len().checked_div(outer).unwrap_or(0)).collect();

    macro_rules! join_kind {
        ($kind:path, $take:expr) => {{
            let vectors: Result<Vec<_>, Fault> = parts.iter().map($take).collect();
            $kind(interleave(&vectors?, &strides, outer, n))
        }};
    }
    let mixed =
        |part: &&Tensor| -> Fault { format!("{} and {} cannot be joined", first.data.kind(), part.data.kind()).into() };
    let data = match &*first.data {
        Data::F32(_) => {
            join_kind!(Data::F32, |p| if let Data::F32(v) = &*p.data { Ok(v.as_slice()) } else { Err(mixed(p)) })
        }
        Data::F64(_) => {
            join_kind!(Data::F64, |p| if let Data::F64(v) = &*p.data { Ok(v.as_slice()) } else { Err(mixed(p)) })
        }
        Data::I64(_) => {
            join_kind!(Data::I64, |p| if let Data::I64(v) = &*p.data { Ok(v.as_slice()) } else { Err(mixed(p)) })
        }
        Data::I32(_) => {
            join_kind!(Data::I32, |p| if let Data::I32(v) = &*p.data { Ok(v.as_slice()) } else { Err(mixed(p)) })
        }
        Data::Bool(_) => {
            join_kind!(Data::Bool, |p| if let Data::Bool(v) = &*p.data { Ok(v.as_slice()) } else { Err(mixed(p)) })
        }
        Data::Text(_) => {
            let mut levels: Vec<String> = Vec::new();
            let mut shifted: Vec<Vec<u32>> = Vec::new();
            for part in parts {
                let Data::Text(text) = &*part.data else { return Err(mixed(part)) };
                let start = levels.len() as u32;
                shifted.push(text.codes.iter().map(|code| code.saturating_add(start)).collect());
                levels.extend(text.levels.iter().cloned());
            }
            let vectors: Vec<&[u32]> = shifted.iter().map(Vec::as_slice).collect();
            Data::Text(Text { codes: interleave(&vectors, &strides, outer, n), levels: levels.into() })
        }
    };
    Tensor::new(shape, data)
}

/// `strides[i]` elements of each vector in turn, `outer` times over.
fn interleave<T: Copy>(vectors: &[&[T]], strides: &[usize], outer: usize, n: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(n);
    for turn in 0..outer {
        for (vector, &stride) in vectors.iter().zip(strides) {
            out.extend_from_slice(vector.get(turn * stride..(turn + 1) * stride).unwrap_or(&[]));
        }
    }
    out
}

/// `Cast` to the element type `to`.
pub(crate) fn cast(a: &Attributes<'_>) -> Result<Kernel, String> {
    let to = a.int("to", 0) as i32;
    let is_known = matches!(
        to,
        element::FLOAT | element::DOUBLE | element::INT64 | element::INT32 | element::BOOL | element::STRING
    );
    if !is_known {
        return Err(format!("values cannot be cast to {}", element::name(to)));
    }
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        Ok(Tensor { shape: x.shape.clone(), data: cast_data(&x.data, to)? })
    }))
}

/// `CastLike`: to the type of the second input.
pub(crate) fn cast_like() -> Kernel {
    Kernel::one(|args| {
        let x = args.need(0)?;
        let to = match &*args.need(1)?.data {
            Data::F32(_) => element::FLOAT,
            Data::F64(_) => element::DOUBLE,
            Data::I64(_) => element::INT64,
            Data::I32(_) => element::INT32,
            Data::Bool(_) => element::BOOL,
            Data::Text(_) => element::STRING,
        };
        Ok(Tensor { shape: x.shape.clone(), data: cast_data(&x.data, to)? })
    })
}

/// Elements in another type. Floats lose their fraction on the way to integers.
#[allow(clippy::float_cmp, reason = "true is what is not exactly zero")]
fn cast_data(data: &Arc<Data>, to: i32) -> Result<Arc<Data>, Fault> {
    macro_rules! numbers {
        ($v:expr, $zero:expr) => {
            match to {
                element::FLOAT => Data::F32($v.iter().map(|&x| x as f32).collect()),
                element::DOUBLE => Data::F64($v.iter().map(|&x| x as f64).collect()),
                element::INT64 => Data::I64($v.iter().map(|&x| x as i64).collect()),
                element::INT32 => Data::I32($v.iter().map(|&x| x as i32).collect()),
                element::BOOL => Data::Bool($v.iter().map(|&x| x != $zero).collect()),
                _ => Data::Text(Text::over($v.iter().map(|x| x.to_string()))),
            }
        };
    }
    let out = match &**data {
        Data::F32(_) if to == element::FLOAT => return Ok(Arc::clone(data)),
        Data::I64(_) if to == element::INT64 => return Ok(Arc::clone(data)),
        Data::Text(_) if to == element::STRING => return Ok(Arc::clone(data)),
        Data::F32(v) => numbers!(v, 0.0),
        Data::F64(v) => numbers!(v, 0.0),
        Data::I64(v) => numbers!(v, 0),
        Data::I32(v) => numbers!(v, 0),
        Data::Bool(v) if to == element::STRING => Data::Text(Text::over(v.iter().map(|x| u8::from(*x).to_string()))),
        Data::Bool(v) => {
            let v: Vec<i64> = v.iter().map(|&x| i64::from(x)).collect();
            numbers!(v, 0)
        }
        Data::Text(text) => {
            let parsed: Result<Vec<f64>, Fault> = text.iter().map(parse_number).collect();
            let v = parsed?;
            numbers!(v, 0.0)
        }
    };
    Ok(Arc::new(out))
}

fn parse_number(text: &str) -> Result<f64, Fault> {
    text.trim().parse().map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        Fault::Problem(format!("the text `{shown}` is not a number"))
    })
}

/// `Constant`.
pub(crate) fn constant(a: &Attributes<'_>) -> Result<Kernel, String> {
    let vector = |n: usize, data| Tensor::new(vec![n], data).map_err(|_| "the constant is broken".to_owned());
    let scalar = |data| Tensor::new(Vec::new(), data).map_err(|_| "the constant is broken".to_owned());
    let value = if let Some(tensor) = a.tensor("value")? {
        tensor
    } else if a.has("value_float") {
        scalar(Data::F32(vec![a.float("value_float", 0.0)]))?
    } else if a.has("value_int") {
        scalar(Data::I64(vec![a.int("value_int", 0)]))?
    } else if a.has("value_string") {
        scalar(Data::Text(Text::over(std::iter::once(a.text("value_string", "")?))))?
    } else if a.has("value_floats") {
        let v = a.floats("value_floats");
        vector(v.len(), Data::F32(v))?
    } else if a.has("value_ints") {
        let v = a.ints("value_ints");
        vector(v.len(), Data::I64(v))?
    } else if a.has("value_strings") {
        let v = a.texts("value_strings")?;
        vector(v.len(), Data::Text(Text::over(v.into_iter())))?
    } else {
        return Err("it has no value, or a sparse one".to_owned());
    };
    Ok(Kernel::one(move |_| Ok(value.clone())))
}

/// `ConstantOfShape`: one value everywhere (0 of 32-bit floats by default).
pub(crate) fn constant_of_shape(a: &Attributes<'_>) -> Result<Kernel, String> {
    let value = a.tensor("value")?;
    if value.as_ref().is_some_and(|v| v.len() != 1) {
        return Err("its value is not a single element".to_owned());
    }
    let value = value.map_or_else(|| Arc::new(Data::F32(vec![0.0])), |v| v.data);
    Ok(Kernel::one(move |args| {
        let shape: Option<Vec<usize>> =
            args.need(0)?.integers()?.iter().map(|&dim| usize::try_from(dim).ok()).collect();
        let shape = shape.ok_or("a dimension is negative")?;
        let n = count(&shape)?;
        Tensor::new(shape, value.pick(&vec![0; n]))
    }))
}

/// `Transpose`: dimension `i` of the answer is dimension `perm[i]` of the input; reversed by default.
pub(crate) fn transpose(a: &Attributes<'_>) -> Result<Kernel, String> {
    let perm = a.has("perm").then(|| a.sizes("perm")).transpose()?;
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        let perm = perm.clone().unwrap_or_else(|| (0..x.rank()).rev().collect());
        let mut sorted = perm.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..x.rank()) {
            return Err(format!("`perm` {perm:?} does not name each of the {} dimensions once", x.rank()).into());
        }
        let strides = row_major(&x.shape);
        let at = |v: &[usize], i: usize| v.get(i).copied().unwrap_or(0);
        let shape: Vec<usize> = perm.iter().map(|&p| at(&x.shape, p)).collect();
        let steps: Vec<usize> = perm.iter().map(|&p| at(&strides, p)).collect();
        let indices = walk(&shape, &steps, x.len());
        Tensor::new(shape, x.data.pick(&indices))
    }))
}

/// `Gather`: the slices of an axis that the indices name.
pub(crate) fn gather(a: &Attributes<'_>) -> Kernel {
    let axis = a.int("axis", 0);
    Kernel::one(move |args| {
        let (x, indices) = (args.need(0)?, args.need(1)?);
        let axis = axis_index(axis, x.rank())?;
        let (outer, length, inner) = around(&x.shape, axis);
        let shape: Vec<usize> =
            x.shape.iter().take(axis).chain(&indices.shape).chain(x.shape.iter().skip(axis + 1)).copied().collect();
        let mut places = Vec::with_capacity(count(&shape)?);
        let chosen: Result<Vec<usize>, Fault> = indices.integers()?.iter().map(|&i| axis_index(i, length)).collect();
        let chosen = chosen.map_err(|_| format!("an index lies outside the {length} entries of axis {axis}"))?;
        for o in 0..outer {
            for &i in &chosen {
                let start = (o * length + i) * inner;
                places.extend(start..start + inner);
            }
        }
        Tensor::new(shape, x.data.pick(&places))
    })
}

/// `ArrayFeatureExtractor`: entries of the last axis; a single dimension gives one row.
pub(crate) fn array_feature_extractor() -> Kernel {
    Kernel::one(|args| {
        let (x, indices) = (args.need(0)?, args.need(1)?);
        let length = x.shape.last().copied().ok_or("a single value has no entries to extract")?;
        let outer = x.len().checked_div(length).unwrap_or(0);
        let chosen: Result<Vec<usize>, Fault> = indices.integers()?.iter().map(|&i| axis_index(i, length)).collect();
        let chosen = chosen.map_err(|_| format!("an index lies outside the {length} entries"))?;
        let mut shape = if x.rank() == 1 { vec![1] } else { x.shape.iter().take(x.rank() - 1).copied().collect() };
        shape.push(chosen.len());
        let mut places = Vec::with_capacity(count(&shape)?);
        for o in 0..outer {
            places.extend(chosen.iter().map(|i| o * length + i));
        }
        Tensor::new(shape, x.data.pick(&places))
    })
}

/// `Slice` from `starts` to before `ends`, with `axes` and `steps`.
pub(crate) fn slice(a: &Attributes<'_>) -> Kernel {
    let from_attributes = a.has("starts").then(|| (a.ints("starts"), a.ints("ends"), a.ints("axes")));
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let (starts, ends, axes, steps) = match &from_attributes {
            Some((starts, ends, axes)) => (starts.clone(), ends.clone(), axes.clone(), Vec::new()),
            None => {
                let optional = |i: usize| args.get(i).map_or(Ok(Vec::new()), |t| t.integers().map(|v| v.into_owned()));
                (
                    args.need(1)?.integers()?.into_owned(),
                    args.need(2)?.integers()?.into_owned(),
                    optional(3)?,
                    optional(4)?,
                )
            }
        };
        if starts.len() != ends.len() || starts.len() > x.rank() {
            return Err("the numbers of starts, ends and dimensions do not agree".into());
        }
        // Per dimension: first index, step, length.
        let mut cuts: Vec<(i64, i64, usize)> = x.shape.iter().map(|&dim| (0, 1, dim)).collect();
        for (i, (&start, &end)) in starts.iter().zip(&ends).enumerate() {
            let axis = axis_index(axes.get(i).copied().unwrap_or(i as i64), x.rank())?;
            let step = steps.get(i).copied().unwrap_or(1);
            let dim = x.shape.get(axis).copied().unwrap_or(0) as i64;
            if let Some(cut) = cuts.get_mut(axis) {
                *cut = cut_of(dim, start, end, step)?;
            }
        }
        let shape: Vec<usize> = cuts.iter().map(|cut| cut.2).collect();
        let n = count(&shape)?;
        let strides = row_major(&x.shape);
        let mut places = vec![0usize];
        if n == 0 {
            places.clear();
        }
        for (&(first, step, length), &stride) in cuts.iter().zip(&strides) {
            let along: Vec<usize> = (0..length as i64).map(|j| (first + j * step) as usize * stride).collect();
            places = places.iter().flat_map(|p| along.iter().map(move |q| p + q)).collect();
        }
        Tensor::new(shape, x.data.pick(&places))
    })
}

/// `(first, step, length)` of a cut through a dimension, clamped as Python does.
fn cut_of(dim: i64, start: i64, end: i64, step: i64) -> Result<(i64, i64, usize), Fault> {
    let wrap = |i: i64| if i < 0 { i.saturating_add(dim) } else { i };
    let (start, end) = (wrap(start), wrap(end));
    match step {
        0 => Err("a step is 0".into()),
        1.. => {
            let (start, end) = (start.clamp(0, dim), end.clamp(0, dim));
            Ok((start, step, ((end - start).max(0) as u64).div_ceil(step.unsigned_abs()) as usize))
        }
        _ => {
            let (start, end) = (start.clamp(-1, dim - 1), end.clamp(-1, dim - 1));
            Ok((start, step, ((start - end).max(0) as u64).div_ceil(step.unsigned_abs()) as usize))
        }
    }
}

/// `Expand`: repeats along dimensions of length 1.
pub(crate) fn expand() -> Kernel {
    Kernel::one(|args| {
        let x = args.need(0)?;
        let wanted: Option<Vec<usize>> = args.need(1)?.integers()?.iter().map(|&d| usize::try_from(d).ok()).collect();
        let shape = broadcast_shape(&x.shape, &wanted.ok_or("a dimension is negative")?)?;
        let indices = broadcast_indices(&x.shape, &shape)?;
        Tensor::new(shape, x.data.pick(&indices))
    })
}

/// `Where`: the second input where the first is true, else the third.
pub(crate) fn choose() -> Kernel {
    Kernel::one(|args| {
        let (condition, x, y) = (args.need(0)?, args.need(1)?, args.need(2)?);
        let Data::Bool(is_true) = &*condition.data else {
            return Err("its condition is not boolean".into());
        };
        let shape = broadcast_shape(&condition.shape, &broadcast_shape(&x.shape, &y.shape)?)?;
        let from = broadcast_indices(&condition.shape, &shape)?;
        // Both branches one after the other, then one gather: the same for every element type.
        let flat = |t: &Tensor| t.reshaped(vec![t.len()]);
        let both = join(&[&flat(x)?, &flat(y)?], 0)?;
        let (from_x, from_y) = (broadcast_indices(&x.shape, &shape)?, broadcast_indices(&y.shape, &shape)?);
        let places: Vec<usize> = from
            .iter()
            .zip(from_x.iter().zip(&from_y))
            .map(|(&c, (&i, &j))| if is_true.get(c) == Some(&true) { i } else { x.len() + j })
            .collect();
        Tensor::new(shape, both.data.pick(&places))
    })
}

/// The shape both broadcast to (aligned at the end; 1 stretches).
pub(crate) fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Fault> {
    let rank = a.len().max(b.len());
    let dim = |s: &[usize], i: usize| (i + s.len()).checked_sub(rank).and_then(|k| s.get(k)).copied().unwrap_or(1);
    (0..rank)
        .map(|i| match (dim(a, i), dim(b, i)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(format!("values of shape {a:?} and {b:?} do not fit together").into()),
        })
        .collect()
}

/// For each element of `shape`, the element of a value of shape `from` that is broadcast to it.
pub(crate) fn broadcast_indices(from: &[usize], shape: &[usize]) -> Result<Vec<usize>, Fault> {
    let n = count(shape)?;
    let strides = row_major(from);
    let missing = shape.len().saturating_sub(from.len());
    let steps: Vec<usize> = std::iter::repeat_n(0, missing)
        .chain(from.iter().zip(&strides).map(|(&dim, &stride)| if dim == 1 { 0 } else { stride }))
        .collect();
    Ok(walk(shape, &steps, n))
}

/// Distance between neighbours along each dimension.
fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides: Vec<usize> = shape
        .iter()
        .rev()
        .scan(1usize, |step, &dim| {
            let stride = *step;
            *step = step.saturating_mul(dim.max(1));
            Some(stride)
        })
        .collect();
    strides.reverse();
    strides
}

/// Offsets met when a shape of `n` elements is walked in row-major order with these steps.
fn walk(shape: &[usize], steps: &[usize], n: usize) -> Vec<usize> {
    if n == 0 {
        return Vec::new();
    }
    let mut places = Vec::with_capacity(n);
    places.push(0);
    for (&dim, &step) in shape.iter().zip(steps) {
        places = places.iter().flat_map(|&p| (0..dim).map(move |j| p + j * step)).collect();
    }
    places
}
