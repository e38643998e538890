//! A user of the daemon: a connection, and what programs do over it.

use std::path::Path;
use std::pin::pin;
use std::task::Poll;

use lanewarden_ipc::mailbox::{Claim, Claimed, Exchange, Release};
use lanewarden_ipc::{Base64, Call, CallError, Client, Fault, SYSTEM_SOCKET};
use lanewarden_pci::MailboxId;
use rustix::process::{Signal, getpid, kill_process};
use tokio::runtime::{Builder, Runtime};

/// The longest payload of an answer, in bytes.
const LONGEST: u32 = 4096;
/// GET_VERSION; VERSION with 1.0 to 1.3, filled up to whole words (DSP0274 1.3, 10.3).
const GET_VERSION: [u8; 4] = [0x10, 0x84, 0, 0];
const VERSION: [u8; 16] = [0x10, 4, 0, 0, 0, 4, 0, 0x10, 0, 0x11, 0, 0x12, 0, 0x13, 0, 0];

/// Why there is no right answer.
#[derive(Debug)]
pub enum Trouble {
    /// The daemon refused it, or is not there.
    Refused(CallError),
    /// An answer came that is not what was asked for.
    Wrong,
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        Self::Refused(error)
    }
}

/// A refusal in few words.
pub fn word(error: &CallError) -> String {
    match error {
        CallError::Fault(Fault::Refused { refused, .. }) => {
            [refused.word, refused.why.as_deref().unwrap_or_default()].join(" ").trim_end().to_owned()
        }
        CallError::Fault(other) => other.to_string(),
        // However a daemon that was killed is noticed.
        CallError::Frame(_) | CallError::Closed => "closed".to_owned(),
    }
}

/// The arguments that name a mailbox.
pub fn named(address: &str, offset: &str) -> anyhow::Result<MailboxId> {
    Ok(MailboxId { address: address.parse()?, offset: offset.parse()? })
}

/// A connection.
pub struct User {
    runtime: Runtime,
    client: Client,
    /// How many exchanges brought an answer.
    pub exchanges: u32,
    /// Stops this process between a request and its answer when there have been so many.
    pub stop_after: Option<u32>,
}

impl User {
    /// Connects to the machine's daemon.
    pub fn connect() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let client = runtime.block_on(Client::connect(Path::new(SYSTEM_SOCKET)))?;
        Ok(Self { runtime, client, exchanges: 0, stop_after: None })
    }

    /// One call.
    pub fn call<C: Call>(&mut self, call: &C) -> Result<C::Reply, CallError> {
        self.runtime.block_on(self.client.call(call))
    }

    /// Waits for a mailbox, for so many milliseconds.
    pub fn claim(&mut self, mailbox: MailboxId, patience_ms: Option<u64>) -> Result<Claimed, CallError> {
        let MailboxId { address, offset } = mailbox;
        self.call(&Claim { address, generation: None, mailbox: offset, patience_ms })
    }

    /// Gives a mailbox back.
    pub fn release(&mut self, claim: Claimed) -> Result<(), CallError> {
        self.call(&Release { claim: claim.claim }).map(drop)
    }

    /// One object out, one in.
    pub fn exchange(
        &mut self,
        mailbox: MailboxId,
        (vendor, kind): (u16, u8),
        payload: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        let exchange = Exchange {
            address: mailbox.address,
            generation: None,
            mailbox: mailbox.offset,
            vendor,
            kind,
            or_type: None,
            connection: None,
            payload: Base64(payload.to_vec()),
            longest: LONGEST,
            patience_ms: None,
        };
        let stops = self.stop_after.take_if(|after| *after == self.exchanges).is_some();
        let answer = self.runtime.block_on(async {
            let mut call = pin!(self.client.call(&exchange));
            if stops {
                // The request goes out; what comes back is not looked at.
                let sent = std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
                kill_process(getpid(), Signal::STOP).map_err(std::io::Error::from)?;
                if let Poll::Ready(answer) = sent {
                    return answer;
                }
            }
            call.await
        })?;
        self.exchanges += 1;
        Ok(answer.payload.0)
    }

    /// An entry of the CDAT and the handle of the next.
    pub fn entry(&mut self, mailbox: MailboxId, handle: u16) -> Result<(Vec<u8>, u16), Trouble> {
        let [low, high] = handle.to_le_bytes();
        let answer = self.exchange(mailbox, (0x1e98, 2), &[0, 0, low, high])?;
        match answer.split_first_chunk() {
            Some(([0, 0, low, high], entry)) => Ok((entry.to_vec(), u16::from_le_bytes([*low, *high]))),
            _ => Err(Trouble::Wrong),
        }
    }

    /// The whole CDAT, under a claim.
    pub fn table(&mut self, mailbox: MailboxId) -> Result<Vec<u8>, Trouble> {
        let claim = self.claim(mailbox, None)?;
        let table = self.walk(mailbox);
        let released = self.release(claim);
        let table = table?;
        released?;
        Ok(table)
    }

    fn walk(&mut self, mailbox: MailboxId) -> Result<Vec<u8>, Trouble> {
        let (mut table, mut handle) = (Vec::new(), 0);
        while handle != 0xffff && table.len() < 1 << 16 {
            let (entry, next) = self.entry(mailbox, handle)?;
            table.extend(entry);
            handle = next;
        }
        Ok(table)
    }

    /// The first two steps of an SPDM connection, of this version, under a claim. The answers name the version, so that
    /// those of users with different versions cannot pass for each other.
    pub fn greeting(&mut self, mailbox: MailboxId, version: u8) -> Result<(), Trouble> {
        let claim = self.claim(mailbox, None)?;
        let is_right = self.greet(mailbox, version);
        let released = self.release(claim);
        let is_right = is_right?;
        released?;
        if is_right { Ok(()) } else { Err(Trouble::Wrong) }
    }

    fn greet(&mut self, mailbox: MailboxId, version: u8) -> Result<bool, CallError> {
        let versions = self.exchange(mailbox, (1, 1), &GET_VERSION)?;
        let capabilities = self.exchange(mailbox, (1, 1), &get_capabilities(version))?;
        Ok(versions == VERSION && is_capabilities(&capabilities, version))
    }
}

/// GET_CAPABILITIES grew with the versions (DSP0274 1.3, 10.4).
fn get_capabilities(version: u8) -> Vec<u8> {
    let mut request = vec![version, 0xe1, 0, 0];
    if version >= 0x11 {
        request.extend([0; 8]);
    }
    if version >= 0x12 {
        // DataTransferSize and MaxSPDMmsgSize.
        request.extend([LONGEST, LONGEST].map(u32::to_le_bytes).concat());
    }
    request
}

/// CAPABILITIES of this version.
fn is_capabilities(answer: &[u8], version: u8) -> bool {
    let length = if version >= 0x12 { 20 } else { 12 };
    answer.len() == length && answer.starts_with(&[version, 0x61])
}
