//! Operators of `ai.onnx.ml` that prepare numbers.

use super::{Attributes, Data, Fault, Kernel, Tensor};

/// `Scaler`: `(x − offset) · scale`, per feature or with one pair for all.
pub(crate) fn scaler(a: &Attributes<'_>) -> Kernel {
    let (offset, scale) = (a.floats("offset"), a.floats("scale"));
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let (_, width) = x.rows();
        let (offset, scale) = (per_feature(&offset, width, "offset", 0.0)?, per_feature(&scale, width, "scale", 1.0)?);
        let mut out = x.floats()?.into_owned();
        for row in out.chunks_exact_mut(width.max(1)) {
            for (v, (o, s)) in row.iter_mut().zip(offset.iter().zip(&scale)) {
                *v = (*v - o) * s;
            }
        }
        Tensor::new(x.shape.clone(), Data::F32(out))
    })
}

/// One number per feature from a list of that length, of one for all, or of none.
fn per_feature<T: Copy>(values: &[T], width: usize, name: &str, none: T) -> Result<Vec<T>, Fault> {
    match values {
        [] => Ok(vec![none; width]),
        [one] => Ok(vec![*one; width]),
        many if many.len() == width => Ok(many.to_vec()),
        many => Err(format!("`{name}` has {} numbers, but it is given {width} features", many.len()).into()),
    }
}

/// `Normalizer`: each row divided by its largest entry, by the sum of absolute values, or by its length.
pub(crate) fn normalizer(a: &Attributes<'_>) -> Result<Kernel, String> {
    let norm = a.text("norm", "MAX")?;
    let size: fn(&[f32]) -> f64 = match norm.as_str() {
        "MAX" => |row| f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max)),
        "L1" => |row| row.iter().map(|&x| f64::from(x.abs())).sum(),
        "L2" => |row| row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt(),
        other => return Err(format!("`norm` is `{other}`, which does not exist")),
    };
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        let (_, width) = x.rows();
        let mut out = x.floats()?.into_owned();
        for row in out.chunks_exact_mut(width.max(1)) {
            let size = size(row);
            if size.abs() > 0.0 {
                row.iter_mut().for_each(|v| *v = (f64::from(*v) / size) as f32);
            }
        }
        Tensor::new(x.shape.clone(), Data::F32(out))
    }))
}

/// `Imputer`: puts a number in place of the one that stands for a missing value (usually NaN).
pub(crate) fn imputer(a: &Attributes<'_>) -> Result<Kernel, String> {
    let floats = a.floats("imputed_value_floats");
    let ints = a.ints("imputed_value_int64s");
    let (missing_float, missing_int) = (a.float("replaced_value_float", 0.0), a.int("replaced_value_int64", 0));
    if floats.is_empty() && ints.is_empty() {
        return Err("it has no values to impute".to_owned());
    }
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        let (_, width) = x.rows();
        let data = match &*x.data {
            Data::I64(v) if !ints.is_empty() => {
                Data::I64(replaced(v, &per_feature(&ints, width, "imputed_value_int64s", 0)?, |x| x == missing_int))
            }
            Data::F64(v) => {
                let values: Vec<f64> = floats.iter().map(|&x| f64::from(x)).collect();
                let values = per_feature(&values, width, "imputed_value_floats", 0.0)?;
                Data::F64(replaced(v, &values, |x| is_missing(x as f32, missing_float)))
            }
            _ => {
                let values = per_feature(&floats, width, "imputed_value_floats", 0.0)?;
                Data::F32(replaced(&x.floats()?, &values, |x| is_missing(x, missing_float)))
            }
        };
        Tensor::new(x.shape.clone(), data)
    }))
}

#[allow(clippy::float_cmp, reason = "the marker of a missing value is compared as it is")]
fn is_missing(x: f32, marker: f32) -> bool {
    if marker.is_nan() { x.is_nan() } else { x == marker }
}

/// Row-major values, the missing ones replaced by their column's value.
fn replaced<T: Copy>(values: &[T], by: &[T], is_missing: impl Fn(T) -> bool) -> Vec<T> {
    values.iter().zip(by.iter().cycle()).map(|(&x, &new)| if is_missing(x) { new } else { x }).collect()
}

/// `Binarizer`: 1 above the threshold, else 0.
pub(crate) fn binarizer(a: &Attributes<'_>) -> Kernel {
    let threshold = a.float("threshold", 0.0);
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let above = x.floats()?.iter().map(|&v| f32::from(u8::from(v > threshold))).collect();
        Tensor::new(x.shape.clone(), Data::F32(above))
    })
}
