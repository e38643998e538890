//! What rules allow, and how they are written.

use std::os::unix::fs::PermissionsExt;

use lanewarden_broker::{Action, Address, Permission, Protocol, Who};
use proptest::prelude::*;

use super::files::{self, PolicyError};
use super::{Accounts, Ids, Policy, Subject};

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/nonexistent:/bin/sh\nbroken line\n";
const GROUP: &str = "root:x:0:\nlanewarden:x:77:alice\n";

fn accounts() -> Accounts {
    Accounts::parse(PASSWD, GROUP)
}

fn policy(text: &str) -> Policy {
    let (profile, rules, doubts) = files::parse(text, &accounts()).unwrap();
    assert!(doubts.is_empty(), "{doubts:?}");
    Policy::new(profile.unwrap_or_default(), rules)
}

fn memory() -> Address {
    "0000:0d:00.0".parse().unwrap()
}

/// A policy, and whoever asks it.
struct Asked(Policy, Who);

impl Asked {
    fn by(mut policy: Policy, user: u32, groups: &[u32]) -> Self {
        let role = policy.admit(Subject { user, groups: groups.to_vec() });
        policy.learn(memory(), Ids { vendor: 0x8086, device: 0x0d93, class: 0x0502 });
        Self(policy, Who::User { user, process: 1, role })
    }

    fn may(&self, action: Action) -> bool {
        self.0.permits(self.1, memory(), action)
    }
}

const CDAT: Action = Action::Exchange(Protocol::CXL_TABLE_ACCESS);
const SPDM: Action = Action::Exchange(Protocol::CMA_SPDM);

#[test]
fn what_no_rule_names_is_denied() {
    let nobody = Asked::by(policy(""), 0, &[0]);
    assert!(!nobody.may(CDAT) && !nobody.0.may_read(nobody.1, None));
}

#[test]
fn a_rule_names_who_what_and_which_protocol() {
    let text = "[[rule]]\nwho = ['group:lanewarden']\nprotocols = ['cdat']\nallow = ['exchange', 'claim']";
    let member = Asked::by(policy(text), 1000, &[77, 1000]);
    assert!(member.may(CDAT) && member.may(Action::Claim));
    assert!(!member.may(SPDM) && !member.may(Action::Raw(Protocol::CXL_TABLE_ACCESS)));
    assert!(!member.may(Action::Detach) && !member.may(Action::Config) && !member.may(Action::Abort));
    let stranger = Asked::by(policy(text), 1001, &[1001]);
    assert!(!stranger.may(CDAT));
}

