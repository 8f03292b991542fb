//! Operators that treat every element alike, with broadcasting.

use super::layout::{broadcast_indices, broadcast_shape};
use super::{Attributes, Data, Fault, Kernel, Tensor, Text, count};

/// The kernel of an operator that treats every element alike, if it is one.
///
/// # Errors
/// When its attributes make no sense.
pub(crate) fn kernel(op_type: &str, a: &Attributes<'_>) -> Result<Option<Kernel>, String> {
    let alpha = |default: f32| f64::from(a.float("alpha", default));
    Ok(Some(match op_type {
        "Add" => arithmetic(|x, y| x + y, |x, y| x + y, |x, y| Some(x.wrapping_add(y))),
        "Sub" => arithmetic(|x, y| x - y, |x, y| x - y, |x, y| Some(x.wrapping_sub(y))),
        "Mul" => arithmetic(|x, y| x * y, |x, y| x * y, |x, y| Some(x.wrapping_mul(y))),
        "Div" => arithmetic(|x, y| x / y, |x, y| x / y, i64::checked_div),
        "Mod" if a.int("fmod", 0) == 0 => arithmetic(
            |x, y| x - y * (x / y).floor(),
            |x, y| x - y * (x / y).floor(),
            |x, y| x.checked_rem(y).map(|r| if r != 0 && (r < 0) != (y < 0) { r + y } else { r }),
        ),
        "Pow" => pow(),
        "Min" => variadic(|x, y| if x < y || x.is_nan() { x } else { y }, i64::min),
        "Max" => variadic(|x, y| if x > y || x.is_nan() { x } else { y }, i64::max),
        "Sum" => variadic(|x, y| x + y, i64::wrapping_add),
        "Sqrt" => float(f64::sqrt),
        "Exp" => float(libm::exp),
        "Log" => float(libm::log),
        "Reciprocal" => float(|x| 1.0 / x),
        "Sigmoid" => float(sigmoid),
        "Tanh" => float(libm::tanh),
        "Erf" => float(libm::erf),
        "Softplus" => float(|x| libm::log1p(libm::exp(-x.abs())) + x.max(0.0)),
        "Softsign" => float(|x| x / (1.0 + x.abs())),
        "Floor" => float(f64::floor),
        "Ceil" => float(f64::ceil),
        "Round" => float(f64::round_ties_even),
        "Sin" => float(libm::sin),
        "Cos" => float(libm::cos),
        "LeakyRelu" => {
            let alpha = alpha(0.01);
            float(move |x| if x < 0.0 { alpha * x } else { x })
        }
        "Elu" => {
            let alpha = alpha(1.0);
            float(move |x| if x < 0.0 { alpha * libm::expm1(x) } else { x })
        }
        "Selu" => {
            let (alpha, gamma) = (alpha(1.673_263_2), f64::from(a.float("gamma", 1.050_701)));
            float(move |x| gamma * if x <= 0.0 { alpha * libm::expm1(x) } else { x })
        }
        "HardSigmoid" => {
            let (alpha, beta) = (alpha(0.2), f64::from(a.float("beta", 0.5)));
            float(move |x| (alpha * x + beta).clamp(0.0, 1.0))
        }
        "Gelu" => float(|x| 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2))),
        "PRelu" => arithmetic(
            |x, s| if x < 0.0 { x * s } else { x },
            |x, s| if x < 0.0 { x * s } else { x },
            |x, s| Some(if x < 0 { x.wrapping_mul(s) } else { x }),
        ),
        "Relu" => number(|x| if x < 0.0 { 0.0 } else { x }, |x| x.max(0)),
        "Abs" => number(f64::abs, i64::wrapping_abs),
        "Neg" => number(|x| -x, i64::wrapping_neg),
        "Sign" => number(
            |x| {
                if x > 0.0 {
                    1.0
                } else if x < 0.0 {
                    -1.0
                } else {
                    x
                }
            },
            i64::signum,
        ),
        "Clip" => clip(a),
        "IsNaN" => test(f64::is_nan),
        "IsInf" => test(f64::is_infinite),
        "Not" => not(),
        "And" => logic(|x, y| x && y),
        "Or" => logic(|x, y| x || y),
        "Xor" => logic(|x, y| x != y),
        "Equal" => equal(),
        "Less" => compare(|o| o.is_lt()),
        "LessOrEqual" => compare(|o| o.is_le()),
        "Greater" => compare(|o| o.is_gt()),
        "GreaterOrEqual" => compare(|o| o.is_ge()),
        _ => return Ok(None),
    }))
}

