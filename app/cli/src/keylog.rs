//! Key logs in the making (`--keylog`), in programs that are built for it: with the cargo feature `keylog`, which no
//! package has.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use lanewarden_attestation::Listener;
use lanewarden_decode::keylog::{Phase, write_secrets};
use lanewarden_spdm::{Part, Record};

use crate::exit::Failure;

/// A key log, or none. What goes wrong with it is told at its end, and ends no session.
#[derive(Clone)]
pub struct KeyLogFile(Option<Rc<Open>>);

struct Open {
    path: PathBuf,
    file: RefCell<io::Result<File>>,
}

impl KeyLogFile {
    /// Begins one, where one is wanted: anew, and for its owner alone.
    pub fn create(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self(None)) };
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let file = opened.map_err(|error| Failure::file(path, "write", &error))?;
        Ok(Self(Some(Rc::new(Open { path: path.to_owned(), file: RefCell::new(Ok(file)) }))))
    }

    /// What a dialogue tells secrets to.
    pub fn listener(&self) -> Listener {
        let mut log = self.clone();
        Listener::new(move |session, is_established, requester, responder| {
            log.secrets(session, is_established, requester, responder);
        })
    }

    /// Tells what went wrong with it.
    pub fn finish(&self) -> Result<(), Failure> {
        let Some(open) = &self.0 else { return Ok(()) };
        match &*open.file.borrow() {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::file(&open.path, "write", error)),
        }
    }
}

impl Record for KeyLogFile {
    fn request(&mut self, _: Part, _: &[u8]) {}
    fn response(&mut self, _: Part, _: &[u8]) {}
    fn signature(&mut self, _: Part, _: &[u8]) {}
    fn reset(&mut self, _: Part) {}

    fn secrets(&mut self, session: u32, is_established: bool, requester: &[u8], responder: &[u8]) {
        let Some(open) = &self.0 else { return };
        let phase = if is_established { Phase::Application } else { Phase::Handshake };
        let mut file = open.file.borrow_mut();
        let Ok(writer) = &mut *file else { return };
        if let Err(error) = write_secrets(writer, session, phase, requester, responder) {
            *file = Err(error);
        }
    }
}
