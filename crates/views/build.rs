//! Puts the built dashboard into the crate, or nothing where it is not built: Rust alone is enough for the rest.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new("../../web/dist");
    // The folder is in the repository, so that cargo has something to watch before the page is built.
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    let page = match fs::read(folder.join("index.html")) {
        Ok(page) => page,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("dashboard.html"), page)
}
