//! Matrix products and linear models.

use super::layout::{broadcast_indices, broadcast_shape};
use super::scores::{PostTransform, class_names_count, finish};
use super::{Attributes, Data, Fault, Kernel, Tensor, count};

/// `out += a · b` for row-major `a (m × k)` and `b (k × n)`.
///
/// Each element is summed over `k` in order, so that a row's answer does not depend on the rows around it.
pub(crate) fn multiply_add<T>(a: &[T], b: &[T], k: usize, n: usize, out: &mut [T])
where
    T: Copy + std::ops::Mul<Output = T> + std::ops::AddAssign + Default + PartialEq,
{
    if k == 0 || n == 0 {
        return;
    }
    for (row, sums) in a.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
        for (&x, weights) in row.iter().zip(b.chunks_exact(n)) {
            // One-hot columns are mostly 0; 0 · w adds nothing unless w is infinite, which no trained model holds.
            if x != T::default() {
                for (sum, &w) in sums.iter_mut().zip(weights) {
                    *sum += x * w;
                }
            }
        }
    }
}

/// `MatMul`: matrix product over the last two dimensions, the others broadcast.
pub(crate) fn matmul() -> Kernel {
    Kernel::one(|args| {
        let (a, b) = (args.need(0)?, args.need(1)?);
        let refuse = || Fault::Problem(format!("shapes {:?} and {:?} cannot be multiplied", a.shape, b.shape));
        // A vector stands for a row on the left and for a column on the right.
        let a_shape = if a.rank() == 1 { [&[1], a.shape.as_slice()].concat() } else { a.shape.clone() };
        let b_shape = if b.rank() == 1 { [b.shape.as_slice(), &[1]].concat() } else { b.shape.clone() };
        let ([a_outer @ .., m, k], [b_outer @ .., k2, n]) = (a_shape.as_slice(), b_shape.as_slice()) else {
            return Err(refuse());
        };
        if k != k2 {
            return Err(refuse());
        }
        let outer = broadcast_shape(a_outer, b_outer)?;
        let n_out = count(&[outer.as_slice(), &[*m, *n]].concat())?;
        let pairs: Vec<(usize, usize)> =
            broadcast_indices(a_outer, &outer)?.into_iter().zip(broadcast_indices(b_outer, &outer)?).collect();
        let sizes = (*m, *k, *n);
        let data = match (&*a.data, &*b.data) {
            (Data::F32(x), Data::F32(y)) => Data::F32(products(x, y, &pairs, sizes, n_out)),
            (Data::F64(x), Data::F64(y)) => Data::F64(products(x, y, &pairs, sizes, n_out)),
            (Data::I64(_) | Data::I32(_), Data::I64(_) | Data::I32(_)) => {
                return Err("products of integer matrices are not supported".into());
            }
            (x, y) => return Err(format!("{} and {} cannot be multiplied", x.kind(), y.kind()).into()),
        };
        let mut shape = outer;
        if a.rank() > 1 {
            shape.push(*m);
        }
        if b.rank() > 1 {
            shape.push(*n);
        }
        Tensor::new(shape, data)
    })
}

/// The products of pairs of matrices out of two stacks.
fn products<T>(x: &[T], y: &[T], pairs: &[(usize, usize)], (m, k, n): (usize, usize, usize), n_out: usize) -> Vec<T>
where
    T: Copy + std::ops::Mul<Output = T> + std::ops::AddAssign + Default + PartialEq,
{
    let mut out = vec![T::default(); n_out];
    if m * n == 0 {
        return out;
    }
    for (&(i, j), sums) in pairs.iter().zip(out.chunks_exact_mut(m * n)) {
        let left = x.get(i * m * k..(i + 1) * m * k).unwrap_or(&[]);
        let right = y.get(j * k * n..(j + 1) * k * n).unwrap_or(&[]);
        multiply_add(left, right, k, n, sums);
    }
    out
}

