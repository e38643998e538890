//! What is kept in files.
#![forbid(unsafe_code)]
