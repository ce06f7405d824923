//! The machine in virtual time: each case plays a scripted server against it and says what has
//! to be on the wire and in the records. `bed.rs` explains the script; `laws.rs` says what must
//! hold in every case, and `random.rs` holds any sequence of inputs against it.
//!
//! A comment above a case names the conformance cases that it shows. What is not here:
//!
//! | case | why |
//! |---|---|
//! | HS-05, HS-30 and P4-06 (raw), P4-07 | no raw Engine.IO mode; the codecs have their own tables |
//! | HS-06, HS-09 `addTrailingSlash`, `timestampRequests`, `timestampParam` | no such options |
//! | HS-11, PX-07, PX-08, UP-18 | cookies and extra headers are added where requests are written |
//! | HS-20, HS-29 `tryAllTransports` | no such option |
//! | HS-21, UP-15, UP-16, HB-06, HB-07, P3-21, AU-14 | a client that misbehaves on purpose |
//! | P3-03, P3-05, P3-06, P3-09, P3-12 | codec tables (`protocol::engine::payload`) |
//! | P3-05 `0:` | skipped with a quirk, as the 2.2.1 parser does: not an error |
//! | WC-01, WC-03 to WC-06, WC-10 to WC-13 | frames: the WebSocket codec's own tests |
//! | HB-05 | by profile, not by an option of its own |
//! | CL-16, CL-17 | `engine.close()` and `manager.close()` of the JavaScript API |
//! | SP-21, AK-14, AK-15, AK-16 | JavaScript values and `retries`: no such input, no such option |
//! | NS-04 | one client is one connection; the same namespace twice is another client |
//! | AU-10 | the engine is never kept open after the refusal of the only namespace |
//! //! //! | RC-04 | the arithmetic is tabled in `client::backoff` |
//! //! | V2-11 | event names of the JavaScript 2.x API |
//! | the warnings of UP-07, RC-10, AU-11, MF-38 | diagnosis rules over the journal |
//! | MF-31, PX-10, PX-14, PX-17, PX-20, OS-02 | real sockets, limits and proxies |
//! | WT-* | no WebTransport |

mod acks;
mod bed;
mod buffer;
mod closing;
mod generations;
mod handshake;
mod heartbeat;
mod laws;
mod namespaces;
mod packets;
mod polling;
mod random;
mod reconnect;
mod sessions;
mod show;
mod upgrade;
