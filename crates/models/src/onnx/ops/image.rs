//! Convolution, pooling and batch normalization of `(n, channels, height, width)` values (or one spatial dimension).

use super::linear::multiply_add;
use super::{Attributes, Data, Fault, Kernel, Tensor, count};

/// Where a window is laid over a picture.
#[derive(Clone, Debug)]
struct Window {
    kernel: Vec<usize>,
    strides: Vec<usize>,
    dilations: Vec<usize>,
    pads: Vec<usize>,
    auto_pad: AutoPad,
    rounds_up: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AutoPad {
    NotSet,
    Valid,
    SameUpper,
    SameLower,
}

/// One spatial dimension of a window at work.
#[derive(Clone, Copy, Debug)]
struct Axis {
    input: usize,
    output: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    pad: usize,
    pad_end: usize,
}

impl Axis {
    /// A dimension that is not there.
    const NONE: Self = Self { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, pad: 0, pad_end: 0 };

    /// Input coordinate under cell `k` of the window at `o`, if it is not padding.
    fn at(&self, o: usize, k: usize) -> Option<usize> {
        (o * self.stride + k * self.dilation).checked_sub(self.pad).filter(|&i| i < self.input)
    }

    /// Whether cell `k` of the window at `o` lies in the picture or its padding (and not past it, where rounding up
    /// may lead).
    fn counts(&self, o: usize, k: usize) -> bool {
        o * self.stride + k * self.dilation < self.pad + self.input + self.pad_end
    }
}

impl Window {
    fn of(a: &Attributes<'_>) -> Result<Self, String> {
        let window = Self {
            kernel: a.sizes("kernel_shape")?,
            strides: a.sizes("strides")?,
            dilations: a.sizes("dilations")?,
            pads: a.sizes("pads")?,
            auto_pad: match a.text("auto_pad", "NOTSET")?.as_str() {
                "NOTSET" => AutoPad::NotSet,
                "VALID" => AutoPad::Valid,
                "SAME_UPPER" => AutoPad::SameUpper,
                "SAME_LOWER" => AutoPad::SameLower,
                other => return Err(format!("`auto_pad` is `{other}`, which does not exist")),
            },
            rounds_up: a.int("ceil_mode", 0) != 0,
        };
        let lists = [&window.kernel, &window.strides, &window.dilations, &window.pads];
        // Small numbers keep every product below from overflowing.
        if lists.iter().any(|list| list.len() > 8 || list.iter().any(|&x| x > 1 << 20)) {
            return Err("its window is larger than any picture".to_owned());
        }
        if [&window.kernel, &window.strides, &window.dilations].iter().any(|list| list.contains(&0)) {
            return Err("a length, stride or dilation of its window is 0".to_owned());
        }
        Ok(window)
    }

    /// The window over a picture, as height and width (a single dimension is a width).
    fn over(&self, spatial: &[usize], kernel: &[usize]) -> Result<(Axis, Axis), Fault> {
        let axes: Result<Vec<Axis>, Fault> = (0..spatial.len()).map(|i| self.axis(spatial, kernel, i)).collect();
        match axes?.as_slice() {
            [width] => Ok((Axis::NONE, *width)),
            [height, width] => Ok((*height, *width)),
            other => Err(format!("{} spatial dimensions are not supported, only 1 and 2", other.len()).into()),
        }
    }

    fn axis(&self, spatial: &[usize], kernel: &[usize], i: usize) -> Result<Axis, Fault> {
        let one_of = |list: &[usize], default: usize| list.get(i).copied().unwrap_or(default);
        let (input, kernel) = (one_of(spatial, 1), one_of(kernel, 1));
        let (stride, dilation) = (one_of(&self.strides, 1), one_of(&self.dilations, 1));
        let extent = (kernel - 1) * dilation + 1;
        let (pad, pad_end) = match self.auto_pad {
            AutoPad::NotSet => (one_of(&self.pads, 0), self.pads.get(i + spatial.len()).copied().unwrap_or(0)),
            AutoPad::Valid => (0, 0),
            AutoPad::SameUpper | AutoPad::SameLower => {
                let total = ((input.div_ceil(stride).max(1) - 1) * stride + extent).saturating_sub(input);
                let (small, large) = (total / 2, total - total / 2);
                if self.auto_pad == AutoPad::SameUpper { (small, large) } else { (large, small) }
            }
        };
        let room = (input + pad + pad_end)
            .checked_sub(extent)
            .ok_or_else(|| Fault::Problem(format!("a window of {extent} does not fit a picture of {input}")))?;
        let mut output = if self.rounds_up { room.div_ceil(stride) } else { room / stride } + 1;
        // A window that would start in the padding at the end is not laid.
        if self.rounds_up && (output - 1) * stride >= input + pad {
            output -= 1;
        }
        Ok(Axis { input, output, kernel, stride, dilation, pad, pad_end })
    }
}

/// 32-bit floats of a value, with its number of pictures, channels and spatial dimensions.
type Pictures<'a> = (&'a [f32], usize, usize, &'a [usize]);

fn pictures(x: &Tensor) -> Result<Pictures<'_>, Fault> {
    let Data::F32(v) = &*x.data else {
        return Err(format!("it needs 32-bit floats, but is given {}", x.data.kind()).into());
    };
    match x.shape.as_slice() {
        [n, channels, spatial @ ..] if (1..=2).contains(&spatial.len()) => Ok((v, *n, *channels, spatial)),
        other => {
            Err(format!("it needs pictures (n, channels, height, width), but is given the shape {other:?}").into())
        }
    }
}

