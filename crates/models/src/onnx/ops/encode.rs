//! Operators of `ai.onnx.ml` that turn names into numbers and back.

use std::collections::HashMap;

use super::{Attributes, Data, Fault, Kernel, Tensor, Text, count};

/// `OneHotEncoder`: one indicator per category in a new last dimension. Unknown values give zeros or, when `zeros` is
/// 0, are refused.
pub(crate) fn one_hot(a: &Attributes<'_>) -> Result<Kernel, String> {
    let (texts, ints) = (a.texts("cats_strings")?, a.ints("cats_int64s"));
    let width = texts.len().max(ints.len());
    if width == 0 || (!texts.is_empty() && !ints.is_empty()) {
        return Err("it needs either texts or integers as categories".to_owned());
    }
    let zeros = a.int("zeros", 1) != 0;
    let by_text = first_places(texts);
    let by_int = first_places(ints);
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        let places: Vec<Option<usize>> = match &*x.data {
            Data::Text(text) if !by_text.is_empty() => text.map(by_text.get("").copied(), |t| by_text.get(t).copied()),
            Data::Text(_) => return Err("its categories are integers, but it is given texts".into()),
            _ if by_int.is_empty() => return Err("its categories are texts, but it is given numbers".into()),
            Data::I64(v) => v.iter().map(|i| by_int.get(i).copied()).collect(),
            _ => x.floats()?.iter().map(|&v| by_int.get(&(v as i64)).copied()).collect(),
        };
        if !zeros && places.contains(&None) {
            return Err("a value is none of the categories".into());
        }
        let mut shape = x.shape.clone();
        shape.push(width);
        let mut out = vec![0f32; count(&shape)?];
        for (row, place) in out.chunks_exact_mut(width).zip(places) {
            if let Some(cell) = place.and_then(|place| row.get_mut(place)) {
                *cell = 1.0;
            }
        }
        Tensor::new(shape, Data::F32(out))
    }))
}

/// Index of the first occurrence of each value.
fn first_places<T: Eq + std::hash::Hash>(values: Vec<T>) -> HashMap<T, usize> {
    let mut places = HashMap::with_capacity(values.len());
    for (i, value) in values.into_iter().enumerate() {
        places.entry(value).or_insert(i);
    }
    places
}

/// What `LabelEncoder` maps from or to.
#[derive(Clone)]
enum Names {
    Texts(Vec<String>),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
}

impl Names {
    /// From `<prefix>_strings`, `_int64s`, `_floats` or `_tensor`.
    fn of(a: &Attributes<'_>, prefix: &str) -> Result<Option<Self>, String> {
        let key = |suffix: &str| format!("{prefix}_{suffix}");
        if let Some(tensor) = a.tensor(&key("tensor"))? {
            return Ok(Some(match &*tensor.data {
                Data::Text(text) => Self::Texts(text.iter().map(str::to_owned).collect()),
                Data::I64(v) => Self::Ints(v.clone()),
                Data::I32(v) => Self::Ints(v.iter().map(|&x| i64::from(x)).collect()),
                Data::F32(v) => Self::Floats(v.clone()),
                Data::F64(v) => Self::Floats(v.iter().map(|&x| x as f32).collect()),
                Data::Bool(_) => return Err(format!("`{prefix}_tensor` holds booleans")),
            }));
        }
        Ok(if a.has(&key("strings")) {
            Some(Self::Texts(a.texts(&key("strings"))?))
        } else if a.has(&key("int64s")) {
            Some(Self::Ints(a.ints(&key("int64s"))))
        } else if a.has(&key("floats")) {
            Some(Self::Floats(a.floats(&key("floats"))))
        } else {
            None
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::Texts(v) => v.len(),
            Self::Ints(v) => v.len(),
            Self::Floats(v) => v.len(),
        }
    }
}

/// `LabelEncoder`: maps keys to values, others to a default.
pub(crate) fn label_encoder(a: &Attributes<'_>) -> Result<Kernel, String> {
    let (keys, values) = if a.has("classes_strings") {
        // Version 1: texts to their places and back; which way is seen from the input.
        let classes = a.texts("classes_strings")?;
        let places = (0..classes.len() as i64).collect();
        (Names::Texts(classes), Names::Ints(places))
    } else {
        let keys = Names::of(a, "keys")?.ok_or("it has no keys")?;
        (keys, Names::of(a, "values")?.ok_or("it has no values")?)
    };
    if keys.len() != values.len() {
        return Err(format!("it has {} keys, but {} values", keys.len(), values.len()));
    }
    let goes_back = a.has("classes_strings");
    let default = Defaults::of(a)?;
    let index = Index::over(&keys);
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        if goes_back && matches!(&*x.data, Data::I64(_)) {
            let places = Index::over(&values).places(x)?;
            return default.values(&keys, &places, &x.shape);
        }
        default.values(&values, &index.places(x)?, &x.shape)
    }))
}

