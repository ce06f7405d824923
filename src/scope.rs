//! One running session.
