//! What every provider of cryptography must show: known answers, and refusals.
