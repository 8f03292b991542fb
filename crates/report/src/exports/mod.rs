//! Other documents from the same assessment: model cards, bills of material, and the outlines of documentation that laws and
//! standards ask for. What the assessment can fill in is filled in; what only people can supply is asked for.

mod annex_iv;
mod iso_42001;
mod mapping;
mod ml_bom;
mod model_card;
mod model_card_json;
mod nist_ai_rmf;
mod numbers;

use equipoise_document::Document;
use equipoise_govern::Verdict;

use crate::{Config, ReportError};

/// What a document is made from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The assessment.
    pub document: &'a Document,
    /// What people say of the model; the scorecard's configuration.
    pub config: &'a Config,
    /// Verdicts on targets.
    pub verdicts: &'a [Verdict],
    /// When the assessment was finished, in RFC 3339.
    pub date: Option<&'a str>,
    /// SHA-256 of the document's bytes, in hexadecimal digits.
    pub document_sha256: &'a str,
}

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A model card in Markdown with the metadata that Hugging Face reads.
    ModelCard,
    /// A model card in the JSON of the Model Card Toolkit, schema 0.0.2.
    ModelCardJson,
    /// The outline of the technical documentation after Annex IV of the EU AI Act (Regulation (EU) 2024/1689), in Markdown.
    AnnexIv,
    /// A bill of materials of the model: CycloneDX 1.6, JSON.
    MlBom,
    /// What the assessment says to the NIST AI Risk Management Framework 1.0, in Markdown.
    NistAiRmf,
    /// What the assessment says to ISO/IEC 42001:2023, in Markdown.
    Iso42001,
}

/// Writes a document; the same sources give the same bytes.
///
/// # Errors
/// When the configuration names what the assessment does not have.
pub fn export(form: Form, sources: &Sources<'_>) -> Result<String, ReportError> {
    sources.config.policy(sources.document)?;
    match form {
        Form::ModelCard => model_card::write(sources),
        Form::ModelCardJson => model_card_json::write(sources),
        Form::AnnexIv => Ok(mapping::write(sources, &annex_iv::OUTLINE)),
        Form::MlBom => ml_bom::write(sources),
        Form::NistAiRmf => Ok(mapping::write(sources, &nist_ai_rmf::OUTLINE)),
        Form::Iso42001 => Ok(mapping::write(sources, &iso_42001::OUTLINE)),
    }
}
