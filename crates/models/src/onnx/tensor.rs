//! Values that flow through a graph: a shape and row-major elements.

use std::collections::HashMap;
use std::sync::Arc;

use super::proto::TensorProto;

/// Elements one value may have. A row that needs more is refused: files can ask for any size in a few bytes.
pub(crate) const MAX_ELEMENTS: usize = 1 << 23;

/// Why a node cannot give its answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// More elements than [`MAX_ELEMENTS`]; fewer rows at a time may do.
    TooLarge,
    /// Anything else, in words.
    Problem(String),
}

impl From<String> for Fault {
    fn from(problem: String) -> Self {
        Self::Problem(problem)
    }
}

impl From<&str> for Fault {
    fn from(problem: &str) -> Self {
        Self::Problem(problem.to_owned())
    }
}

/// A value. Reshaping it or handing it on shares the elements.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    /// Lengths of the dimensions; empty for a single element.
    pub(crate) shape: Vec<usize>,
    /// Invariant: as many elements as the product of `shape`.
    pub(crate) data: Arc<Data>,
}

/// Elements by type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
    I32(Vec<i32>),
    Bool(Vec<bool>),
    Text(Text),
}

/// Texts: each element is the index of one of `levels`, so that an encoder looks a name up once and not per row.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) codes: Vec<u32>,
    pub(crate) levels: Arc<[String]>,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.codes.len() == other.codes.len() && self.iter().eq(other.iter())
    }
}

impl Text {
    /// The texts in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.codes.iter().map(|&code| self.levels.get(code as usize).map_or("", String::as_str))
    }

    /// From texts, each different one kept once.
    pub(crate) fn over(texts: impl Iterator<Item = String>) -> Self {
        let (mut index, mut levels, mut codes) = (HashMap::new(), Vec::new(), Vec::new());
        for text in texts {
            let code = *index.entry(text).or_insert_with_key(|text: &String| {
                levels.push(text.clone());
                levels.len() as u32 - 1
            });
            codes.push(code);
        }
        Self { codes, levels: levels.into() }
    }

    /// Each level turned into a number; looked up once per level.
    pub(crate) fn map<T: Clone>(&self, empty: T, f: impl Fn(&str) -> T) -> Vec<T> {
        let table: Vec<T> = self.levels.iter().map(|level| f(level)).collect();
        self.codes.iter().map(|&code| table.get(code as usize).unwrap_or(&empty).clone()).collect()
    }
}

/// `$body` with `$v` bound to the vector of elements of the numeric kinds and to the codes of texts, wrapped in
/// the same kind again.
macro_rules! same_kind {
    ($data:expr, $v:ident => $body:expr) => {
        match $data {
            Data::F32($v) => Data::F32($body),
            Data::F64($v) => Data::F64($body),
            Data::I64($v) => Data::I64($body),
            Data::I32($v) => Data::I32($body),
            Data::Bool($v) => Data::Bool($body),
            Data::Text(text) => {
                let $v = &text.codes;
                Data::Text(Text { codes: $body, levels: Arc::clone(&text.levels) })
            }
        }
    };
}

/// Number of elements of a shape, or a fault where that is too many.
pub(crate) fn count(shape: &[usize]) -> Result<usize, Fault> {
    size(shape).filter(|&n| n <= MAX_ELEMENTS).ok_or(Fault::TooLarge)
}

/// Number of elements of a shape. `None` where the product of its dimensions overflows, even if one of them is 0, so
/// that products over part of a shape that was accepted never overflow.
fn size(shape: &[usize]) -> Option<usize> {
    let n = shape.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim.max(1)))?;
    Some(if shape.contains(&0) { 0 } else { n })
}

