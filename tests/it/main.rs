//! Everything that is tested from the outside, in one binary: the built program against real
//! Socket.IO servers and clients (`lab`), the same behind a
//! real nginx (`nginx`), the client against a server that says what a test tells
//! it to (`scripted`), the stories of the README (`story`), the tap between real clients and servers
//! (`tap`), the screen in a real terminal (`terminal`), the recorded sessions (`gallery`), two of
//! them lined up (`diff`), their client's side played again (`replay`) and their server's side
//! (`mock`), drafts (`collections`), sessions for others and from others (`exchange`), the tables of
//! the README (`readme`) and the rules of the house (`floors`).

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "all of this is tests, and what surrounds the test functions fails as they do"
)]

mod collections;
mod command_line;
mod diff;
mod doctor;
mod exchange;
mod floors;
mod gallery;
mod healthy;
mod interop;
mod lab;
mod mock;
mod nginx;
mod readme;
mod replay;
mod scripted;
mod story;
mod tap;
mod terminal;
