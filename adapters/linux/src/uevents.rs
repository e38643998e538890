//! What the kernel tells of devices that come and go.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recvfrom, socket_with};

/// The kernel's own messages. Those of udev are in another group.
const KERNEL: u32 = 1;
/// The most that the kernel writes into a message (UEVENT_BUFFER_SIZE), and room for its path.
const LONGEST: usize = 8192;

/// A socket that the kernel's messages of devices (uevents) come in on.
#[derive(Debug)]
pub struct Uevents(OwnedFd);

impl Uevents {
    /// Listens from now on.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn listen() -> io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT))?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
        Ok(Self(socket))
    }

    /// The next message, and [`io::ErrorKind::WouldBlock`] where there is none. Messages that are not the kernel's are
    /// dropped.
    ///
    /// # Errors
    /// As the operating system says; ENOBUFS where messages have been lost.
    pub fn receive(&self) -> io::Result<Vec<u8>> {
        loop {
            let mut message = vec![0; LONGEST];
            let (length, _, from) = recvfrom(&self.0, &mut message, RecvFlags::empty())?;
            let from = from.and_then(|from| SocketAddrNetlink::try_from(from).ok());
            if from.is_some_and(|from| from.pid() == 0) {
                message.truncate(length);
                return Ok(message);
            }
        }
    }
}

impl AsFd for Uevents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Uevents {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_and_hears_nothing_of_no_device() {
        let uevents = Uevents::listen().unwrap();
        if let Err(error) = uevents.receive() {
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        }
    }
}
