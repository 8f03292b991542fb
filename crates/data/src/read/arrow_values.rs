//! Arrow arrays of any type as our two kinds of values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Date64Type, Float32Type, Float64Type, Int32Type, Int64Type, TimeUnit};
use arrow::error::ArrowError;

use crate::MISSING;
use crate::strings::{Interner, Strings};
use crate::values::{Ask, BOOLEAN_LEVELS, Missing, Values, Want, as_boolean_loosely};
use crate::{datetime, number};

/// How columns of this type are read unless the user says otherwise; `None` for lists, structs and bytes.
pub(crate) fn natural_want(data_type: &DataType) -> Option<Want> {
    match data_type {
        DataType::Null => Some(Want::Number),
        DataType::Boolean => Some(Want::Boolean),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => Some(Want::Datetime),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Want::Names),
        DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_) => Some(Want::Number),
        DataType::Dictionary(_, value) => natural_want(value),
        other if other.is_numeric() => Some(Want::Number),
        _ => None,
    }
}

/// A type in words that a user of files knows.
pub(crate) fn say_type(data_type: &DataType) -> String {
    match data_type {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _) | DataType::ListView(_) => {
            "list".into()
        }
        DataType::Struct(_) => "struct".into(),
        DataType::Map(_, _) => "map".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary".into()
        }
        other => other.to_string().to_lowercase(),
    }
}

/// A value that is not what was asked for.
pub(crate) struct Unfit {
    /// Row in the array.
    pub(crate) row: usize,
    pub(crate) value: String,
}

pub(crate) enum Refused {
    Unfit(Unfit),
    Arrow(ArrowError),
}

impl From<ArrowError> for Refused {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error)
    }
}

/// The values of an array as asked.
///
/// An array that nobody else holds gives its numbers without a copy.
pub(crate) fn values_of(array: ArrayRef, ask: Ask, missing: &Missing) -> Result<Values, Refused> {
    match array.data_type() {
        DataType::Null => Ok(nothing(array.len(), ask)),
        DataType::Boolean => from_booleans(&array, ask),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let (codes, levels) = intern(&array, missing)?;
            from_names(codes, levels, ask)
        }
        DataType::Dictionary(_, value) if is_string(value) => {
            let (codes, levels) = codes_of_dictionary(&array, missing)?;
            from_names(codes, levels, ask)
        }
        DataType::Dictionary(_, value) => values_of(cast(&array, value)?, ask, missing),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => from_dates(&array, ask, missing),
        _ => from_numbers(array, ask, missing),
    }
}

fn is_string(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn nothing(n: usize, ask: Ask) -> Values {
    match ask.want {
        Want::Number | Want::Datetime => Values::Numbers(vec![f64::NAN; n]),
        Want::Boolean => Values::Names { codes: vec![MISSING; n], levels: Strings::from_iter(BOOLEAN_LEVELS) },
        Want::Names => Values::Names { codes: vec![MISSING; n], levels: Strings::default() },
    }
}

fn from_booleans(array: &ArrayRef, ask: Ask) -> Result<Values, Refused> {
    let array = array.as_boolean();
    match ask.want {
        Want::Number => {
            let number = |b: Option<bool>| b.map_or(f64::NAN, |b| f64::from(u8::from(b)));
            Ok(Values::Numbers(array.iter().map(number).collect()))
        }
        Want::Boolean | Want::Names => {
            let codes = array.iter().map(|b| b.map_or(MISSING, u32::from)).collect();
            Ok(Values::Names { codes, levels: Strings::from_iter(BOOLEAN_LEVELS) })
        }
        Want::Datetime => match array.iter().position(|b| b.is_some()) {
            None => Ok(nothing(array.len(), ask)),
            Some(row) => Err(Refused::Unfit(Unfit { row, value: array.value(row).to_string() })),
        },
    }
}

/// Codes of a string array; the empty string is missing.
fn intern(array: &ArrayRef, missing: &Missing) -> Result<(Vec<u32>, Strings), ArrowError> {
    let mut names = Interner::default();
    let mut push = |text: Option<&str>| match text {
        Some(text) if !text.is_empty() && !missing.has_text(text) => names.code(text),
        _ => MISSING,
    };
    let codes: Vec<u32> = match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().map(&mut push).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(&mut push).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(&mut push).collect(),
        _ => cast(array, &DataType::LargeUtf8)?.as_string::<i64>().iter().map(&mut push).collect(),
    };
    Ok((codes, names.into_strings()))
}

