//! sioscope writes everything that a Socket.IO connection does into one journal, and
//! everything that it shows, explains, replays or exports is read from that journal.
//!
//! # Floors
//! A file uses what lies on a lower floor only (`tests/it/floors.rs` checks this table).
//!
//! | floor | modules | purpose |
//! |---|---|---|
//! | 6 | `main.rs` | chooses a face |
//! | 5 | [`tui`], [`cli`] | the two faces; neither knows the other |
//! | 4 | [`scope`] | one running session: a source, its journal, its model, a way to command it |
//! | 3 | [`replay`], [`doctor`], [`export`] | sessions lined up, played again, played back; examines an endpoint and names what is wrong; sessions for others |
//! | 2 | [`client`], [`tap`], [`demo`] | sources: they do IO and write records |
//! | 2 | [`drafts`] | where collections of drafts lie: found, read, added to |
//! | 2 | [`diagnosis`] | rules: they read the model and make findings (pure) |
//! | 1 | [`model`], [`faults`], [`collection`], [`net`] | the state of things, folded from records (pure); failures made on purpose and their plans (pure); drafts, their variables and what they expect (pure); connections, made and timed |
//! | 0 | [`protocol`], [`path`], [`place`], [`journal`], [`visible`], [`notices`], [`folders`], [`private`] | bytes and packets (pure); places in their data (pure); lines and columns (pure); records, their store and their file; text from the network as a person may see it; what is said once; where settings lie; files for their owner alone |

pub mod cli;
pub mod client;
pub mod collection;
pub mod demo;
pub mod diagnosis;
pub mod doctor;
pub mod drafts;
pub mod export;
pub mod faults;
pub mod folders;
pub mod journal;
pub mod model;
pub mod net;
pub mod notices;
pub mod path;
pub mod place;
pub mod private;
pub mod protocol;
pub mod replay;
pub mod scope;
pub mod tap;
pub mod tui;
pub mod visible;
