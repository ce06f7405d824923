//! Where files are found, and what is said of those that are not, or that are wrong.

use super::stage::{Project, nobody, servers};

const ONE: &str = "[[draft]]\nname = 'one'\nevent = 'echo'\nargs = ['{{word}}']\nexpect = { ack = ['{{word}}'] }\n";
const TWO: &str = "[[draft]]\nname = 'two'\nevent = 'echo'\nack = true\n";

#[test]
fn a_folder_is_run_in_the_order_of_its_files() {
    let [server, _] = servers();
    let project = Project::new(&[
        ("all/20-two.toml", TWO),
        ("all/10-one.toml", ONE),
        ("all/lab.env.toml", "[vars]\nword = 'x'"),
        ("all/readme.md", "no drafts"),
    ]);
    let env = project.path("all/lab.env.toml");
    let finished = project.run("all", &server.url(), &["--env", &env]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{finished:?}");
    assert!(lines[0].contains("10-one.toml: one  "), "{finished:?}");
    assert!(lines[1].contains("20-two.toml: two  "), "{finished:?}");
}

#[test]
fn names_are_looked_for_in_the_project_and_in_the_config_directory() {
    let [_, server] = servers();
    let project = Project::new(&[
        ("sioscope/near.toml", ONE),
        (
            "sioscope/lab.env.toml",
            "[secrets]\nword = { env = 'LAB_PASSWORD' }",
        ),
        ("config/collections/far.toml", TWO),
    ]);
    let url = server.url();
    let finished = project.inside(&["run", "near", &url, "--no-record", "--env", "lab"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let seen = server.expect(|line| line["saw"] == "event");
    assert_eq!(seen["args"][0], "from-outside");
    let finished = project.inside(&["run", "far", &url, "--no-record"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.starts_with("✓ two  "), "{finished:?}");

    let finished = project.inside(&["run", "nowhere", &url]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    for word in ["\"nowhere\"", "there is near, far"] {
        assert!(finished.stderr.contains(word), "{word}: {finished:?}");
    }
}

#[test]
fn mistakes_are_told_before_anything_is_connected() {
    let broken = format!("{TWO}args = [\n");
    let later = "[[draft]]\nname='a'\nevent='use'\nargs=['{{ticket}}']\n[[draft]]\nname='b'\nevent='login'\ncapture={ticket='reply:login[0].ticket'}";
    let project = Project::new(&[
        ("one.toml", ONE),
        ("two.toml", TWO),
        ("broken.toml", &broken),
        (
            "key.toml",
            "[[draft]]\nname = 'a'\nevent = 'b'\nexpects = 1",
        ),
        ("later.toml", later),
        (
            "bad.env.toml",
            "[secrets]\npassword = 'never-say-this'\nother =",
        ),
        ("empty/readme.md", ""),
    ]);
    let bad = project.path("bad.env.toml");
    for (file, args, words) in [
        (
            "one.toml",
            &[][..],
            &[
                "one.toml:1: draft \"one\": nothing sets {{word}}",
                "--var word=VALUE",
            ][..],
        ),
        ("one.toml", &["--var", "wort=x"], &["known here: wort"]),
        ("later.toml", &[], &["draft \"a\": nothing sets {{ticket}}"]),
        ("broken.toml", &[], &["broken.toml:5:"]),
        ("key.toml", &[], &["key.toml:4:1: unknown key \"expects\""]),
        ("none.toml", &[], &["no file or folder of drafts"]),
        ("empty", &[], &["holds no *.toml"]),
        ("two.toml", &["--env", &bad], &["bad.env.toml:3:"]),
        (
            "two.toml",
            &["--env", "none"],
            &["--env: there is no file \"none\""],
        ),
        (
            "two.toml",
            &["--var", "x"],
            &["--var: write it as in user=ann"],
        ),
        ("two.toml", &["--readonly"], &["--readonly: a run emits"]),
    ] {
        let finished = project.run(file, &nobody(), args);
        assert_eq!(finished.code, Some(2), "{file} {args:?}: {finished:?}");
        for word in words {
            assert!(
                finished.stderr.contains(word),
                "{file} {args:?}: {word}: {finished:?}"
            );
        }
        assert!(!finished.stderr.contains("never-say-this"), "{finished:?}");
        assert_eq!(finished.stdout, "", "{finished:?}");
    }
}
