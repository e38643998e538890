//! An NVMe drive: power management, MSI-X, PCI Express, a serial number, a capability nobody knows.

use lanewarden_inventory::FunctionReport;
use lanewarden_pci::Image;

use super::{extended, people, pretty, programs, read};

fn drive() -> Image {
    Image::new(4096)
        .with(0x00, 0x0010_1b36)
        .with(0x04, 0x0010_0406)
        .with(0x08, 0x0108_0202)
        .with(0x10, 0xfe80_0004)
        .with(0x2c, 0x1100_1af4)
        .with(0x34, 0x40)
        .with(0x3c, 0x0000_010b)
        .with(0x40, 0x8040_8011)
        .with(0x44, 0x0000_3000)
        .with(0x48, 0x0000_2000)
        .with(0x80, 0x0002_6010)
        .with(0x84, 0x1000_8fc1)
        .with(0x88, 0x0009_2810)
        .with(0x8c, 0x0040_8843)
        .with(0x90, 0x1021_0040)
        .with(0xa4, 0x0000_0812)
        .with(0xa8, 0x0000_0400)
        .with(0xac, 0x0000_000e)
        .with(0xb0, 0x0000_0003)
        .with(0x60, 0x0003_7001)
        .with(0x64, 0x0000_0008)
        .with(0x70, 0x1234_00f7)
        .with(0x100, extended(0x0003, 1, 0x120))
        .with(0x104, 0x8899_aabb)
        .with(0x108, 0x0011_2233)
        .with(0x120, extended(0x0abc, 3, 0))
        .with(0x124, 0xdead_beef)
}

fn kernel() -> FunctionReport {
    FunctionReport { driver: Some("nvme".into()), ..FunctionReport::default() }
}

