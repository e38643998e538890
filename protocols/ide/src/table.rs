//! Which streams have keys, and whose they are: a stream belongs to the session that programs its first key, until none
//! of its keys is left.

/// What there is to know of each stream's keys.
pub(crate) trait Lanes: Default {
    /// No key is programmed or in use.
    fn is_empty(&self) -> bool;
}

struct Entry<L> {
    session: u32,
    port: u8,
    stream: u8,
    lanes: L,
}

/// Room for `N` streams.
pub(crate) struct Table<L, const N: usize> {
    entries: [Option<Entry<L>>; N],
}

/// Why a stream cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotMine {
    /// Another session has it.
    OtherSession,
    /// Nobody has it, and there is no room for another.
    NoRoom,
}

impl<L: Lanes, const N: usize> Table<L, N> {
    pub fn new() -> Self {
        Self { entries: [const { None }; N] }
    }

    /// The stream's keys, whoever has them.
    pub fn get(&self, port: u8, stream: u8) -> Option<&L> {
        let mut entries = self.entries.iter().flatten();
        entries.find(|entry| (entry.port, entry.stream) == (port, stream)).map(|entry| &entry.lanes)
    }

    /// The same, to change.
    pub fn get_mut(&mut self, port: u8, stream: u8) -> Option<&mut L> {
        let mut entries = self.entries.iter_mut().flatten();
        entries.find(|entry| (entry.port, entry.stream) == (port, stream)).map(|entry| &mut entry.lanes)
    }

    /// The stream's keys where `session` has them; `None` where nobody does. Fails for another session's only.
    pub fn mine(&mut self, session: u32, port: u8, stream: u8) -> Result<Option<&mut L>, NotMine> {
        let mut entries = self.entries.iter_mut().flatten();
        match entries.find(|entry| (entry.port, entry.stream) == (port, stream)) {
            Some(entry) if entry.session != session => Err(NotMine::OtherSession),
            found => Ok(found.map(|entry| &mut entry.lanes)),
        }
    }

    /// The same, and gives the stream to `session` where nobody has it.
    pub fn claim(&mut self, session: u32, port: u8, stream: u8) -> Result<&mut L, NotMine> {
        if self.mine(session, port, stream)?.is_none() {
            let free = self.entries.iter_mut().find(|entry| entry.is_none()).ok_or(NotMine::NoRoom)?;
            *free = Some(Entry { session, port, stream, lanes: L::default() });
        }
        self.mine(session, port, stream)?.ok_or(NotMine::NoRoom)
    }

    /// Lets go of a stream that has no keys left.
    pub fn tidy(&mut self, port: u8, stream: u8) {
        if self.get(port, stream).is_some_and(Lanes::is_empty) {
            self.forget(port, stream);
        }
    }

    /// Lets go of a stream, whatever keys it has.
    pub fn forget(&mut self, port: u8, stream: u8) {
        let is_it = |entry: &Entry<L>| (entry.port, entry.stream) == (port, stream);
        self.entries
            .iter_mut()
            .filter(|entry| entry.as_ref().is_some_and(is_it))
            .for_each(|entry| *entry = None);
    }

    /// Port and stream of one that is of `session`, where one is asked for, and of `port`.
    pub fn first(&self, session: Option<u32>, port: Option<u8>) -> Option<(u8, u8)> {
        let is_of = |entry: &&Entry<L>| {
            session.is_none_or(|session| entry.session == session)
                && port.is_none_or(|port| entry.port == port)
        };
        self.entries.iter().flatten().find(is_of).map(|entry| (entry.port, entry.stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Count(u8);

    impl Lanes for Count {
        fn is_empty(&self) -> bool {
            self.0 == 0
        }
    }

    #[test]
    fn a_stream_is_its_first_sessions_until_it_is_empty() {
        let mut table = Table::<Count, 2>::new();
        table.claim(1, 0, 5).unwrap().0 = 3;
        assert_eq!(table.claim(2, 0, 5).err(), Some(NotMine::OtherSession));
        assert_eq!(table.mine(2, 0, 5).err(), Some(NotMine::OtherSession));
        assert!(table.mine(2, 1, 5).unwrap().is_none(), "the same stream of another port");
        table.tidy(0, 5);
        assert_eq!(table.mine(1, 0, 5).unwrap().unwrap().0, 3, "it has keys");
        table.claim(1, 0, 5).unwrap().0 = 0;
        table.tidy(0, 5);
        assert_eq!(table.claim(2, 0, 5).unwrap().0, 0);
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut table = Table::<Count, 2>::new();
        assert!(table.claim(1, 0, 0).is_ok() && table.claim(1, 0, 1).is_ok());
        assert_eq!(table.claim(1, 0, 2).err(), Some(NotMine::NoRoom));
        table.forget(0, 0);
        assert!(table.claim(1, 0, 2).is_ok());
    }

    #[test]
    fn streams_are_found_by_session_and_by_port() {
        let mut table = Table::<Count, 4>::new();
        for (session, port, stream) in [(1, 0, 0), (2, 1, 7), (1, 1, 8)] {
            table.claim(session, port, stream).unwrap();
        }
        assert_eq!(table.first(Some(2), None), Some((1, 7)));
        assert_eq!(table.first(Some(3), None), None);
        assert_eq!(table.first(Some(1), Some(1)), Some((1, 8)));
        table.forget(0, 0);
        table.forget(1, 7);
        assert_eq!(table.first(None, None), Some((1, 8)));
    }
}
