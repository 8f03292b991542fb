//! An assessment as Python holds it: the document, and the files beside it.

use std::path::{Path, PathBuf};

use equipoise_service::ArtifactBytes;
use equipoise_service::data::{Dataset, OpenOptions};
use equipoise_service::document::{DataSpec, Document};
use equipoise_service::govern::{comparison_table, is_met, verdict_table};
use equipoise_service::views::dashboard::{Entry, available, static_page};
use equipoise_service::views::{Format, TerminalOptions, chart, html, render};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;

use crate::arrays::{ArrayColumn, columns_of};
use crate::error;

/// A finished run, or one that was loaded.
#[pyclass(frozen, module = "equipoise._equipoise")]
pub(crate) struct Assessment {
    run: equipoise_service::Assessment,
    /// Where the files beside the document are, when it was loaded.
    folder: Option<PathBuf>,
}

impl Assessment {
    /// A run that was just made.
    pub(crate) fn made(run: equipoise_service::Assessment) -> Self {
        Self { run, folder: None }
    }

    /// What is shown and saved.
    pub(crate) fn document(&self) -> &Document {
        &self.run.document
    }
}

#[pymethods]
impl Assessment {
    /// Reads an assessment by its directory or its document file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let document = equipoise_service::load(&path).map_err(|e| error::of_service(py, &e))?;
        let folder = if path.is_dir() { path } else { path.parent().map(Path::to_path_buf).unwrap_or_default() };
        let run = std::fs::read_to_string(folder.join(equipoise_service::RUN_FILE)).unwrap_or_else(|_| "{}".to_owned());
        Ok(Self { run: equipoise_service::Assessment { document, artifacts: Vec::new(), run }, folder: Some(folder) })
    }

    /// Writes it as a directory, as the command does.
    fn save(&self, py: Python<'_>, path: PathBuf, force: bool) -> PyResult<()> {
        let mut run = self.run.clone();
        if let Some(folder) = &self.folder {
            for artifact in &run.document.artifacts {
                let bytes = std::fs::read(folder.join(&artifact.path)).map_err(|e| {
                    let text = format!("the file `{}` beside the document cannot be read: {e}", artifact.path);
                    error::exception(py, "input", &format!("{text}\nhint: load the whole directory again"))
                })?;
                run.artifacts.push((artifact.clone(), ArtifactBytes::Memory(bytes)));
            }
        }
        py.detach(|| equipoise_service::save(&run, &path, force)).map_err(|e| error::of_service(py, &e))
    }

    /// The document as JSON.
    fn json(&self, py: Python<'_>) -> PyResult<String> {
        let text = py.detach(|| self.document().to_json());
        text.map_err(|e| error::exception(py, "document", &e.to_string()))
    }

    /// The document, a section or a table as text: `table`, `md`, `csv` or `json`.
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    #[pyo3(signature = (section=None, table=None, format="table", width=100, colour=false, all=false))]
    fn render(
        &self,
        py: Python<'_>,
        section: Option<&str>,
        table: Option<&str>,
        format: &str,
        width: usize,
        colour: bool,
        all: bool,
    ) -> PyResult<String> {
        let format = match format {
            "md" | "markdown" => Format::Markdown,
            "csv" => Format::Csv,
            "json" => Format::Json,
            _ => Format::Table,
        };
        let options = TerminalOptions { width: width.max(40), colour, all, ..TerminalOptions::default() };
        render(self.document(), section, table, format, &options)
            .map_err(|e| error::exception(py, "view", &e.to_string()))
    }

    /// The report as one HTML page.
    fn html(&self, py: Python<'_>) -> String {
        py.detach(|| html(self.document()))
    }

    /// The dashboard over it as one HTML page; none where it is not in this build.
    fn dashboard(&self, py: Python<'_>, name: &str) -> PyResult<Option<String>> {
        if !available() {
            return Ok(None);
        }
        let document_json = self.json(py)?;
        let page = py.detach(|| static_page(&[Entry { id: "0", name, document_json: &document_json }]));
        page.map(Some).map_err(|e| error::exception(py, "view", &e.to_string()))
    }

    /// A block of a section as SVG; none for words and plain tables.
    fn chart(&self, section: &str, block: &str) -> PyResult<Option<String>> {
        let section = self.document().section(section);
        let found = section.and_then(|s| s.blocks.iter().find(|b| b.id == block).map(|b| (s, b)));
        let Some((section, block)) = found else { return Err(PyKeyError::new_err(block.to_owned())) };
        Ok(chart(section, block))
    }

    /// The columns of a file of per-row results.
    fn artifact<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Vec<ArrayColumn<'py>>> {
        let failed = |problem: String| error::exception(py, "input", &format!("`{name}`: {problem}"));
        let made = self.run.artifacts.iter().find(|(a, _)| a.name == name);
        let listed = self.document().artifacts.iter().find(|a| a.name == name);
        let mut written = None;
        let path = match (made, &self.folder, listed) {
            (Some((_, ArtifactBytes::File(path))), _, _) => path.to_path_buf(),
            (Some((_, ArtifactBytes::Memory(bytes))), _, _) => {
                let file = tempfile::NamedTempFile::new().and_then(|mut file| {
                    std::io::Write::write_all(&mut file, bytes)?;
                    Ok(file)
                });
                let file = file.map_err(|e| failed(e.to_string()))?;
                let path = file.path().to_path_buf();
                written = Some(file);
                path
            }
            (None, Some(folder), Some(artifact)) => folder.join(&artifact.path),
            _ => return Err(PyKeyError::new_err(name.to_owned())),
        };
        let spec = DataSpec { format: Some("parquet".to_owned()), ..DataSpec::default() };
        let options = OpenOptions { skip_fingerprint: true, ..OpenOptions::default() };
        let dataset = py.detach(|| Dataset::open(&path.display().to_string(), &spec, options));
        let dataset = dataset.map_err(|e| error::of_data(py, &e))?;
        let columns = columns_of(py, &dataset);
        drop(written);
        columns
    }
}

/// Two saved assessments side by side: a table as JSON.
#[pyfunction]
pub(crate) fn compare(py: Python<'_>, a: PathBuf, b: PathBuf) -> PyResult<String> {
    let comparison = py.detach(|| equipoise_service::compare(&a, &b)).map_err(|e| error::of_service(py, &e))?;
    as_json(py, &comparison_table(&comparison))
}

/// A saved assessment held against a policy: whether it is met, and the verdicts as a table in JSON.
#[pyfunction]
pub(crate) fn check(py: Python<'_>, place: PathBuf, policy: PathBuf) -> PyResult<(bool, String)> {
    let checked = py.detach(|| equipoise_service::check(&place, &policy));
    let (_, verdicts) = checked.map_err(|e| error::of_service(py, &e))?;
    Ok((is_met(&verdicts), as_json(py, &verdict_table(&verdicts))?))
}

fn as_json(py: Python<'_>, value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|e| error::exception(py, "document", &e.to_string()))
}
