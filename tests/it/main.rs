//! Everything that is tested from the outside, in one binary: the built program against real
//! Socket.IO servers and clients (`lab`), and the rules of the house (`floors`).

mod floors;
mod lab;