/// `Gemm`: `alpha · A · B + beta · C`, A and B transposed where the attributes say so.
pub(crate) fn gemm(a: &Attributes<'_>) -> Kernel {
    let (alpha, beta) = (a.float("alpha", 1.0), a.float("beta", 1.0));
    let (flip_a, flip_b) = (a.int("transA", 0) != 0, a.int("transB", 0) != 0);
    Kernel::one(move |args| {
        let (a, b) = (args.need(0)?, args.need(1)?);
        let (Data::F32(x), Data::F32(y)) = (&*a.data, &*b.data) else {
            return Err("it needs 32-bit floats".into());
        };
        let ([a0, a1], [b0, b1]) = (a.shape.as_slice(), b.shape.as_slice()) else {
            return Err("it needs two matrices".into());
        };
        let (m, k) = if flip_a { (*a1, *a0) } else { (*a0, *a1) };
        let (k2, n) = if flip_b { (*b1, *b0) } else { (*b0, *b1) };
        if k != k2 {
            return Err(format!("shapes {:?} and {:?} cannot be multiplied", a.shape, b.shape).into());
        }
        let shape = vec![m, n];
        let mut out = vec![0f32; count(&shape)?];
        let x = if flip_a { flipped(x, *a0, *a1) } else { x.clone() };
        let y = if flip_b { flipped(y, *b0, *b1) } else { y.clone() };
        multiply_add(&x, &y, k, n, &mut out);
        if alpha.to_bits() != 1f32.to_bits() {
            out.iter_mut().for_each(|v| *v *= alpha);
        }
        if let Some(c) = args.get(2) {
            let Data::F32(bias) = &*c.data else { return Err("it needs 32-bit floats".into()) };
            let from = if broadcast_shape(&c.shape, &shape)? == shape {
                broadcast_indices(&c.shape, &shape)?
            } else {
                return Err(format!("a bias of shape {:?} does not fit {shape:?}", c.shape).into());
            };
            for (v, i) in out.iter_mut().zip(from) {
                *v += beta * bias.get(i).copied().unwrap_or(0.0);
            }
        }
        Tensor::new(shape, Data::F32(out))
    })
}

/// A matrix with rows and columns exchanged.
fn flipped(v: &[f32], n_rows: usize, n_columns: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(v.len());
    for column in 0..n_columns {
        out.extend((0..n_rows).filter_map(|row| v.get(row * n_columns + column).copied()));
    }
    out
}

/// `Σ w·x + b` for each row and each of `n_targets` sets of weights, row by row.
fn linear_scores(
    x: &Tensor,
    weights: &[f32],
    intercepts: &[f32],
    n_targets: usize,
) -> Result<(usize, Vec<f32>), Fault> {
    let (n_rows, width) = x.rows();
    if width.checked_mul(n_targets) != Some(weights.len()) {
        let fits = weights.len().checked_div(n_targets).unwrap_or(0);
        return Err(format!("it has coefficients for {fits} features, but is given {width}").into());
    }
    let mut out = vec![0f32; count(&[n_rows, n_targets])?];
    let by_feature = flipped(weights, n_targets, width);
    multiply_add(&x.floats()?, &by_feature, width, n_targets, &mut out);
    if !intercepts.is_empty() && n_targets > 0 {
        for scores in out.chunks_exact_mut(n_targets) {
            scores.iter_mut().zip(intercepts).for_each(|(score, b)| *score += b);
        }
    }
    Ok((n_rows, out))
}

/// `LinearRegressor`.
pub(crate) fn regressor(a: &Attributes<'_>) -> Result<Kernel, String> {
    let (weights, intercepts) = (a.floats("coefficients"), a.floats("intercepts"));
    let n_targets = usize::try_from(a.int("targets", 1)).map_err(|_| "`targets` is negative")?;
    let transform = PostTransform::of(a)?;
    if n_targets == 0
        || !weights.len().is_multiple_of(n_targets)
        || !(intercepts.is_empty() || intercepts.len() == n_targets)
    {
        return Err(format!(
            "{} coefficients and {} intercepts do not make {n_targets} targets",
            weights.len(),
            intercepts.len()
        ));
    }
    Ok(Kernel::one(move |args| {
        let (n_rows, mut scores) = linear_scores(args.need(0)?, &weights, &intercepts, n_targets)?;
        transform.apply(&mut scores, n_targets);
        Tensor::new(vec![n_rows, n_targets], Data::F32(scores))
    }))
}

/// `LinearClassifier`: the class and the score of each class.
pub(crate) fn classifier(a: &Attributes<'_>) -> Result<Kernel, String> {
    let (weights, intercepts) = (a.floats("coefficients"), a.floats("intercepts"));
    let transform = PostTransform::of(a)?;
    let labels = super::scores::Labels::of(a, "classlabels_ints")?;
    let n_sets = if intercepts.is_empty() { class_names_count(&labels)? } else { intercepts.len() };
    if weights.is_empty()
        || !weights.len().is_multiple_of(n_sets)
        || !(n_sets == labels.len() || (n_sets == 1 && labels.len() == 2))
    {
        return Err(format!(
            "{} coefficients and {} intercepts do not make {} classes",
            weights.len(),
            intercepts.len(),
            labels.len()
        ));
    }
    Ok(Kernel::many(move |args| {
        let (n_rows, scores) = linear_scores(args.need(0)?, &weights, &intercepts, n_sets)?;
        finish(&labels, transform, scores, n_rows, n_sets)
    }))
}