/// `Conv`: each output is a weighted sum over a window; as a matrix product over unrolled windows.
pub(crate) fn conv(a: &Attributes<'_>) -> Result<Kernel, String> {
    let window = Window::of(a)?;
    let group = usize::try_from(a.int("group", 1)).ok().filter(|&g| g > 0).ok_or("`group` is not positive")?;
    Ok(Kernel::one(move |args| {
        let (x, w) = (args.need(0)?, args.need(1)?);
        let (v, n, channels, spatial) = pictures(x)?;
        let (weights, n_filters, per_group, kernel) = pictures(w)?;
        if kernel.len() != spatial.len() || per_group.checked_mul(group) != Some(channels) || n_filters % group != 0 {
            return Err(format!("filters of shape {:?} do not fit the value of shape {:?}", w.shape, x.shape).into());
        }
        if kernel.contains(&0) || (!window.kernel.is_empty() && window.kernel != kernel) {
            return Err(format!("its window {:?} is not that of its filters {:?}", window.kernel, w.shape).into());
        }
        let bias = match args.get(2) {
            Some(b) => Some(b.floats()?).filter(|b| b.len() == n_filters).ok_or("its bias does not fit its filters")?,
            None => vec![0.0; n_filters].into(),
        };
        let (rows, columns) = window.over(spatial, kernel)?;
        let mut shape = vec![n, n_filters];
        shape.extend(if spatial.len() == 2 { vec![rows.output, columns.output] } else { vec![columns.output] });
        let mut out = Vec::with_capacity(count(&shape)?);
        let (n_places, n_cells) = (rows.output * columns.output, per_group * rows.kernel * columns.kernel);
        let mut unrolled = vec![0f32; count(&[n_cells, n_places])?];
        let (plane, filters) = (rows.input * columns.input, n_filters / group);
        for picture in v.chunks_exact((channels * plane).max(1)).take(n) {
            for g in 0..group {
                let channels = picture.get(g * per_group * plane..(g + 1) * per_group * plane).unwrap_or(&[]);
                unroll(channels, rows, columns, &mut unrolled);
                let start = out.len();
                for b in bias.iter().skip(g * filters).take(filters) {
                    out.extend(std::iter::repeat_n(*b, n_places));
                }
                let filter = weights.get(g * filters * n_cells..(g + 1) * filters * n_cells).unwrap_or(&[]);
                if let Some(sums) = out.get_mut(start..) {
                    multiply_add(filter, &unrolled, n_cells, n_places, sums);
                }
            }
        }
        Tensor::new(shape, Data::F32(out))
    }))
}

/// One row per cell of the window and channel, one column per place the window is laid; padding is 0.
fn unroll(channels: &[f32], rows: Axis, columns: Axis, out: &mut [f32]) {
    let (n_places, cells) = (rows.output * columns.output, rows.kernel * columns.kernel);
    let plane = (rows.input * columns.input).max(1);
    let mut lines = out.chunks_exact_mut(n_places.max(1));
    for channel in channels.chunks_exact(plane) {
        for cell in 0..cells {
            let (i, j) = (cell / columns.kernel, cell % columns.kernel);
            let Some(line) = lines.next() else { return };
            for (o, stretch) in line.chunks_exact_mut(columns.output.max(1)).enumerate() {
                let row = rows.at(o, i).and_then(|r| channel.get(r * columns.input..(r + 1) * columns.input));
                for (p, slot) in stretch.iter_mut().enumerate() {
                    *slot = row.and_then(|row| row.get(columns.at(p, j)?)).copied().unwrap_or(0.0);
                }
            }
        }
    }
}

/// How a pool sums up its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    Max,
    Average,
}

/// Cells that the windows of one pool may cover together.
const MAX_CELLS: usize = 1 << 31;

