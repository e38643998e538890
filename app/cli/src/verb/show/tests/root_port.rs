//! A root port with a slot and all that can interrupt.

use lanewarden_inventory::FunctionReport;
use lanewarden_pci::Image;

use super::{extended, people, pretty, programs, read};

fn port() -> Image {
    Image::new(4096)
        .with(0x00, 0x000c_1b36)
        .with(0x04, 0x0010_0407)
        .with(0x08, 0x0604_0000)
        .with(0x0c, 0x0001_0000)
        .with(0x18, 0x000f_0d0c)
        .with(0x1c, 0x0000_2111)
        .with(0x20, 0xfe9f_fe80)
        .with(0x24, 0x0001_fff1)
        .with(0x34, 0x54)
        .with(0x3c, 0x0002_0100)
        .with(0x54, 0x0342_a010)
        .with(0x58, 0x0000_8001)
        .with(0x5c, 0x0000_000f)
        .with(0x60, 0x0930_1d05)
        .with(0x64, 0x2085_0040)
        .with(0x68, 0x0028_257a)
        .with(0x6c, 0x0140_02c0)
        .with(0x70, 0x0001_0018)
        .with(0x74, 0x0001_0d00)
        .with(0x80, 0x0180_003e)
        .with(0x84, 0x041e_0005)
        .with(0xa0, 0x0082_b005)
        .with(0xa4, 0xfee0_0000)
        .with(0xac, 0x4021)
        .with(0xb0, 0x0000_000d)
        .with(0xb4, 0x0002_1af4)
        .with(0x100, extended(0x0001, 2, 0x150))
        .with(0x104, 0x0000_0020)
        .with(0x10c, 0x0046_2030)
        .with(0x110, 0x0000_2000)
        .with(0x12c, 7)
        .with(0x130, 0x1000_0014)
        .with(0x134, 0x0d00_0d08)
        .with(0x150, extended(0x001d, 1, 0x160))
        .with(0x154, 0x0009_0005)
        .with(0x158, 0x0d00_0005)
        .with(0x160, extended(0x002e, 2, 0x180))
        .with(0x164, 1 | 17 << 1)
        .with(0x180, extended(0x0030, 1, 0))
        .with(0x184, 0x0000_0043)
        .with(0x18c, 0x0100_0001)
        .with(0x190, 2)
        .with(0x194, 1)
        .with(0x198, 0x0240_0001)
        .with(0x1a0, 0x000d_ff00)
        .with(0x1a4, 0x000d_0001)
        .with(0x1a8, 0x00f0_0801)
        .with(0x1ac, 4)
        .with(0x1b0, 4)
}

