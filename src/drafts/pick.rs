//! One draft by its name, among all that lie in the folders.

use std::path::{Path, PathBuf};

use super::{DraftsError, Sheet, Shelf, files_in, sheet, stem};
use crate::collection::Draft;

/// A draft and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Picked {
    /// Its file.
    pub file: PathBuf,
    /// The draft.
    pub draft: Draft,
}

/// Why no draft was picked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpicked {
    /// There is none at all in these folders.
    #[error("there are no drafts yet in {0}")]
    Nothing(String),
    /// There is none of this name.
    #[error("{0}")]
    Unknown(String),
    /// A file that might hold it has a mistake.
    #[error("{0}")]
    Mistake(DraftsError),
}

/// All that lies in the folders.
struct All {
    /// Files by folder, the nearest first, without those that a nearer one of their name hides.
    places: Vec<Vec<Sheet>>,
    mistakes: Vec<DraftsError>,
}

impl Shelf {
    /// The names by which [`Shelf::pick`] finds each draft, the nearest first: its own, or
    /// `COLLECTION/NAME` where several in one folder have that or a nearer one hides it.
    pub fn names(&self) -> Vec<String> {
        let all = self.all();
        let mut names = Vec::new();
        for sheet in all.places.iter().flatten() {
            for draft in &sheet.drafts {
                let own = matches!(
                    all.named(&draft.name).as_slice(),
                    [(at, found)] if *at == sheet.file && found.name == draft.name
                );
                names.push(match own {
                    true => draft.name.clone(),
                    false => whole(&sheet.file, draft),
                });
            }
        }
        names
    }

    /// The draft of this name, or `COLLECTION/NAME`.
    ///
    /// # Errors
    /// There is none, or several: which there are, or where they were looked for. A file with a
    /// mistake is told where none was found.
    pub fn pick(&self, name: &str) -> Result<Picked, Unpicked> {
        let all = self.all();
        let several: Vec<String> = match all.named(name).as_slice() {
            [(file, draft)] => {
                return Ok(Picked {
                    file: (*file).to_owned(),
                    draft: (*draft).clone(),
                });
            }
            found => found.iter().map(|(file, one)| whole(file, one)).collect(),
        };
        if !several.is_empty() {
            let what = format!("several have this name: {}", several.join(", "));
            return Err(Unpicked::Unknown(what));
        }
        if let Some(mistake) = all.mistakes.into_iter().next() {
            return Err(Unpicked::Mistake(mistake));
        }
        if all.places.iter().all(Vec::is_empty) {
            let places: Vec<String> = self
                .places()
                .map(|place| place.display().to_string())
                .collect();
            return Err(Unpicked::Nothing(places.join(" and ")));
        }
        Err(Unpicked::Unknown(match name {
            "" => "name one of these drafts".to_owned(),
            _ => "there is no draft of this name; there are these".to_owned(),
        }))
    }

    fn all(&self) -> All {
        let mut all = All {
            places: Vec::new(),
            mistakes: Vec::new(),
        };
        let mut hidden: Vec<String> = Vec::new();
        for place in self.places() {
            let mut sheets = Vec::new();
            for file in files_in(place).unwrap_or_default() {
                if hidden.contains(&stem(&file)) {
                    continue;
                }
                hidden.push(stem(&file));
                match sheet(&file) {
                    Ok(sheet) => sheets.push(sheet),
                    Err(mistake) => all.mistakes.push(mistake),
                }
            }
            all.places.push(sheets);
        }
        all
    }
}

impl All {
    /// The drafts that a name means: one, or several of one folder.
    fn named(&self, name: &str) -> Vec<(&Path, &Draft)> {
        let own = self.those(|_, draft| draft.name.trim() == name);
        match own.is_empty() {
            true => self.those(|file, draft| whole(file, draft) == name),
            false => own,
        }
    }

    /// Those that fit in the nearest folder that has any.
    fn those(&self, fits: impl Fn(&Path, &Draft) -> bool) -> Vec<(&Path, &Draft)> {
        let some = |sheet: &Sheet| sheet.drafts.iter().any(|one| fits(&sheet.file, one));
        let Some(sheets) = self.places.iter().find(|sheets| sheets.iter().any(some)) else {
            return Vec::new();
        };
        sheets
            .iter()
            .flat_map(|sheet| {
                let file = sheet.file.as_path();
                sheet.drafts.iter().map(move |draft| (file, draft))
            })
            .filter(|(file, draft)| fits(file, draft))
            .collect()
    }
}

/// A draft's name with its collection's.
fn whole(file: &Path, draft: &Draft) -> String {
    format!("{}/{}", stem(file), draft.name.trim())
}
