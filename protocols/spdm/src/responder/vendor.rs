//! VENDOR_DEFINED_REQUEST (DSP0274 1.3, 10.13).

use super::{Answer, Context, Core, Endpoint, Refused, VendorHandler};
use crate::message::{ErrorCode, NoRoom, Reader, Registry, Request, VendorMessage, Writer};

/// Handlers, each for one registry.
pub struct Registered<'h> {
    handlers: &'h mut [(Registry<'h>, &'h mut (dyn VendorFunction + 'h))],
}

impl<'h> Registered<'h> {
    /// These; of two for the same registry the first answers.
    pub fn new(handlers: &'h mut [(Registry<'h>, &'h mut (dyn VendorFunction + 'h))]) -> Self {
        Self { handlers }
    }
}

/// What answers the requests of one registry.
pub trait VendorFunction {
    /// As [`VendorHandler::handle`].
    ///
    /// # Errors
    /// The code of the ERROR to answer with.
    fn call(&mut self, context: Context, request: &[u8], answer: &mut [u8]) -> Result<usize, ErrorCode>;

    /// As [`VendorHandler::ended`].
    fn ended(&mut self, session: u32) {
        let _ = session;
    }
}

impl<F: FnMut(Context, &[u8], &mut [u8]) -> Result<usize, ErrorCode>> VendorFunction for F {
    fn call(&mut self, context: Context, request: &[u8], answer: &mut [u8]) -> Result<usize, ErrorCode> {
        self(context, request, answer)
    }
}

impl VendorHandler for Registered<'_> {
    fn handle(
        &mut self,
        context: Context,
        registry: Registry<'_>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        let found = self.handlers.iter_mut().find(|(of, _)| *of == registry);
        let (_, handler) = found.ok_or(ErrorCode::UNSUPPORTED_REQUEST)?;
        handler.call(context, request, answer)
    }

    fn ended(&mut self, session: u32) {
        self.handlers.iter_mut().for_each(|(_, handler)| handler.ended(session));
    }
}

impl<E: Endpoint> Core<E> {
    pub(super) fn vendor(&mut self, reader: &mut Reader<'_>, out: &mut [u8]) -> Result<Answer, Refused> {
        let (asked, _) = VendorMessage::decode(reader)?;
        let context = Context { session: self.lane, mutual: self.is_requester_known(self.lane) };
        let mut writer = Writer::new(out);
        VendorMessage::encode_head(self.version, false, asked.registry, &mut writer)?;
        let length_at = writer.length();
        writer.u16(0)?;
        let head = writer.length();
        let longest = writer.rest().len().min(usize::from(u16::MAX));
        let room = writer.room(longest)?;
        let handled = self.parts.vendor.handle(context, asked.registry, asked.payload, room);
        let length = handled.map_err(|code| match code {
            ErrorCode::UNSUPPORTED_REQUEST => Refused::unsupported(Request::VendorDefined.byte()),
            code => Refused { code, data: 0 },
        })?;
        let size = u16::try_from(length).ok().filter(|_| length <= longest).ok_or(NoRoom)?;
        let place = out.get_mut(length_at..head).ok_or(NoRoom)?;
        place.copy_from_slice(&size.to_le_bytes());
        Ok(Answer::Ready(head.saturating_add(length)))
    }
}
