//! `sioscope tap` between real clients and real servers: what they say to each other gets through
//! unchanged, all of it is in the session, and what is injected or broken on purpose has the
//! effect that it is meant to have.

mod aimed;
mod ends;
mod faults;
mod frames;
mod injected;
mod plans;
mod pressure;
mod proxy;
mod secure;
pub mod stage;
