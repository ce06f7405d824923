//! Panics of the library, kept from being ours.
//!
//! It panics on bytes from outside (an end of the connection between a binary packet's header
//! and its attachment, for one). tokio ends the task; what is left is to know of it, and to
//! keep the panic hook, which gives the terminal back and reports a crash, from taking it for
//! our own.

use std::cell::RefCell;
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::path::Path;
use std::sync::Once;

use tokio::sync::mpsc;

thread_local! {
    /// Set on the library's threads: who is told.
    static WITNESS: RefCell<Option<mpsc::Sender<String>>> = const { RefCell::new(None) };
}

/// On this thread runs the library from now on; `witness` is told of panics.
pub(super) fn guard(witness: mpsc::Sender<String>) {
    WITNESS.with_borrow_mut(|told| *told = Some(witness));
}

/// Whether the panic is the library's: then its driver knows of it now, and nobody else need do
/// anything. For panic hooks.
pub fn is_of_library(info: &PanicHookInfo<'_>) -> bool {
    WITNESS
        .try_with(|witness| {
            let Ok(witness) = witness.try_borrow() else {
                return false;
            };
            let Some(witness) = witness.as_ref() else {
                return false;
            };
            // A full queue has been told of a panic already.
            let _ = witness.try_send(words(info));
            true
        })
        .unwrap_or(false)
}

/// From now on the panic hook that is installed is not asked about panics of the library.
pub(super) fn contain() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !is_of_library(info) {
                before(info);
            }
        }));
    });
}

fn words(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let what = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a word");
    match info.location() {
        Some(place) => {
            let file = Path::new(place.file()).file_name().unwrap_or_default();
            format!("{what} ({}:{})", file.to_string_lossy(), place.line())
        }
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_on_a_guarded_thread_is_told_and_one_elsewhere_is_not() {
        contain();
        let (witness, mut told) = mpsc::channel(1);
        let fallen = std::thread::spawn(move || {
            guard(witness);
            panic!("deep inside");
        });
        assert!(fallen.join().is_err());
        let words = told.try_recv().unwrap();
        assert!(words.starts_with("deep inside (fall.rs:"), "{words}");
        let elsewhere = std::thread::spawn(|| std::panic::panic_any(7));
        assert!(elsewhere.join().is_err());
        assert!(told.try_recv().is_err());
    }
}
