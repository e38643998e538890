//! Sessions: how they begin, live and end.

use core::fmt;

use super::super::{
    EndSession, EndSessionAck, Finish, FinishRsp, Heartbeat, KeyExchange, KeyExchangeRsp, KeyOperation,
    KeyUpdate, MAX_AEAD_LIMIT, MutualAuthentication, OpaqueElement, OpaqueTable, PskExchange, PskExchangeRsp,
    PskFinish, PskFinishRsp, SecuredChoice, SecuredOffer, SecuredVersions, SessionPolicy,
};
use super::{Hex, separated};

/// The most elements that a line shows.
const SHOWN: usize = 4;

/// The number of a session of which one half is known, and what it is to be like.
fn session(f: &mut fmt::Formatter<'_>, id: u16, policy: SessionPolicy) -> fmt::Result {
    write!(f, "session {id:#06x}")?;
    if policy.is_empty() { Ok(()) } else { write!(f, ", policy {policy}") }
}

fn heartbeat(f: &mut fmt::Formatter<'_>, seconds: u8) -> fmt::Result {
    match seconds {
        0 => f.write_str(", no heartbeat"),
        seconds => write!(f, ", heartbeat every {seconds} s"),
    }
}

/// Parts that may be missing, each with its name before it.
fn parts(f: &mut fmt::Formatter<'_>, parts: &[(&str, &[u8])]) -> fmt::Result {
    let there = parts.iter().filter(|(_, bytes)| !bytes.is_empty());
    there.into_iter().try_for_each(|(name, bytes)| write!(f, ", {name} {}", Hex(bytes)))
}

impl fmt::Display for KeyExchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        session(f, self.session_id, self.policy)?;
        write!(f, ", slot {}, {}, public value {}", self.slot, self.summary, Hex(self.exchange))?;
        parts(f, &[("opaque data", self.opaque)])
    }
}

impl fmt::Display for MutualAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "not asked for",
            Self::Direct => "asked for",
            Self::Encapsulated => "asked for by encapsulated requests",
            Self::EncapsulatedDigests => "asked for by encapsulated requests, digests first",
        })
    }
}

impl fmt::Display for KeyExchangeRsp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        session(f, self.session_id, SessionPolicy::empty())?;
        heartbeat(f, self.heartbeat)?;
        match self.mutual {
            MutualAuthentication::None => {}
            MutualAuthentication::Direct => {
                write!(f, ", requester's signature asked for by slot {}", self.slot)?;
            }
            other => write!(f, ", requester's signature {other}")?,
        }
        write!(f, ", public value {}", Hex(self.exchange))?;
        parts(
            f,
            &[
                ("summary", self.summary),
                ("opaque data", self.opaque),
                ("signature", self.signature),
                ("verify data", self.verify_data),
            ],
        )
    }
}

impl fmt::Display for Finish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(signature) = self.signature {
            write!(f, "slot {}, signature {}, ", self.slot, Hex(signature))?;
        }
        write!(f, "verify data {}", Hex(self.verify_data))
    }
}

impl fmt::Display for FinishRsp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.verify_data {
            [] => f.write_str("finished"),
            verify_data => write!(f, "finished, verify data {}", Hex(verify_data)),
        }
    }
}

impl fmt::Display for PskExchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        session(f, self.session_id, self.policy)?;
        write!(f, ", {}, hint {}, context {}", self.summary, Hex(self.hint), Hex(self.context))?;
        parts(f, &[("opaque data", self.opaque)])
    }
}

impl fmt::Display for PskExchangeRsp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        session(f, self.session_id, SessionPolicy::empty())?;
        heartbeat(f, self.heartbeat)?;
        parts(
            f,
            &[
                ("summary", self.summary),
                ("context", self.context),
                ("opaque data", self.opaque),
                ("verify data", self.verify_data),
            ],
        )
    }
}

impl fmt::Display for PskFinish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "verify data {}", Hex(self.verify_data))
    }
}

impl fmt::Display for PskFinishRsp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("finished")
    }
}

impl fmt::Display for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("alive")
    }
}

impl fmt::Display for KeyOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UpdateKey => "update the requester's key",
            Self::UpdateAllKeys => "update all keys",
            Self::VerifyNewKey => "verify the new key",
        })
    }
}

impl fmt::Display for KeyUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, tag {:#04x}", self.operation, self.tag)
    }
}

impl fmt::Display for EndSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.clear_state {
            true => "what was negotiated is forgotten",
            false => "what was negotiated is kept",
        })
    }
}

impl fmt::Display for EndSessionAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ended")
    }
}

impl fmt::Display for OpaqueElement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.registry, Hex(self.data))
    }
}

impl fmt::Display for OpaqueTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, "; ", self.iter().take(SHOWN))?;
        match usize::from(self.count()).checked_sub(SHOWN) {
            Some(more @ 1..) => write!(f, "; and {more} more"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for SecuredVersions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if separated(f, " ", self.iter())? { Ok(()) } else { f.write_str("none") }
    }
}

/// The greatest limit is none.
fn limit(f: &mut fmt::Formatter<'_>, exponent: u8) -> fmt::Result {
    if exponent < MAX_AEAD_LIMIT { write!(f, ", 2^{exponent} messages a key") } else { Ok(()) }
}

impl fmt::Display for SecuredOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secured messages {}", self.versions)?;
        limit(f, self.aead_limit)
    }
}

impl fmt::Display for SecuredChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secured messages {}", self.version)?;
        limit(f, self.aead_limit)
    }
}
