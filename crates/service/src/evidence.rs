//! Signing assessments, and finding out whether they are still what was signed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use equipoise_document::{Document, Table, TableColumn};
use equipoise_report::evidence::{
    self, Algorithm, Authorities, Envelope, KeyPair, PublicKey, Role, Statement, Subject, ToSign, Trust, Verified,
};
use ring::rand::SystemRandom;
use sha2::{Digest as _, Sha256};

use crate::store::{DOCUMENT_FILE, REPORT_FILE, RUN_FILE, load, read_text, write_file, write_secret};
use crate::{ServiceError, World};

/// How an assessment is signed.
#[derive(Clone, Debug, Default)]
pub struct SignSpec<'a> {
    /// The private key's file.
    pub key: PathBuf,
    /// A file with the signer's certificates, the own first.
    pub chain: Option<&'a Path>,
    /// Reports that are covered too, such as a scorecard.
    pub with: &'a [PathBuf],
    /// The role in which one signs.
    pub role: Role,
    /// The name with which one signs.
    pub name: Option<String>,
    /// What one adds.
    pub comment: Option<String>,
}

/// Whom one trusts, as files.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrustFiles<'a> {
    /// Files of public keys.
    pub keys: &'a [PathBuf],
    /// Files of authorities' certificates.
    pub authorities: &'a [PathBuf],
}

/// What became of a file since it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is the same.
    Same,
    /// It is another one; its SHA-256 now.
    Changed(String),
    /// It is not there.
    Missing,
    /// It lies in the folder and was not signed.
    NotSigned,
}

/// What a valid signature says of an assessment as it is now.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Who signed, and what.
    pub verified: Verified,
    /// Each file that was signed, and each other one in the folder.
    pub files: Vec<(String, FileState)>,
    /// Where the document was changed, in words.
    pub changes: Vec<String>,
}

impl Verification {
    /// True when everything that was signed is there and the same.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.files.iter().all(|(_, state)| matches!(state, FileState::Same | FileState::NotSigned))
    }

    /// The files as a table that every view can draw.
    #[must_use]
    pub fn table(&self) -> Table {
        let word = |state: &FileState| match state {
            FileState::Same => "same",
            FileState::Changed(_) => "changed",
            FileState::Missing => "missing",
            FileState::NotSigned => "not signed",
        };
        let now = |name: &str, state: &FileState| match state {
            FileState::Changed(sha256) => sha256.clone(),
            FileState::Same => self.signed_sha256(name).unwrap_or_default().to_owned(),
            FileState::Missing | FileState::NotSigned => String::new(),
        };
        let files = || self.files.iter();
        Table::new("files", "Files")
            .column(TableColumn::text("state", "State", files().map(|(_, state)| word(state))))
            .column(TableColumn::text("file", "File", files().map(|(name, _)| name.as_str())))
            .column(TableColumn::text("sha256", "SHA-256 now", files().map(|(name, state)| now(name, state))))
    }

    fn signed_sha256(&self, name: &str) -> Option<&str> {
        self.verified.statement.subject.iter().find(|s| s.name == name).and_then(Subject::sha256)
    }
}

/// Signs a stored assessment: the document, the files beside it, and the reports that are named. The envelope is JSON.
///
/// # Errors
/// When a file cannot be read or is not the one that the document names, or the key cannot sign.
pub fn sign(place: &Path, spec: &SignSpec<'_>, world: &World) -> Result<String, ServiceError> {
    let document = load(place)?;
    let subjects = subjects(place, &document, spec.with)?;
    let random = SystemRandom::new();
    let key = KeyPair::from_pem(&read(&spec.key)?, &spec.key.display().to_string(), &random)?;
    let chain = spec.chain.map(|path| read_text(path, "name a file of certificates in PEM")).transpose()?;
    let what = ToSign {
        document: &document,
        subjects,
        role: spec.role,
        name: spec.name.clone(),
        comment: spec.comment.clone(),
        signed: (world.now)(),
    };
    Ok(evidence::sign(&what, &key, chain.as_deref(), &random)?.to_json()?)
}

/// Verifies a signature over a stored assessment and says of each file whether it is still the one that was signed. Reports are
/// looked for in the folder, among `with`, and beside the signature.
///
/// # Errors
/// When something cannot be read, or the signature is not valid by anybody who is trusted.
pub fn verify(
    place: &Path,
    signature: &Path,
    with: &[PathBuf],
    trust: TrustFiles<'_>,
    world: &World,
) -> Result<Verification, ServiceError> {
    let verified = verified(signature, &read_trust(trust, world)?)?;
    let folder = folder(place);
    let beside = signature.parent().unwrap_or(Path::new(""));
    let places = |name: &str| -> Vec<PathBuf> {
        let named = with.iter().filter(|path| path.file_name().is_some_and(|f| f == name)).cloned();
        std::iter::once(folder.join(name)).chain(named).chain([beside.join(name)]).collect()
    };
    let mut files: Vec<(String, FileState)> = Vec::new();
    for subject in &verified.statement.subject {
        let found = is_plain(&subject.name).then(|| places(&subject.name).into_iter().find(|p| p.is_file())).flatten();
        let state = match found {
            None => FileState::Missing,
            Some(path) => {
                let now = sha256(&path)?;
                if subject.sha256() == Some(now.as_str()) { FileState::Same } else { FileState::Changed(now) }
            }
        };
        files.push((subject.name.clone(), state));
    }
    let is_changed = files.iter().any(|(name, state)| name == DOCUMENT_FILE && *state != FileState::Same);
    let changes = if is_changed { changes(&verified.statement, place) } else { Vec::new() };
    let signed: BTreeSet<&str> = verified.statement.subject.iter().map(|s| s.name.as_str()).collect();
    let others: Vec<String> = listed(folder).into_iter().filter(|name| !signed.contains(name.as_str())).collect();
    files.extend(others.into_iter().map(|name| (name, FileState::NotSigned)));
    Ok(Verification { verified, files, changes })
}

