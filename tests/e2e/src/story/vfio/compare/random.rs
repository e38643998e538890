//! Calls by chance, the same in every run.

use lanewarden_pci::low_power::Request;

use super::Abilities;
use super::act::{Act, Line, Word};

/// Acts in a sequence, but for those at its end.
const LENGTH: usize = 8;

pub struct Random {
    state: u64,
    abilities: Abilities,
}

impl Random {
    pub fn new(abilities: Abilities) -> Self {
        Self { state: 0x9e37_79b9_7f4a_7c15, abilities }
    }

    /// Some acts, and then what leaves nothing behind that would hide what the next sequence does. One in sixteen closes
    /// the device for that.
    pub fn sequence(&mut self) -> Vec<Act> {
        let mut acts: Vec<_> = (0..LENGTH).map(|_| self.act()).collect();
        if self.below(16) == 0 {
            acts.extend([Act::Close, self.on_a_closed_device(), Act::Open]);
        } else {
            acts.extend([Act::Memory { enabled: true }, Act::EXIT]);
        }
        acts
    }

    fn act(&mut self) -> Act {
        match self.below(16) {
            0..8 => {
                let (feature, word) = (self.pick(&[3, 4, 4, 5]), self.word());
                Act::set(feature, 16, word)
            }
            8 => self.nonsense(),
            9 | 10 => Act::Read,
            11 => Act::HostUse,
            12 => Act::HostRead,
            13 => Act::Memory { enabled: self.below(2) == 0 },
            14 if self.abilities.power_management => Act::PowerState { d3hot: self.below(3) > 0 },
            15 if self.abilities.line => Act::Line(self.pick(&[Line::Off, Line::Open, Line::Masked])),
            _ => Act::Interrupts,
        }
    }

    fn nonsense(&mut self) -> Act {
        const GET: u32 = Request::GET;
        const SET: u32 = Request::SET;
        let operation = self.pick(&[0, GET, SET, GET | SET]) | self.pick(&[0, Request::PROBE, 1 << 19]);
        let number = self.pick(&[3, 4, 5, 0xffff]);
        // A feature that is not known might look at as many bytes as it is told of.
        let longest = if number == 0xffff { 64 } else { self.pick(&[64, 65, u32::MAX]) };
        let argsz = self.pick(&[0, 7, 8, 15, 16, longest]);
        Act::Feature { argsz, flags: number | operation, word: self.word() }
    }

    fn on_a_closed_device(&mut self) -> Act {
        self.pick(&[Act::HostUse, Act::HostRead])
    }

    fn word(&mut self) -> Word {
        self.pick(&[
            Word::Negative,
            Word::Closed,
            Word::File,
            Word::Eventfd(1),
            Word::Eventfd(0),
            Word::Eventfd(0),
        ])
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// xorshift64
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % limit as u64).unwrap_or_default()
    }
}