/// `MaxPool` and `AveragePool`.
pub(crate) fn pool(a: &Attributes<'_>, pool: Pool) -> Result<Kernel, String> {
    let window = Window::of(a)?;
    if window.kernel.is_empty() {
        return Err("it has no window".to_owned());
    }
    let counts_padding = a.int("count_include_pad", 0) != 0;
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        let (v, n, channels, spatial) = pictures(x)?;
        if window.kernel.len() != spatial.len() {
            return Err(format!("its window {:?} does not fit the value of shape {:?}", window.kernel, x.shape).into());
        }
        let (rows, columns) = window.over(spatial, &window.kernel)?;
        let mut shape = vec![n, channels];
        shape.extend(if spatial.len() == 2 { vec![rows.output, columns.output] } else { vec![columns.output] });
        let n_out = count(&shape)?;
        // A window far larger than the picture costs time for nothing but padding.
        if n_out.saturating_mul(rows.kernel).saturating_mul(columns.kernel) > MAX_CELLS {
            return Err(Fault::TooLarge);
        }
        let mut out = Vec::with_capacity(n_out);
        for plane in v.chunks_exact((rows.input * columns.input).max(1)) {
            for o in 0..rows.output {
                for p in 0..columns.output {
                    out.push(pool.over(plane, (rows, o), (columns, p), counts_padding));
                }
            }
        }
        Tensor::new(shape, Data::F32(out))
    }))
}

impl Pool {
    /// The answer for one place of the window.
    fn over(self, plane: &[f32], (rows, o): (Axis, usize), (columns, p): (Axis, usize), counts_padding: bool) -> f32 {
        let (mut top, mut total, mut n) = (f32::NEG_INFINITY, 0f64, 0u32);
        for i in 0..rows.kernel {
            for j in 0..columns.kernel {
                let place = rows.at(o, i).and_then(|r| Some(r * columns.input + columns.at(p, j)?));
                if let Some(&value) = place.and_then(|place| plane.get(place)) {
                    top = if value > top || value.is_nan() { value } else { top };
                    total += f64::from(value);
                    n += 1;
                } else if counts_padding && rows.counts(o, i) && columns.counts(p, j) {
                    n += 1;
                }
            }
        }
        match self {
            Self::Max => top,
            Self::Average => (total / f64::from(n.max(1))) as f32,
        }
    }
}

/// `GlobalAveragePool` and `GlobalMaxPool`: one number per channel.
pub(crate) fn global_pool(pool: Pool) -> Kernel {
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let (v, n, channels, spatial) = pictures(x)?;
        let size: usize = spatial.iter().product();
        let out: Vec<f32> = v
            .chunks_exact(size.max(1))
            .map(|plane| match pool {
                Pool::Max => plane.iter().copied().fold(f32::NEG_INFINITY, f32::max),
                Pool::Average => (plane.iter().map(|&v| f64::from(v)).sum::<f64>() / plane.len() as f64) as f32,
            })
            .collect();
        let shape = [n, channels].into_iter().chain(spatial.iter().map(|_| 1)).collect();
        Tensor::new(shape, Data::F32(out))
    })
}

/// `BatchNormalization` of a trained network: `(x − mean) / √(var + ε) · scale + bias` per channel.
pub(crate) fn batch_normalization(a: &Attributes<'_>) -> Kernel {
    let epsilon = f64::from(a.float("epsilon", 1e-5));
    Kernel::one(move |args| {
        let x = args.need(0)?;
        let Data::F32(v) = &*x.data else { return Err("it needs 32-bit floats".into()) };
        let channels = x.shape.get(1).copied().unwrap_or(1);
        let inner: usize = x.shape.iter().skip(2).product();
        let parameters: Result<Vec<_>, Fault> = (1..5).map(|i| args.need(i)?.floats()).collect();
        let parameters = parameters?;
        let [scale, bias, mean, var] = parameters.as_slice() else { return Err("it needs five inputs".into()) };
        if parameters.iter().any(|p| p.len() != channels) {
            return Err(format!("its parameters do not fit {channels} channels").into());
        }
        let lines: Vec<(f64, f64)> = scale
            .iter()
            .zip(bias.iter())
            .zip(mean.iter().zip(var.iter()))
            .map(|((&s, &b), (&m, &v))| {
                let slope = f64::from(s) / (f64::from(v) + epsilon).sqrt();
                (slope, f64::from(b) - slope * f64::from(m))
            })
            .collect();
        let out = v
            .chunks(inner.max(1))
            .zip(lines.iter().cycle())
            .flat_map(|(part, (slope, shift))| part.iter().map(move |&x| (f64::from(x) * slope + shift) as f32))
            .collect();
        Tensor::new(x.shape.clone(), Data::F32(out))
    })
}
