//! Which device a certificate is for.

use super::support::*;
use crate::certificate::*;

fn claimed(text: &str) -> ClaimedIdentity {
    let mut claimed = ClaimedIdentity::NOTHING;
    claimed.add(text);
    claimed
}

#[test]
fn a_device_is_named_as_pcie_says() {
    assert_eq!(
        DEVICE.to_string(),
        "Vendor=8086:Device=0d58:CC=058000:REV=01:SSVID=8086:SSID=0000:0011223344556677"
    );
    let bridge = DeviceIdentity { subsystem: None, serial: None, revision: 0xAB, ..DEVICE };
    assert_eq!(bridge.to_string(), "Vendor=8086:Device=0d58:CC=058000:REV=ab");
    let with_serial = DeviceIdentity { serial: Some(u64::MAX), ..bridge };
    assert_eq!(with_serial.to_string(), "Vendor=8086:Device=0d58:CC=058000:REV=ab:ffffffffffffffff");
    let with_subsystem = DeviceIdentity { subsystem: Some((0x1AF4, 0x1100)), ..bridge };
    assert_eq!(with_subsystem.to_string(), "Vendor=8086:Device=0d58:CC=058000:REV=ab:SSVID=1af4:SSID=1100");
}

#[test]
fn the_same_device_is_recognized() {
    claimed(&DEVICE.to_string()).check(&DEVICE).unwrap();
}

#[test]
fn the_field_that_differs_is_named() {
    use IdentityField::*;
    for (other, field) in [
        (DeviceIdentity { vendor_id: 1, ..DEVICE }, Vendor),
        (DeviceIdentity { device_id: 1, ..DEVICE }, Device),
        (DeviceIdentity { class_code: 1, ..DEVICE }, ClassCode),
        (DeviceIdentity { revision: 2, ..DEVICE }, Revision),
        (DeviceIdentity { subsystem: Some((1, 0)), ..DEVICE }, SubsystemVendor),
        (DeviceIdentity { subsystem: Some((0x8086, 1)), ..DEVICE }, Subsystem),
        (DeviceIdentity { serial: Some(1), ..DEVICE }, Serial),
    ] {
        let found = claimed(&DEVICE.to_string()).check(&other);
        assert_eq!(found, Err(IdentityError::Differs(field)));
    }
}

#[test]
fn upper_case_is_another_name() {
    let found = claimed(&DEVICE.to_string().replace("0d58", "0D58")).check(&DEVICE);
    assert_eq!(found, Err(IdentityError::Differs(IdentityField::Device)));
}

#[test]
fn what_is_missing_and_what_is_too_much_is_said() {
    let without = DeviceIdentity { serial: None, ..DEVICE };
    let found = claimed(&without.to_string()).check(&DEVICE);
    assert_eq!(found, Err(IdentityError::Missing(IdentityField::Serial)));
    assert_eq!(claimed(&DEVICE.to_string()).check(&without), Err(IdentityError::Excess));
    assert_eq!(claimed(&format!("{DEVICE}:")).check(&DEVICE), Err(IdentityError::Excess));
    assert_eq!(claimed("").check(&DEVICE), Err(IdentityError::Differs(IdentityField::Vendor)));
}

#[test]
fn one_name_of_bearable_length_is_wanted() {
    assert_eq!(ClaimedIdentity::NOTHING.check(&DEVICE), Err(IdentityError::Nothing));
    assert_eq!(claimed(&"x".repeat(129)).check(&DEVICE), Err(IdentityError::TooLong));
    let mut twice = claimed(&DEVICE.to_string());
    twice.add(&DEVICE.to_string());
    assert_eq!(twice.check(&DEVICE), Err(IdentityError::Several));
    assert_eq!(twice.text(), None);
}

#[test]
fn two_names_in_a_certificate_are_seen() {
    let pki = pki(2, |_, parameters| {
        parameters.subject_alt_names = vec![device_name("one"), device_name("two")];
    });
    let leaf = Certificate::parse(&pki.certificates[1]).unwrap();
    assert_eq!(leaf.identity().check(&DEVICE), Err(IdentityError::Several));
}

#[test]
fn a_peers_text_is_escaped() {
    assert_eq!(claimed("a\u{1b}[2J\u{202e}").to_string(), "a\\u{1b}[2J\\u{202e}");
    assert_eq!(claimed(&DEVICE.to_string()).to_string(), DEVICE.to_string());
    assert_eq!(ClaimedIdentity::NOTHING.to_string(), "none");
}
