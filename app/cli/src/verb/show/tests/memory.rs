//! A CXL memory device with two mailboxes: one that answered and one that the kernel uses.

use std::time::Duration;

use lanewarden_doe::{Feature, Protocol, Statistics};
use lanewarden_inventory::{FunctionReport, MailboxError, MailboxReport};
use lanewarden_pci::{Claim, Image, MailboxId};

use super::super::reading::Reading;
use super::{address, extended, people, programs, read};

fn memory() -> Image {
    Image::new(4096)
        .with(0x00, 0x0d93_8086)
        .with(0x04, 0x0010_0006)
        .with(0x08, 0x0502_1001)
        .with(0x34, 0x40)
        .with(0x40, 0x0002_0010)
        .with(0x4c, 0x0041_0105)
        .with(0x50, 0x1085_0000)
        .with(0x6c, 0x3e)
        .with(0x70, 5)
        .with(0x100, extended(0x0003, 1, 0x110))
        .with(0x104, 1)
        .with(0x110, extended(0x002e, 1, 0x130))
        .with(0x114, 1)
        .with(0x130, extended(0x002e, 2, 0x200))
        .with(0x13c, 0x8000_0001)
        .with(0x200, extended(0x0023, 1, 0x300))
        .with(0x204, 0x03c2_1e98)
        .with(0x208, 0x001e_0000)
        .with(0x20c, 0x0000_0006)
        .with(0x21c, 0x1000_0003)
        .with(0x238, 0x3)
        .with(0x300, extended(0x0023, 1, 0x320))
        .with(0x304, 0x0201_1e98)
        .with(0x308, 0x0026_0007)
        .with(0x30c, 0x0026_0026)
        .with(0x320, extended(0x0023, 1, 0x340))
        .with(0x324, 0x01c0_1e98)
        .with(0x328, 8)
        .with(0x32c, 0x0000_0100)
        .with(0x334, 0x0001_0302)
        .with(0x340, extended(0x0023, 1, 0x350))
        .with(0x344, 0x0100_1e98)
        .with(0x348, 0x010f_0005)
        .with(0x34c, 33_000)
        .with(0x350, extended(0x0023, 1, 0xff4))
        .with(0x354, 0x0141_8086)
        .with(0x358, 0x0007)
        .with(0xff4, extended(0x002e, 1, 0))
}

fn kernel() -> FunctionReport {
    FunctionReport {
        driver: Some("cxl_pci".into()),
        cxl_objects: vec!["endpoint3".into(), "mem0".into()],
        doe_features: Some(vec!["0001:00".into(), "1e98:02".into()]),
    }
}

/// The mailboxes' reports as a scan gives them, that of the first with these features.
fn reports(reading: &Reading, features: Vec<Feature>) -> Vec<MailboxReport> {
    let claim = Claim::CxlObject("endpoint3".into());
    let mut reports: Vec<_> = reading
        .function
        .does
        .iter()
        .map(|doe| MailboxReport {
            id: MailboxId { address: address(), offset: doe.offset },
            capability: *doe,
            claim: None,
            features: Some(Ok(features.clone())),
            table: None,
            partial_table: Vec::new(),
            answer: None,
            dead: false,
            statistics: Statistics::default(),
            elapsed: Duration::ZERO,
        })
        .collect();
    reports[1].claim = Some(claim.clone());
    reports[1].features = Some(Err(MailboxError::InUse(claim)));
    reports
}

fn asked(verbose: u8) -> Reading {
    let mut reading = read(memory(), kernel(), verbose);
    let speaks = |protocol| Feature { protocol, limits: None };
    let features = [Protocol::DISCOVERY, Protocol::CMA_SPDM, Protocol::CXL_TABLE_ACCESS].map(speaks);
    reading.mailboxes = reports(&reading, features.to_vec());
    reading
}

