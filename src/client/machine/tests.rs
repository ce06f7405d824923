//! The machine in virtual time.
