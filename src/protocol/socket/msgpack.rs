//! The msgpack parser: every packet is one binary message, a map `{type, data, id?, nsp}`.
