//! Messages between the daemon and its clients: any bytes as a stream of calls, and of replies.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use futures_util::StreamExt;
use lanewarden_ipc::{
    Call, Fault, Incoming, MAX_MESSAGE, Replied, config, frame, machine, mailbox, service, status,
};

/// Reads a stream: each message is a call, a reply, both or neither; what can be read is written, and read the same.
pub fn ipc_call(data: &[u8]) {
    let mut stream = pin!(frame::incoming(data));
    let mut context = Context::from_waker(Waker::noop());
    let mut taken = 0;
    // Bytes in memory are always ready, so nothing is ever waited for.
    while let Poll::Ready(Some(message)) = stream.poll_next_unpin(&mut context) {
        let Ok(message) = message else { return };
        taken += message.len();
        assert!(taken <= data.len() && message.len() <= MAX_MESSAGE);
        if let Ok(call) = serde_json::from_slice::<Incoming<'_>>(&message) {
            parameters(&call);
        }
        if let Ok(replied) = serde_json::from_slice::<Replied<'_>>(&message) {
            results(&replied);
        }
    }
}

macro_rules! each_method {
    ($check:ident, $of:expr) => {
        $check::<mailbox::Exchange>($of);
        $check::<mailbox::ExchangeRaw>($of);
        $check::<mailbox::Claim>($of);
        $check::<mailbox::Detach>($of);
        $check::<mailbox::Release>($of);
        $check::<mailbox::Keep>($of);
        $check::<mailbox::Abort>($of);
        $check::<config::Lock>($of);
        $check::<config::Unlock>($of);
        $check::<config::Write>($of);
        $check::<status::Status>($of);
        $check::<status::Monitor>($of);
        $check::<machine::Functions>($of);
        $check::<machine::Describe>($of);
        $check::<machine::ReadConfig>($of);
        $check::<machine::KernelClaim>($of);
        $check::<machine::KernelCdat>($of);
        $check::<machine::HostBridge>($of);
        $check::<machine::AcpiTables>($of);
        $check::<service::GetInfo>($of);
        $check::<service::GetInterfaceDescription>($of);
    };
}

fn parameters(call: &Incoming<'_>) {
    each_method!(call_of, call);
}

fn results(replied: &Replied<'_>) {
    each_method!(result_of, replied);
}

fn call_of<C: Call>(call: &Incoming<'_>) {
    match call.parameters::<C>() {
        Ok(parameters) => stays::<C>(&parameters),
        Err(fault) => assert!(matches!(fault, Fault::InvalidParameter(_))),
    }
}

fn result_of<C: Call>(replied: &Replied<'_>) {
    match replied.result::<C::Reply>() {
        Ok(Ok(result)) => stays::<C::Reply>(&result),
        Ok(Err(fault)) => {
            let text = serde_json::to_string(&fault).expect("a fault can be written");
            let again: Replied<'_> = serde_json::from_str(&text).expect("it is a reply");
            let again = again.result::<C::Reply>().expect("it can be read");
            assert_eq!(again.err(), Some(fault));
        }
        Err(_) => {}
    }
}

/// What was read can be written, and is the same then.
fn stays<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) {
    let text = serde_json::to_string(value).expect("it can be written");
    let again: T = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(serde_json::to_string(&again).expect("it can be written"), text);
}
