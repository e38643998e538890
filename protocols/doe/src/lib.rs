//! PCIe Data Object Exchange (PCIe 6.x, 6.30; first in the DOE ECN): objects, discovery, and the mailbox from both
//! sides. No I/O and no clock.
//!
//! No other crate is needed to use this one: what its signatures name of `lanewarden-pci` (configuration space and the
//! registers of the capability) and `lanewarden-time` (points in time and clocks) is exported again here. It allocates
//! nothing but the buffer of a [`Direct`] carrier; `lanewarden-pci` links `alloc`, so a program without an operating system
//! must name a global allocator.
//!
//! # The host's side
//! A [`Mailbox`] needs
//! * a [`Doe`]: where the capability is and what it can do. Of a function that has been read as a whole,
//!   `lanewarden_pci::Function` lists them; where the extended capability with the ID [`registers::ID`] has been found
//!   otherwise, [`Doe::read`] takes its offset and its version;
//! * a [`ConfigSpace`]: 32-bit reads and writes of the function's configuration space, as much of it as the capability
//!   reaches;
//! * a buffer for the payload of the request and then of the answer, without their two header DWs: any `B` that is
//!   bytes (an array, a `&mut [u8]`, a `Vec`), as long as the longer of the two, in whole DWs. Discovery takes
//!   [`DISCOVERY_RESPONSE_MAX`] bytes, and 4 * ([`MAX_DWORDS`] - [`MIN_DWORDS`]) hold everything;
//! * for [`exchange`], a [`Clock`].
//!
//! This walks the discovery list of a device. The device is this crate's own here; on a machine, `read` and `write` go
//! to its configuration space.
//!
//! ```
//! use lanewarden_doe::{
//!     AccessError, Clock, ConfigSpace, DISCOVERY_RESPONSE_MAX, Device, DeviceEvent, Discovery, DiscoveryRequest,
//!     DiscoveryResponse, Doe, Feature, Instant, Mailbox, Policy, Protocol, Request, exchange,
//! };
//!
//! /// The time since a start, and a wait that no interrupt ends early.
//! struct Monotonic(std::time::Instant);
//!
//! impl Clock for Monotonic {
//!     fn now(&self) -> Instant {
//!         Instant::new(self.0.elapsed())
//!     }
//!
//!     fn wait_until(&self, deadline: Instant) {
//!         std::thread::sleep(deadline - self.now());
//!     }
//! }
//!
//! /// A function with a DOE capability at 0x100 that answers at once.
//! struct Function(Device<[u8; 16]>);
//!
//! impl ConfigSpace for Function {
//!     fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
//!         let register = offset.checked_sub(0x100).ok_or(AccessError::OutOfRange(offset))?;
//!         self.0.tick(Instant::ORIGIN);
//!         Ok(self.0.read(register))
//!     }
//!
//!     fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
//!         let register = offset.checked_sub(0x100).ok_or(AccessError::OutOfRange(offset))?;
//!         self.0.tick(Instant::ORIGIN);
//!         if self.0.write(register, value, Instant::ORIGIN) == DeviceEvent::Received {
//!             self.discovery();
//!         }
//!         Ok(())
//!     }
//!
//!     fn size(&self) -> u16 {
//!         4096
//!     }
//! }
//!
//! impl Function {
//!     fn discovery(&mut self) {
//!         let asked = self.0.request().and_then(|(_, payload)| DiscoveryRequest::decode(payload));
//!         let (protocol, next) = match asked {
//!             Some(DiscoveryRequest { index: 0, .. }) => (Protocol::DISCOVERY, 1),
//!             _ => (Protocol::CMA_SPDM, 0),
//!         };
//!         let response = DiscoveryResponse { feature: Feature { protocol, limits: None }, next };
//!         let (bytes, length) = response.encode();
//!         self.0.answer(Protocol::DISCOVERY, 0, &bytes[..length], Instant::ORIGIN).expect("it fits");
//!     }
//! }
//!
//! let mut function = Function(Device::new([0; 16], [0; 16], false));
//! let clock = Monotonic(std::time::Instant::now());
//!
//! // What the header of the extended capability said: where it is, and its version.
//! let capability = Doe::read(&mut function, 0x100, 1)?;
//! let mut mailbox = Mailbox::new(capability, [0; DISCOVERY_RESPONSE_MAX], Policy::default());
//!
//! let mut walk = Discovery::new(capability.version);
//! let mut found = Vec::new();
//! while let Some(payload) = walk.request() {
//!     let request = Request::new(Protocol::DISCOVERY, &payload);
//!     let answer = exchange(&mut mailbox, &mut function, &clock, &request)?;
//!     found.extend(walk.answer(answer)?.map(|feature| feature.protocol));
//! }
//! assert_eq!(found, [Protocol::DISCOVERY, Protocol::CMA_SPDM]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The device's side
//! A [`Device`] is the registers as the host sees them, for firmware or an emulator that is told of each access. Its
//! two buffers hold an object each way, header included: 8 bytes more than the longest payload. Around every access the
//! order is: [`tick`](Device::tick) with the present time, then [`read`](Device::read) or [`write`](Device::write).
//! When a write has brought [`DeviceEvent::Received`], take the [`request`](Device::request) and give the
//! [`answer`](Device::answer), now or later, within [`ANSWER_TIME`]; the mailbox shows Busy until then. The host sees
//! the answer from the first `tick` on that is not before its `due`.
//!
//! ```
//! use core::time::Duration;
//! use lanewarden_doe::registers::{CONTROL, Control, READ_MAILBOX, STATUS, Status, WRITE_MAILBOX};
//! use lanewarden_doe::{Device, DeviceEvent, Header, Instant, Protocol};
//!
//! const ECHO: Protocol = Protocol::new(0x1234, 0x01);
//!
//! // Room for 24 bytes of payload each way; no interrupt.
//! let mut device = Device::new([0; 32], [0; 32], false);
//! let mut now = Instant::ORIGIN;
//!
//! // The host writes an object of three DWs, then GO. Each access comes after a tick.
//! let [first, second] = Header::new(ECHO, 0, 4)?.encode();
//! for dword in [first, second, 0xcafe_f00d] {
//!     device.tick(now);
//!     assert_eq!(device.write(WRITE_MAILBOX, dword, now), DeviceEvent::Nothing);
//! }
//! device.tick(now);
//! assert_eq!(device.write(CONTROL, Control::GO.bits(), now), DeviceEvent::Received);
//!
//! // The firmware takes the request and answers it; the work takes 5 ms.
//! let (header, payload) = device.request().expect("one has been received");
//! let mut echo = [0; 24];
//! let length = payload.len();
//! echo[..length].copy_from_slice(payload);
//! let due = now + Duration::from_millis(5);
//! device.answer(header.protocol, header.connection, &echo[..length], due)?;
//! assert_eq!(device.read(STATUS), Status::BUSY.bits());
//!
//! // The time has come: a tick makes the answer ready, and the host reads and acknowledges it DW by DW.
//! assert_eq!(device.deadline(), Some(due));
//! now = due;
//! for dword in [first, second, 0xcafe_f00d] {
//!     device.tick(now);
//!     assert_eq!(device.read(STATUS), Status::READY.bits());
//!     assert_eq!(device.read(READ_MAILBOX), dword);
//!     device.write(READ_MAILBOX, 0, now);
//! }
//! assert_eq!(device.read(STATUS), 0, "idle again");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Driving contract
//! The host's side is [`Mailbox`]. [`Mailbox::send`] takes a request; after it, and whenever the [`Step::Wait`] that
//! was returned last runs out or the device interrupts, call [`Mailbox::advance`] with the present time. Every call
//! makes a bounded number of configuration accesses and never waits. It ends with [`Step::Answered`] or an error;
//! then the mailbox takes the next request, unless it [is dead](Mailbox::is_dead). [`exchange`] is the blocking
//! loop over that.
//!
//! [`Carrier`] is the same for those who need not know whether this process reaches the mailbox itself, and [`Host`] the
//! machine that has carriers.
//!
//! The device's side is [`Device`]: configuration accesses go in, received objects come out, answers are given with
//! the time at which they become ready, and [`Device::tick`] is called when [`Device::deadline`] has come.
//!
//! A long object moves in portions: [`Step::Wait`] then names the present, and other mailboxes can have their turn
//! before the next call.
//!
//! Every wait is bounded: [`ANSWER_TIME`] for an answer, counted from the first call after the one that wrote GO, so
//! that the device has all of it; [`FREE_TIME`] for somebody else to let go; [`ABORT_TIME`] for an abort. A mailbox
//! that does not finish an abort is dead.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod carrier;
mod device;
mod discovery;
mod error;
pub mod hex;
mod mailbox;
mod object;
mod protocol;

