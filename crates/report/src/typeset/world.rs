//! All that the typesetter can see: one template, its data, its pictures, its fonts. No disk, no clock, no network.

use std::collections::BTreeMap;
use std::path::PathBuf;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};

use super::{Files, Fonts};

const TEMPLATE: &str = include_str!("card.typ");

pub(super) struct Paper<'a> {
    library: LazyHash<Library>,
    fonts: &'a Fonts,
    main: Source,
    files: BTreeMap<String, Bytes>,
}

impl<'a> Paper<'a> {
    pub(super) fn new(content: String, files: Files, fonts: &'a Fonts) -> Self {
        let mut files: BTreeMap<String, Bytes> =
            files.into_iter().map(|(name, bytes)| (name, Bytes::new(bytes))).collect();
        files.insert("card.json".to_owned(), Bytes::from_string(content));
        let path = VirtualPath::new("/card.typ").map(|path| RootedPath::new(VirtualRoot::Project, path).intern());
        let main = match path {
            Ok(id) => Source::new(id, TEMPLATE.to_owned()),
            Err(_) => Source::detached(TEMPLATE),
        };
        Self { library: LazyHash::new(Library::default()), fonts, main, files }
    }
}

fn missing(id: FileId) -> FileError {
    FileError::NotFound(PathBuf::from(id.vpath().get_without_slash()))
}

impl World for Paper<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(missing(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(id.vpath().get_without_slash()).cloned().ok_or_else(|| missing(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
