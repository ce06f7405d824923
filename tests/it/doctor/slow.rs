//! Servers that are sound and slow: what takes its time is no fault, and what the doctor cut
//! short itself would be no proof of one.

use serde_json::json;

use super::doctor;
use crate::lab::{Generation, Server};
use crate::nginx::stage::for_both;

#[test]
fn a_slow_server_is_sound_over_polling_and_its_connect_is_answered() {
    let server = Server::node(Generation::V4, json!({ "answerMs": 2_500 }));
    let examined = doctor(&[&server.url(), "--transports", "polling"]);
    examined.finds(0, &[]);
    for name in ["polling", "stickiness", "namespaces", "max-payload"] {
        examined.says(name, "ok", &[]);
    }
}

#[test]
fn a_slow_server_is_sound_over_both_transports() {
    for_both(|generation| {
        let server = Server::node(generation, json!({ "answerMs": 1_200 }));
        doctor(&[&server.url()]).is_sound();
    });
}
