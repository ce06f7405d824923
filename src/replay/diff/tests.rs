//! Two sessions built by hand, and what is said to differ between them.

mod equal;
mod session;
mod weighed;
