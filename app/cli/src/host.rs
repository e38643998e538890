//! The machine that a verb works on.

use std::io::Write;
use std::path::Path;

use lanewarden_doe::Host;
use lanewarden_emulation::Emulation;
use lanewarden_linux::Sysfs;
use lanewarden_linux::vfio;
use lanewarden_sim::{Scenario, ScenarioError, Simulator};

use crate::args::{Arguments, Cxl, DaemonArguments, DeviceArgument, Doe, HostSpec, Spdm, Verb};
use crate::documents;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::reach::{self, Reach};
use crate::remote::Remote;
use crate::verb;

/// Carries out the verb on the machine that the command line names.
pub fn run(args: &Arguments, output: &Output) -> Outcome {
    match &args.verb {
        Verb::Completions { shell } => return documents::completions(*shell, output),
        Verb::Man { directory } => return documents::man(directory),
        Verb::Verify(args) => return verb::verify::run(args, output),
        Verb::Decode(args) => return verb::decode::run(args, output),
        Verb::Respond(args) => return verb::respond::run(args, output),
        Verb::Daemon(daemon) => return be_daemon(args, daemon, output),
        Verb::Vfio(vfio) => return verb::vfio::run(args, vfio, output),
        Verb::Cxl(Cxl::Cdat(cdat)) if cdat.from.is_some() => return verb::cdat::from_file(cdat, output),
        Verb::Status => return verb::status::run(&reach::required(args)?, output),
        Verb::Spdm(Spdm::Keep(keep)) => return verb::spdm::kept::keep(&reach::required(args)?, keep, output),
        Verb::Spdm(Spdm::Kept(kept)) => return verb::spdm::kept::kept(&reach::required(args)?, kept, output),
        Verb::Monitor => return verb::monitor::run(&reach::required(args)?, output),
        Verb::Doe(Doe::Release(release)) => {
            return verb::release::run(&reach::required(args)?, release, output);
        }
        Verb::Doe(Doe::Claim(claim)) if claim.detach => {
            return verb::claim::detach(&reach::required(args)?, claim, output);
        }
        _ => {}
    }
    check_options(args)?;
    if let Some(daemon) = reach::named(args)? {
        return through(&daemon, args, output);
    }
    match &args.host {
        HostSpec::Vfio(address) => {
            let offsets: Vec<u16> = args.doe_offset.iter().map(|offset| offset.0).collect();
            let owned = vfio::Owned::open(vfio::Host::new(), *address, &offsets);
            dispatch(&owned.map_err(|error| Failure::of_open(*address, &error))?, args, None, output)
        }
        HostSpec::Sysfs => {
            let machine = Sysfs::new().allow_shared(unsafe_shared(&args.verb));
            match reach::machine(&machine)? {
                Reach::Daemon(daemon) => through(&daemon, args, output),
                Reach::Alone { _lock } => dispatch(&machine, args, None, output),
            }
        }
        HostSpec::Sim(file) => {
            let (machine, emulation) = simulator(file.as_deref())?;
            let own = Some(emulation.anchors());
            let Some(events) = &args.events else { return dispatch(&machine, args, own, output) };
            machine.keep_events(MOST_EVENTS);
            let outcome = dispatch(&machine, args, own, output);
            write_events(&machine, events)?;
            outcome
        }
    }
}

fn be_daemon(args: &Arguments, daemon: &DaemonArguments, output: &Output) -> Outcome {
    match &args.host {
        HostSpec::Sysfs => verb::daemon::real(args, daemon, output),
        HostSpec::Vfio(_) => Err(Failure::new(Exit::Usage, "a device that one process has needs no daemon")
            .hint("use it with --host vfio:BDF, or give it back with `lanewarden vfio unbind`")),
        HostSpec::Sim(file) => {
            let (machine, emulation) = simulator(file.as_deref())?;
            verb::daemon::emulated(machine, &emulation.anchors(), args, daemon, output)
        }
    }
}

/// The machine is the daemon's; of an emulated one the trust anchors are known here too.
fn through(daemon: &Remote, args: &Arguments, output: &Output) -> Outcome {
    if args.events.is_some() {
        let hint = "leave out the socket of the daemon, --socket or LANEWARDEN_SOCKET";
        return Err(Failure::new(Exit::Usage, "--events is for emulated machines of one's own").hint(hint));
    }
    if unsafe_shared(&args.verb) {
        let message = "--unsafe-shared changes nothing here: the daemon decides whether mailboxes are shared with the kernel";
        output.warn(&Failure::new(Exit::Ok, message));
    }
    let own = match &args.host {
        HostSpec::Sim(file) if matches!(args.verb, Verb::Attest(_) | Verb::Spdm(_)) => {
            Some(simulator(file.as_deref())?.1.anchors())
        }
        _ => None,
    };
    dispatch(daemon, args, own, output)
}

/// Options that go with some machines only.
fn check_options(args: &Arguments) -> Result<(), Failure> {
    if args.events.is_some() && !matches!(args.host, HostSpec::Sim(_)) && args.socket.is_none() {
        return Err(Failure::new(Exit::Usage, "--events is for emulated machines of one's own")
            .hint("name one with --host sim"));
    }
    if !args.doe_offset.is_empty() && !matches!(args.host, HostSpec::Vfio(_)) {
        let hint = "other machines list their mailboxes; name one of several with --mailbox";
        return Err(Failure::new(Exit::Usage, "--doe-offset is for --host vfio:BDF").hint(hint));
    }
    Ok(())
}