impl Tensor {
    /// Joins shape and elements.
    ///
    /// # Errors
    /// When their sizes differ.
    pub(crate) fn new(shape: Vec<usize>, data: Data) -> Result<Self, Fault> {
        let n = data.len();
        if size(&shape) != Some(n) {
            return Err(format!("{n} elements cannot have the shape {shape:?}").into());
        }
        Ok(Self { shape, data: Arc::new(data) })
    }

    /// The same elements in another shape.
    pub(crate) fn reshaped(&self, shape: Vec<usize>) -> Result<Self, Fault> {
        let n = self.data.len();
        if size(&shape) != Some(n) {
            return Err(format!("a value of shape {:?} cannot be reshaped to {shape:?}", self.shape).into());
        }
        Ok(Self { shape, data: Arc::clone(&self.data) })
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    /// Number of dimensions.
    pub(crate) fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Rows and what one row holds: `[n, …]` as `(n, …)`; a single dimension is one row, as the `ai.onnx.ml`
    /// operators take it.
    pub(crate) fn rows(&self) -> (usize, usize) {
        match self.shape.as_slice() {
            [] => (1, 1),
            [width] => (1, *width),
            [n, rest @ ..] => (*n, rest.iter().product()),
        }
    }

    /// Numbers as 32-bit floats (the `ai.onnx.ml` operators compute in them whatever their input).
    pub(crate) fn floats(&self) -> Result<std::borrow::Cow<'_, [f32]>, Fault> {
        Ok(match &*self.data {
            Data::F32(v) => v.into(),
            Data::F64(v) => v.iter().map(|&x| x as f32).collect::<Vec<_>>().into(),
            Data::I64(v) => v.iter().map(|&x| x as f32).collect::<Vec<_>>().into(),
            Data::I32(v) => v.iter().map(|&x| x as f32).collect::<Vec<_>>().into(),
            Data::Bool(v) => v.iter().map(|&x| f32::from(u8::from(x))).collect::<Vec<_>>().into(),
            Data::Text(_) => return Err("numbers are needed, but it is given texts".into()),
        })
    }

    /// Whole numbers: indices, axes and shapes.
    pub(crate) fn integers(&self) -> Result<std::borrow::Cow<'_, [i64]>, Fault> {
        Ok(match &*self.data {
            Data::I64(v) => v.into(),
            Data::I32(v) => v.iter().map(|&x| i64::from(x)).collect::<Vec<_>>().into(),
            _ => return Err(format!("whole numbers are needed, but it is given {}", self.data.kind()).into()),
        })
    }
}

impl Data {
    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.codes.len(),
        }
    }

    /// The element type in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::F32(_) => "32-bit floats",
            Self::F64(_) => "64-bit floats",
            Self::I64(_) => "64-bit integers",
            Self::I32(_) => "32-bit integers",
            Self::Bool(_) => "booleans",
            Self::Text(_) => "texts",
        }
    }

    /// The elements at these places. Invariant: every index is below `len`.
    #[allow(clippy::indexing_slicing, reason = "hot gather; callers compute the indices from checked shapes")]
    pub(crate) fn pick(&self, indices: &[usize]) -> Self {
        same_kind!(self, v => indices.iter().map(|&i| v[i]).collect())
    }
}

/// ONNX numbers of element types.
pub(crate) mod element {
    pub(crate) const FLOAT: i32 = 1;
    pub(crate) const UINT8: i32 = 2;
    pub(crate) const INT8: i32 = 3;
    pub(crate) const UINT16: i32 = 4;
    pub(crate) const INT16: i32 = 5;
    pub(crate) const INT32: i32 = 6;
    pub(crate) const INT64: i32 = 7;
    pub(crate) const STRING: i32 = 8;
    pub(crate) const BOOL: i32 = 9;
    pub(crate) const DOUBLE: i32 = 11;

