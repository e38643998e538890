//! A second reader of DOE mailboxes, written from the specification alone and sharing no code with the
//! product, so that a mistake in one does not hide in the other. It takes no lock and asks nobody.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::functions;

const GO: u32 = 1 << 31;
const ABORT: u32 = 1;
const READY: u32 = 1 << 31;
const ERROR: u32 = 1 << 2;
const BUSY: u32 = 1;

/// One mailbox of one function.
pub struct Mailbox {
    config: File,
    /// Offset of the capability in configuration space.
    pub offset: u64,
}

impl Mailbox {
    /// Opens the first mailbox of a function.
    pub fn open(address: &str) -> Result<Self> {
        let path = functions::folder(address).join("config");
        let config = File::options().read(true).write(true).open(path)?;
        let mut mailbox = Self { config, offset: 0 };
        mailbox.offset =
            mailbox.capability(0x2e)?.with_context(|| format!("{address} has no DOE mailbox"))?;
        Ok(mailbox)
    }

    /// The offset of the first extended capability with this ID.
    pub fn capability(&self, id: u32) -> Result<Option<u64>> {
        let mut offset = 0x100;
        for _ in 0..960 {
            let header = self.register(offset)?;
            if header & 0xffff == id {
                return Ok(Some(offset));
            }
            offset = u64::from(header >> 20 & !3);
            if offset == 0 {
                break;
            }
        }
        Ok(None)
    }

    /// A register of configuration space.
    pub fn register(&self, offset: u64) -> Result<u32> {
        let mut bytes = [0; 4];
        self.config.read_exact_at(&mut bytes, offset)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Vendor and type of everything the mailbox speaks, as `0001:00`.
    pub fn discover(&self) -> Result<Vec<String>> {
        let mut protocols = Vec::new();
        let mut index = 0;
        loop {
            let answer = self.exchange(0x0001, 0, &[index])?;
            ensure!(answer.len() == 1, "a discovery answer of {} words", answer.len());
            protocols.push(format!("{:04x}:{:02x}", answer[0] & 0xffff, answer[0] >> 16 & 0xff));
            index = answer[0] >> 24;
            if index == 0 || protocols.len() > 255 {
                return Ok(protocols);
            }
        }
    }

    /// The whole CDAT, entry by entry.
    pub fn table(&self) -> Result<Vec<u8>> {
        let mut table = Vec::new();
        let mut handle = 0;
        while handle != 0xffff && table.len() < 1 << 16 {
            let answer = self.exchange(0x1e98, 2, &[handle << 16])?;
            let (head, entry) = answer.split_first().context("an empty table access answer")?;
            ensure!(head & 0xffff == 0, "a table access answer that starts with {head:#x}");
            table.extend(entry.iter().flat_map(|word| word.to_le_bytes()));
            handle = head >> 16;
        }
        Ok(table)
    }

    /// Sends one object and reads the answer, both without their headers.
    pub fn exchange(&self, vendor: u32, kind: u32, words: &[u32]) -> Result<Vec<u32>> {
        self.send(vendor, kind, words)?;
        self.wait()?;
        self.receive(vendor, kind)
    }

    /// Asks for an entry of the CDAT.
    pub fn ask(&self, handle: u32) -> Result<()> {
        self.send(0x1e98, 2, &[handle << 16])
    }

    /// Reads an entry of the CDAT and the handle of the next, if one lies in the mailbox.
    pub fn entry(&self) -> Result<Option<(Vec<u8>, u32)>> {
        if self.register(self.offset + 0x0c)? & READY == 0 {
            return Ok(None);
        }
        let answer = self.receive(0x1e98, 2)?;
        let (head, entry) = answer.split_first().context("an empty table access answer")?;
        Ok(Some((entry.iter().flat_map(|word| word.to_le_bytes()).collect(), head >> 16)))
    }

    /// Throws away whatever is in the mailbox.
    pub fn abort(&self) -> Result<()> {
        self.write(0x08, ABORT)
    }

    /// `idle`, or what stands in the mailbox.
    pub fn state(&self) -> Result<&'static str> {
        Ok(match self.register(self.offset + 0x0c)? {
            status if status & ERROR != 0 => "an error",
            status if status & READY != 0 => "an unread answer",
            status if status & BUSY != 0 => "busy",
            _ => "idle",
        })
    }

    fn receive(&self, vendor: u32, kind: u32) -> Result<Vec<u32>> {
        let first = self.take()?;
        let length = self.take()? & 0x3_ffff;
        ensure!(first == vendor | kind << 16, "an answer of another kind: {first:#010x}");
        ensure!((2..0x1_0000).contains(&length), "an answer of {length} words");
        (2..length).map(|_| self.take()).collect()
    }

    fn send(&self, vendor: u32, kind: u32, words: &[u32]) -> Result<()> {
        let length = u32::try_from(words.len())? + 2;
        for &word in [vendor | kind << 16, length].iter().chain(words) {
            self.write(0x10, word)?;
        }
        self.write(0x08, GO)
    }

    fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(1);
        loop {
            let status = self.register(self.offset + 0x0c)?;
            ensure!(status & ERROR == 0, "the mailbox shows an error");
            if status & READY != 0 {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "no answer within a second");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn take(&self) -> Result<u32> {
        let word = self.register(self.offset + 0x14)?;
        self.write(0x14, 0)?;
        Ok(word)
    }

    fn write(&self, register: u64, value: u32) -> Result<()> {
        Ok(self.config.write_all_at(&value.to_le_bytes(), self.offset + register)?)
    }
}
