//! A device's list of protocols, whatever it answers.

use lanewarden_doe::{Discovery, DiscoveryRequest, DiscoveryResponse, Protocol, collocation};

use crate::input::Input;

/// Walks a discovery list. The first byte is the capability's version; each answer is preceded by its length.
pub fn discovery(data: &[u8]) {
    let mut input = Input::new(data);
    let mut walk = Discovery::new(input.byte());
    let mut protocols: Vec<Protocol> = Vec::new();
    let mut exchanges = 0;
    while let Some(request) = walk.request() {
        exchanges += 1;
        assert!(exchanges <= 256, "no list is longer than its index");
        assert_eq!(DiscoveryRequest::decode(&request).map(DiscoveryRequest::encode), Some(request));
        let answer = input.counted();
        response(answer);
        match walk.answer(answer) {
            Ok(feature) => protocols.extend(feature.map(|feature| feature.protocol)),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert_eq!(walk.request(), None, "an error ends the walk");
            }
        }
    }
    assert!(collocation(&protocols).all(|warning| !warning.to_string().is_empty()));
}

/// A response that can be read is written as it was, but for reserved bits.
fn response(payload: &[u8]) {
    if let Ok(response) = DiscoveryResponse::decode(payload) {
        let (bytes, length) = response.encode();
        assert_eq!(DiscoveryResponse::decode(&bytes[..length]), Ok(response));
    }
}