    /// Its name in messages.
    pub(crate) fn name(element: i32) -> String {
        let known = match element {
            FLOAT => "float",
            UINT8 => "uint8",
            INT8 => "int8",
            UINT16 => "uint16",
            INT16 => "int16",
            INT32 => "int32",
            INT64 => "int64",
            STRING => "string",
            BOOL => "bool",
            10 => "float16",
            DOUBLE => "double",
            12 => "uint32",
            13 => "uint64",
            16 => "bfloat16",
            _ => return format!("element type {element}"),
        };
        known.to_owned()
    }
}

/// A constant of the file. Small integers are held as 32-bit ones.
///
/// # Errors
/// When the number of elements is not what the shape says, the type is not supported, or the elements lie in
/// another file (which is never opened).
pub(crate) fn constant(proto: &TensorProto) -> Result<Tensor, String> {
    let name = &proto.name;
    if proto.data_location != 0 || !proto.external_data.is_empty() {
        return Err(format!("the constant `{name}` lies in another file, which is not read"));
    }
    let shape: Option<Vec<usize>> = proto.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    let shape = shape.ok_or_else(|| format!("the constant `{name}` has a negative dimension"))?;
    let raw = &proto.raw_data;
    let data = match proto.data_type {
        element::FLOAT if raw.is_empty() => Data::F32(proto.float_data.clone()),
        element::FLOAT => Data::F32(raw_values(name, raw, f32::from_le_bytes)?),
        element::DOUBLE if raw.is_empty() => Data::F64(proto.double_data.clone()),
        element::DOUBLE => Data::F64(raw_values(name, raw, f64::from_le_bytes)?),
        element::INT64 if raw.is_empty() => Data::I64(proto.int64_data.clone()),
        element::INT64 => Data::I64(raw_values(name, raw, i64::from_le_bytes)?),
        element::INT32 | element::INT16 | element::INT8 | element::UINT8 | element::UINT16 if raw.is_empty() => {
            Data::I32(proto.int32_data.clone())
        }
        element::INT32 => Data::I32(raw_values(name, raw, i32::from_le_bytes)?),
        element::INT16 => Data::I32(raw_values(name, raw, |b| i32::from(i16::from_le_bytes(b)))?),
        element::UINT16 => Data::I32(raw_values(name, raw, |b| i32::from(u16::from_le_bytes(b)))?),
        element::INT8 => Data::I32(raw_values(name, raw, |b: [u8; 1]| i32::from(i8::from_le_bytes(b)))?),
        element::UINT8 => Data::I32(raw_values(name, raw, |[b]: [u8; 1]| i32::from(b))?),
        element::BOOL if raw.is_empty() => Data::Bool(proto.int32_data.iter().map(|&x| x != 0).collect()),
        element::BOOL => Data::Bool(raw.iter().map(|&x| x != 0).collect()),
        element::STRING => {
            let texts: Result<Vec<String>, String> = proto.string_data.iter().map(|bytes| utf8(bytes)).collect();
            Data::Text(Text::over(texts?.into_iter()))
        }
        other => return Err(format!("the constant `{name}` has the element type {}", element::name(other))),
    };
    let n = data.len();
    Tensor::new(shape, data).map_err(|_| {
        let mut dims: Vec<String> = proto.dims.iter().take(9).map(i64::to_string).collect();
        if let Some(last) = dims.get_mut(8) {
            "…".clone_into(last);
        }
        format!("the constant `{name}` has {n} elements, but its shape is [{}]", dims.join(", "))
    })
}

/// A text of the file.
pub(crate) fn utf8(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a text is not UTF-8".to_owned())
}

/// Little-endian values of `N` bytes each.
fn raw_values<const N: usize, T>(name: &str, raw: &[u8], read: impl Fn([u8; N]) -> T) -> Result<Vec<T>, String> {
    let (whole, rest) = raw.as_chunks::<N>();
    if rest.is_empty() {
        Ok(whole.iter().map(|&bytes| read(bytes)).collect())
    } else {
        Err(format!("the constant `{name}` has {} bytes, which is not a multiple of {N}", raw.len()))
    }
}
