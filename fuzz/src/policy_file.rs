//! Policies: any text, and what it is asked about.

use lanewarden_broker::{Action, Permission, Profile, Protocol, Who};
use lanewarden_daemon::policy::{Accounts, Policy, Rule, Subject, files};

/// Longer texts only take longer.
const LONGEST: usize = 8192;

/// Reads a policy, and asks it for everybody. Who has no rule may do nothing, and nobody goes before all others.
pub fn policy_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > LONGEST {
        return;
    }
    let accounts = Accounts::parse("root:x:0:0::/:\nguest:x:1000:1000::/:\n", "lanewarden:x:990:guest\n");
    match files::parse(text, &accounts) {
        Ok((profile, rules, doubts)) => {
            assert!(doubts.iter().all(|doubt| !doubt.is_empty()));
            ask(profile.unwrap_or(Profile::Production), rules);
        }
        Err(wrong) => assert!(!wrong.is_empty()),
    }
}

fn ask(profile: Profile, rules: Vec<Rule>) {
    let allows = rules.iter().any(|rule| rule.allows);
    let mut policy = Policy::new(profile, rules);
    let address = "0000:0d:00.0".parse().expect("it is an address");
    for (user, groups) in [(0, vec![0]), (1000, vec![990, 1000]), (1001, vec![])] {
        let role = policy.admit(Subject { user, groups });
        let who = Who::User { user, process: 1, role };
        let protocol = Protocol::CXL_COMPLIANCE;
        let [exchange, raw] = [Action::Exchange(protocol), Action::Raw(protocol)];
        for action in [exchange, raw, Action::Claim, Action::Detach, Action::Abort, Action::Config] {
            assert!(allows || !policy.permits(who, address, action), "what no rule allows is denied");
        }
        let is_open = policy.permits(who, address, exchange) || policy.permits(who, address, raw);
        assert!(profile == Profile::Debug || !is_open, "compliance mode is closed in production");
        assert!(!policy.permits(who, address, Action::Urgent));
        assert!(allows || !policy.may_read(who, None));
    }
}
