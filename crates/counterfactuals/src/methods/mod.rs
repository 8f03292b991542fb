//! Methods that only ask the model: random, genetic, nearest rows, growing spheres, downhill.

mod genetic;
mod gradient;
mod nearest;
mod random;
mod spheres;

pub use genetic::Genetic;
pub use gradient::Gradient;
pub use nearest::{KdTree, Nearest};
pub use random::Random;
pub use spheres::GrowingSpheres;
