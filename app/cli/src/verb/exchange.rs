//! `doe exchange`: one object out, one in.

use std::io::Read;
use std::path::Path;

use lanewarden_doe::{Object, Protocol};
use lanewarden_inventory::{Work, find, mailboxes, read_function, work};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Function, Hierarchy, Machine, MailboxId};
use serde::Serialize;

use crate::args::{Exchange, HexOffset};
use crate::dump::hexadecimal;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::verb::{require_mailbox, resolve};

/// The longest payload of an object, in bytes.
const MOST: usize = (lanewarden_doe::MAX_DWORDS as usize - 2) * 4;

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    objects: [ObjectJson; 1],
}

#[derive(Serialize)]
struct ObjectJson {
    address: String,
    offset: u16,
    vendor_id: u16,
    data_object_type: u8,
    payload_hex: String,
}

/// Sends the object and prints the answer's payload.
pub fn run<M: Machine>(machine: &M, exchange: &Exchange, output: &Output) -> Outcome {
    let payload = payload(exchange)?;
    let address = resolve(machine, &exchange.device)?;
    let function = read_function(machine, address)?;
    require_mailbox(address, &function)?;
    let protocol = exchange.protocol.0;
    if exchange.dry_run {
        return dry_run(&function, exchange, &payload, output);
    }
    let (id, doe) = mailbox(machine, &function, exchange)?;
    let request = Work::Request { protocol, connection: exchange.connection, payload, most: MOST };
    let reports = work(machine, vec![(id, doe, request)], exchange.sharing.into(), &mut |_| ());
    if let Some(failure) = reports.first().and_then(Failure::of_report) {
        return Err(failure);
    }
    match reports.into_iter().next().and_then(|report| report.answer?.ok()) {
        Some(answer) => print(exchange, id, protocol, &answer, output),
        None => Err(Failure::new(Exit::Failure, format!("{id}: the exchange was not made"))),
    }
}

/// Says what would be sent. Which of several mailboxes speaks the protocol only asking them would tell.
fn dry_run(function: &Function, exchange: &Exchange, payload: &[u8], output: &Output) -> Outcome {
    let object = Object::new(exchange.protocol.0, exchange.connection, payload);
    let object = object.map_err(|error| Failure::new(Exit::Usage, error))?;
    let mut bytes = vec![0; object.header.payload_len().saturating_add(8)];
    object.write_to(&mut bytes).map_err(|error| Failure::new(Exit::Usage, error))?;
    let address = function.address;
    let place = match (exchange.mailbox, function.does.as_slice()) {
        (Some(HexOffset(offset)), _) => MailboxId { address, offset }.to_string(),
        (None, [only]) => MailboxId { address, offset: only.offset }.to_string(),
        (None, all) => format!("the first of {} mailboxes of {address} that speaks it", all.len()),
    };
    output.note(&format!("would send {} to {place}:", object.header));
    output.print(&hexadecimal(&bytes))?;
    Ok(Exit::Ok)
}

fn payload(exchange: &Exchange) -> Result<Vec<u8>, Failure> {
    if let Some(hex) = &exchange.hex {
        return Ok(hex.0.clone());
    }
    let path = exchange.file.as_deref().unwrap_or_else(|| Path::new("-"));
    let mut bytes = Vec::new();
    // One byte more than fits, so that too long a file is noticed and not cut.
    let most = u64::try_from(MOST).unwrap_or(u64::MAX).saturating_add(1);
    let read = if path == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::file(path, "read", &error))?;
    if bytes.len() > MOST {
        let message = format!("{}: longer than the {MOST} bytes an object holds", path.display());
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(bytes)
}

/// The mailbox the user names, or the first that speaks the protocol: discovery tells, where there are several.
fn mailbox<M: Machine>(
    machine: &M,
    function: &Function,
    exchange: &Exchange,
) -> Result<(MailboxId, Doe), Failure> {
    let hierarchy = Hierarchy::new(vec![function.clone()]);
    let all: Vec<_> = mailboxes(&hierarchy).collect();
    if let Some(HexOffset(offset)) = exchange.mailbox {
        let named = all.into_iter().find(|(id, _)| id.offset == offset);
        let message = format!("{}: no DOE mailbox at {offset:03x}", function.address);
        return named.ok_or_else(|| Failure::new(Exit::NotFound, message));
    }
    if let [only] = all.as_slice() {
        return Ok(*only);
    }
    let jobs = all.iter().map(|(id, doe)| (*id, *doe, Work::Discovery)).collect();
    let reports = work(machine, jobs, exchange.sharing.into(), &mut |_| ());
    let chosen = find(&reports, exchange.protocol.0);
    let found = chosen.and_then(|chosen| all.into_iter().find(|(id, _)| *id == chosen.id));
    found.ok_or_else(|| {
        let protocol = exchange.protocol.0;
        let message = format!("{}: no mailbox is known to speak {protocol}", function.address);
        Failure::new(Exit::NotFound, message).hint("name one with --mailbox; `doe discover` lists them")
    })
}

fn print(exchange: &Exchange, id: MailboxId, protocol: Protocol, answer: &[u8], output: &Output) -> Outcome {
    if let Some(path) = &exchange.output {
        std::fs::write(path, answer).map_err(|error| Failure::file(path, "write", &error))?;
        output.note(&format!("{} bytes written to {}", answer.len(), path.display()));
    }
    if output.json() {
        let object = ObjectJson {
            address: id.address.to_string(),
            offset: id.offset,
            vendor_id: protocol.vendor,
            data_object_type: protocol.kind,
            payload_hex: answer.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        output.print_json(&Json { schema: "lanewarden.objects/1", objects: [object] })?;
    } else if exchange.output.is_none() {
        output.print(&hexadecimal(answer))?;
    }
    Ok(Exit::Ok)
}
