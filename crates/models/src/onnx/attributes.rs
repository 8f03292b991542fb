//! The fixed parameters of a node, read once when the file is opened.

use super::proto::{AttributeProto, NodeProto};
use super::tensor::{Tensor, constant, utf8};

/// A node's attributes by name.
pub(crate) struct Attributes<'a> {
    node: &'a NodeProto,
    /// Version of the operator set the node belongs to.
    pub(crate) opset: i64,
}

impl<'a> Attributes<'a> {
    /// Those of `node`.
    pub(crate) fn of(node: &'a NodeProto, opset: i64) -> Self {
        Self { node, opset }
    }

    /// Whether it is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A number.
    pub(crate) fn float(&self, name: &str, default: f32) -> f32 {
        self.get(name).map_or(default, |a| a.f)
    }

    /// An integer.
    pub(crate) fn int(&self, name: &str, default: i64) -> i64 {
        self.get(name).map_or(default, |a| a.i)
    }

    /// A text.
    pub(crate) fn text(&self, name: &str, default: &str) -> Result<String, String> {
        self.get(name).map_or_else(|| Ok(default.to_owned()), |a| utf8(&a.s))
    }

    /// Numbers; none when it is not given.
    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        self.get(name).map(|a| a.floats.clone()).unwrap_or_default()
    }

    /// Integers; none when it is not given.
    pub(crate) fn ints(&self, name: &str) -> Vec<i64> {
        self.get(name).map(|a| a.ints.clone()).unwrap_or_default()
    }

    /// Integers that are lengths or counts: not negative.
    pub(crate) fn sizes(&self, name: &str) -> Result<Vec<usize>, String> {
        let sizes: Option<Vec<usize>> = self.ints(name).into_iter().map(|x| usize::try_from(x).ok()).collect();
        sizes.ok_or_else(|| format!("the attribute `{name}` holds a negative number"))
    }

    /// Texts; none when it is not given.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        self.get(name).map_or_else(|| Ok(Vec::new()), |a| a.strings.iter().map(|s| utf8(s)).collect())
    }

    /// A constant.
    pub(crate) fn tensor(&self, name: &str) -> Result<Option<Tensor>, String> {
        self.get(name).and_then(|a| a.t.as_ref()).map(constant).transpose()
    }

    /// Numbers given as 32-bit floats or, in `<name>_as_tensor`, as 64-bit ones.
    pub(crate) fn floats_or_doubles(&self, name: &str) -> Result<Vec<f64>, String> {
        if let Some(tensor) = self.tensor(&format!("{name}_as_tensor"))? {
            return match &*tensor.data {
                super::tensor::Data::F64(v) => Ok(v.clone()),
                super::tensor::Data::F32(v) => Ok(v.iter().map(|&x| f64::from(x)).collect()),
                other => Err(format!("the attribute `{name}_as_tensor` holds {}, not numbers", other.kind())),
            };
        }
        Ok(self.floats(name).into_iter().map(f64::from).collect())
    }

    fn get(&self, name: &str) -> Option<&'a AttributeProto> {
        self.node.attribute.iter().find(|a| a.name == name)
    }
}
