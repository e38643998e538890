//! Room for sessions.

use lanewarden_crypto::Provider;

use super::Session;

/// Room for a number of sessions: an array of [`Seat`]s, or `()` for none, without which no session is offered.
pub trait Sessions<P: Provider> {
    /// Whether there is any room.
    const PRESENT: bool = true;
    /// Where a side keeps what it needs only where there are sessions: an `Option`, or `()`, which takes no room.
    type Keep<T>: Keep<T>;

    /// The places.
    fn seats(&self) -> &[Seat<P>];

    /// The places, to be taken and left.
    fn seats_mut(&mut self) -> &mut [Seat<P>];
}

/// Keeps something, or nothing ever.
pub trait Keep<T>: Default {
    /// Keeps it, in the place of what was kept before.
    fn put(&mut self, what: T);

    /// What is kept.
    fn get(&self) -> Option<&T>;

    /// What is kept, to be changed.
    fn get_mut(&mut self) -> Option<&mut T>;

    /// What was kept, which is no longer.
    fn take(&mut self) -> Option<T>;

    /// A copy of what was kept, which is dropped in its place: what is taken leaves its bytes there, secrets too.
    fn lift(&mut self) -> Option<T>
    where
        T: Clone,
    {
        let copy = self.get().cloned();
        *self = Self::default();
        copy
    }

    /// What was kept, where it is such; then it is no longer.
    fn take_if(&mut self, is_such: impl FnOnce(&T) -> bool) -> Option<T> {
        if self.get().is_some_and(is_such) { self.take() } else { None }
    }

    /// Whether something that is such is kept.
    fn has(&self, is_such: impl FnOnce(&T) -> bool) -> bool {
        self.get().is_some_and(is_such)
    }
}

impl<T> Keep<T> for Option<T> {
    fn put(&mut self, what: T) {
        *self = Some(what);
    }

    fn get(&self) -> Option<&T> {
        self.as_ref()
    }

    fn get_mut(&mut self) -> Option<&mut T> {
        self.as_mut()
    }

    fn take(&mut self) -> Option<T> {
        Self::take(self)
    }
}

impl<T> Keep<T> for () {
    fn put(&mut self, _: T) {}

    fn get(&self) -> Option<&T> {
        None
    }

    fn get_mut(&mut self) -> Option<&mut T> {
        None
    }

    fn take(&mut self) -> Option<T> {
        None
    }
}

/// A place that a session may have.
pub type Seat<P> = Option<Session<P>>;

/// Room for `N` sessions, all free.
#[must_use]
pub const fn seats<P: Provider, const N: usize>() -> [Seat<P>; N] {
    [const { None }; N]
}

impl<P: Provider> Sessions<P> for () {
    const PRESENT: bool = false;
    type Keep<T> = ();

    fn seats(&self) -> &[Seat<P>] {
        &[]
    }

    fn seats_mut(&mut self) -> &mut [Seat<P>] {
        &mut []
    }
}

impl<P: Provider, const N: usize> Sessions<P> for [Seat<P>; N] {
    type Keep<T> = Option<T>;

    fn seats(&self) -> &[Seat<P>] {
        self
    }

    fn seats_mut(&mut self) -> &mut [Seat<P>] {
        self
    }
}

/// What both roles do with the places.
pub(crate) trait Seating<P: Provider> {
    /// The session of this number, once it has begun.
    fn session(&self, id: u32) -> Option<&Session<P>>;

    /// The session of this number, to be changed.
    fn session_mut(&mut self, id: u32) -> Option<&mut Session<P>>;

    /// A free place.
    fn free(&mut self) -> Option<&mut Seat<P>>;

    /// The session that has its place and has not begun.
    fn reserved(&mut self) -> Option<&mut Session<P>>;

    /// No session has a place any more that has not begun.
    fn unreserve(&mut self);

    /// The session ends here; its secrets are wiped.
    fn end(&mut self, id: u32);
}

impl<P: Provider> Seating<P> for [Seat<P>] {
    fn session(&self, id: u32) -> Option<&Session<P>> {
        self.iter().flatten().find(|session| session.id() == id && session.has_begun())
    }

    fn session_mut(&mut self, id: u32) -> Option<&mut Session<P>> {
        self.iter_mut().flatten().find(|session| session.id() == id && session.has_begun())
    }

    fn free(&mut self) -> Option<&mut Seat<P>> {
        self.iter_mut().find(|seat| seat.is_none())
    }

    fn reserved(&mut self) -> Option<&mut Session<P>> {
        self.iter_mut().flatten().find(|session| !session.has_begun())
    }

    fn unreserve(&mut self) {
        let reserved = self.iter_mut().filter(|seat| seat.as_ref().is_some_and(|one| !one.has_begun()));
        reserved.for_each(|seat| *seat = None);
    }

    fn end(&mut self, id: u32) {
        let seat = self.iter_mut().find(|seat| seat.as_ref().is_some_and(|session| session.id() == id));
        if let Some(seat) = seat {
            *seat = None;
        }
    }
}