/// `1 / (1 + exp(-x))` without overflow.
pub(crate) fn sigmoid(x: f64) -> f64 {
    let tail = libm::exp(-x.abs());
    if x < 0.0 { tail / (1.0 + tail) } else { 1.0 / (1.0 + tail) }
}

/// A function of floats. Computed in 64 bits and rounded once, so that every platform gives the same.
fn float(f: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Kernel {
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let data = match &*x.data {
            Data::F32(v) => Data::F32(v.iter().map(|&x| f(f64::from(x)) as f32).collect()),
            Data::F64(v) => Data::F64(v.iter().map(|&x| f(x)).collect()),
            other => return Err(format!("it needs floats, but is given {}", other.kind()).into()),
        };
        Tensor::new(x.shape.clone(), data)
    })
}

/// A function of floats or integers.
fn number(f: impl Fn(f64) -> f64 + Send + Sync + 'static, g: impl Fn(i64) -> i64 + Send + Sync + 'static) -> Kernel {
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let data = match &*x.data {
            Data::F32(v) => Data::F32(v.iter().map(|&x| f(f64::from(x)) as f32).collect()),
            Data::F64(v) => Data::F64(v.iter().map(|&x| f(x)).collect()),
            Data::I64(v) => Data::I64(v.iter().map(|&x| g(x)).collect()),
            Data::I32(v) => Data::I32(v.iter().map(|&x| g(i64::from(x)) as i32).collect()),
            other => return Err(format!("it needs numbers, but is given {}", other.kind()).into()),
        };
        Tensor::new(x.shape.clone(), data)
    })
}

/// A question about floats.
fn test(f: impl Fn(f64) -> bool + Send + Sync + 'static) -> Kernel {
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let data = match &*x.data {
            Data::F32(v) => v.iter().map(|&x| f(f64::from(x))).collect(),
            Data::F64(v) => v.iter().map(|&x| f(x)).collect(),
            other => return Err(format!("it needs floats, but is given {}", other.kind()).into()),
        };
        Tensor::new(x.shape.clone(), Data::Bool(data))
    })
}

fn not() -> Kernel {
    Kernel::one(|args| {
        let x = args.need(0)?;
        let Data::Bool(v) = &*x.data else { return Err("it needs booleans".into()) };
        Tensor::new(x.shape.clone(), Data::Bool(v.iter().map(|&x| !x).collect()))
    })
}

/// `f` over pairs of elements that meet when `x` and `y` are broadcast.
#[allow(clippy::indexing_slicing, reason = "hot loop; broadcast indices lie inside both values")]
fn zip<T: Copy, U>(
    x: (&[usize], &[T]),
    y: (&[usize], &[T]),
    f: impl Fn(T, T) -> U,
) -> Result<(Vec<usize>, Vec<U>), Fault> {
    let ((x_shape, xs), (y_shape, ys)) = (x, y);
    let shape = broadcast_shape(x_shape, y_shape)?;
    let n = count(&shape)?;
    let out = if xs.len() == n && ys.len() == n {
        xs.iter().zip(ys).map(|(&x, &y)| f(x, y)).collect()
    } else if let ([y], true) = (ys, xs.len() == n) {
        xs.iter().map(|&x| f(x, *y)).collect()
    } else if let ([x], true) = (xs, ys.len() == n) {
        ys.iter().map(|&y| f(*x, y)).collect()
    } else if xs.len() == n && !ys.is_empty() && repeats(y_shape, &shape) {
        xs.chunks_exact(ys.len()).flat_map(|row| row.iter().zip(ys).map(|(&x, &y)| f(x, y))).collect()
    } else {
        let (i, j) = (broadcast_indices(x_shape, &shape)?, broadcast_indices(y_shape, &shape)?);
        i.iter().zip(&j).map(|(&i, &j)| f(xs[i], ys[j])).collect()
    };
    Ok((shape, out))
}

/// True when a value of shape `part` fills `whole` by being repeated as it is: leading dimensions 1, then equal.
fn repeats(part: &[usize], whole: &[usize]) -> bool {
    let core: Vec<usize> = part.iter().copied().skip_while(|&dim| dim == 1).collect();
    whole.ends_with(&core)
}

fn mismatch(x: &Tensor, y: &Tensor) -> Fault {
    format!("{} and {} do not go together", x.data.kind(), y.data.kind()).into()
}