#[test]
fn a_memory_for_people() {
    insta::assert_snapshot!(people(&asked(0), 0), @"
    0000:0d:00.0 CXL: Intel Corporation Device 0d93 (rev 01)
        Kind:                  endpoint, CXL type 3
        IDs:                   8086:0d93, class 050210
        Serial number:         00-00-00-00-00-00-00-01
        Driver:                cxl_pci
        CXL objects:           endpoint3, mem0
        DOE features (kernel): 0001:00, 1e98:02
        Command:               memory space, bus master
        Status:                capabilities list
        Paths:                 see `lanewarden cxl paths 0000:0d:00.0`
        Anomalies:             capability at 0xff4 does not fit where it is
        Interrupt vectors
            Needed by capabilities: 1
            Available:              0
            Without a vector:       DOE [110]
            Message numbers:        DOE [110] 0
        [40] PCI Express
            Port type:         endpoint
            Interrupt message: 0
            Device
                Payload:        128 bytes (at most 128)
                Read request:   128 bytes
                Capabilities:   none
                Control:        none
                Status:         none
                Capabilities 2: none
                Control 2:      none
            Link
                State:        up, 32 GT/s x8 (downgraded), 32000 MB/s raw
                At most:      32 GT/s x16
                Flit mode:    no
                Port number:  0
                Capabilities: ASPM optionality
                Control:      none
                Status:       slot clock
        [100 v1] Device Serial Number
            Serial number: 00-00-00-00-00-00-00-01
        [110 v1] Data Object Exchange
            Interrupt message: 0
            Control:           none
            Status:            none
            State:             ready
            Protocols:         0001:00 DOE Discovery, 0001:01 CMA/SPDM, 1e98:02 CXL Table Access (CDAT)
            Warnings:          CMA/SPDM shares its instance with 1e98:02; PCIe 6.0.1, 6.31.3 wants it alone
        [130 v2] Data Object Exchange
            Interrupt message: none, it has to be polled
            Control:           none
            Status:            busy, ready
            State:             in use
            Used by:           CXL core (endpoint3)
            Protocols:         unknown: in use by the CXL core (endpoint3)
        [200 v1] Designated Vendor-Specific: CXL Device
            Type:                 type 3
            Capabilities:         CXL.io, CXL.mem, mem hardware init
            Control:              CXL.io, CXL.mem
            Memory:               256 MiB
            Configuration locked: no
            Viral:                no
            Range 1
                Size:   256 MiB
                Base:   0x0
                Valid:  yes
                Active: yes
                Media:  volatile
                Class:  memory
        [300 v1] Designated Vendor-Specific: Flex Bus Port
            Trained as CXL:   yes
            Protocols in use: CXL.io, CXL.mem, 68-byte flits with VH
            Capabilities:     CXL.io, CXL.mem, 68-byte flits with VH
            Control:          CXL.io, CXL.mem, 68-byte flits with VH
        [320 v1] Designated Vendor-Specific: Register Locator
            Blocks: component registers at BAR 0 + 0x0, device registers at BAR 2 + 0x10000
        [340 v1] Designated Vendor-Specific: GPF for CXL Devices
            Phase 2 duration: 150 µs
            Phase 2 power:    33 W
        [350 v1] Designated Vendor-Specific: Intel Corporation, ID 0x0007
        [ff4 v1] Data Object Exchange
            Not decoded: it does not fit where it is
    ");
}

#[test]
fn a_memory_for_the_curious_shows_registers_too() {
    let text = people(&asked(1), 1);
    assert!(text.lines().any(|line| line.contains("Registers:") && line.contains("30010023")), "{text}");
}

#[test]
fn a_memorys_mailboxes_for_programs() {
    let json = programs(&asked(0));
    let mailboxes: Vec<_> =
        json["capabilities"].as_array().unwrap().iter().filter(|entry| entry["id"] == 0x2e).collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&mailboxes).unwrap(), @r#"
    [
      {
        "async_messages": false,
        "attention": false,
        "control": {
          "abort": false,
          "async_message_enable": false,
          "go": false,
          "interrupt_enable": false
        },
        "decoded": true,
        "error": null,
        "extended": true,
        "id": 46,
        "interrupt_message": 0,
        "name": "Data Object Exchange",
        "offset": 272,
        "protocols": [
          {
            "data_object_type": 0,
            "max_object_dwords": null,
            "name": "DOE Discovery",
            "vendor_id": 1
          },
          {
            "data_object_type": 1,
            "max_object_dwords": null,
            "name": "CMA/SPDM",
            "vendor_id": 1
          },
          {
            "data_object_type": 2,
            "max_object_dwords": null,
            "name": "CXL Table Access (CDAT)",
            "vendor_id": 7832
          }
        ],
        "state": "ready",
        "status": {
          "async_message": false,
          "busy": false,
          "error": false,
          "interrupt": false,
          "ready": false
        },
        "used_by": null,
        "version": 1,
        "warnings": [
          "CMA/SPDM shares its instance with 1e98:02; PCIe 6.0.1, 6.31.3 wants it alone"
        ]
      },
      {
        "async_messages": false,
        "attention": false,
        "control": {
          "abort": false,
          "async_message_enable": false,
          "go": false,
          "interrupt_enable": false
        },
        "decoded": true,
        "error": {
          "exit_code": 8,
          "reason": "in use by the CXL core (endpoint3)"
        },
        "extended": true,
        "id": 46,
        "interrupt_message": null,
        "name": "Data Object Exchange",
        "offset": 304,
        "protocols": [],
        "state": "in_use",
        "status": {
          "async_message": false,
          "busy": true,
          "error": false,
          "interrupt": false,
          "ready": true
        },
        "used_by": "CXL core (endpoint3)",
        "version": 2,
        "warnings": []
      },
      {
        "decoded": false,
        "extended": true,
        "id": 46,
        "name": "Data Object Exchange",
        "offset": 4084,
        "version": 1
      }
    ]
    "#);
}