/// Row T14: the mailbox' message number is beyond the vectors that MSI gives, so it is told that it has to be polled.
#[test]
fn a_root_port_for_people() {
    insta::assert_snapshot!(people(&read(port(), FunctionReport::default(), 0), 0), @r"
    0000:0d:00.0 PCI bridge: Red Hat, Inc. QEMU PCIe Root port
        Kind:    root port
        IDs:     1b36:000c, class 060400
        Driver:  none
        Command: I/O space, memory space, bus master, INTx disable
        Status:  capabilities list
        Buses:   on 0c, leads to 0d-0f
        Bridge
            I/O ports:               0x1000-0x2fff
            Memory:                  0xfe800000-0xfe9fffff
            Prefetchable memory:     none
            Control:                 SERR
            Status of the bus below: none
        Interrupt vectors
            Needed by capabilities: 18
            Available:              2
            Without a vector:       Advanced Error Reporting, Downstream Port Containment, DOE [160]
            Message numbers:        PCI Express 1, Advanced Error Reporting 2,
                                    Downstream Port Containment 5, DOE [160] 17
        [54] PCI Express
            Port type:         root port
            Interrupt message: 1
            Device
                Payload:        128 bytes (at most 256)
                Read request:   128 bytes
                Capabilities:   role-based errors
                Control:        correctable errors, non-fatal errors, fatal errors,
                                unsupported requests
                Status:         none
                Capabilities 2: none
                Control 2:      none
            Link
                State:        up, 32 GT/s x8 (downgraded), 32000 MB/s raw
                At most:      32 GT/s x16
                Flit mode:    yes
                Port number:  9
                Capabilities: ASPM L0s, ASPM L1, active reporting, bandwidth notification,
                              retimer presence, two retimers presence
                Control:      common clock
                Status:       active
            Slot
                Number:              5
                Power limit:         74 W
                Capabilities:        power controller, attention indicator, power indicator,
                                     hot-plug surprise, hot-plug
                Control:             none
                Status:              present, link state changed
                Attention indicator: off
                Power indicator:     blinking
            Root
                Control:                PME interrupt, retry visible
                Retries can be seen:    yes
                Power management event: yes
                Another one pending:    no
                Its requester:          0000:0d:00.0
        [a0] MSI
            Enabled: no
            Vectors: 2, 1 given
        [b0] Subsystem ID
            Subsystem: 1af4:0002 Red Hat, Inc.
        [100 v2] Advanced Error Reporting
            Uncorrectable errors met: surprise down
            Correctable errors met:   advisory non-fatal
            Root errors
                Reported:          uncorrectable, first fatal
                Interrupts on:     correctable, non-fatal, fatal
                Interrupt message: 2
        [150 v1] Downstream Port Containment
            Triggered by:      fatal errors
            Status:            triggered
            Reason:            fatal error from below
            Error source:      0000:0d:00.0
            Interrupt message: 5
        [160 v2] Data Object Exchange
            Interrupt message: 17
            Control:           none
            Status:            none
        [180 v1] Integrity and Data Encryption
            Capabilities:                   link, selective, key management
            Algorithm:                      AES-GCM-256
            Passes others' streams through: no
            Link streams:                   1
            Selective streams:              1
            [18c] Link stream 1
                Enabled:                       yes
                State:                         secure
                Check failed at the other end: no
            [194] Selective stream 2
                Enabled:                       yes
                State:                         insecure
                Check failed at the other end: no
                Takes all other traffic:       yes
                Takes configuration requests:  no
                Trusted interfaces only:       no
                Requesters:                    0000:0d:00.0 to 0000:0d:1f.7, segment base 00
                Addresses:                     0x400800000-0x400ffffff
    ");
}

#[test]
fn a_root_port_for_programs() {
    let reading = read(port(), FunctionReport::default(), 0);
    assert_eq!(programs(&reading)["interrupt_vectors"]["needed"], 18);
    insta::assert_snapshot!(pretty(&reading), @r#"
    {
      "address": "0000:0d:00.0",
      "kind": "root_port",
      "cxl_type": null,
      "vendor_id": 6966,
      "device_id": 12,
      "class_code": 394240,
      "revision": 0,
      "vendor": "Red Hat, Inc.",
      "device": "QEMU PCIe Root port",
      "class": "PCI bridge",
      "subsystem_vendor_id": null,
      "subsystem_device_id": null,
      "serial_number": null,
      "driver": null,
      "cxl_objects": [],
      "kernel_doe_features": null,
      "command": {
        "io_space": true,
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
      "header_layout": 1,
      "multi_function": false,
      "primary_bus": 12,
      "secondary_bus": 13,
      "subordinate_bus": 15,
      "interrupt_pin": "A",
      "visibility": "whole",
      "anomalies": [],
      "base_addresses": [],
      "bridge": {
        "io_base": 4096,
        "io_limit": 12287,
        "memory_base": 4269801472,
        "memory_limit": 4271898623,
        "prefetchable_base": null,
        "prefetchable_limit": null,
        "control": {
          "parity_error_response": false,
          "serr": true,
          "isa": false,
          "vga": false,
          "vga_16_bit": false,
          "master_abort": false,
          "secondary_bus_reset": false,
          "fast_back_to_back": false
        },
        "secondary_status": {
          "immediate_readiness": false,
          "interrupt": false,
          "capabilities_list": false,
          "mhz_66": false,
          "fast_back_to_back": false,
          "master_data_parity_error": false,
          "signaled_target_abort": false,
          "received_target_abort": false,
          "received_master_abort": false,
          "signaled_system_error": false,
          "detected_parity_error": false
        }
      },
      "interrupt_vectors": {
        "needed": 18,
        "available": 2,
        "msi": 2,
        "msix": null,
        "lacking": 16,
        "unserved": [
          "Advanced Error Reporting",
          "Downstream Port Containment",
          "DOE [160]"
        ],
        "messages": [
          {
            "source": "PCI Express",
            "message_number": 1
          },
          {
            "source": "Advanced Error Reporting",
            "message_number": 2
          },
          {
            "source": "Downstream Port Containment",
            "message_number": 5
          },
          {
            "source": "DOE [160]",
            "message_number": 17
          }
        ]
      },
      "capabilities": [
        {
          "id": 16,
          "name": "PCI Express",
          "offset": 84,
          "extended": false,
          "decoded": true,
          "port_type": "root_port",
          "interrupt_message": 1,
          "version": 2,
          "slot_implemented": true,
          "flit_mode_supported": false,
          "device": {
            "max_payload_bytes": 128,
            "max_payload_supported_bytes": 256,
            "max_read_request_bytes": 128,
            "capabilities": {
              "extended_tag": false,
              "attention_button": false,
              "attention_indicator": false,
              "power_indicator": false,
              "role_based_errors": true,
              "function_level_reset": false,
              "tee_io": false
            },
            "control": {
              "correctable_errors": true,
              "non_fatal_errors": true,
              "fatal_errors": true,
              "unsupported_requests": true,
              "relaxed_ordering": false,
              "extended_tag": false,
              "phantom_functions": false,
              "auxiliary_power": false,
              "no_snoop": false,
              "bridge_retry_or_reset": false
            },
            "status": {
              "correctable_error": false,
              "non_fatal_error": false,
              "fatal_error": false,
              "unsupported_request": false,
              "auxiliary_power": false,
              "transactions_pending": false
            },
            "slot_power_mw": null,
            "capabilities_2": {
              "timeout_disable": false,
              "ari_forwarding": false,
              "atomic_routing": false,
              "atomic_32": false,
              "atomic_64": false,
              "cas_128": false,
              "no_relaxed_passing": false,
              "ltr": false,
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
              "ltr": false,
              "emergency_power_reduction": false,
              "tag_10_requester": false,
              "tlp_prefix_blocking": false
            },
            "completion_timeout_ranges": [],
            "completion_timeout_code": 0,
            "completion_timeout_min_us": 50,
            "completion_timeout_max_us": 50000,
            "tph_completer": "none",
            "obff_supported": "none",
            "obff": "off",
            "emergency_power_reduction": "none",
            "phantom_function_bits": 0,
            "l0s_latency_max_ns": 64,
            "l1_latency_max_ns": 1000
          },
          "link": {
            "up": true,
            "speed_mt_per_s": 32000,
            "width": 8,
            "max_speed_mt_per_s": 32000,
            "max_width": 16,
            "raw_bandwidth_mb_per_s": 32000,
            "downgraded": true,
            "flit_mode": true,
            "port": 9,
            "capabilities": {
              "aspm_l0s": true,
              "aspm_l1": true,
              "clock_power_management": false,
              "surprise_down": false,
              "active_reporting": true,
              "bandwidth_notification": true,
              "aspm_optionality": false,
              "crosslink": false,
              "retimer_presence": true,
              "two_retimers_presence": true,
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
              "slot_clock": false,
              "active": true,
              "bandwidth_management": false,
              "autonomous_bandwidth": false
            },
            "target_speed_mt_per_s": 32000,
            "supported_speeds_mt_per_s": [
              2500,
              5000,
              8000,
              16000,
              32000
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
              "equalised": true,
              "equalisation_phase_1": true,
              "equalisation_phase_2": true,
              "equalisation_phase_3": true,
              "equalisation_request": false,
              "retimer": false,
              "two_retimers": false,
              "drs_received": false
            },
            "l0s_exit_latency_max_ns": 128,
            "l1_exit_latency_max_ns": 1000,
            "transmit_margin": 0,
            "compliance_preset": 0,
            "crosslink": "not_supported",
            "downstream_component": 0
          },
          "slot": {
            "number": 5,
            "power_limit_mw": 74000,
            "capabilities": {
              "attention_button": false,
              "power_controller": true,
              "latch_sensor": false,
              "attention_indicator": true,
              "power_indicator": true,
              "hot_plug_surprise": true,
              "hot_plug": true,
              "interlock": false,
              "no_command_completed": false
            },
            "control": {
              "attention_button": false,
              "power_fault": false,
              "latch": false,
              "presence": false,
              "command_completed": false,
              "hot_plug_interrupt": false,
              "power_off": false,
              "interlock": false,
              "link_state": false
            },
            "status": {
              "attention_button": false,
              "power_fault": false,
              "latch_changed": false,
              "presence_changed": false,
              "command_completed": false,
              "latch_open": false,
              "present": true,
              "interlock": false,
              "link_state_changed": true
            },
            "attention_indicator": "off",
            "power_indicator": "blinking"
          },
          "root": {
            "control": {
              "correctable": false,
              "non_fatal": false,
              "fatal": false,
              "pme_interrupt": true,
              "retry_visible": true
            },
            "retry_visibility": true,
            "pme_status": true,
            "pme_pending": false,
            "pme_requester": "0000:0d:00.0"
          }
        },
        {
          "id": 5,
          "name": "MSI",
          "offset": 160,
          "extended": false,
          "decoded": true,
          "enabled": false,
          "vectors": 2,
          "vectors_enabled": 1,
          "wide_address": true,
          "maskable": false,
          "extended_data": false,
          "message_address": 4276092928,
          "message_data": 16417,
          "masked": null,
          "pending": null
        },
        {
          "id": 13,
          "name": "Subsystem ID",
          "offset": 176,
          "extended": false,
          "decoded": true,
          "subsystem_vendor_id": 6900,
          "subsystem_device_id": 2
        },
        {
          "id": 1,
          "name": "Advanced Error Reporting",
          "offset": 256,
          "extended": true,
          "version": 2,
          "decoded": true,
          "uncorrectable": {
            "data_link_protocol": false,
            "surprise_down": true,
            "poisoned_tlp": false,
            "flow_control": false,
            "completion_timeout": false,
            "completer_abort": false,
            "unexpected_completion": false,
            "receiver_overflow": false,
            "malformed_tlp": false,
            "ecrc": false,
            "unsupported_request": false,
            "acs_violation": false,
            "internal": false,
            "multicast_blocked": false,
            "atomic_egress_blocked": false,
            "prefix_blocked": false,
            "poisoned_egress_blocked": false,
            "dmwr_egress_blocked": false,
            "ide_check_failed": false,
            "misrouted_ide": false,
            "pcrc_check_failed": false,
            "translation_egress_blocked": false
          },
          "uncorrectable_mask": {
            "data_link_protocol": false,
            "surprise_down": false,
            "poisoned_tlp": false,
            "flow_control": false,
            "completion_timeout": false,
            "completer_abort": false,
            "unexpected_completion": false,
            "receiver_overflow": false,
            "malformed_tlp": false,
            "ecrc": false,
            "unsupported_request": false,
            "acs_violation": false,
            "internal": false,
            "multicast_blocked": false,
            "atomic_egress_blocked": false,
            "prefix_blocked": false,
            "poisoned_egress_blocked": false,
            "dmwr_egress_blocked": false,
            "ide_check_failed": false,
            "misrouted_ide": false,
            "pcrc_check_failed": false,
            "translation_egress_blocked": false
          },
          "fatal": {
            "data_link_protocol": true,
            "surprise_down": true,
            "poisoned_tlp": false,
            "flow_control": true,
            "completion_timeout": false,
            "completer_abort": false,
            "unexpected_completion": false,
            "receiver_overflow": true,
            "malformed_tlp": true,
            "ecrc": false,
            "unsupported_request": false,
            "acs_violation": false,
            "internal": true,
            "multicast_blocked": false,
            "atomic_egress_blocked": false,
            "prefix_blocked": false,
            "poisoned_egress_blocked": false,
            "dmwr_egress_blocked": false,
            "ide_check_failed": false,
            "misrouted_ide": false,
            "pcrc_check_failed": false,
            "translation_egress_blocked": false
          },
          "correctable": {
            "receiver": false,
            "bad_tlp": false,
            "bad_dllp": false,
            "replay_rollover": false,
            "replay_timeout": false,
            "advisory_non_fatal": true,
            "internal": false,
            "header_log_overflow": false
          },
          "correctable_mask": {
            "receiver": false,
            "bad_tlp": false,
            "bad_dllp": false,
            "replay_rollover": false,
            "replay_timeout": false,
            "advisory_non_fatal": false,
            "internal": false,
            "header_log_overflow": false
          },
          "first_error": 0,
          "control": {
            "ecrc_generation_capable": false,
            "ecrc_generation": false,
            "ecrc_check_capable": false,
            "ecrc_check": false,
            "multiple_headers_capable": false,
            "multiple_headers": false,
            "prefix_log": false,
            "completion_timeout_log": false
          },
          "header_log": [
            0,
            0,
            0,
            0
          ],
          "root": {
            "status": {
              "correctable": false,
              "multiple_correctable": false,
              "uncorrectable": true,
              "multiple_uncorrectable": false,
              "first_fatal": true,
              "non_fatal": false,
              "fatal": false
            },
            "command": {
              "correctable": true,
              "non_fatal": true,
              "fatal": true
            },
            "interrupt_message": 2,
            "correctable_source": "0000:0d:01.0",
            "uncorrectable_source": "0000:0d:00.0"
          }
        },
        {
          "id": 29,
          "name": "Downstream Port Containment",
          "offset": 336,
          "extended": true,
          "version": 1,
          "decoded": true,
          "trigger": "fatal_errors",
          "status": {
            "triggered": true,
            "interrupt": false,
            "root_port_busy": false
          },
          "reason": "fatal_error_from_below",
          "source": "0000:0d:00.0",
          "interrupt_message": 5,
          "capability": {
            "root_port_extensions": false,
            "poisoned_egress_blocking": false,
            "software_trigger": false,
            "link_active_report": false
          },
          "control": {
            "completion_unsupported": false,
            "interrupt": true,
            "err_cor": false,
            "poisoned_egress_blocking": false,
            "software_trigger": false,
            "link_active_report": false
          },
          "log_dwords": 0,
          "first_error": 0
        },
        {
          "id": 46,
          "name": "Data Object Exchange",
          "offset": 352,
          "extended": true,
          "version": 2,
          "decoded": true,
          "interrupt_message": 17,
          "control": {
            "abort": false,
            "interrupt_enable": false,
            "async_message_enable": false,
            "go": false
          },
          "status": {
            "busy": false,
            "interrupt": false,
            "error": false,
            "async_message": false,
            "ready": false
          },
          "attention": false,
          "async_messages": false
        },
        {
          "id": 48,
          "name": "Integrity and Data Encryption",
          "offset": 384,
          "extended": true,
          "version": 1,
          "decoded": true,
          "capabilities": {
            "link": true,
            "selective": true,
            "flow_through": false,
            "partial_header": false,
            "aggregation": false,
            "pcrc": false,
            "key_management": true,
            "selective_config": false,
            "tee_limited": false,
            "xt": false
          },
          "algorithm": "aes_gcm_256",
          "flow_through": false,
          "link_stream_count": 1,
          "selective_stream_count": 1,
          "cut": false,
          "link_streams": [
            {
              "offset": 396,
              "enabled": true,
              "state": "secure",
              "check_failed": false,
              "stream_id": 1,
              "traffic_class": 0,
              "stream_algorithm": "aes_gcm_256",
              "pcrc": false,
              "xt": false,
              "partial_header": 0,
              "aggregation_non_posted": 1,
              "aggregation_posted": 1,
              "aggregation_completions": 1
            }
          ],
          "selective_streams": [
            {
              "offset": 404,
              "enabled": true,
              "state": "insecure",
              "check_failed": false,
              "default_stream": true,
              "config_requests": false,
              "tee_limited": false,
              "stream_id": 2,
              "traffic_class": 0,
              "stream_algorithm": "aes_gcm_256",
              "pcrc": false,
              "xt": false,
              "partial_header": 0,
              "aggregation_non_posted": 1,
              "aggregation_posted": 1,
              "aggregation_completions": 1,
              "requesters_valid": true,
              "first_requester": "0000:0d:00.0",
              "last_requester": "0000:0d:1f.7",
              "requester_segment": 0,
              "addresses": [
                {
                  "valid": true,
                  "base": 17188257792,
                  "limit": 17196646399
                }
              ]
            }
          ]
        }
      ]
    }
    "#);
}