/// A binary operation on numbers of one type; `h` is `None` where integers have no answer.
fn arithmetic(
    f: impl Fn(f32, f32) -> f32 + Send + Sync + 'static,
    g: impl Fn(f64, f64) -> f64 + Send + Sync + 'static,
    h: impl Fn(i64, i64) -> Option<i64> + Send + Sync + 'static,
) -> Kernel {
    Kernel::one(move |args| {
        let (x, y) = (args.need(0)?, args.need(1)?);
        let whole = |v: Vec<Option<i64>>| -> Result<Vec<i64>, Fault> {
            v.into_iter().collect::<Option<Vec<i64>>>().ok_or_else(|| "an integer is divided by 0".into())
        };
        let (shape, data) = match (&*x.data, &*y.data) {
            (Data::F32(a), Data::F32(b)) => {
                let (shape, v) = zip((&x.shape, a), (&y.shape, b), &f)?;
                (shape, Data::F32(v))
            }
            (Data::F64(a), Data::F64(b)) => {
                let (shape, v) = zip((&x.shape, a), (&y.shape, b), &g)?;
                (shape, Data::F64(v))
            }
            (Data::I64(a), Data::I64(b)) => {
                let (shape, v) = zip((&x.shape, a), (&y.shape, b), &h)?;
                (shape, Data::I64(whole(v)?))
            }
            (Data::I32(a), Data::I32(b)) => {
                let (shape, v) = zip((&x.shape, a), (&y.shape, b), |a, b| h(i64::from(a), i64::from(b)))?;
                (shape, Data::I32(whole(v)?.into_iter().map(|x| x as i32).collect()))
            }
            _ => return Err(mismatch(x, y)),
        };
        Tensor::new(shape, data)
    })
}

/// `Pow`: the answer has the type of the base; the exponent may have another.
fn pow() -> Kernel {
    Kernel::one(|args| {
        let (x, y) = (args.need(0)?, args.need(1)?);
        let (base, exponent) = (doubles(&x.data)?, doubles(&y.data)?);
        let (shape, v) = zip((&x.shape, &base), (&y.shape, &exponent), libm::pow)?;
        let data = match &*x.data {
            Data::F64(_) => Data::F64(v),
            Data::I64(_) => Data::I64(v.into_iter().map(|x| x as i64).collect()),
            Data::I32(_) => Data::I32(v.into_iter().map(|x| x as i32).collect()),
            _ => Data::F32(v.into_iter().map(|x| x as f32).collect()),
        };
        Tensor::new(shape, data)
    })
}

/// Numbers as 64-bit floats.
fn doubles(data: &Data) -> Result<Vec<f64>, Fault> {
    Ok(match data {
        Data::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
        Data::F64(v) => v.clone(),
        Data::I64(v) => v.iter().map(|&x| x as f64).collect(),
        Data::I32(v) => v.iter().map(|&x| f64::from(x)).collect(),
        other => return Err(format!("it needs numbers, but is given {}", other.kind()).into()),
    })
}

/// An operation over any number of inputs, from the left.
fn variadic(
    f: impl Fn(f64, f64) -> f64 + Send + Sync + Copy + 'static,
    g: impl Fn(i64, i64) -> i64 + Send + Sync + Copy + 'static,
) -> Kernel {
    Kernel::one(move |args| {
        let mut folded = args.need(0)?.clone();
        for y in args.all().skip(1) {
            let (shape, data) = match (&*folded.data, &*y.data) {
                (Data::F32(a), Data::F32(b)) => {
                    let both = |a, b| f(f64::from(a), f64::from(b)) as f32;
                    let (shape, v) = zip((&folded.shape, a), (&y.shape, b), both)?;
                    (shape, Data::F32(v))
                }
                (Data::F64(a), Data::F64(b)) => {
                    let (shape, v) = zip((&folded.shape, a), (&y.shape, b), f)?;
                    (shape, Data::F64(v))
                }
                (Data::I64(a), Data::I64(b)) => {
                    let (shape, v) = zip((&folded.shape, a), (&y.shape, b), g)?;
                    (shape, Data::I64(v))
                }
                _ => return Err(mismatch(&folded, y)),
            };
            folded = Tensor::new(shape, data)?;
        }
        Ok(folded)
    })
}

