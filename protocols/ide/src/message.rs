//! Objects of both families: what they have in common. Reserved bytes are written as zero and not looked at.

mod head;
mod material;
mod object;
mod query;

pub use head::Place;
pub(crate) use head::{HEAD, Head, alone, exactly, place};
pub(crate) use material::KeyProg;
pub use material::Material;
pub use object::Object;
pub use query::{MAX_REGISTERS, PortInfo, Registers};
pub(crate) use query::{
    RESPONSE, decode_query, decode_response, encode_query, encode_response, response_head,
};