/// `own` are the trust anchors of an emulated machine.
fn dispatch<M: Host>(machine: &M, args: &Arguments, own: Option<Vec<Vec<u8>>>, output: &Output) -> Outcome {
    let address = |device: &Option<DeviceArgument>| verb::resolve_optional(machine, device.as_ref());
    match &args.verb {
        Verb::List(sharing) => verb::list::run(machine, *sharing, output),
        Verb::Show { device, sharing } => verb::show::run(machine, address(device)?, *sharing, output),
        Verb::Topology { svg, sharing } => verb::topology::run(machine, svg.as_deref(), *sharing, output),
        Verb::Doe(Doe::Discover { device, sharing }) => {
            verb::discover::run(machine, address(device)?, *sharing, output)
        }
        Verb::Doe(Doe::Exchange(exchange)) => verb::exchange::run(machine, exchange, output),
        Verb::Doe(Doe::Claim(claim)) => verb::claim::run(machine, claim, output),
        Verb::Cxl(Cxl::Cdat(cdat)) => verb::cdat::run(machine, cdat, output),
        Verb::Cxl(Cxl::Paths { device, sharing }) => {
            verb::paths::run(machine, address(device)?, *sharing, output)
        }
        Verb::Attest(args) => verb::attest::run(machine, args, own, output),
        Verb::Spdm(spdm) => verb::spdm::run(machine, spdm, own, output),
        Verb::Status
        | Verb::Monitor
        | Verb::Doe(Doe::Release(_))
        | Verb::Verify(_)
        | Verb::Decode(_)
        | Verb::Respond(_)
        | Verb::Daemon(_)
        | Verb::Vfio(_)
        | Verb::Completions { .. }
        | Verb::Man { .. } => Ok(Exit::Ok),
    }
}

fn unsafe_shared(verb: &Verb) -> bool {
    match verb {
        Verb::List(sharing)
        | Verb::Show { sharing, .. }
        | Verb::Topology { sharing, .. }
        | Verb::Doe(Doe::Discover { sharing, .. })
        | Verb::Cxl(Cxl::Paths { sharing, .. }) => sharing.unsafe_shared,
        Verb::Doe(Doe::Exchange(exchange)) => exchange.sharing.unsafe_shared,
        Verb::Cxl(Cxl::Cdat(cdat)) => cdat.sharing.unsafe_shared,
        Verb::Attest(args) => args.way.sharing.unsafe_shared,
        Verb::Spdm(Spdm::Certs(args)) => args.way.sharing.unsafe_shared,
        Verb::Spdm(Spdm::Measurements(args)) => args.way.sharing.unsafe_shared,
        Verb::Spdm(Spdm::Request(args)) => args.way.sharing.unsafe_shared,
        Verb::Spdm(Spdm::Session(args)) => args.way.sharing.unsafe_shared,
        Verb::Status
        | Verb::Monitor
        | Verb::Spdm(Spdm::Keep(_) | Spdm::Kept(_))
        | Verb::Doe(Doe::Claim(_) | Doe::Release(_))
        | Verb::Verify(_)
        | Verb::Decode(_)
        | Verb::Respond(_)
        | Verb::Daemon(_)
        | Verb::Vfio(_)
        | Verb::Completions { .. }
        | Verb::Man { .. } => false,
    }
}

/// The latest events that are kept for `--events`: some hundred megabytes of lines.
const MOST_EVENTS: usize = 1 << 20;

fn write_events(machine: &Simulator, path: &Path) -> Result<(), Failure> {
    let written = std::fs::File::create(path).and_then(|file| {
        let mut file = std::io::BufWriter::new(file);
        lanewarden_sim::write_events(&machine.take_events(), &mut file)?;
        file.flush()
    });
    written.map_err(|error| Failure::file(path, "write", &error))
}

/// The machine that a scenario describes, with responders behind its SPDM mailboxes.
fn simulator(file: Option<&Path>) -> Result<(Simulator, Emulation), Failure> {
    let built = || -> Result<_, ScenarioError> {
        let scenario = file.map_or_else(|| Ok(Scenario::default()), Scenario::load)?;
        Ok((Simulator::new(&scenario)?, scenario))
    };
    let (machine, scenario) = built().map_err(|error| scenario_failure(file, &error))?;
    let emulation = lanewarden_emulation::attach(&machine, &scenario);
    Ok((machine, emulation.map_err(|error| Failure::new(Exit::Failure, error))?))
}

fn scenario_failure(file: Option<&Path>, error: &ScenarioError) -> Failure {
    let hint = match error {
        ScenarioError::Read { path, source } => return Failure::file(path, "read", source),
        ScenarioError::TooLong { .. } | ScenarioError::NotText(_) => {
            "a scenario is a text in TOML, as sim/scenarios/default.toml of the sources"
        }
        ScenarioError::Syntax(_) | ScenarioError::Invalid { .. } => {
            "sim/scenarios/default.toml of the sources is an example with comments, and the documentation of \
             lanewarden_sim::Scenario has every key"
        }
    };
    let failure = match file {
        Some(file) => Failure::new(Exit::Failure, format!("{}: {error}", file.display())),
        None => Failure::new(Exit::Failure, error),
    };
    failure.hint(hint)
}