/// Codes of a dictionary array, without looking at the strings of each row.
fn codes_of_dictionary(array: &ArrayRef, missing: &Missing) -> Result<(Vec<u32>, Strings), ArrowError> {
    let dictionary = array.as_any_dictionary();
    let (code_of_level, levels) = intern(dictionary.values(), missing)?;
    if code_of_level.is_empty() {
        return Ok((vec![MISSING; array.len()], levels));
    }
    if let Some(keys) = dictionary.keys().as_primitive_opt::<Int32Type>().filter(|k| k.null_count() == 0) {
        let code =
            |key: &i32| usize::try_from(*key).ok().and_then(|k| code_of_level.get(k)).copied().unwrap_or(MISSING);
        return Ok((keys.values().iter().map(code).collect(), levels));
    }
    let keys = cast(&dictionary.keys().slice(0, array.len()), &DataType::Int64)?;
    let code = |key: Option<i64>| {
        key.and_then(|k| usize::try_from(k).ok()).and_then(|k| code_of_level.get(k)).copied().unwrap_or(MISSING)
    };
    Ok((keys.as_primitive::<Int64Type>().iter().map(code).collect(), levels))
}

/// Turns names into what was asked, looking at each different name once.
fn from_names(codes: Vec<u32>, levels: Strings, ask: Ask) -> Result<Values, Refused> {
    let unfit = |level: u32| {
        let row = codes.iter().position(|c| *c == level).unwrap_or(0);
        Refused::Unfit(Unfit { row, value: levels.get(level as usize).chars().take(80).collect() })
    };
    let is_used = |level: u32| codes.contains(&level);
    match ask.want {
        Want::Names => Ok(Values::Names { codes, levels }),
        Want::Number | Want::Datetime => {
            let parse = |text: &str| match ask.want {
                Want::Datetime => datetime::parse(text.as_bytes()),
                _ => number::parse(text.trim().as_bytes()),
            };
            let parsed: Vec<Option<f64>> = levels.iter().map(parse).collect();
            for (level, number) in (0_u32..).zip(&parsed) {
                let is_nan = levels.get(level as usize).trim().eq_ignore_ascii_case("nan");
                if number.is_none() && !is_nan && is_used(level) {
                    return Err(unfit(level));
                }
            }
            let number = |code: &u32| parsed.get(*code as usize).copied().flatten().map_or(f64::NAN, |v| v + 0.0);
            Ok(Values::Numbers(codes.iter().map(number).collect()))
        }
        Want::Boolean => {
            let parsed: Vec<Option<bool>> = levels.iter().map(as_boolean_loosely).collect();
            for (level, boolean) in (0_u32..).zip(&parsed) {
                if boolean.is_none() && is_used(level) {
                    return Err(unfit(level));
                }
            }
            let code = |code: &u32| parsed.get(*code as usize).copied().flatten().map_or(MISSING, u32::from);
            Ok(Values::Names { codes: codes.iter().map(code).collect(), levels: Strings::from_iter(BOOLEAN_LEVELS) })
        }
    }
}

fn from_dates(array: &ArrayRef, ask: Ask, missing: &Missing) -> Result<Values, Refused> {
    match ask.want {
        Want::Number | Want::Datetime => {
            let seconds = seconds_of(array)?;
            Ok(Values::Numbers(seconds))
        }
        Want::Names => {
            let (codes, levels) = intern(&cast(array, &DataType::Utf8)?, missing)?;
            Ok(Values::Names { codes, levels })
        }
        Want::Boolean => match (0..array.len()).find(|row| array.is_valid(*row)) {
            None => Ok(nothing(array.len(), ask)),
            Some(row) => Err(Refused::Unfit(Unfit { row, value: text_at(array, row)? })),
        },
    }
}

#[allow(clippy::cast_precision_loss, reason = "instants within 285 million years stay exact to the second")]
fn seconds_of(array: &ArrayRef) -> Result<Vec<f64>, ArrowError> {
    let scaled = |values: &arrow::array::PrimitiveArray<Int64Type>, unit: f64| -> Vec<f64> {
        values.iter().map(|v| v.map_or(f64::NAN, |v| v as f64 / unit)).collect()
    };
    Ok(match array.data_type() {
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>();
            days.iter().map(|d| d.map_or(f64::NAN, |d| f64::from(d) * 86_400.0)).collect()
        }
        DataType::Date64 => {
            array.as_primitive::<Date64Type>().iter().map(|v| v.map_or(f64::NAN, |v| v as f64 / 1e3)).collect()
        }
        DataType::Timestamp(unit, _) | DataType::Duration(unit) | DataType::Time64(unit) => {
            scaled(cast(array, &DataType::Int64)?.as_primitive(), per_second(*unit))
        }
        DataType::Time32(unit) => {
            let whole = cast(&cast(array, &DataType::Int32)?, &DataType::Int64)?;
            scaled(whole.as_primitive(), per_second(*unit))
        }
        _ => floats_of(array)?,
    })
}