/// Row D7: rules are on device, vendor, class and type, and are asked with what is there, so that they hold for what is
/// plugged in later.
#[test]
fn devices_are_named_in_every_way() {
    for name in ["0000:0d:00.0", "8086:0d93", "vendor:8086", "class:0502", "all"] {
        let text = format!("[[rule]]\nwho = ['alice']\ndevices = ['{name}']\nallow = ['claim']");
        assert!(Asked::by(policy(&text), 1000, &[]).may(Action::Claim), "{name}");
    }
    for name in ["0000:0e:00.0", "8086:0d94", "vendor:1b36", "class:0108"] {
        let text = format!("[[rule]]\nwho = ['alice']\ndevices = ['{name}']\nallow = ['claim']");
        let mut asked = Asked::by(policy(&text), 1000, &[]);
        assert!(!asked.may(Action::Claim), "{name}");
        asked.0.learn(memory(), Ids { vendor: 0x1b36, device: 0x0010, class: 0x0108 });
        let fits_now = name.contains("1b36") || name.contains("0108");
        assert_eq!(asked.may(Action::Claim), fits_now, "{name}");
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let text = "[[rule]]\nwho = ['alice']\nprotocols = ['spdm']\ndeny = ['exchange']\n\
                [[rule]]\nwho = ['anyone']\nallow = ['exchange']";
    let alice = Asked::by(policy(text), 1000, &[]);
    assert!(alice.may(CDAT) && !alice.may(SPDM));
    assert!(Asked::by(policy(text), 5, &[]).may(SPDM));
}

/// Row D6: in production nobody speaks the compliance protocol, whatever the rules say.
#[test]
fn compliance_is_closed_in_production() {
    let compliance = Action::Exchange(Protocol::CXL_COMPLIANCE);
    let rule = "[[rule]]\nwho = ['root']\nallow = ['all']";
    assert!(!Asked::by(policy(rule), 0, &[]).may(compliance));
    assert!(Asked::by(policy(&format!("profile = 'debug'\n{rule}")), 0, &[]).may(compliance));
}

#[test]
fn nobody_but_the_daemon_is_urgent() {
    let all = policy("[[rule]]\nwho = ['anyone']\nallow = ['all']");
    let root = Asked::by(all, 0, &[]);
    assert!(!root.may(Action::Urgent));
    assert!(root.0.permits(Who::Internal, memory(), Action::Urgent));
}

#[test]
fn a_role_that_was_never_given_out_may_nothing() {
    let all = policy("[[rule]]\nwho = ['anyone']\nallow = ['all']");
    assert!(!all.permits(Who::User { user: 0, process: 1, role: 9 }, memory(), CDAT));
}

#[test]
fn rules_that_are_replaced_hold_for_those_who_are_here() {
    let mut asked = Asked::by(policy("[[rule]]\nwho = ['alice']\nallow = ['claim']"), 1000, &[]);
    assert!(asked.may(Action::Claim));
    asked.0.replace(policy(""));
    assert!(!asked.may(Action::Claim));
}

#[test]
fn what_is_wrong_in_a_policy_is_said() {
    let wrong = |text: &str| files::parse(text, &accounts()).unwrap_err();
    assert!(wrong("[[rule]]\nwho = ['alice']").contains("rule 1: one of `allow` and `deny`"));
    assert!(wrong("[[rule]]\nwho = ['alice']\nallow = ['fly']").contains("\"fly\" is none of"));
    assert!(wrong("[[rule]]\nwho = ['alice']\nallow = []\ndevices = ['nowhere']").contains("nowhere"));
    assert!(wrong("[[rule]]\nwho = ['alice']\nallow = []\nprotocols = ['morse']").contains("morse"));
    assert!(wrong("profil = 'debug'").contains("unknown field"));
}

#[test]
fn an_account_that_there_is_not_is_doubted_and_fits_nobody() {
    let text = "[[rule]]\nwho = ['bob', 'group:nobody-has']\nallow = ['all']";
    let (_, rules, doubts) = files::parse(text, &accounts()).unwrap();
    assert_eq!(doubts, ["there is no account \"bob\"", "there is no account \"group:nobody-has\""]);
    assert!(rules[0].callers.is_empty());
}

/// The rules of a later file come before those of an earlier one.
#[test]
fn later_files_go_before_earlier_ones() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    };
    write("usr/lib/lanewarden/policy.toml", "[[rule]]\nwho = ['anyone']\nallow = ['claim']");
    write("etc/lanewarden/policy.d/20-no.toml", "[[rule]]\nwho = ['alice']\ndeny = ['claim']");
    write("etc/lanewarden/policy.d/notes.txt", "not a policy");
    let found = files::of_machine(root.path());
    assert_eq!(found.len(), 2);
    let loaded = files::load(&found, &accounts()).unwrap();
    assert!(!Asked::by(loaded.policy.clone(), 1000, &[]).may(Action::Claim));
    assert!(Asked::by(loaded.policy, 1001, &[]).may(Action::Claim));
}

/// A policy that others may write to is nobody's.
#[test]
fn a_file_that_others_may_write_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("policy.toml");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
    assert!(matches!(files::load(std::slice::from_ref(&path), &accounts()), Err(PolicyError::Unsafe(_))));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    assert!(files::load(&[path], &accounts()).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_a_policy_or_an_error(text in "\\PC{0,300}") {
        let _ = files::parse(&text, &accounts());
    }

    #[test]
    fn any_words_are_a_policy_or_an_error(who in ".{0,20}", device in ".{0,20}", protocol in ".{0,12}", verb in ".{0,8}") {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let (who, device, protocol, verb) = (quoted(&who), quoted(&device), quoted(&protocol), quoted(&verb));
        let text = format!("[[rule]]\nwho=[{who}]\ndevices=[{device}]\nprotocols=[{protocol}]\nallow=[{verb}]");
        let _ = files::parse(&text, &accounts());
    }
}
