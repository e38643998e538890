//! Whatever a device holds, it is shown, line by line and without a control character.

use lanewarden_inventory::FunctionReport;
use lanewarden_pci::Image;

use super::super::document::{Content, Section};
use super::super::function;
use super::{extended, people, programs, read};

/// Ids of the extended capabilities that are decoded.
const EXTENDED: [u16; 6] = [0x0001, 0x0003, 0x001d, 0x0023, 0x002e, 0x0030];
/// Ids of the conventional ones.
const CONVENTIONAL: [u32; 5] = [0x01, 0x05, 0x0d, 0x10, 0x11];

/// Xorshift (Marsaglia): the same bytes in every run.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

/// Noise everywhere, with a list of the capabilities that are decoded laid over it, each of CXL's among them.
fn image(seed: u32) -> Image {
    let mut noise = Noise(seed);
    let mut image = Image::new(4096);
    for offset in (0..4096).step_by(4) {
        image = image.with(offset, noise.next());
    }
    image = image.with(0x04, noise.next() | 1 << 20).with(0x0c, noise.next() & 0xff01_ffff).with(0x34, 0x40);
    for (id, at) in CONVENTIONAL.into_iter().zip((0x40_u16..).step_by(0x20)) {
        image = image.with(at, noise.next() & 0xffff_0000 | u32::from(at + 0x20) << 8 | id);
    }
    for (index, at) in (0..60_usize).zip((0x100_u16..).step_by(0x40)) {
        image = image.with(at, extended(EXTENDED[index % EXTENDED.len()], 2, at + 0x40));
        let dvsec = noise.next() & 0xffff_0000 | 0x1e98;
        image = image.with(at + 4, if index % EXTENDED.len() == 3 { dvsec } else { noise.next() });
        image = image.with(at + 8, noise.next() & 0xffff_000f);
    }
    image
}

#[test]
fn whatever_a_device_holds_is_shown_line_by_line() {
    for seed in 1..40 {
        let reading = read(image(seed), FunctionReport::default(), 1);
        let text = people(&reading, 1);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "seed {seed}: {text}");
        let capabilities = programs(&reading)["capabilities"].as_array().unwrap().len();
        assert!(capabilities >= 60, "seed {seed}: {capabilities} capabilities");
    }
}

/// The names of a block and of all blocks in it that programs would meet twice.
fn repeated(section: &Section) -> Vec<&'static str> {
    let fields = section.fields.iter().filter(|field| field.audience.has_programs()).map(|field| field.name);
    let parts = section.parts.iter().filter(|part| part.audience.has_programs()).map(|part| part.name);
    let names: Vec<_> = fields.chain(parts).collect();
    let again = |(index, name): (usize, &&'static str)| names[..index].contains(name).then_some(*name);
    let own = names.iter().enumerate().filter_map(again);
    let inner = section.parts.iter().flat_map(|part| match &part.content {
        Content::One(section) => section.iter().flat_map(repeated).collect::<Vec<_>>(),
        Content::Many(sections) => sections.iter().flat_map(repeated).collect(),
    });
    own.chain(inner).collect()
}

#[test]
fn no_name_stands_twice_in_an_object() {
    for seed in 1..10 {
        let document = function::document(&read(image(seed), FunctionReport::default(), 1));
        assert_eq!(repeated(&document), Vec::<&str>::new(), "seed {seed}");
    }
}
