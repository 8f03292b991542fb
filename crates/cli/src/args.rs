//! The flags. Every one of them becomes a field of the run spec or a choice of how to print.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Show that a model is fair, reliable and accountable: from a dataset and a model to an assessment.
#[derive(Debug, Parser)]
#[command(name = "equipoise", version, about, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done · 1 done, but a policy is not met · 2 could not be done · 130 interrupted")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colour (`NO_COLOR` is respected).
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Width of tables in characters; the terminal's own by default.
    #[arg(long, global = true, value_name = "N")]
    pub(crate) width: Option<usize>,
    /// No progress.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// More talk on standard error (`-vv` for still more).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Assess a model, or a column of predictions, on data.
    Assess(Box<AssessArgs>),
    /// Print an assessment or one of its sections.
    Show(ShowArgs),
    /// Show assessments in the browser, with their data and model open to further questions.
    Open(OpenArgs),
    /// Write an assessment in another form.
    Export(ExportArgs),
    /// Write the report for everybody: a PDF with the verdict on targets, for people to sign.
    Scorecard(ScorecardArgs),
    /// Judge an assessment by a policy (exit code 1 when it is not met).
    Check(CheckArgs),
    /// Sign an assessment, the files beside it and its reports.
    Sign(SignArgs),
    /// Say whether an assessment is still what was signed, and by whom (exit code 1 when it is not).
    Verify(VerifyArgs),
    /// Make a key to sign with.
    Keygen(KeygenArgs),
    /// Run a stored assessment again and say whether every number came out the same (exit code 1 when not).
    Reproduce(ReproduceArgs),
    /// Put two assessments side by side.
    Compare(CompareArgs),
    /// Ask what a model would say to other values, or who would be decided otherwise at another threshold.
    WhatIf(WhatIfArgs),
    /// Assess the bundled sample: a mortality model on people followed from 1971 to 1992.
    Demo(DemoArgs),
    /// Print a JSON Schema: of the document, the run spec, or an analysis' parameters.
    Schema(SchemaArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
    /// Print the manual page.
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AssessArgs {
    /// Run spec (TOML or JSON); flags override its fields.
    pub(crate) spec: Option<PathBuf>,
    /// Rows to assess: a file, a directory of Parquet files, a glob, or `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<String>,
    /// Rows the model was trained on.
    #[arg(long, value_name = "FILE")]
    pub(crate) train: Option<String>,
    /// Format of the data where its name does not tell: csv, tsv, parquet, arrow, jsonl.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) data_format: Option<String>,
    /// Field separator of delimited text.
    #[arg(long, value_name = "CHAR")]
    pub(crate) delimiter: Option<char>,
    /// Texts that stand for a missing value, beside the empty one.
    #[arg(long, value_name = "TEXT", value_delimiter = ',')]
    pub(crate) missing: Vec<String>,
    /// Type of a column: COLUMN=numeric|categorical|boolean|datetime|text.
    #[arg(long = "type", value_name = "COLUMN=TYPE")]
    pub(crate) types: Vec<String>,
    /// Model file, or the address of an endpoint.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) model: Option<String>,
    /// How an endpoint is spoken to: v2 or mlflow.
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) protocol: Option<String>,
    /// Name of the model at an endpoint.
    #[arg(long, value_name = "NAME")]
    pub(crate) model_name: Option<String>,
    /// Environment variable that holds the endpoint's `Authorization` header.
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) authorization_env: Option<String>,
    /// Column that holds the truth.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,
    /// Value of the target that counts as positive.
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) positive: Option<String>,
    /// binary, multiclass or regression; found out from target and model by default.
    #[arg(long, value_name = "TASK")]
    pub(crate) task: Option<String>,
    /// Column of predicted values.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) prediction: Option<String>,
    /// Columns of predicted probabilities: one of the positive class, or one per class.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) probability: Vec<String>,
    /// Classes in the order of probability columns or model outputs.
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    pub(crate) classes: Vec<String>,
    /// Probability from which a row is predicted positive.
    #[arg(long, value_name = "P")]
    pub(crate) threshold: Option<f64>,
    /// Column of row weights.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// Columns whose groups must be treated fairly.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) sensitive: Vec<String>,
    /// Columns within whose strata groups are compared.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) control: Vec<String>,
    /// Model inputs; all columns without another role by default.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) features: Vec<String>,
    /// Columns that only name a row.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) id: Vec<String>,
    /// Columns to leave out.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) drop: Vec<String>,
    /// Analyses to run; all that apply by default.
    #[arg(long, value_name = "ANALYSIS", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// A named part of the rows: NAME=SQL, for example "young=age < 25".
    #[arg(long = "cohort", value_name = "NAME=SQL")]
    pub(crate) cohorts: Vec<String>,
    /// Cohorts of the Responsible AI Toolbox (JSON).
    #[arg(long, visible_alias = "cohorts", value_name = "FILE")]
    pub(crate) cohort_file: Option<PathBuf>,
    /// Also the rows outside each cohort, as a cohort `not NAME`.
    #[arg(long)]
    pub(crate) complements: bool,
    /// Seed of every random draw.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Coverage of intervals.
    #[arg(long, value_name = "SHARE")]
    pub(crate) level: Option<f64>,
    /// Directory to write.
    #[arg(short, long, value_name = "DIR", required_unless_present = "print_spec")]
    pub(crate) output: Option<PathBuf>,
    /// Replace an assessment that is there already.
    #[arg(long)]
    pub(crate) force: bool,
    /// Folder where long work (counterfactuals of many rows) keeps what it has: after an interruption the same command takes it
    /// up there.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume: Option<PathBuf>,
    /// Print the run spec as TOML and do nothing else.
    #[arg(long)]
    pub(crate) print_spec: bool,
    /// What to print of the result.
    #[arg(long, value_enum, default_value_t = FormatArg::Table)]
    pub(crate) format: FormatArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormatArg {
    Table,
    Json,
    Csv,
    Md,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Directory that `assess` wrote.
    pub(crate) dir: PathBuf,
    /// Section, for example `fairness`; an overview without.
    pub(crate) section: Option<String>,
    /// One table of the section.
    #[arg(long)]
    pub(crate) table: Option<String>,
    #[arg(long, value_enum, default_value_t = FormatArg::Table)]
    pub(crate) format: FormatArg,
    /// All rows of long tables.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// Directories that `assess` wrote; several can be compared.
    #[arg(required = true, value_name = "DIR")]
    pub(crate) dirs: Vec<PathBuf>,
    /// Port on the loopback address; any free one without.
    #[arg(long, default_value_t = 0, value_name = "PORT", hide_default_value = true)]
    pub(crate) port: u16,
    /// Do not open a browser.
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The path that a proxy puts before every path, for example `/proxy/8080`.
    #[arg(long, value_name = "PATH")]
    pub(crate) base_path: Option<String>,
    /// A host's name that a proxy may give beside `localhost`.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Directory that `assess` wrote.
    pub(crate) dir: PathBuf,
    /// The form.
    #[arg(long, value_enum)]
    pub(crate) to: ExportForm,
    /// A scorecard's configuration: what people say of the model, for cards and documentation.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Policy file whose verdicts go into cards and documentation.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Further assessments to put into the dashboard, to compare with.
    #[arg(long, value_name = "DIR")]
    pub(crate) with: Vec<PathBuf>,
    /// File to write; `-` for standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace a file that is there already.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ExportForm {
    /// The dashboard with the document in it: one file to look through in any browser.
    Html,
    /// The plain report: one file to read, without scripts.
    Report,
    Csv,
    Json,
    Md,
    /// Its cohorts as the Responsible AI Toolbox's JSON.
    RaiCohorts,
    /// A model card in Markdown with the metadata that Hugging Face reads.
    ModelCard,
    /// A model card in the Model Card Toolkit's JSON.
    ModelCardJson,
    /// The outline of the technical documentation after Annex IV of the EU AI Act.
    AnnexIv,
    /// A CycloneDX bill of materials of the model.
    MlBom,
    /// What it says to the NIST AI Risk Management Framework.
    NistAiRmf,
    /// What it says to ISO/IEC 42001.
    #[value(name = "iso-42001")]
    Iso42001,
}