/// `Clip` to the second and third input or, in old versions, to attributes.
fn clip(a: &Attributes<'_>) -> Kernel {
    let (low, high) = (a.float("min", f32::NEG_INFINITY), a.float("max", f32::INFINITY));
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let bound = |i: usize, default: f32| -> Result<f64, Fault> {
            let given = args.get(i).map(|t| doubles(&t.data)).transpose()?;
            Ok(given.and_then(|v| v.first().copied()).unwrap_or(f64::from(default)))
        };
        let (low, high) = (bound(1, low)?, bound(2, high)?);
        let cut = |x: f64| {
            // Not `clamp`, which panics when the bounds are the wrong way round.
            let x = if x < low { low } else { x };
            if x > high { high } else { x }
        };
        let data = match &*x.data {
            Data::F32(v) => Data::F32(v.iter().map(|&x| cut(f64::from(x)) as f32).collect()),
            Data::F64(v) => Data::F64(v.iter().map(|&x| cut(x)).collect()),
            Data::I64(v) => Data::I64(v.iter().map(|&x| cut(x as f64) as i64).collect()),
            Data::I32(v) => Data::I32(v.iter().map(|&x| cut(f64::from(x)) as i32).collect()),
            other => return Err(format!("it needs numbers, but is given {}", other.kind()).into()),
        };
        Tensor::new(x.shape.clone(), data)
    })
}

fn logic(f: impl Fn(bool, bool) -> bool + Send + Sync + 'static) -> Kernel {
    Kernel::one(move |args| {
        let (x, y) = (args.need(0)?, args.need(1)?);
        let (Data::Bool(a), Data::Bool(b)) = (&*x.data, &*y.data) else { return Err(mismatch(x, y)) };
        let (shape, v) = zip((&x.shape, a), (&y.shape, b), &f)?;
        Tensor::new(shape, Data::Bool(v))
    })
}

/// An order between numbers; false where one is not a number.
fn compare(f: impl Fn(std::cmp::Ordering) -> bool + Send + Sync + Copy + 'static) -> Kernel {
    Kernel::one(move |args| {
        let (x, y) = (args.need(0)?, args.need(1)?);
        let (shape, v) = match (&*x.data, &*y.data) {
            (Data::F32(a), Data::F32(b)) => {
                zip((&x.shape, a), (&y.shape, b), |a: f32, b| a.partial_cmp(&b).is_some_and(f))?
            }
            (Data::F64(a), Data::F64(b)) => {
                zip((&x.shape, a), (&y.shape, b), |a: f64, b| a.partial_cmp(&b).is_some_and(f))?
            }
            (Data::I64(a), Data::I64(b)) => zip((&x.shape, a), (&y.shape, b), |a, b| f(a.cmp(&b)))?,
            (Data::I32(a), Data::I32(b)) => zip((&x.shape, a), (&y.shape, b), |a, b| f(a.cmp(&b)))?,
            _ => return Err(mismatch(x, y)),
        };
        Tensor::new(shape, Data::Bool(v))
    })
}

/// `Equal`, of anything.
#[allow(clippy::float_cmp, reason = "the operator asks for equality")]
fn equal() -> Kernel {
    Kernel::one(|args| {
        let (x, y) = (args.need(0)?, args.need(1)?);
        let (shape, v) = match (&*x.data, &*y.data) {
            (Data::F32(a), Data::F32(b)) => zip((&x.shape, a), (&y.shape, b), |a, b| a == b)?,
            (Data::F64(a), Data::F64(b)) => zip((&x.shape, a), (&y.shape, b), |a, b| a == b)?,
            (Data::I64(a), Data::I64(b)) => zip((&x.shape, a), (&y.shape, b), |a, b| a == b)?,
            (Data::I32(a), Data::I32(b)) => zip((&x.shape, a), (&y.shape, b), |a, b| a == b)?,
            (Data::Bool(a), Data::Bool(b)) => zip((&x.shape, a), (&y.shape, b), |a, b| a == b)?,
            (Data::Text(a), Data::Text(b)) => {
                let (a, b) = common_codes(a, b);
                zip((&x.shape, &a), (&y.shape, &b), |a, b| a == b)?
            }
            _ => return Err(mismatch(x, y)),
        };
        Tensor::new(shape, Data::Bool(v))
    })
}

/// The codes of both in one list of names.
fn common_codes(a: &Text, b: &Text) -> (Vec<u32>, Vec<u32>) {
    let joined = Text::over(a.iter().chain(b.iter()).map(str::to_owned));
    let (left, right) = joined.codes.split_at(a.codes.len());
    (left.to_vec(), right.to_vec())
}
