//! A record that keeps the bytes.

use lanewarden_spdm::{Part, Record};

/// The bytes of each part, and those at the last signature.
#[derive(Default, Debug)]
pub struct Bytes {
    parts: [Vec<u8>; 3],
    pending: Vec<u8>,
    pub signed: Vec<(Part, Vec<u8>, Vec<u8>)>,
}

fn place(part: Part) -> usize {
    match part {
        Part::Connection => 0,
        Part::Authentication => 1,
        Part::Measurements => 2,
    }
}

impl Bytes {
    pub fn part(&self, part: Part) -> &[u8] {
        &self.parts[place(part)]
    }
}

impl Record for Bytes {
    fn request(&mut self, _: Part, bytes: &[u8]) {
        self.pending = bytes.to_vec();
    }

    fn response(&mut self, part: Part, bytes: &[u8]) {
        let pending = std::mem::take(&mut self.pending);
        self.parts[place(part)].extend([&pending, bytes].concat());
    }

    fn signature(&mut self, part: Part, bytes: &[u8]) {
        self.signed.push((part, self.part(part).to_vec(), bytes.to_vec()));
    }

    fn reset(&mut self, part: Part) {
        self.parts[place(part)].clear();
    }
}