#[derive(Debug, Args)]
pub(crate) struct ScorecardArgs {
    /// Directory that `assess` wrote.
    pub(crate) dir: PathBuf,
    /// File to write; `-` for standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// What is shown and what is asked for (TOML), or the JSON of an Azure Machine Learning scorecard.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Policy file whose gates are shown too.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Cohorts of the Responsible AI Toolbox (JSON); the assessment must have all of them.
    #[arg(long, visible_alias = "cohorts", value_name = "FILE")]
    pub(crate) cohort_file: Option<PathBuf>,
    /// A font file for letters that the usual fonts lack, such as Chinese ones.
    #[arg(long = "font", value_name = "FILE")]
    pub(crate) fonts: Vec<PathBuf>,
    /// Replace a file that is there already.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Directory that `assess` wrote.
    pub(crate) dir: PathBuf,
    /// Policy file (TOML).
    #[arg(long, value_name = "FILE", required_unless_present = "config")]
    pub(crate) policy: Option<PathBuf>,
    /// A scorecard's configuration, whose targets are judged.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A signature that `sign` wrote, where the policy requires some; several may be given.
    #[arg(long = "signature", value_name = "FILE")]
    pub(crate) signatures: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Also write the verdicts as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Also write the verdicts as SARIF.
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = FormatArg::Table)]
    pub(crate) format: FormatArg,
}

