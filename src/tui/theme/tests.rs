use super::*;
use ratatui::style::Color;

#[test]
fn every_embedded_theme_defines_every_role() {
    for (name, text) in EMBEDDED {
        let theme =
            read::theme(name, text, Path::new(name), None).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(theme.styles.len(), Role::ALL.len());
        assert_eq!(theme.name(), name);
    }
}

#[test]
fn plain_has_no_colour_and_still_shows_the_selection() {
    let theme = Theme::embedded("plain");
    for role in Role::ALL {
        let style = theme.style(*role);
        assert_eq!((style.fg, style.bg), (None, None), "{}", role.name());
    }
    for role in [Role::Selected, Role::Hit, Role::BorderFocused, Role::Error] {
        assert!(
            !theme.style(role).add_modifier.is_empty(),
            "{}",
            role.name()
        );
    }
}

#[test]
fn a_theme_of_ones_own_takes_the_rest_from_what_it_inherits() {
    let text = "inherits = \"light\"\n[roles]\nok = \"bold #102030 on white\"\n";
    let theme = Theme::parse("mine", text, Path::new("mine.toml")).unwrap();
    let ok = theme.style(Role::Ok);
    assert_eq!(ok.fg, Some(Color::Rgb(0x10, 0x20, 0x30)));
    assert_eq!(ok.bg, Some(Color::White));
    assert_eq!(ok.add_modifier, Modifier::BOLD);
    assert_eq!(
        theme.style(Role::Error),
        Theme::embedded("light").style(Role::Error)
    );
    let table = "[roles]\nok = { fg = \"red\", modifiers = [\"dim\"] }\n";
    let theme = Theme::parse("mine", table, Path::new("mine.toml")).unwrap();
    assert_eq!(theme.style(Role::Ok).fg, Some(Color::Red));
    assert_eq!(
        theme.style(Role::Warn),
        Theme::embedded("dark").style(Role::Warn)
    );
}

#[test]
fn mistakes_name_file_place_and_what_is_valid() {
    let cases: [(&str, &[&str]); 9] = [
        (
            "[roles]\nokay = \"red\"",
            &["mine.toml:2:1", "okay", "json_key"],
        ),
        (
            "[roles]\nok = \"rot\"",
            &["mine.toml:2:6", "rot", "light_cyan", "\"ok\""],
        ),
        ("[roles]\nok = \"#12345\"", &["#12345", "#rrggbb"]),
        (
            "[roles]\nok = { fg = \"red\", bold = true }",
            &["mine.toml:2:20", "modifiers"],
        ),
        (
            "[roles]\nok = { modifiers = [\"loud\"] }",
            &["loud", "underlined"],
        ),
        ("[roles]\nok = 7", &["mine.toml:2:6"]),
        ("inherits = \"night\"", &["mine.toml:1:12", "high-contrast"]),
        ("colour = 1", &["mine.toml:1:1", "[roles]"]),
        ("[roles\n", &["mine.toml:1"]),
    ];
    for (text, said) in cases {
        let error = Theme::parse("mine", text, Path::new("mine.toml")).expect_err(text);
        for part in said {
            assert!(error.to_string().contains(part), "{error} lacks {part:?}");
        }
    }
}

#[test]
fn a_persons_theme_is_found_in_their_folder_and_unknown_names_list_the_valid_ones() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.toml"), "[roles]\nok = \"red\"").unwrap();
    let theme = Theme::load("mine", Some(folder.path())).unwrap();
    assert_eq!(theme.style(Role::Ok).fg, Some(Color::Red));
    assert_eq!(
        Theme::names(Some(folder.path())),
        ["dark", "light", "high-contrast", "plain", "mine"]
    );
    for name in ["night", "", "../mine", ".."] {
        let error = Theme::load(name, Some(folder.path())).expect_err(name);
        assert!(error.to_string().contains("plain, mine"), "{error}");
    }
    assert_eq!(Theme::load("light", None).unwrap().name(), "light");
}
