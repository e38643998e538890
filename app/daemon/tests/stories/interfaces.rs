//! What the daemon says of itself.

use lanewarden_ipc::interface::ALL;
use lanewarden_ipc::machine::{AcpiTables, HostBridge, KernelCdat, KernelClaim, ReadConfig};
use lanewarden_ipc::service::{GetInfo, GetInterfaceDescription};
use lanewarden_ipc::{CallError, Fault};
use lanewarden_pci::{AccessError, ConfigSpace, Machine};

use crate::support::{Setting, play};

#[test]
fn the_daemon_describes_its_interfaces() {
    play(Setting::default(), async |stage| {
        let mut client = stage.client().await;
        let info = client.call(&GetInfo {}).await.unwrap();
        assert_eq!(info.product, "Lanewarden");
        for (name, text) in ALL {
            assert!(info.interfaces.iter().any(|interface| interface == name));
            let asked = GetInterfaceDescription { interface: name.to_owned() };
            assert_eq!(client.call(&asked).await.unwrap().description, text);
        }
    });
}

#[test]
fn the_machine_looks_through_the_daemon_as_it_is() {
    play(Setting::default(), async |stage| {
        let mut client = stage.client().await;
        let address = stage.address("quick");
        let read = ReadConfig { address, generation: None, offset: 0, count: 1024 };
        let registers = client.call(&read).await.unwrap().registers.0;
        let mut config = stage.machine.open(address).unwrap();
        for (index, bytes) in registers.chunks(4).enumerate() {
            let offset = u16::try_from(index * 4).unwrap();
            assert_eq!(bytes, config.read(offset).unwrap().to_le_bytes(), "{offset:#x}");
        }
        let beyond = ReadConfig { address, generation: None, offset: 4092, count: 2 };
        let Err(CallError::Fault(Fault::Access(AccessError::OutOfRange(4096)))) = client.call(&beyond).await
        else {
            panic!("read beyond the end");
        };
        let many = ReadConfig { count: 1025, ..read };
        assert!(matches!(client.call(&many).await, Err(CallError::Fault(Fault::InvalidParameter(_)))));
        let claim = KernelClaim { address, mailbox: 0x100 };
        assert_eq!(client.call(&claim).await.unwrap().claim, None);
        assert_eq!(client.call(&KernelCdat { address }).await.unwrap().table, None);
        let uid = client.call(&HostBridge { segment: 0, bus: 0x0c }).await.unwrap().uid;
        assert_eq!(uid, stage.machine.host_bridge_uid(0, 0x0c));
        let tables = client.call(&AcpiTables { signature: "CEDT".into() }).await.unwrap().tables;
        assert_eq!(tables.len(), stage.machine.acpi_tables(*b"CEDT").unwrap().len());
        let wrong = client.call(&AcpiTables { signature: "CE".into() }).await;
        assert!(matches!(wrong, Err(CallError::Fault(Fault::InvalidParameter(_)))));
        let gone = ReadConfig { address: "0000:ff:1f.7".parse().unwrap(), ..read };
        let gone = client.call(&gone).await;
        assert!(matches!(gone, Err(CallError::Fault(Fault::Access(AccessError::Gone)))));
    });
}
