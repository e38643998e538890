//! Integrity and Data Encryption: what a port can encrypt, and the state of each stream.

use lanewarden_pci::registers::ide::{
    ALGORITHM_AES_GCM_256, AddressRange, Ide, LinkStream, SelectiveStream, StreamControl,
};

use super::document::{Section, Value, flags};
use super::words::{range, requester};

/// The capability and its streams, of a function in this segment.
pub fn encryption(ide: &Ide, segment: u32) -> Section {
    let streams = ide.selective.iter().map(|stream| selective_stream(stream, segment));
    Section::default()
        .field("capabilities", "Capabilities", flags!(ide.capability))
        .field("algorithm", "Algorithm", Value::word(algorithm(ide.algorithms)))
        .field("flow_through", "Passes others' streams through", ide.flow_through)
        .field("link_stream_count", "Link streams", ide.link_count)
        .field("selective_stream_count", "Selective streams", ide.selective_count)
        .data("cut", ide.cut)
        .line("Streams missing", ide.cut.then_some("those stated beyond the end of configuration space"))
        .parts("link_streams", ide.link.iter().map(link_stream).collect())
        .parts("selective_streams", streams.collect())
}

fn algorithm(encoding: u8) -> String {
    match encoding {
        ALGORITHM_AES_GCM_256 => "AES-GCM-256".to_owned(),
        other => format!("undefined {other}"),
    }
}

fn link_stream(stream: &LinkStream) -> Section {
    Section::new(format!("[{:03x}] Link stream {}", stream.offset, stream.control.stream))
        .data("offset", stream.offset)
        .field("enabled", "Enabled", stream.control.enabled)
        .field("state", "State", Value::word(stream.state))
        .field("check_failed", "Check failed at the other end", stream.check_failed)
        .with(control(&stream.control))
}

fn selective_stream(stream: &SelectiveStream, segment: u32) -> Section {
    let requesters = &stream.requesters;
    let (first, last) = (requester(segment, requesters.base), requester(segment, requesters.limit));
    Section::new(format!("[{:03x}] Selective stream {}", stream.offset, stream.control.stream))
        .data("offset", stream.offset)
        .field("enabled", "Enabled", stream.control.enabled)
        .field("state", "State", Value::word(stream.state))
        .field("check_failed", "Check failed at the other end", stream.check_failed)
        .field("default_stream", "Takes all other traffic", stream.default_stream)
        .field("config_requests", "Takes configuration requests", stream.config_requests)
        .field("tee_limited", "Trusted interfaces only", stream.tee_limited)
        .line(
            "Requesters",
            requesters.valid.then(|| format!("{first} to {last}, segment base {:02x}", requesters.segment)),
        )
        .line("Addresses", stream.addresses.iter().filter(|range| range.valid).map(words).collect::<Vec<_>>())
        .with(control(&stream.control))
        .data("requesters_valid", requesters.valid)
        .data("first_requester", first)
        .data("last_requester", last)
        .data("requester_segment", requesters.segment)
        .data_parts("addresses", stream.addresses.iter().map(addresses).collect())
}

fn words(addresses: &AddressRange) -> String {
    range(addresses.base, addresses.limit)
}

fn addresses(range: &AddressRange) -> Section {
    Section::default().data("valid", range.valid).data("base", range.base).data("limit", range.limit)
}

fn control(control: &StreamControl) -> Section {
    let aggregation = &control.aggregation;
    Section::default()
        .data("stream_id", control.stream)
        .detail("traffic_class", "Traffic class", control.traffic_class)
        .detail("stream_algorithm", "Algorithm", Value::word(algorithm(control.algorithm)))
        .detail("pcrc", "Plaintext CRC", control.pcrc)
        .detail("xt", "Extended TEE", control.xt)
        .detail("partial_header", "Partial header encryption (encoded)", control.partial_header)
        .detail_line(
            "TLPs under one MAC",
            format!(
                "{} non-posted, {} posted, {} completions",
                aggregation.non_posted, aggregation.posted, aggregation.completions
            ),
        )
        .data("aggregation_non_posted", aggregation.non_posted)
        .data("aggregation_posted", aggregation.posted)
        .data("aggregation_completions", aggregation.completions)
}