#[test]
fn a_drive_for_people() {
    insta::assert_snapshot!(people(&read(drive(), kernel(), 0), 0), @"
    0000:0d:00.0 Non-Volatile memory controller: Red Hat, Inc. QEMU NVM Express Controller (rev 02)
        Kind:           endpoint
        IDs:            1b36:0010, class 010802
        Subsystem:      1af4:1100 Red Hat, Inc.
        Serial number:  00-11-22-33-88-99-aa-bb
        Driver:         nvme
        Command:        memory space, bus master, INTx disable
        Status:         capabilities list
        Base addresses: BAR 0: 64-bit memory at 0xfe800000
        Interrupt vectors
            Needed by capabilities: 0
            Available:              65
        [40] MSI-X
            Enabled:    yes
            Vectors:    65
            All masked: no
        [80] PCI Express
            Port type:         endpoint
            Interrupt message: 0
            Device
                Payload:        128 bytes (at most 256)
                Read request:   512 bytes
                Capabilities:   role-based errors, function-level reset
                Control:        relaxed ordering, no snoop
                Status:         correctable error, unsupported request
                Capabilities 2: timeout disable, LTR
                Control 2:      LTR
            Link
                State:        up, 2.5 GT/s x2 (downgraded), 624 MB/s raw
                At most:      8 GT/s x4
                Flit mode:    no
                Port number:  0
                Capabilities: ASPM L1, ASPM optionality
                Control:      common clock
                Status:       slot clock
        [60] Power Management
            State:                    D0
            Keeps registers in D3hot: yes
            May wake (PME):           no
            Asks to be woken:         no
            Can wake from:            none
        [70] unknown capability 0xf7
        [100 v1] Device Serial Number
            Serial number: 00-11-22-33-88-99-aa-bb
        [120 v3] unknown capability 0x0abc
    ");
}

#[test]
fn a_drive_for_the_curious() {
    insta::assert_snapshot!(people(&read(drive(), kernel(), 1), 1), @"
    0000:0d:00.0 Non-Volatile memory controller: Red Hat, Inc. QEMU NVM Express Controller (rev 02)
        Kind:           endpoint
        IDs:            1b36:0010, class 010802
        Subsystem:      1af4:1100 Red Hat, Inc.
        Serial number:  00-11-22-33-88-99-aa-bb
        Driver:         nvme
        Command:        I/O space-, memory space+, bus master+, special cycles-, write invalidate-,
                        VGA palette snoop-, parity error response-, stepping-, SERR-,
                        fast back-to-back-, INTx disable+
        Status:         immediate readiness-, interrupt-, capabilities list+, 66 MHz-,
                        fast back-to-back-, master data parity error-, signaled target abort-,
                        received target abort-, received master abort-, signaled system error-,
                        detected parity error-
        Header layout:  0
        Multi-function: no
        Interrupt pin:  A
        Base addresses: BAR 0: 64-bit memory at 0xfe800000
        Interrupt vectors
            Needed by capabilities: 0
            Available:              65
        [40] MSI-X
            Enabled:      yes
            Vectors:      65
            All masked:   no
            Table:        BAR 0 + 0x3000
            Pending bits: BAR 0 + 0x2000
            Registers:    80408011, 00003000, 00002000
        [80] PCI Express
            Port type:           endpoint
            Interrupt message:   0
            Version:             2
            Slot implemented:    no
            Flit mode supported: no
            Registers:           00026010, 10008fc1, 00092810, 00408843, 10210040, 00000000, 00000000,
                                 00000000, 00000000, 00000812, 00000400, 0000000e, 00000003
            Device
                Payload:                       128 bytes (at most 256)
                Read request:                  512 bytes
                Capabilities:                  extended tag-, attention button-, attention indicator-,
                                               power indicator-, role-based errors+,
                                               function-level reset+, TEE-IO-
                Control:                       correctable errors-, non-fatal errors-, fatal errors-,
                                               unsupported requests-, relaxed ordering+, extended tag-,
                                               phantom functions-, auxiliary power-, no snoop+,
                                               bridge retry or function-level reset-
                Status:                        correctable error+, non-fatal error-, fatal error-,
                                               unsupported request+, auxiliary power-,
                                               transactions pending-
                Capabilities 2:                timeout disable+, ARI forwarding-, AtomicOp routing-,
                                               32-bit AtomicOps-, 64-bit AtomicOps-, 128-bit CAS-,
                                               no relaxed passing-, LTR+, 10-bit tag completer-,
                                               10-bit tag requester-, extended Fmt-, TLP prefix-,
                                               emergency power init-, FRS-
                Control 2:                     timeout disable-, ARI forwarding-, AtomicOp requester-,
                                               AtomicOp egress blocking-, ID-ordered requests-,
                                               ID-ordered completions-, LTR+,
                                               emergency power reduction-, 10-bit tag requester-,
                                               TLP prefix blocking-
                Timeout ranges supported:      B
                Completion timeout:            50 µs to 50 ms
                Processing hints:              none
                Buffer flush (OBFF) supported: none
                Buffer flush (OBFF):           off
                Emergency power reduction:     none
                Phantom functions (bits):      0
                Tolerates L0s exit of:         any time
                Tolerates L1 exit of:          any time
            Link
                State:                       up, 2.5 GT/s x2 (downgraded), 624 MB/s raw
                At most:                     8 GT/s x4
                Flit mode:                   no
                Port number:                 0
                Capabilities:                ASPM L0s-, ASPM L1+, clock power management-,
                                             surprise down-, active reporting-, bandwidth notification-,
                                             ASPM optionality+, crosslink-, retimer presence-,
                                             two retimers presence-, DRS-
                Control:                     ASPM L0s-, ASPM L1-, 128-byte read completion boundary-,
                                             disable-, retrain-, common clock+, extended synch-,
                                             clock power management-, autonomous width disable-,
                                             bandwidth interrupt-, autonomous bandwidth interrupt-,
                                             flit mode disable-
                Status:                      training error-, training-, slot clock+, active-,
                                             bandwidth management-, autonomous bandwidth-
                Target speed:                8 GT/s
                Supported speeds:            2.5 GT/s, 5 GT/s, 8 GT/s
                Control 2:                   enter compliance-, autonomous speed disable-,
                                             -3.5 dB de-emphasis-, modified compliance-,
                                             compliance SOS-
                Status 2:                    -3.5 dB de-emphasis-, equalisation complete-,
                                             equalisation phase 1-, equalisation phase 2-,
                                             equalisation phase 3-, equalisation request-, retimer-,
                                             two retimers-, DRS received-
                L0s exit latency:            below 64 ns
                L1 exit latency:             below 2000 ns
                Transmit margin (encoded):   0
                Compliance preset (encoded): 0
                Crosslink:                   not supported
                Component below (encoded):   0
        [60] Power Management
            State:                    D0
            Keeps registers in D3hot: yes
            May wake (PME):           no
            Asks to be woken:         no
            Can wake from:            D0-, D1-, D2-, D3hot-, D3cold-
            D1 supported:             no
            D2 supported:             no
            Auxiliary current:        0 mA
            Immediate readiness:      no
            Specific initialisation:  no
            Version:                  3
            Registers:                00037001, 00000008
        [70] unknown capability 0xf7
            Registers: 123400f7
        [100 v1] Device Serial Number
            Serial number: 00-11-22-33-88-99-aa-bb
            Registers:     12010003, 8899aabb, 00112233
        [120 v3] unknown capability 0x0abc
            Registers: 00030abc, deadbeef
    ");
}

#[test]
fn a_drive_for_programs() {
    let reading = read(drive(), kernel(), 0);
    insta::assert_snapshot!(pretty(&reading), @r#"
    {
      "address": "0000:0d:00.0",
      "kind": "endpoint",
      "cxl_type": null,
      "vendor_id": 6966,
      "device_id": 16,
      "class_code": 67586,
      "revision": 2,
      "vendor": "Red Hat, Inc.",
      "device": "QEMU NVM Express Controller",
      "class": "Non-Volatile memory controller",
      "subsystem_vendor_id": 6900,
      "subsystem_device_id": 4352,
      "serial_number": "00-11-22-33-88-99-aa-bb",
      "driver": "nvme",
      "cxl_objects": [],
      "kernel_doe_features": null,
      "command": {
        "io_space": false,
        "memory_space": true,
        "bus_master": true,
        "special_cycles": false,
        "write_invalidate": false,
        "vga_palette_snoop": false,
        "parity_error_response": false,
        "stepping": false,
        "serr": false,
        "fast_back_to_back": false,
        "intx_disable": true
      },
      "status": {
        "immediate_readiness": false,
        "interrupt": false,
        "capabilities_list": true,
        "mhz_66": false,
        "fast_back_to_back": false,
        "master_data_parity_error": false,
        "signaled_target_abort": false,
        "received_target_abort": false,
        "received_master_abort": false,
        "signaled_system_error": false,
        "detected_parity_error": false
      },
      "header_layout": 0,
      "multi_function": false,
      "primary_bus": null,
      "secondary_bus": null,
      "subordinate_bus": null,
      "interrupt_pin": "A",
      "visibility": "whole",
      "anomalies": [],
      "base_addresses": [
        {
          "bar": 0,
          "base": 4269801472,
          "kind": "memory",
          "wide": true,
          "prefetchable": false
        }
      ],
      "bridge": null,
      "interrupt_vectors": {
        "needed": 0,
        "available": 65,
        "msi": null,
        "msix": 65,
        "lacking": 0,
        "unserved": [],
        "messages": []
      },
      "capabilities": [
        {
          "id": 17,
          "name": "MSI-X",
          "offset": 64,
          "extended": false,
          "decoded": true,
          "enabled": true,
          "vectors": 65,
          "masked": false,
          "table_bar": 0,
          "table_offset": 12288,
          "pending_bar": 0,
          "pending_offset": 8192
        },
        {
          "id": 16,
          "name": "PCI Express",
          "offset": 128,
          "extended": false,
          "decoded": true,
          "port_type": "endpoint",
          "interrupt_message": 0,
          "version": 2,
          "slot_implemented": false,
          "flit_mode_supported": false,
          "device": {
            "max_payload_bytes": 128,
            "max_payload_supported_bytes": 256,
            "max_read_request_bytes": 512,
            "capabilities": {
              "extended_tag": false,
              "attention_button": false,
              "attention_indicator": false,
              "power_indicator": false,
              "role_based_errors": true,
              "function_level_reset": true,
              "tee_io": false
            },
            "control": {
              "correctable_errors": false,
              "non_fatal_errors": false,
              "fatal_errors": false,
              "unsupported_requests": false,
              "relaxed_ordering": true,
              "extended_tag": false,
              "phantom_functions": false,
              "auxiliary_power": false,
              "no_snoop": true,
              "bridge_retry_or_reset": false
            },
            "status": {
              "correctable_error": true,
              "non_fatal_error": false,
              "fatal_error": false,
              "unsupported_request": true,
              "auxiliary_power": false,
              "transactions_pending": false
            },
            "slot_power_mw": null,
            "capabilities_2": {
              "timeout_disable": true,
              "ari_forwarding": false,
              "atomic_routing": false,
              "atomic_32": false,
              "atomic_64": false,
              "cas_128": false,
              "no_relaxed_passing": false,
              "ltr": true,
              "tag_10_completer": false,
              "tag_10_requester": false,
              "extended_fmt": false,
              "tlp_prefix": false,
              "emergency_power_init": false,
              "frs": false
            },
            "control_2": {
              "timeout_disable": false,
              "ari_forwarding": false,
              "atomic_requester": false,
              "atomic_egress_blocking": false,
              "id_ordered_requests": false,
              "id_ordered_completions": false,
              "ltr": true,
              "emergency_power_reduction": false,
              "tag_10_requester": false,
              "tlp_prefix_blocking": false
            },
            "completion_timeout_ranges": [
              "B"
            ],
            "completion_timeout_code": 0,
            "completion_timeout_min_us": 50,
            "completion_timeout_max_us": 50000,
            "tph_completer": "none",
            "obff_supported": "none",
            "obff": "off",
            "emergency_power_reduction": "none",
            "phantom_function_bits": 0,
            "l0s_latency_max_ns": null,
            "l1_latency_max_ns": null
          },
          "link": {
            "up": true,
            "speed_mt_per_s": 2500,
            "width": 2,
            "max_speed_mt_per_s": 8000,
            "max_width": 4,
            "raw_bandwidth_mb_per_s": 624,
            "downgraded": true,
            "flit_mode": false,
            "port": 0,
            "capabilities": {
              "aspm_l0s": false,
              "aspm_l1": true,
              "clock_power_management": false,
              "surprise_down": false,
              "active_reporting": false,
              "bandwidth_notification": false,
              "aspm_optionality": true,
              "crosslink": false,
              "retimer_presence": false,
              "two_retimers_presence": false,
              "drs": false
            },
            "control": {
              "aspm_l0s": false,
              "aspm_l1": false,
              "read_completion_boundary_128": false,
              "disable": false,
              "retrain": false,
              "common_clock": true,
              "extended_synch": false,
              "clock_power_management": false,
              "autonomous_width_disable": false,
              "bandwidth_interrupt": false,
              "autonomous_bandwidth_interrupt": false,
              "flit_mode_disable": false
            },
            "status": {
              "training_error": false,
              "training": false,
              "slot_clock": true,
              "active": false,
              "bandwidth_management": false,
              "autonomous_bandwidth": false
            },
            "target_speed_mt_per_s": 8000,
            "supported_speeds_mt_per_s": [
              2500,
              5000,
              8000
            ],
            "control_2": {
              "enter_compliance": false,
              "autonomous_speed_disable": false,
              "deemphasis_3_5_db": false,
              "modified_compliance": false,
              "compliance_sos": false
            },
            "status_2": {
              "deemphasis_3_5_db": false,
              "equalised": false,
              "equalisation_phase_1": false,
              "equalisation_phase_2": false,
              "equalisation_phase_3": false,
              "equalisation_request": false,
              "retimer": false,
              "two_retimers": false,
              "drs_received": false
            },
            "l0s_exit_latency_max_ns": 64,
            "l1_exit_latency_max_ns": 2000,
            "transmit_margin": 0,
            "compliance_preset": 0,
            "crosslink": "not_supported",
            "downstream_component": 0
          },
          "slot": null,
          "root": null
        },
        {
          "id": 1,
          "name": "Power Management",
          "offset": 96,
          "extended": false,
          "decoded": true,
          "state": "d0",
          "no_soft_reset": true,
          "wake_enabled": false,
          "wake_status": false,
          "wake_from": {
            "d0": false,
            "d1": false,
            "d2": false,
            "d3_hot": false,
            "d3_cold": false
          },
          "d1": false,
          "d2": false,
          "auxiliary_current_ma": 0,
          "immediate_readiness": false,
          "specific_initialization": false,
          "version": 3
        },
        {
          "id": 247,
          "name": null,
          "offset": 112,
          "extended": false,
          "decoded": false
        },
        {
          "id": 3,
          "name": "Device Serial Number",
          "offset": 256,
          "extended": true,
          "version": 1,
          "decoded": true,
          "serial_number": "00-11-22-33-88-99-aa-bb"
        },
        {
          "id": 2748,
          "name": null,
          "offset": 288,
          "extended": true,
          "version": 3,
          "decoded": false
        }
      ]
    }
    "#);
}

#[test]
fn everything_ends_with_the_configuration_space_itself() {
    let text = people(&read(drive(), kernel(), 2), 2);
    assert!(text.contains("\n000: 36 1b 10 00 06 04 10 00 02 02 08 01 00 00 00 00\n"));
    assert!(text.contains("\n120: bc 0a 03 00 ef be ad de "));
}

#[test]
fn programs_get_the_same_shape_however_much_people_ask_for() {
    assert_eq!(programs(&read(drive(), kernel(), 2)), programs(&read(drive(), kernel(), 0)));
}
