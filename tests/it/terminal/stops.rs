//! Ctrl-z and back.

#![cfg(target_os = "linux")]

use super::screen::{Modes, Screen, WIDE};

const ON_SCREEN: &[&str] = &["● connected", "welcome"];

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_draws_everything_again() {
    let mut screen = Screen::demo(WIDE);
    screen.wait_for_text(ON_SCREEN);
    let taken = screen.modes();
    // Twice: what one stop leaves behind is seen at the next.
    for _ in 0..2 {
        screen.type_keys("\x1a");
        screen.wait_stopped();
        screen.wait_for_modes(&Modes::RESTORED);
        screen.signal("CONT");
        screen.wait_for_modes(&taken);
        screen.wait_for_text(ON_SCREEN);
    }
    // Keys are read again.
    screen.after("?", &["Quit at once"]);
    screen.type_keys("\x03");
    assert_eq!(screen.wait_exit().exit_code(), 0);
    assert_eq!(screen.modes(), Modes::RESTORED);
}

#[test]
fn a_stop_that_nobody_could_see_coming_is_survived_too() {
    let mut screen = Screen::demo(WIDE);
    screen.wait_for_text(ON_SCREEN);
    screen.signal("STOP");
    screen.wait_stopped();
    screen.signal("CONT");
    screen.wait_for_text(ON_SCREEN);
    screen.after("?", &["Quit at once"]);
    screen.type_keys("\x03");
    assert_eq!(screen.wait_exit().exit_code(), 0);
    assert_eq!(screen.modes(), Modes::RESTORED);
}