/// `CategoryMapper`: texts to integers or integers to texts.
pub(crate) fn category_mapper(a: &Attributes<'_>) -> Result<Kernel, String> {
    let (texts, ints) = (a.texts("cats_strings")?, a.ints("cats_int64s"));
    if texts.len() != ints.len() || texts.is_empty() {
        return Err(format!("it has {} texts, but {} integers", texts.len(), ints.len()));
    }
    let default = Defaults { text: a.text("default_string", "_Unused")?, int: a.int("default_int64", -1), float: 0.0 };
    let (texts, ints) = (Names::Texts(texts), Names::Ints(ints));
    let (by_text, by_int) = (Index::over(&texts), Index::over(&ints));
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        if matches!(&*x.data, Data::Text(_)) {
            default.values(&ints, &by_text.places(x)?, &x.shape)
        } else {
            default.values(&texts, &by_int.places(x)?, &x.shape)
        }
    }))
}

/// What is given for an unknown key.
struct Defaults {
    text: String,
    int: i64,
    float: f32,
}

impl Defaults {
    fn of(a: &Attributes<'_>) -> Result<Self, String> {
        let mut defaults = Self {
            text: a.text("default_string", "_Unused")?,
            int: a.int("default_int64", -1),
            float: a.float("default_float", -0.0),
        };
        if let Some(tensor) = a.tensor("default_tensor")? {
            match &*tensor.data {
                Data::Text(text) => text.iter().next().unwrap_or("").clone_into(&mut defaults.text),
                Data::I64(v) => defaults.int = v.first().copied().unwrap_or(-1),
                _ => defaults.float = tensor.floats().ok().and_then(|v| v.first().copied()).unwrap_or(0.0),
            }
        }
        Ok(defaults)
    }

    /// The values at these places.
    fn values(&self, values: &Names, places: &[Option<usize>], shape: &[usize]) -> Result<Tensor, Fault> {
        let data = match values {
            Names::Ints(v) => {
                Data::I64(places.iter().map(|p| p.and_then(|p| v.get(p).copied()).unwrap_or(self.int)).collect())
            }
            Names::Floats(v) => {
                Data::F32(places.iter().map(|p| p.and_then(|p| v.get(p).copied()).unwrap_or(self.float)).collect())
            }
            Names::Texts(v) => {
                let mut levels = v.clone();
                levels.push(self.text.clone());
                let last = v.len() as u32;
                let codes = places.iter().map(|p| p.map_or(last, |p| p as u32)).collect();
                Data::Text(Text { codes, levels: levels.into() })
            }
        };
        Tensor::new(shape.to_vec(), data)
    }
}

/// Where a key stands.
struct Index {
    texts: Option<HashMap<String, usize>>,
    ints: Option<HashMap<i64, usize>>,
    floats: Option<HashMap<u32, usize>>,
}

impl Index {
    fn over(keys: &Names) -> Self {
        let mut index = Self { texts: None, ints: None, floats: None };
        match keys.clone() {
            Names::Texts(v) => index.texts = Some(first_places(v)),
            Names::Ints(v) => index.ints = Some(first_places(v)),
            Names::Floats(v) => index.floats = Some(first_places(v.into_iter().map(float_key).collect())),
        }
        index
    }

    /// The places of the elements of a value.
    fn places(&self, x: &Tensor) -> Result<Vec<Option<usize>>, Fault> {
        Ok(match (&*x.data, self) {
            (Data::Text(text), Self { texts: Some(places), .. }) => {
                text.map(places.get("").copied(), |t| places.get(t).copied())
            }
            (Data::I64(_) | Data::I32(_), Self { ints: Some(places), .. }) => {
                x.integers()?.iter().map(|i| places.get(i).copied()).collect()
            }
            (Data::F32(_) | Data::F64(_), Self { ints: Some(places), .. }) => {
                x.floats()?.iter().map(|&v| places.get(&(v as i64)).copied()).collect()
            }
            (Data::Text(_), _) => return Err("its keys are numbers, but it is given texts".into()),
            (_, Self { floats: Some(places), .. }) => {
                x.floats()?.iter().map(|&v| places.get(&float_key(v)).copied()).collect()
            }
            (other, _) => return Err(format!("its keys do not match {}", other.kind()).into()),
        })
    }
}

/// Bits of a float, so that it can be looked up; all NaN are one, and so are 0 and -0.
fn float_key(x: f32) -> u32 {
    if x.is_nan() { f32::NAN.to_bits() } else { (x + 0.0).to_bits() }
}
