//! `equipoise keygen`

use anyhow::Result;
use equipoise_service::generate_key;
use equipoise_service::report::evidence::Algorithm;

use crate::args::{AlgorithmArg, KeygenArgs};
use crate::output::{Outcome, talk};

pub(crate) fn run(args: &KeygenArgs) -> Result<Outcome> {
    let algorithm = match args.algorithm {
        AlgorithmArg::Ed25519 => Algorithm::Ed25519,
        AlgorithmArg::EcdsaP256 => Algorithm::EcdsaP256,
    };
    let (public, key) = generate_key(&args.output, algorithm)?;
    talk(&format!("private key: {} (keep it to yourself)", args.output.display()));
    talk(&format!("public key:  {} ({})", public.display(), key.id()));
    Ok(Outcome::Done)
}
