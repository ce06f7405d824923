//! Where the settings of a person lie. **Floor 0.**

use std::path::PathBuf;

/// The config directory: `SIOSCOPE_CONFIG_DIR`, else the system's own place for it.
pub fn config() -> Option<PathBuf> {
    if let Some(own) = std::env::var_os("SIOSCOPE_CONFIG_DIR").filter(|v| !v.is_empty()) {
        return Some(PathBuf::from(own));
    }
    directories::ProjectDirs::from("", "", "sioscope").map(|dirs| dirs.config_dir().to_owned())
}
