//! The interfaces as texts, as they stand in `app/ipc/interfaces`.

/// Its name and its text.
pub type Interface = (&'static str, &'static str);

/// What the daemon offers beside `org.varlink.service`.
pub const ALL: [Interface; 5] = [
    ("org.lanewarden.Machine1", include_str!("../interfaces/org.lanewarden.Machine1.varlink")),
    ("org.lanewarden.Status1", include_str!("../interfaces/org.lanewarden.Status1.varlink")),
    ("org.lanewarden.Mailbox1", include_str!("../interfaces/org.lanewarden.Mailbox1.varlink")),
    ("org.lanewarden.Config1", include_str!("../interfaces/org.lanewarden.Config1.varlink")),
    ("org.lanewarden.Session1", include_str!("../interfaces/org.lanewarden.Session1.varlink")),
];

/// The text of an interface.
#[must_use]
pub fn find(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
