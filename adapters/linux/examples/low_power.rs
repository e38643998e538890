//! A virtual machine monitor's loop: its guest has gone idle, so the device may sleep; when the host wakes it, the guest has
//! to be told.
//!
//! `cargo run -p lanewarden-linux --example low_power 0000:41:00.0`, for a device that is bound to vfio-pci. Standard input
//! (a terminal or a pipe) stands for the guest: each line is a doorbell, and its end is the guest's.

use std::error::Error;
use std::io::stdin;

use lanewarden_linux::vfio::{Device, Host, LowPower, Wakeup};
use rustix::buffer::spare_capacity;
use rustix::event::epoll;

/// What the loop's events are told apart by.
const GUEST: u64 = 0;
const WAKEUP: u64 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("which device?")?.parse()?;
    let device = Host::new().open(address)?;
    let wakeup = Wakeup::new()?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&poll, stdin(), epoll::EventData::new_u64(GUEST), epoll::EventFlags::IN)?;
    epoll::add(&poll, &wakeup, epoll::EventData::new_u64(WAKEUP), epoll::EventFlags::IN)?;
    device.enter_low_power_with_wakeup(&wakeup)?;
    println!("{address} may sleep");
    let mut may_sleep = true;
    loop {
        let mut events = Vec::with_capacity(2);
        epoll::wait(&poll, spare_capacity(&mut events), None)?;
        for event in events {
            match event.data.u64() {
                WAKEUP => may_sleep = woken(&wakeup, may_sleep)?,
                _ => {
                    // Not through a buffer, which would keep lines that no event tells of any more.
                    let mut said = [0; 64];
                    let length = rustix::io::read(stdin(), &mut said)?;
                    if length == 0 {
                        return Ok(());
                    }
                    for _ in said.iter().take(length).filter(|byte| **byte == b'\n') {
                        may_sleep = rung(&device, &wakeup, may_sleep)?;
                    }
                }
            }
        }
    }
}

/// The host has used the device, and low power has ended with that. Nothing is left to do but to tell the guest.
fn woken(wakeup: &Wakeup, may_sleep: bool) -> Result<bool, Box<dyn Error>> {
    if wakeup.take()? == 0 {
        return Ok(may_sleep);
    }
    println!("woken by the host");
    Ok(false)
}

/// The guest uses its device, or has done with it. Mapped memory faults in low power, so that is left before the guest goes
/// on. Leaving wakes the device, of which the eventfd tells as of any other wake, unless the device has not slept.
fn rung(device: &Device, wakeup: &Wakeup, may_sleep: bool) -> Result<bool, Box<dyn Error>> {
    if may_sleep {
        device.exit_low_power()?;
        println!("left for the guest; it was asleep: {}", wakeup.take()? > 0);
    } else {
        device.enter_low_power_with_wakeup(wakeup)?;
        println!("may sleep again");
    }
    Ok(!may_sleep)
}
