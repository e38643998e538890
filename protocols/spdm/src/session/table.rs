//! Room for sessions.

use lanewarden_crypto::Provider;

use super::Session;

/// Room for a number of sessions: an array of [`Seat`]s, or `()` for none, without which no session is offered.
pub trait Sessions<P: Provider> {
    /// Whether there is any room.
    const PRESENT: bool = true;

    /// The places.
    fn seats(&self) -> &[Seat<P>];

    /// The places, to be taken and left.
    fn seats_mut(&mut self) -> &mut [Seat<P>];
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

    fn seats(&self) -> &[Seat<P>] {
        &[]
    }

    fn seats_mut(&mut self) -> &mut [Seat<P>] {
        &mut []
    }
}

impl<P: Provider, const N: usize> Sessions<P> for [Seat<P>; N] {
    fn seats(&self) -> &[Seat<P>] {
        self
    }

    fn seats_mut(&mut self) -> &mut [Seat<P>] {
        self
    }
}

/// What both roles do with the places.
pub(crate) trait Seating<P: Provider> {
    /// The session of this number.
    fn session(&self, id: u32) -> Option<&Session<P>>;

    /// The session of this number, to be changed.
    fn session_mut(&mut self, id: u32) -> Option<&mut Session<P>>;

    /// A free place.
    fn free(&mut self) -> Option<&mut Seat<P>>;

    /// The session ends here; its secrets are wiped.
    fn end(&mut self, id: u32);
}

impl<P: Provider> Seating<P> for [Seat<P>] {
    fn session(&self, id: u32) -> Option<&Session<P>> {
        self.iter().flatten().find(|session| session.id() == id)
    }

    fn session_mut(&mut self, id: u32) -> Option<&mut Session<P>> {
        self.iter_mut().flatten().find(|session| session.id() == id)
    }

    fn free(&mut self) -> Option<&mut Seat<P>> {
        self.iter_mut().find(|seat| seat.is_none())
    }

    fn end(&mut self, id: u32) {
        let seat = self.iter_mut().find(|seat| seat.as_ref().is_some_and(|session| session.id() == id));
        if let Some(seat) = seat {
            *seat = None;
        }
    }
}
