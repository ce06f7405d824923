//! Folders of drafts: what is found, and what is added.

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

/// A project's folder and a person's own, with these files.
struct Lab {
    folder: TempDir,
    shelf: Shelf,
}

impl Lab {
    fn new(files: &[(&str, &str)]) -> Lab {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let shelf = Shelf::new(
            folder.path().join("sioscope"),
            Some(folder.path().join("collections")),
        );
        Lab { folder, shelf }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The event of the draft that a name means, or why there is none.
    fn pick(&self, name: &str) -> String {
        match self.shelf.pick(name) {
            Ok(picked) => picked.draft.event,
            Err(why) => {
                let folder = self.folder.path().display().to_string();
                why.to_string().replace(&format!("{folder}/"), "")
            }
        }
    }

    fn keep(&self, name: &str, file: Option<&str>) -> Result<String, String> {
        let folder = self.folder.path().display().to_string();
        let near = |text: String| text.replace(&format!("{folder}/"), "");
        match self.shelf.keep(&draft(name), file) {
            Ok(path) => Ok(near(path.display().to_string())),
            Err(error) => Err(near(error.0)),
        }
    }
}

fn draft(name: &str) -> Draft {
    let text = format!("[[draft]]\nname = '{name}'\nevent = 'saved'\nargs = '[1.50]'");
    collection::parse(&text).unwrap().remove(0)
}

fn one(name: &str, event: &str) -> String {
    format!("[[draft]]\nname = '{name}'\nevent = '{event}'\n")
}

#[test]
fn a_draft_is_found_by_its_name_and_the_nearest_wins() {
    let lab = Lab::new(&[
        (
            "sioscope/a.toml",
            &(one("log in", "near") + &one("x", "ax")),
        ),
        (
            "sioscope/b.toml",
            &(one("x", "bx") + &one("a/log in", "odd")),
        ),
        ("sioscope/lab.env.toml", "[vars]"),
        ("sioscope/.hidden.toml", "nonsense"),
        ("collections/a.toml", &one("unseen", "u")),
        (
            "collections/own.toml",
            &(one("log in", "far") + &one("mine", "m")),
        ),
    ]);
    for (name, event) in [
        ("log in", "near"),
        ("own/log in", "far"),
        ("mine", "m"),
        ("a/x", "ax"),
        ("a/log in", "odd"),
        ("x", "several have this name: a/x, b/x"),
        ("unseen", "there is no draft of this name; there are these"),
        ("", "name one of these drafts"),
    ] {
        assert_eq!(lab.pick(name), event, "{name}");
    }
    let names = lab.shelf.names();
    assert_eq!(
        names,
        ["log in", "a/x", "b/x", "a/log in", "own/log in", "mine"]
    );
    for name in names {
        assert!(lab.shelf.pick(&name).is_ok(), "{name}");
    }
}

#[test]
fn where_none_is_found_it_is_said_why() {
    let empty = Lab::new(&[]);
    assert_eq!(
        empty.pick("x"),
        "there are no drafts yet in sioscope and collections"
    );
    let broken = Lab::new(&[
        ("sioscope/a.toml", "[[draft]]\nname = 'x'\nevnt = 'e'"),
        ("collections/b.toml", &one("good", "g")),
    ]);
    let said = broken.pick("x");
    assert!(
        said.starts_with("sioscope/a.toml:3:1: unknown key"),
        "{said}"
    );
    assert_eq!(broken.pick("good"), "g", "the mistake is elsewhere");
}

#[test]
fn without_a_name_it_is_the_projects_file_or_ones_own() {
    let lab = Lab::new(&[]);
    let own = "collections/drafts.toml";
    assert_eq!(lab.keep("one", None).as_deref(), Ok(own));
    assert_eq!(lab.keep("two", None).as_deref(), Ok(own));
    let drafts = collection::parse(&lab.text(own)).unwrap();
    assert_eq!(drafts.len(), 2);
    assert_eq!(drafts[1].args, "[1.50]");

    let lab = Lab::new(&[("sioscope/lab.env.toml", "[vars]")]);
    assert_eq!(
        lab.keep("one", None).as_deref(),
        Ok("sioscope/drafts.toml"),
        "a project without drafts"
    );
    let before = "# mine\n[[draft]] # hand-made\nname = 'x'\nevent = 'e'";
    let lab = Lab::new(&[
        ("sioscope/b.toml", &one("y", "e")),
        ("sioscope/a.toml", before),
    ]);
    assert_eq!(lab.keep("one", None).as_deref(), Ok("sioscope/a.toml"));
    assert!(lab.text("sioscope/a.toml").starts_with(before));
    assert_eq!(lab.pick("one"), "saved");
}

#[test]
fn a_named_file_is_looked_for_as_a_collection_is() {
    let lab = Lab::new(&[
        ("sioscope/near.toml", &one("y", "e")),
        ("collections/far.toml", &one("z", "e")),
    ]);
    for (name, path) in [
        ("near.toml", "sioscope/near.toml"),
        ("far.toml", "collections/far.toml"),
        ("new.toml", "sioscope/new.toml"),
    ] {
        assert_eq!(lab.keep("one", Some(name)).as_deref(), Ok(path));
    }
    let elsewhere = lab.path("else/where.toml");
    let kept = lab.keep("one", elsewhere.to_str());
    assert_eq!(kept.as_deref(), Ok("else/where.toml"));
}

#[test]
fn nothing_is_written_where_something_is_wrong() {
    let broken = "[[draft]]\nname = 'x'\nevnt = 'e'";
    let lab = Lab::new(&[
        ("sioscope/a.toml", &one("y", "e")),
        ("sioscope/b.toml", broken),
        ("sioscope/lab.env.toml", "[vars]"),
        ("sioscope/folder.toml/x", ""),
    ]);
    for (name, file, said) in [
        (
            "y",
            "a.toml",
            "sioscope/a.toml:1:1: there is a draft \"y\" already",
        ),
        ("one", "b.toml", "sioscope/b.toml:3:1: unknown key"),
        ("one", "lab.env.toml", "a file of variables holds no drafts"),
        ("one", "folder.toml", "cannot read sioscope/folder.toml"),
    ] {
        let error = lab.keep(name, Some(file)).expect_err(file);
        assert!(error.contains(said), "{file}: {error}");
    }
    assert_eq!(lab.text("sioscope/a.toml"), one("y", "e"));
    assert_eq!(lab.text("sioscope/b.toml"), broken);
}
