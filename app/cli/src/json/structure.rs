//! The structures of a CDAT, for programs.

use lanewarden_cxl::cdat::{self, DsmasFlags, Entry, MemoryHierarchy, PortId};
use lanewarden_cxl::coordinates::DataType;
use serde::Serialize;

/// One structure, by type. A value that the table does not give is null.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Structure {
    /// Device Scoped Memory Affinity.
    Dsmas {
        handle: u8,
        non_volatile: bool,
        shareable: bool,
        hardware_coherent: bool,
        dynamic_capacity: bool,
        read_only: bool,
        dpa_base_bytes: u64,
        dpa_length_bytes: u64,
    },
    /// Device Scoped Latency and Bandwidth Information.
    Dslbis {
        handle: u8,
        hierarchy: String,
        #[serde(flatten)]
        value: Value,
    },
    /// Device Scoped Memory Side Cache Information.
    Dsmscis { handle: u8, size_bytes: u64, attributes: u32 },
    /// Device Scoped Initiator.
    Dsis { handle: u8, memory_attached: bool },
    /// Device Scoped EFI Memory Type.
    Dsemts { handle: u8, memory_type: u8, dpa_offset_bytes: u64, length_bytes: u64 },
    /// Switch Scoped Latency and Bandwidth Information.
    Sslbis { entries: Vec<SwitchEntry> },
    /// A type that is not known here.
    Unknown { number: u8, body_hex: String },
    /// A structure that is not what its type says.
    Malformed { number: u8, offset_bytes: usize, reason: String },
}

/// A value with its kind and unit.
#[derive(Serialize)]
pub struct Value {
    data_type: Option<String>,
    latency_ns: Option<u32>,
    bandwidth_mb_per_s: Option<u32>,
}

/// A value between two ports of a switch: what kind each is (`upstream`, `any`, `downstream`), and the number of a
/// downstream port.
#[derive(Serialize)]
pub struct SwitchEntry {
    x: &'static str,
    x_port: Option<u16>,
    y: &'static str,
    y_port: Option<u16>,
    #[serde(flatten)]
    value: Value,
}

impl Value {
    fn new(data_type: Option<DataType>, value: Option<u32>) -> Self {
        let latency = data_type.is_some_and(DataType::is_latency);
        Self {
            data_type: data_type.map(|kind| kind.to_string().replace(' ', "_")),
            latency_ns: value.filter(|_| latency),
            bandwidth_mb_per_s: value.filter(|_| !latency),
        }
    }
}

impl From<Entry<'_>> for Structure {
    fn from(entry: Entry<'_>) -> Self {
        match entry.structure() {
            Ok(structure) => structure.into(),
            Err(error) => Self::Malformed {
                number: entry.kind().0,
                offset_bytes: entry.offset,
                reason: error.to_string(),
            },
        }
    }
}

impl From<cdat::Structure<'_>> for Structure {
    fn from(structure: cdat::Structure<'_>) -> Self {
        use cdat::Structure as S;
        match structure {
            S::Dsmas(dsmas) => dsmas.into(),
            S::Dslbis(s) => Self::Dslbis {
                handle: s.handle,
                hierarchy: hierarchy(s.hierarchy()),
                value: Value::new(s.data_type(), s.value()),
            },
            S::Dsmscis(s) => Self::Dsmscis { handle: s.handle, size_bytes: s.size, attributes: s.attributes },
            S::Dsis(s) => Self::Dsis { handle: s.handle, memory_attached: s.memory_attached() },
            S::Dsemts(s) => Self::Dsemts {
                handle: s.handle,
                memory_type: s.memory_type,
                dpa_offset_bytes: s.dpa_offset,
                length_bytes: s.length,
            },
            S::Sslbis(s) => {
                let entry = |e: cdat::SslbisEntry| {
                    let ((x, x_port), (y, y_port)) = (port(e.x), port(e.y));
                    SwitchEntry { x, x_port, y, y_port, value: Value::new(s.data_type(), s.value(e)) }
                };
                Self::Sslbis { entries: s.entries().map(entry).collect() }
            }
            S::Unknown { kind, body } => {
                Self::Unknown { number: kind.0, body_hex: body.iter().map(|b| format!("{b:02x}")).collect() }
            }
        }
    }
}

impl From<cdat::Dsmas> for Structure {
    fn from(s: cdat::Dsmas) -> Self {
        Self::Dsmas {
            handle: s.handle,
            non_volatile: s.flags.contains(DsmasFlags::NON_VOLATILE),
            shareable: s.flags.contains(DsmasFlags::SHAREABLE),
            hardware_coherent: s.flags.contains(DsmasFlags::HW_COHERENT),
            dynamic_capacity: s.flags.contains(DsmasFlags::DYNAMIC_CAPACITY),
            read_only: s.flags.contains(DsmasFlags::READ_ONLY),
            dpa_base_bytes: s.dpa_base,
            dpa_length_bytes: s.dpa_length,
        }
    }
}

fn hierarchy(hierarchy: MemoryHierarchy) -> String {
    match hierarchy {
        MemoryHierarchy::Memory => "memory".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn port(port: PortId) -> (&'static str, Option<u16>) {
    match port {
        PortId::Upstream => ("upstream", None),
        PortId::Any => ("any", None),
        PortId::Downstream(number) => ("downstream", Some(number)),
    }
}