pub use carrier::{Carrier, Declined, Direct, Host, NotCarried, Ownership};
pub use device::{Device, DeviceEvent};
pub use discovery::{
    CollocationWarning, DISCOVERY_RESPONSE_MAX, Discovery, DiscoveryError, DiscoveryRequest,
    DiscoveryResponse, Feature, Limits, collocation,
};
pub use error::{Blame, Error, Holder, Misuse, Phase};
pub use mailbox::{InterruptUse, Mailbox, Policy, Request, Statistics, Step, exchange};
pub use object::{Header, HeaderError, MAX_CONNECTION, MAX_DWORDS, MIN_DWORDS, Object, ObjectError};
pub use protocol::Protocol;

pub use lanewarden_pci::registers::doe as registers;
pub use lanewarden_pci::{AccessError, ConfigSpace};
pub use lanewarden_time::{Clock, Instant};
pub use registers::Doe;

use core::time::Duration;

/// A responder must have its answer ready, or report an error, within this time (PCIe 6.x, 6.30.2).
pub const ANSWER_TIME: Duration = Duration::from_secs(1);
/// An abort must be complete, with Busy and Error clear, within this time (PCIe 6.x, 6.30.2).
pub const ABORT_TIME: Duration = Duration::from_secs(1);
/// How long a sender waits for another agent to let go of the mailbox. Not from the specification: Linux waits as
/// long.
pub const FREE_TIME: Duration = Duration::from_secs(1);
/// The longest interval between two looks at a status register, one 128th of a second; Linux' fixed interval.
pub const POLL_INTERVAL: Duration = Duration::from_micros(7813);
/// The first interval; each further one is twice as long, up to [`POLL_INTERVAL`].
pub const FIRST_POLL_INTERVAL: Duration = Duration::from_micros(64);
/// How often a mailbox is looked at while an interrupt is expected, in case the interrupt is lost.
pub const INTERRUPT_POLL_INTERVAL: Duration = Duration::from_micros(62_500);
