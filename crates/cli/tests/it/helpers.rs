use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A directory with files, in which the command is run.
pub(crate) struct Place(TempDir);

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        self.run_args(&shell_words(line), &[])
    }

    pub(crate) fn run_args(&self, args: &[String], env: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_equipoise"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null()).env("NO_COLOR", "1").env_remove("COLUMNS");
        command.envs(env.iter().copied());
        ran(command.output().unwrap())
    }

    /// Names of what lies in the directory, hidden entries included.
    pub(crate) fn entries(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Words of a line; single quotes keep spaces together.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Forty people: enough for two groups and both outcomes.
pub(crate) fn people() -> Vec<u8> {
    let mut text = "id,age,sex,repaid,said,chance\n".to_owned();
    for i in 0_u32..40 {
        let sex = if i % 2 == 0 { "female" } else { "male" };
        let repaid = u32::from(i % 5 != 0);
        let chance = f64::from((i * 37) % 100) / 100.0;
        let said = u32::from(chance >= 0.5);
        text += &format!("{i},{},{sex},{repaid},{said},{chance}\n", 20 + i);
    }
    text.into_bytes()
}
