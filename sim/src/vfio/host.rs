//! The kernel with a function that is bound to vfio-pci.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lanewarden_pci::capability::{self, Found};
use lanewarden_pci::low_power::FeatureError;
use lanewarden_pci::{AccessError, Address, ConfigSpace, Machine};
use lanewarden_time::Clock;

use super::device::Device;
use super::model::{AlreadyOpen, Depth, Line, Model};
use super::process::Process;
use crate::{FunctionConfig, Simulator};

const COMMAND: u16 = 0x04;
const MEMORY_SPACE: u32 = 1 << 1;
const POWER_MANAGEMENT: u8 = 0x01;
/// Control and status, from the start of the capability.
const CONTROL: u16 = 4;
const STATE: u32 = 3;
const D3HOT: u32 = 3;

/// What the kernel knows of the function.
#[derive(Debug)]
pub(super) struct State {
    pub model: Model,
    simulator: Simulator,
    config: FunctionConfig,
    /// Offset of the register that holds the device's own power state.
    control: Option<u16>,
    resume_time: Duration,
    process: Option<Process>,
}

impl State {
    /// Does something on the model. A wake takes its time, and who is told of it is told.
    pub fn on_model<T>(&mut self, act: impl FnOnce(&mut Model) -> T) -> T {
        let before = self.model.resumes();
        let result = act(&mut self.model);
        if self.model.resumes() != before {
            self.simulator.wait_until(self.simulator.now() + self.resume_time);
        }
        let signals = self.model.take_all();
        if let Some(process) = &self.process {
            process.signal(signals);
        }
        result
    }

    pub fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        self.on_model(Model::access).map_err(access)?;
        self.config.read(offset)
    }

    pub fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        self.on_model(Model::access).map_err(access)?;
        self.config.write(offset, value)?;
        let written = if offset == COMMAND {
            let enabled = self.config.read(COMMAND)? & MEMORY_SPACE != 0;
            self.on_model(|model| model.write_memory_space(enabled))
        } else if Some(offset) == self.control {
            self.on_model(|model| model.write_power_state(value & STATE == D3HOT))
        } else {
            Ok(())
        };
        written.map_err(access)?;
        self.show_power_state()
    }

    /// The device's own register says what the model does.
    pub fn show_power_state(&mut self) -> Result<(), AccessError> {
        let Some(control) = self.control else { return Ok(()) };
        let value = self.config.read(control)?;
        let state = if self.model.depth() == Depth::D0 { 0 } else { D3HOT };
        if value & STATE == state { Ok(()) } else { self.config.write(control, value & !STATE | state) }
    }

    pub fn close(&mut self) {
        self.on_model(Model::close);
        self.process = None;
    }
}

/// EIO.
fn access(error: FeatureError) -> AccessError {
    match error {
        FeatureError::System(number) => AccessError::System(number),
        _ => AccessError::System(5),
    }
}

/// The kernel, and what others than the device's user do with the device. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct Host(Arc<Mutex<State>>);

impl Host {
    /// Binds a function. The platform can put it to sleep so deep; one without power management stays in D0.
    ///
    /// # Errors
    /// Where there is no such function.
    pub fn new(simulator: &Simulator, address: Address, platform: Depth) -> Result<Self, AccessError> {
        let mut config = simulator.open(address)?;
        let control = power_management(&mut config)?.map(|at| u16::from(at).saturating_add(CONTROL));
        let has_memory = config.read(COMMAND)? & MEMORY_SPACE != 0;
        let mut model = Model::new(if control.is_some() { platform } else { Depth::D0 });
        if !has_memory {
            // A device that nobody has opened is awake.
            model.write_memory_space(false).map_err(access)?;
        }
        let (simulator, resume_time) = (simulator.clone(), Duration::ZERO);
        let state = State { model, simulator, config, control, resume_time, process: None };
        Ok(Self(Arc::new(Mutex::new(state))))
    }

    /// A process opens the device.
    ///
    /// # Errors
    /// Where one has it already.
    pub fn open(&self, process: &Process) -> Result<Device, AlreadyOpen> {
        let mut state = self.lock();
        state.on_model(Model::open)?;
        state.process = Some(process.clone());
        Ok(Device::new(self.clone(), process.clone()))
    }

    /// The time has come at which the kernel lets the device sleep if nobody uses it.
    pub fn idle(&self) {
        self.lock().on_model(Model::idle);
    }

    /// Someone on the host uses the device for a moment.
    ///
    /// # Errors
    /// Where it does not wake.
    pub fn use_device(&self) -> Result<(), FeatureError> {
        self.lock().on_model(Model::host_use)
    }

    /// Someone on the host resets the device.
    ///
    /// # Errors
    /// Where it does not wake.
    pub fn reset(&self) -> Result<(), FeatureError> {
        self.lock().on_model(Model::reset)
    }

    /// Someone on the host keeps the device awake, or does so no more.
    pub fn hold(&self, held: bool) {
        self.lock().on_model(|model| model.hold(held));
    }

    /// Virtual functions of it come, or go.
    pub fn set_functions(&self, are_there: bool) {
        self.lock().on_model(|model| model.set_functions(are_there));
    }

    /// From now on the device does not wake.
    pub fn stick(&self) {
        self.lock().model.stick();
    }

    /// From now on a wake takes so long on the machine's clock, or until a mailbox interrupts.
    pub fn set_resume_time(&self, time: Duration) {
        self.lock().resume_time = time;
    }

    /// Whether the device sleeps.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.lock().model.is_asleep()
    }

    /// The state the device is in.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.lock().model.depth()
    }

    /// The interrupt line.
    #[must_use]
    pub fn line(&self) -> Line {
        self.lock().model.line()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn power_management(config: &mut FunctionConfig) -> Result<Option<u8>, AccessError> {
    for found in capability::conventional(config)? {
        if let Found::Entry(entry) = found?
            && entry.id == POWER_MANAGEMENT
        {
            return Ok(Some(entry.offset));
        }
    }
    Ok(None)
}
