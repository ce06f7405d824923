//! Files of drafts, and the program in their folder.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::lab::{Finished, Generation, Lab, Server, Sioscope};

/// A folder of files.
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// With these files: path and text.
    pub fn new(files: &[(&str, &str)]) -> Project {
        let project = Project {
            folder: TempDir::new().expect("a temporary directory"),
        };
        for (name, text) in files {
            let file = project.folder.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, text).expect("a file");
        }
        project
    }

    /// The path of a file.
    pub fn path(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().expect("a path that is text").to_owned()
    }

    /// What a file holds now.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("a file")
    }

    /// `sioscope run COLLECTION URL ARGS…` with a file or folder of this one.
    #[track_caller]
    pub fn run(&self, collection: &str, url: &str, args: &[&str]) -> Finished {
        let collection = self.path(collection);
        Sioscope::run(&[&["run", &collection, url, "--no-record"], args].concat())
    }

    /// The program with this folder as the current one and `config` in it as the config directory.
    #[track_caller]
    pub fn inside(&self, args: &[&str]) -> Finished {
        inside(self.folder.path(), args)
    }
}

fn inside(folder: &Path, args: &[&str]) -> Finished {
    let output = Command::new(env!("CARGO_BIN_EXE_sioscope"))
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .env("SIOSCOPE_CONFIG_DIR", folder.join("config"))
        .env("LAB_PASSWORD", "from-outside")
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .output()
        .expect("the program starts");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A server of generation 2 and one of generation 4.
pub fn servers() -> [Server; 2] {
    [Generation::V2, Generation::V4].map(|one| Lab::server(one, serde_json::json!({})))
}

/// Nobody listens there.
pub fn nobody() -> String {
    format!("http://127.0.0.1:{}", crate::lab::free_port())
}
