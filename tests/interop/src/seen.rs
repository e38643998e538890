//! What our responder has said.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use lanewarden_net::TransportError;
use lanewarden_spdm::message::{Chunk, ChunkAck, ErrorCode, Header, Reader, Response};

use crate::plan::{Combination, Measuring, Sizes};

/// What has gone over a connection.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Requests that were answered.
    pub requests: usize,
    /// Answers by their code; those that came in chunks too.
    answers: BTreeMap<u8, usize>,
    /// Errors among them by theirs.
    errors: BTreeMap<ErrorCode, usize>,
    failures: Vec<TransportError>,
}

impl Seen {
    /// Takes down an answer.
    pub fn note(&mut self, answer: &[u8]) {
        self.requests += 1;
        self.count(answer);
        self.count(within(answer).unwrap_or_default());
    }

    fn count(&mut self, answer: &[u8]) {
        if let [_, code, error, ..] = *answer {
            *self.answers.entry(code).or_default() += 1;
            if code == Response::Error.byte() {
                *self.errors.entry(ErrorCode(error)).or_default() += 1;
            }
        }
    }

    /// Takes down the end of the connection.
    pub fn failed(&mut self, why: Result<(), TransportError>) {
        self.failures.extend(why.err());
    }

    /// Whether such an answer went out.
    #[must_use]
    pub fn has(&self, response: Response) -> bool {
        self.answers.contains_key(&response.byte())
    }

    /// Whether everything was asked that should have been, and no more was refused than the flow explains.
    ///
    /// # Errors
    /// What is missing or too much.
    pub fn check(&self, one: &Combination) -> Result<()> {
        ensure!(self.failures.is_empty(), "the connection failed");
        let mut due = vec![
            Response::Version,
            Response::Capabilities,
            Response::Algorithms,
            Response::Digests,
            Response::Certificate,
            Response::ChallengeAuth,
            Response::Measurements,
        ];
        if one.sizes == Sizes::Least {
            due.extend([Response::ChunkResponse, Response::ChunkSendAck]);
        }
        let missing = due.into_iter().find(|response| !self.has(*response));
        ensure!(missing.is_none(), "{missing:?} never went out");
        let unexplained = self.errors.keys().find(|code| match **code {
            ErrorCode::LARGE_RESPONSE => one.sizes != Sizes::Least,
            ErrorCode::INVALID_REQUEST => one.measuring != Measuring::OneByOne,
            _ => true,
        });
        ensure!(unexplained.is_none(), "{unexplained:?} went out");
        Ok(())
    }
}

/// The beginning of the answer that this one carries.
fn within(answer: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(answer);
    let header = Header::decode(&mut reader).ok()?;
    if header.code == Response::ChunkSendAck.byte() {
        return Some(ChunkAck::decode(header, &mut reader).ok()?.answer);
    }
    let (chunk, _) =
        Chunk::decode(header, &mut reader).ok().filter(|_| header.code == Response::ChunkResponse.byte())?;
    (chunk.sequence == 0).then_some(chunk.data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Side, ordinary};

    /// An answer of each kind that is due.
    fn everything() -> Seen {
        let mut seen = Seen::default();
        for code in [4, 0x61, 0x63, 1, 2, 3, 0x60] {
            seen.note(&[0x13, code, 0, 0]);
        }
        seen
    }

    #[test]
    fn a_run_that_asks_too_little_has_not_passed() {
        assert!(everything().check(&ordinary(Side::Answering)).is_ok());
        let mut seen = everything();
        seen.answers.remove(&3);
        assert!(seen.check(&ordinary(Side::Answering)).is_err());
        let chunks = Combination { sizes: Sizes::Least, ..ordinary(Side::Answering) };
        assert!(everything().check(&chunks).is_err());
    }

    #[test]
    fn an_error_that_the_flow_does_not_explain_fails_a_run() {
        for (code, all_at_once, one_by_one) in [(1, false, true), (5, false, false), (0xf, false, false)] {
            let mut seen = everything();
            seen.note(&[0x13, 0x7f, code, 0]);
            let ordinary = ordinary(Side::Answering);
            assert_eq!(seen.check(&ordinary).is_ok(), all_at_once, "{code}");
            let each = Combination { measuring: Measuring::OneByOne, ..ordinary };
            assert_eq!(seen.check(&each).is_ok(), one_by_one, "{code}");
        }
    }

    #[test]
    fn an_answer_within_a_chunk_counts() {
        let mut seen = Seen::default();
        seen.note(&[0x13, 6, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 0x13, 2]);
        assert!(seen.has(Response::ChunkResponse));
        seen.note(&[0x13, 5, 0, 0, 1, 0, 0x13, 0x63, 0, 0]);
        assert!(seen.has(Response::Algorithms));
    }
}
