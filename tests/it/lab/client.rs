//! The official JavaScript client, and the python one.

use serde_json::{Value, json};

use super::program::{Finished, Program};
use super::{Generation, Lab, Options, with_defaults};

/// A client that works through the lines it is given. They are those of `sioscope stream`, so
/// that one list of lines can be given to both and what they say on the wire compared.
pub struct Client {
    program: Program,
}

impl Client {
    /// `tests/lab/client.js` of a generation. `options` may hold `namespaces`
    /// (`[{"nsp":"/admin","auth":{…}}]`, `/` by default), `parser` ("msgpack"), and `options`,
    /// the official client's own.
    #[track_caller]
    pub fn start(generation: Generation, url: &str, options: Options) -> Self {
        let configuration = with_defaults(
            options,
            json!({ "generation": generation.number(), "url": url }),
        );
        let name = format!("the client of generation {}", generation.number());
        Self {
            program: Program::start(name, Lab::node("client.js", &configuration)),
        }
    }

    /// `tests/lab/client.py`: python-socketio's client. `options` are that script's.
    #[track_caller]
    pub fn python(url: &str, options: Options) -> Self {
        let configuration = with_defaults(options, json!({ "url": url }));
        Self {
            program: Program::start(
                "the python client",
                Lab::python("client.py", &configuration),
            ),
        }
    }

    /// Kills it without warning.
    pub fn kill(&self) {
        self.program.kill();
    }

    /// Gives the next line of the script.
    #[track_caller]
    pub fn say(&self, line: Value) {
        self.program.write_line(&line.to_string());
    }

    /// Waits for a line that `wanted` accepts, among all that it ever printed.
    #[track_caller]
    pub fn expect(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.program.wait_from(0, wanted).0
    }

    /// Everything that it printed so far.
    pub fn lines(&self) -> Vec<Value> {
        self.program.json_lines()
    }

    /// Ends the script: the client waits for pending acks, leaves and ends.
    #[track_caller]
    pub fn finish(&self) -> Finished {
        self.program.close_stdin();
        self.program.finish()
    }
}
