//! Traffic that has been recorded: for now, capture files ([`capture`]).
#![forbid(unsafe_code)]

pub mod capture;
