//! Chains made with rcgen and certificates made with other programs, judged with every provider.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

/// Runs functions that take a provider as tests, once with each.
macro_rules! with_every_provider {
    ($($name:ident)*) => {
        mod aws_lc {
            $(#[test] fn $name() { super::$name(lanewarden_aws_lc::AwsLc); })*
        }
        mod rustcrypto {
            use lanewarden_rustcrypto::{OsRandom, RustCrypto};
            $(#[test] fn $name() { super::$name(RustCrypto::<OsRandom>::default()); })*
        }
    };
}

mod algorithms;
mod any_bytes;
mod chains;
mod identity;
mod known;
mod leaves;
mod lists;
mod memory;
mod portions;
mod rules;
mod support;
mod surgery;