fn per_second(unit: TimeUnit) -> f64 {
    match unit {
        TimeUnit::Second => 1.0,
        TimeUnit::Millisecond => 1e3,
        TimeUnit::Microsecond => 1e6,
        TimeUnit::Nanosecond => 1e9,
    }
}

#[allow(clippy::cast_precision_loss, reason = "numbers are doubles; whole numbers above 2^53 are rounded")]
fn floats_of(array: &ArrayRef) -> Result<Vec<f64>, ArrowError> {
    macro_rules! direct {
        ($type:ty, $convert:expr) => {{
            let array = array.as_primitive::<$type>();
            let convert = $convert;
            match array.nulls().filter(|n| n.null_count() > 0) {
                None => array.values().iter().map(|v| convert(*v)).collect(),
                Some(nulls) => {
                    let pick = |(v, is_valid)| if is_valid { convert(v) } else { f64::NAN };
                    array.values().iter().copied().zip(nulls.iter()).map(pick).collect()
                }
            }
        }};
    }
    Ok(match array.data_type() {
        DataType::Float64 => direct!(Float64Type, |v: f64| v),
        DataType::Float32 => direct!(Float32Type, |v: f32| f64::from(v)),
        DataType::Int64 => direct!(Int64Type, |v: i64| v as f64),
        DataType::Int32 => direct!(Int32Type, |v: i32| f64::from(v)),
        DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_) => return seconds_of(array),
        _ => {
            let array = cast(array, &DataType::Float64)?;
            array.as_primitive::<Float64Type>().iter().map(|v| v.unwrap_or(f64::NAN)).collect()
        }
    })
}

/// Numbers of an array, in its own memory where it holds doubles that nobody else holds.
fn into_floats(array: ArrayRef) -> Result<Vec<f64>, ArrowError> {
    if *array.data_type() != DataType::Float64 {
        return floats_of(&array);
    }
    let doubles = array.as_primitive::<Float64Type>().clone();
    drop(array);
    let (data_type, values, nulls) = doubles.into_parts();
    match values.into_inner().into_vec::<f64>() {
        Ok(mut numbers) => {
            if let Some(nulls) = nulls.filter(|n| n.null_count() > 0) {
                numbers.iter_mut().zip(nulls.iter()).filter(|(_, is_valid)| !is_valid).for_each(|(v, _)| *v = f64::NAN);
            }
            Ok(numbers)
        }
        Err(shared) => {
            let array = Float64Array::new(ScalarBuffer::from(shared), nulls).with_data_type(data_type);
            floats_of(&(Arc::new(array) as ArrayRef))
        }
    }
}

#[allow(clippy::float_cmp, reason = "0 and 1 are meant exactly")]
fn from_numbers(array: ArrayRef, ask: Ask, missing: &Missing) -> Result<Values, Refused> {
    let is_floating = array.data_type().is_floating();
    let clean = |mut numbers: Vec<f64>| {
        if missing.has_numbers() {
            numbers.iter_mut().for_each(|v| *v = missing.number(*v));
        } else if is_floating {
            // Adding zero takes the sign off a negative zero.
            numbers.iter_mut().for_each(|v| *v += 0.0);
        }
        numbers
    };
    if matches!(ask.want, Want::Number | Want::Datetime) {
        return Ok(Values::Numbers(clean(into_floats(array)?)));
    }
    let numbers = clean(floats_of(&array)?);
    match ask.want {
        Want::Number | Want::Datetime => Ok(Values::Numbers(numbers)),
        Want::Boolean => {
            let mut codes = Vec::with_capacity(numbers.len());
            for (row, value) in numbers.iter().enumerate() {
                codes.push(match *value {
                    v if v.is_nan() => MISSING,
                    0.0 => 0,
                    1.0 => 1,
                    v => return Err(Refused::Unfit(Unfit { row, value: v.to_string() })),
                });
            }
            Ok(Values::Names { codes, levels: Strings::from_iter(BOOLEAN_LEVELS) })
        }
        Want::Names => {
            let mut names = Interner::default();
            let mut codes = Vec::with_capacity(numbers.len());
            for (row, value) in numbers.iter().enumerate() {
                codes.push(if value.is_nan() {
                    MISSING
                } else if array.data_type().is_integer() && value.abs() >= 9_007_199_254_740_992.0 {
                    names.code(&text_at(&array, row)?)
                } else {
                    names.code(&value.to_string())
                });
            }
            Ok(Values::Names { codes, levels: names.into_strings() })
        }
    }
}

fn text_at(array: &ArrayRef, row: usize) -> Result<String, ArrowError> {
    arrow::util::display::array_value_to_string(array, row)
}
