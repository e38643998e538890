//! `vfio bind` and `vfio unbind`.

use lanewarden_linux::Sysfs;
use lanewarden_linux::vfio::{BindError, Host, Plan};
use lanewarden_pci::Address;
use serde::Serialize;

use super::idle::{Idle, idle};
use crate::args::Bind;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::reach::Reach;

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    bindings: [Binding; 1],
}

#[derive(Serialize)]
struct Binding {
    address: String,
    iommu_group: Option<u32>,
    from_driver: Option<String>,
    /// `None` before it is known: the kernel finds the driver when a function is given back.
    to_driver: Option<String>,
    dry_run: bool,
    steps: Vec<Step>,
    uses: Vec<String>,
    /// Functions of the group that drivers of the host have.
    group_held_by: Vec<Holder>,
}

#[derive(Serialize)]
struct Step {
    path: String,
    value: String,
}

#[derive(Serialize)]
struct Holder {
    address: String,
    driver: String,
}

/// Whose mailboxes they are that must be idle while the function changes hands, and how they are reached.
pub struct Mailboxes<'a> {
    pub machine: &'a Sysfs,
    pub reach: &'a dyn Fn() -> Result<Reach, Failure>,
}

impl Mailboxes<'_> {
    fn idle(&self, address: Address) -> Result<Idle, Failure> {
        idle(self.machine, (self.reach)()?, address)
    }
}

/// Gives a function to vfio-pci.
pub fn bind(
    host: &Host,
    mailboxes: &Mailboxes<'_>,
    address: Address,
    args: &Bind,
    output: &Output,
) -> Outcome {
    let plan = host.plan_bind(address).map_err(|error| Failure::of_bind(address, &error))?;
    for (other, driver) in &plan.others {
        let message = format!("{other} of the same IOMMU group belongs to {driver}");
        let hint = "the device cannot be opened before that driver is unbound as well";
        output.warn(&Failure::new(Exit::Busy, message).hint(hint));
    }
    if !args.force && !plan.uses.is_empty() {
        // Shown before it is refused: that is what a rehearsal is for.
        if args.dry_run {
            print(&plan, None, true, output)?;
        }
        return Err(Failure::of_bind(address, &BindError::InUse(plan.uses)));
    }
    carry_out(host, mailboxes, &plan, args.dry_run, args.force, output)
}

/// Gives a function back.
pub fn unbind(
    host: &Host,
    mailboxes: &Mailboxes<'_>,
    address: Address,
    dry_run: bool,
    output: &Output,
) -> Outcome {
    let plan = host.plan_unbind(address).map_err(|error| Failure::of_bind(address, &error))?;
    carry_out(host, mailboxes, &plan, dry_run, false, output)
}

fn carry_out(
    host: &Host,
    mailboxes: &Mailboxes<'_>,
    plan: &Plan,
    dry_run: bool,
    forced: bool,
    output: &Output,
) -> Outcome {
    if dry_run {
        return print(plan, None, true, output);
    }
    let idle = if plan.steps.is_empty() { Ok(None) } else { mailboxes.idle(plan.address).map(Some) };
    let _idle = match idle {
        Err(failure) if forced && failure.exit == Exit::Busy => {
            output.warn(&failure);
            None
        }
        idle => idle?,
    };
    let done = host.carry_out(plan, forced);
    let driver = done.map_err(|error| Failure::of_bind(plan.address, &error))?;
    print(plan, driver, false, output)
}

fn print(plan: &Plan, driver: Option<String>, dry_run: bool, output: &Output) -> Outcome {
    if output.json() {
        let binding = json(plan, driver, dry_run);
        output.print_json(&Json { schema: "lanewarden.bindings/1", bindings: [binding] })?;
    } else if dry_run {
        output.print(&text(plan))?;
    } else {
        let driver = driver.as_deref().unwrap_or("no driver");
        let already = if plan.steps.is_empty() { " already" } else { "" };
        output.print(&format!("{} is bound to {driver}{already}\n", plan.address))?;
    }
    Ok(Exit::Ok)
}

/// What would be written, as a shell could write it.
fn text(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        text.push_str(&format!("echo {} > {}\n", step.value.trim_end(), step.path.display()));
    }
    if plan.steps.is_empty() {
        text.push_str("nothing to be written\n");
    }
    text
}

fn json(plan: &Plan, driver: Option<String>, dry_run: bool) -> Binding {
    let step = |step: &lanewarden_linux::vfio::Step| Step {
        path: step.path.display().to_string(),
        value: step.value.trim_end().to_owned(),
    };
    let holder = |(address, driver): &(Address, String)| Holder {
        address: address.to_string(),
        driver: driver.clone(),
    };
    Binding {
        address: plan.address.to_string(),
        iommu_group: plan.group,
        from_driver: plan.from.clone(),
        to_driver: driver,
        dry_run,
        steps: plan.steps.iter().map(step).collect(),
        uses: plan.uses.iter().map(ToString::to_string).collect(),
        group_held_by: plan.others.iter().map(holder).collect(),
    }
}

#[cfg(test)]
mod tests {
    use lanewarden_linux::vfio::Step;

    use super::*;

    #[test]
    fn a_rehearsal_is_what_a_shell_would_write() {
        let step = |path: &str, value: &str| Step { path: path.into(), value: value.into() };
        let mut plan = Plan {
            address: "0000:41:00.0".parse().unwrap(),
            from: None,
            to_vfio: false,
            steps: vec![step("/a/driver_override", "\n"), step("/b/unbind", "0000:41:00.0")],
            uses: Vec::new(),
            group: Some(3),
            others: Vec::new(),
        };
        assert_eq!(text(&plan), "echo  > /a/driver_override\necho 0000:41:00.0 > /b/unbind\n");
        plan.steps.clear();
        assert_eq!(text(&plan), "nothing to be written\n");
    }
}
