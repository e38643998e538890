//! Who is at the other end of a socket of this machine, as the kernel says.

use std::os::fd::AsFd;

use rustix::io::Errno;

/// The most groups that the kernel lets a process have (NGROUPS_MAX).
const MOST_GROUPS: usize = 65_536;

/// Who had made the connection, when it was made. What it is by now may differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its effective user id.
    pub user: u32,
    /// Its effective group and its supplementary groups, in ascending order.
    pub groups: Vec<u32>,
    /// Its process id, as this process' namespace has it; 0 where it is in none that is seen from here.
    pub process: u32,
}

impl Peer {
    /// The one at the other end of `socket`.
    ///
    /// # Errors
    /// As the operating system says; EOPNOTSUPP where it is no such socket.
    pub fn of(socket: impl AsFd) -> Result<Self, Errno> {
        let credentials = rustix::net::sockopt::socket_peercred(&socket)?;
        let mut groups = groups(&socket)?;
        groups.push(credentials.gid.as_raw());
        groups.sort_unstable();
        groups.dedup();
        let process = u32::try_from(credentials.pid.as_raw_nonzero().get()).unwrap_or_default();
        Ok(Self { user: credentials.uid.as_raw(), groups, process })
    }
}

/// The user that this process acts for.
#[must_use]
pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// `SO_PEERGROUPS` tells by ERANGE how much room it needs.
fn groups(socket: &impl AsFd) -> Result<Vec<u32>, Errno> {
    let mut groups = vec![0; 64];
    loop {
        match ask(socket, &mut groups) {
            Ok(count) => {
                groups.truncate(count);
                return Ok(groups);
            }
            Err((Errno::RANGE, count)) if count > groups.len() && count <= MOST_GROUPS => {
                groups.resize(count, 0);
            }
            Err((error, _)) => return Err(error),
        }
    }
}

/// How many there are, with the error if that is one. There is no safe form of this call in rustix.
#[allow(unsafe_code)]
fn ask(socket: &impl AsFd, groups: &mut [u32]) -> Result<usize, (Errno, usize)> {
    use std::os::fd::AsRawFd;
    let room = size_of_val(groups);
    let mut length = libc::socklen_t::try_from(room).map_err(|_| (Errno::INVAL, 0))?;
    // SAFETY: the kernel writes at most `length` bytes, which is the length of `groups`, and any bits are a `u32`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let count = usize::try_from(length).unwrap_or_default().div_euclid(size_of::<u32>());
    if result == 0 {
        return Ok(count);
    }
    let error = std::io::Error::last_os_error().raw_os_error().map_or(Errno::INVAL, Errno::from_raw_os_error);
    Err((error, count))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn both_ends_of_a_pair_are_this_process() {
        let (one, _other) = UnixStream::pair().unwrap();
        let peer = Peer::of(&one).unwrap();
        assert_eq!((peer.user, peer.process), (user(), std::process::id()));
        let group = rustix::process::getegid().as_raw();
        assert!(peer.groups.contains(&group) && peer.groups.is_sorted());
        let supplementary = rustix::process::getgroups().unwrap();
        assert!(supplementary.iter().all(|group| peer.groups.contains(&group.as_raw())));
    }

    #[test]
    fn what_is_no_such_socket_has_no_peer() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(Peer::of(&file), Err(Errno::NOTSOCK));
    }
}
