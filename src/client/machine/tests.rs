//! The machine in virtual time: each case plays a scripted server against it and says what has
//! to be on the wire and in the records. `tests/bed.rs` explains the script; `tests/laws.rs` says
//! what must hold in every case, and `tests/random.rs` holds any sequence of inputs against it.
//!
//! A comment above a case names the conformance cases that it shows. What is not here:
//!
//! | case | why |
//! |---|---|
//! | HS-05, HS-30 (raw), P4-06, P4-07, P4-17 `b_-8=` | messages that are no Socket.IO packets: the machine has no raw Engine.IO mode; the codecs have tables of their own |
//! | HS-06, HS-09 `addTrailingSlash`, `timestampRequests`, `timestampParam` | no such options |
//! | HS-11, PX-07, PX-08, UP-18 | cookies and extra headers are added where requests are written |
//! | HS-20, HS-29 `tryAllTransports` | no such option |
//! | HS-21, UP-15, UP-16, HB-06, HB-07, P3-21, AU-14 | a client that misbehaves on purpose against a real server |
//! | P3-03, P3-05, P3-06, P3-09, P3-12, P4-07 | codec tables (`protocol::engine::payload`) |
//! | P3-05 `0:` | skipped with a quirk, as the 2.2.1 parser does: not an error |
//! | WC-01, WC-03 to WC-06, WC-10 to WC-13 | frames: the WebSocket codec's own tests |
//! | HB-05 | by profile, not by an option of its own |
//! | CL-16, CL-17, CL-05 on the server | `engine.close()` and `manager.close()` are calls of the JavaScript API |
//! | SP-18, SP-21, AK-14 to AK-17 | JavaScript values and `retries`: no such input, no such option |
//! | NS-04, NS-08 multiplexing | one client is one connection; another target is another client |
//! | AU-10 | the engine is never kept open after the refusal of the only namespace |
//! | BF-07 | browser page events |
//! | CR-06 | the server's time limit for recovery |
//! | RC-04 | the arithmetic is tabled in `client::backoff` |
//! | RC-07, RC-16 | callbacks and re-configuration at run time of the JavaScript API |
//! | V2-11 | event names of the JavaScript 2.x API |
//! | UP-07, RC-10, AU-11, MF-38 (their warnings) | diagnosis rules over the journal, not the machine |
//! | MF-31, MF-34, PX-09, PX-10, PX-14, PX-17, PX-20, OS-02 | real sockets, time limits and proxies |
//! | WT-* | no WebTransport |

mod acks;
mod bed;
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
mod upgrade;
