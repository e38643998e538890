//! Messages on a stream: JSON objects, each ended by a zero byte.
//!
//! The library zlink reads and writes the same. It takes up to 100 MB before it gives up on a peer, and writes a long
//! message again and again while its buffer grows by 256 bytes; so the framing is tokio-util's here, and zlink is the
//! independent peer of the tests.

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::{AnyDelimiterCodec, AnyDelimiterCodecError, FramedRead, FramedWrite};

/// The longest message, in bytes: the longest object (1 MiB) in base64, and what goes around it.
pub const MAX_MESSAGE: usize = 3 << 19;

/// Messages that come.
pub type Incoming<R> = FramedRead<R, AnyDelimiterCodec>;
/// Messages that go.
pub type Outgoing<W> = FramedWrite<W, AnyDelimiterCodec>;

/// Why a message was not read or written. Nothing more comes over the stream then.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// It is longer than [`MAX_MESSAGE`].
    #[error("a message is longer than {MAX_MESSAGE} bytes")]
    TooLong,
    /// The stream failed.
    #[error(transparent)]
    Stream(#[from] std::io::Error),
    /// It is not JSON, or not what was expected.
    #[error("a message cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<AnyDelimiterCodecError> for FrameError {
    fn from(error: AnyDelimiterCodecError) -> Self {
        match error {
            AnyDelimiterCodecError::MaxChunkLengthExceeded => Self::TooLong,
            AnyDelimiterCodecError::Io(error) => Self::Stream(error),
        }
    }
}

fn codec() -> AnyDelimiterCodec {
    AnyDelimiterCodec::new_with_max_length(vec![0], vec![0], MAX_MESSAGE)
}

/// The messages that `stream` brings.
pub fn incoming<R: AsyncRead>(stream: R) -> Incoming<R> {
    FramedRead::new(stream, codec())
}

/// Messages into `stream`.
pub fn outgoing<W: AsyncWrite>(stream: W) -> Outgoing<W> {
    FramedWrite::new(stream, codec())
}

/// A message as text, without its end.
///
/// # Errors
/// [`FrameError::TooLong`], so that a peer never gets what it may not take.
pub fn message<T: Serialize>(value: &T) -> Result<String, FrameError> {
    let text = serde_json::to_string(value)?;
    if text.len() > MAX_MESSAGE { Err(FrameError::TooLong) } else { Ok(text) }
}
