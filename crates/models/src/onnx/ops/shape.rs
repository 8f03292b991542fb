//! Operators that change a shape or tell it; the elements stay where they are.

use super::{Args, Attributes, Data, Fault, Kernel, Tensor, axis_index};

/// Hands its first input on.
pub(crate) fn identity() -> Kernel {
    Kernel::one(|args| Ok(args.need(0)?.clone()))
}

/// `Reshape`: 0 copies the input's dimension (unless `allowzero`), one -1 is what remains.
pub(crate) fn reshape(a: &Attributes<'_>) -> Kernel {
    let attribute = a.has("shape").then(|| a.ints("shape"));
    let allow_zero = a.int("allowzero", 0) != 0;
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let wanted = match &attribute {
            Some(shape) => shape.clone(),
            None => args.need(1)?.integers()?.into_owned(),
        };
        x.reshaped(resolve(x, &wanted, allow_zero)?)
    })
}

/// The shape that was asked for, with 0 and -1 filled in.
fn resolve(x: &Tensor, wanted: &[i64], allow_zero: bool) -> Result<Vec<usize>, Fault> {
    let refuse = || Fault::Problem(format!("a value of shape {:?} cannot be reshaped to {wanted:?}", x.shape));
    let mut shape = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (i, &dim) in wanted.iter().enumerate() {
        match dim {
            0 if !allow_zero => shape.push(x.shape.get(i).copied().ok_or_else(refuse)?),
            -1 if open.is_none() => {
                open = Some(i);
                shape.push(1);
            }
            dim => shape.push(usize::try_from(dim).map_err(|_| refuse())?),
        }
    }
    if let Some(slot) = open.and_then(|i| shape.get(i).map(|_| i)) {
        let known = shape.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim)).ok_or_else(refuse)?;
        let rest = x.len().checked_div(known).unwrap_or(0);
        if let Some(dim) = shape.get_mut(slot) {
            *dim = rest;
        }
    }
    Ok(shape)
}

/// `Flatten`: the dimensions before the axis and from it on, as a matrix.
pub(crate) fn flatten(a: &Attributes<'_>) -> Kernel {
    let axis = a.int("axis", 1);
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let axis = if axis == x.rank() as i64 { x.rank() } else { axis_index(axis, x.rank())? };
        let outer = x.shape.iter().take(axis).product();
        let inner = x.shape.iter().skip(axis).product();
        x.reshaped(vec![outer, inner])
    })
}

/// `Squeeze`: drops dimensions of length 1.
pub(crate) fn squeeze(a: &Attributes<'_>) -> Kernel {
    let attribute = a.ints("axes");
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let axes = axes_of(args, &attribute, x.rank())?;
        let drops = |i: usize, dim: usize| if axes.is_empty() { dim == 1 } else { axes.contains(&i) };
        if x.shape.iter().enumerate().any(|(i, &dim)| drops(i, dim) && dim != 1) {
            return Err(format!("only dimensions of length 1 can be dropped from the shape {:?}", x.shape).into());
        }
        let shape = x.shape.iter().enumerate().filter(|&(i, &dim)| !drops(i, dim)).map(|(_, &dim)| dim).collect();
        x.reshaped(shape)
    })
}

/// `Unsqueeze`: puts in dimensions of length 1.
pub(crate) fn unsqueeze(a: &Attributes<'_>) -> Kernel {
    let attribute = a.ints("axes");
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let n_new = args.get(1).map_or(attribute.len(), Tensor::len);
        if n_new > 64 {
            return Err("more than 64 dimensions are asked for".into());
        }
        let axes = axes_of(args, &attribute, x.rank() + n_new)?;
        let mut old = x.shape.iter();
        let shape: Option<Vec<usize>> =
            (0..x.rank() + n_new).map(|i| if axes.contains(&i) { Some(1) } else { old.next().copied() }).collect();
        x.reshaped(shape.ok_or("an axis is given twice")?)
    })
}

/// Axes from the attribute or, in newer versions, from the second input.
pub(crate) fn axes_of(args: &Args<'_>, attribute: &[i64], rank: usize) -> Result<Vec<usize>, Fault> {
    let axes = match args.get(1) {
        Some(axes) => axes.integers()?.into_owned(),
        None => attribute.to_vec(),
    };
    if axes.len() > 64 {
        return Err("more than 64 axes are given".into());
    }
    axes.into_iter().map(|axis| axis_index(axis, rank)).collect()
}

/// `Shape`: the lengths of the dimensions from `start` to before `end`.
pub(crate) fn shape(a: &Attributes<'_>) -> Kernel {
    let (start, end) = (a.int("start", 0), a.int("end", i64::MAX));
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let rank = x.rank() as i64;
        let clamp = |i: i64| if i < 0 { i.saturating_add(rank) } else { i }.clamp(0, rank) as usize;
        let dims: Vec<i64> = x
            .shape
            .iter()
            .skip(clamp(start))
            .take(clamp(end).saturating_sub(clamp(start)))
            .map(|&d| d as i64)
            .collect();
        Tensor::new(vec![dims.len()], Data::I64(dims))
    })
}

/// `Size`: the number of elements.
pub(crate) fn size() -> Kernel {
    Kernel::one(|args| Tensor::new(Vec::new(), Data::I64(vec![args.need(0)?.len() as i64])))
}