/// A new key: writes the private half, readable by its owner alone, and the public half beside it as `‹name›.pub`.
///
/// # Errors
/// When a file is there already or cannot be written.
pub fn generate_key(path: &Path, algorithm: Algorithm) -> Result<(PathBuf, PublicKey), ServiceError> {
    let mut public_path = path.as_os_str().to_owned();
    public_path.push(".pub");
    let public_path = PathBuf::from(public_path);
    for path in [path, public_path.as_path()] {
        if path.exists() {
            return Err(ServiceError::Output {
                path: path.display().to_string(),
                problem: "the file exists already".to_owned(),
                hint: "name another file; a key is never replaced".to_owned(),
            });
        }
    }
    let (private, public) = evidence::generate(algorithm, &SystemRandom::new())?;
    write_secret(path, private.as_bytes(), false)?;
    write_file(&public_path, public.to_pem().as_bytes(), false)?;
    Ok((public_path, public))
}

/// An envelope's content, if somebody who is trusted signed it.
pub(crate) fn verified(signature: &Path, trust: &Trust) -> Result<Verified, ServiceError> {
    let envelope = Envelope::read(&read_text(signature, "name a file that `equipoise sign` wrote")?)?;
    Ok(evidence::verify(&envelope, trust)?)
}

pub(crate) fn read_trust(files: TrustFiles<'_>, world: &World) -> Result<Trust, ServiceError> {
    let mut keys = Vec::new();
    for path in files.keys {
        keys.extend(read_keys(path)?);
    }
    let mut authorities = Authorities::default();
    for path in files.authorities {
        authorities.add(&read(path)?, &path.display().to_string())?;
    }
    let now = (world.now)().parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second);
    Ok(Trust { keys, authorities, now_secs: u64::try_from(now).unwrap_or(0) })
}

pub(crate) fn read_keys(path: &Path) -> Result<Vec<PublicKey>, ServiceError> {
    Ok(PublicKey::from_pem(&read(path)?, &path.display().to_string())?)
}

fn folder(place: &Path) -> &Path {
    if place.is_dir() { place } else { place.parent().unwrap_or(place) }
}

/// Every file that is covered, the document first.
fn subjects(place: &Path, document: &Document, with: &[PathBuf]) -> Result<Vec<Subject>, ServiceError> {
    let folder = folder(place);
    let own = if place.is_dir() { folder.join(DOCUMENT_FILE) } else { place.to_path_buf() };
    let mut subjects = vec![Subject::new(DOCUMENT_FILE, &sha256(&own)?)];
    for artifact in &document.artifacts {
        let path = folder.join(&artifact.path);
        let found = sha256(&path)?;
        if found != artifact.sha256 {
            return Err(ServiceError::Input {
                path: path.display().to_string(),
                problem: "it is not the file that the document was made with".to_owned(),
                hint: "nothing was signed; make the assessment again".to_owned(),
            });
        }
        subjects.push(Subject::new(&artifact.path, &found));
    }
    for name in [REPORT_FILE, RUN_FILE] {
        let path = folder.join(name);
        if path.is_file() {
            subjects.push(Subject::new(name, &sha256(&path)?));
        }
    }
    for path in with {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if subjects.iter().any(|s| s.name == name) {
            return Err(ServiceError::Input {
                path: path.display().to_string(),
                problem: format!("there are two files named `{name}`"),
                hint: "rename one: a signature names files without their folders".to_owned(),
            });
        }
        subjects.push(Subject::new(&name, &sha256(path)?));
    }
    Ok(subjects)
}

/// Where the document was changed.
fn changes(statement: &Statement, place: &Path) -> Vec<String> {
    match load(place) {
        Ok(document) => {
            let found = evidence::changes(statement, &document);
            if found.is_empty() { vec!["the document says the same in other bytes".to_owned()] } else { found }
        }
        Err(_) => vec!["the document can no longer be read".to_owned()],
    }
}

/// Files of an assessment's folder by their names in it.
fn listed(folder: &Path) -> Vec<String> {
    let of = |dir: &Path, prefix: &str| -> Vec<String> {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten().filter(|e| e.path().is_file());
        entries.map(|e| format!("{prefix}{}", e.file_name().to_string_lossy())).collect()
    };
    let mut names = of(folder, "");
    names.extend(of(&folder.join("artifacts"), "artifacts/"));
    names.sort();
    names
}

/// True when the name leads nowhere else.
fn is_plain(name: &str) -> bool {
    Path::new(name).components().all(|c| matches!(c, Component::Normal(_)))
}

fn read(path: &Path) -> Result<Vec<u8>, ServiceError> {
    fs::read(path).map_err(|e| unreadable(path, &e))
}

fn sha256(path: &Path) -> Result<String, ServiceError> {
    let mut file = fs::File::open(path).map_err(|e| unreadable(path, &e))?;
    let mut digest = Sha256::new();
    std::io::copy(&mut file, &mut digest).map_err(|e| unreadable(path, &e))?;
    Ok(hex::encode(digest.finalize()))
}

fn unreadable(path: &Path, error: &std::io::Error) -> ServiceError {
    let is_missing = error.kind() == std::io::ErrorKind::NotFound;
    ServiceError::Input {
        path: path.display().to_string(),
        problem: if is_missing { "there is no such file".to_owned() } else { error.to_string() },
        hint: "check the path".to_owned(),
    }
}