/// Whom one trusts.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// A public key that is trusted; several may be given.
    #[arg(long = "key", value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    /// An authority's certificate that is trusted; several may be given.
    #[arg(long = "ca", value_name = "FILE")]
    pub(crate) authorities: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleArg {
    Author,
    Reviewer,
    Approver,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// Directory that `assess` wrote.
    pub(crate) dir: PathBuf,
    /// The private key: PKCS#8 in PEM, Ed25519 or ECDSA.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Your certificates in PEM, your own first, for those who trust an authority and not a key.
    #[arg(long, value_name = "FILE")]
    pub(crate) chain: Option<PathBuf>,
    /// A report that is covered too, such as a scorecard; several may be given.
    #[arg(long = "with", value_name = "FILE")]
    pub(crate) with: Vec<PathBuf>,
    /// The role in which you sign.
    #[arg(long = "as", value_enum, default_value_t = RoleArg::Author, value_name = "ROLE")]
    pub(crate) role: RoleArg,
    /// Your name.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What you add.
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// File to write; `-` for standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace a file that is there already.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Directory that `assess` wrote.
    pub(crate) dir: PathBuf,
    /// The signature that `sign` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) signature: PathBuf,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// A signed report that does not lie in the directory or beside the signature; several may be given.
    #[arg(long = "with", value_name = "FILE")]
    pub(crate) with: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = FormatArg::Table)]
    pub(crate) format: FormatArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AlgorithmArg {
    Ed25519,
    EcdsaP256,
}

#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// File to write the private key to; the public one is written beside it, with `.pub` at its end.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The kind of key.
    #[arg(long, value_enum, default_value_t = AlgorithmArg::Ed25519)]
    pub(crate) algorithm: AlgorithmArg,
}

#[derive(Debug, Args)]
pub(crate) struct ReproduceArgs {
    /// Directory that `assess` wrote.
    pub(crate) dir: PathBuf,
    /// Where relative paths of the stored spec begin; the working directory by default.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Where the assessed rows are now.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<String>,
    /// Where the training rows are now.
    #[arg(long, value_name = "FILE")]
    pub(crate) train: Option<String>,
    /// Where the model is now.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) model: Option<String>,
    #[arg(long, value_enum, default_value_t = FormatArg::Table)]
    pub(crate) format: FormatArg,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The first assessment.
    pub(crate) a: PathBuf,
    /// The second assessment.
    pub(crate) b: PathBuf,
    #[arg(long, value_enum, default_value_t = FormatArg::Table)]
    pub(crate) format: FormatArg,
    /// All numbers, not only the headline ones and those that differ.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WhatIfArgs {
    /// Run spec (TOML or JSON), or a directory that `assess` wrote.
    pub(crate) spec: PathBuf,
    /// The row to edit, by its number in the data from 0; all rows without.
    #[arg(long, value_name = "N")]
    pub(crate) row: Option<u64>,
    /// A new value: COLUMN=VALUE; nothing behind `=` is a missing value.
    #[arg(long, value_name = "COLUMN=VALUE")]
    pub(crate) set: Vec<String>,
    /// What is added to a column of numbers: COLUMN=NUMBER.
    #[arg(long, value_name = "COLUMN=NUMBER", allow_hyphen_values = true)]
    pub(crate) shift: Vec<String>,
    /// What a column of numbers is multiplied by: COLUMN=NUMBER.
    #[arg(long, value_name = "COLUMN=NUMBER", allow_hyphen_values = true)]
    pub(crate) scale: Vec<String>,
    /// The rows to edit, by the name of a cohort of the spec; all rows without.
    #[arg(long, value_name = "NAME")]
    pub(crate) cohort: Option<String>,
    /// Another probability from which a row is predicted positive.
    #[arg(long, value_name = "P")]
    pub(crate) threshold: Option<f64>,
    /// What a wrong positive prediction costs.
    #[arg(long, value_name = "COST")]
    pub(crate) false_positive: Option<f64>,
    /// What a wrong negative prediction costs.
    #[arg(long, value_name = "COST")]
    pub(crate) false_negative: Option<f64>,
    #[arg(long, value_enum, default_value_t = FormatArg::Table)]
    pub(crate) format: FormatArg,
    /// All rows of long tables.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Directory to write.
    #[arg(short, long, value_name = "DIR", default_value = "demo-assessment")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// `document`, `run-spec`, `policy`, `scorecard`, `api` (the dashboard's interface), or an analysis, for example `fairness`.
    pub(crate) of: String,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {}
