//! Policies as files.
//!
//! ```toml
//! profile = "production"            # or "debug": opens CXL compliance mode
//!
//! [[rule]]
//! who = ["root", "group:lanewarden"]           # users by name or number, groups after "group:", or "anyone"
//! devices = ["0000:0d:00.0", "1b36:0010"]      # addresses, vendor:device, "vendor:1b36", "class:0502", or "all"
//! protocols = ["spdm", "cdat", "1e98:00"]      # names, vendor:type, or "all"
//! allow = ["read", "exchange", "claim"]        # or session, raw, detach, abort, config, or "all"; `deny` in its place denies
//! ```
//!
//! `who` and one of `allow` and `deny` have to be there; `devices` and `protocols` are all if they are left out. The
//! first rule that fits decides, and the rules of a later file come before those of an earlier one: first
//! `/usr/lib/lanewarden/policy.toml`, then `/etc/lanewarden/policy.toml`, then `/etc/lanewarden/policy.d/*.toml` by name.

use std::path::{Path, PathBuf};

use lanewarden_broker::{Profile, Protocol};
use serde::Deserialize;

use super::{Accounts, Caller, Devices, Policy, Protocols, Rule, Verb};

/// The longest file, in bytes.
const LONGEST: u64 = 1 << 20;

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that others may write to: whoever does would rule.
    #[error("{}: others than its owner may write to it, or it is not root's or this user's", .0.display())]
    Unsafe(PathBuf),
    /// It is too long to be a policy.
    #[error("{}: longer than {LONGEST} bytes", .0.display())]
    TooLong(PathBuf),
    /// It is not written as a policy is.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
}

/// A policy, and what is doubtful in its files.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// The files, in the order in which they were read.
    pub files: Vec<PathBuf>,
    /// What fits nothing though it seems to be meant to, such as a user that there is not.
    pub doubts: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(default)]
    profile: Option<ProfileText>,
    #[serde(default)]
    rule: Vec<RuleText>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ProfileText {
    Production,
    Debug,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    who: Vec<String>,
    #[serde(default)]
    devices: Option<Vec<String>>,
    #[serde(default)]
    protocols: Option<Vec<String>>,
    #[serde(default)]
    allow: Option<Vec<String>>,
    #[serde(default)]
    deny: Option<Vec<String>>,
}

/// The files of a machine's policy that are there, below `root`, which is `/` outside tests.
#[must_use]
pub fn of_machine(root: &Path) -> Vec<PathBuf> {
    let mut files =
        vec![root.join("usr/lib/lanewarden/policy.toml"), root.join("etc/lanewarden/policy.toml")];
    let entries = std::fs::read_dir(root.join("etc/lanewarden/policy.d")).into_iter().flatten().flatten();
    let mut added: Vec<_> = entries.map(|entry| entry.path()).collect();
    added.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    added.sort();
    files.extend(added);
    files.retain(|file| file.exists());
    files
}

/// Reads a policy from its files, of which a later one's rules come first.
///
/// # Errors
/// [`PolicyError`] for the first file that is wrong: half a policy is none.
pub fn load(files: &[PathBuf], accounts: &Accounts) -> Result<Loaded, PolicyError> {
    let mut loaded = Loaded { files: files.to_vec(), ..Loaded::default() };
    let (mut profile, mut rules) = (Profile::Production, Vec::new());
    for path in files {
        let text = read(path)?;
        let syntax = |message| PolicyError::Syntax { path: path.clone(), message };
        let (of_file, mut of_rules, doubts) = parse(&text, accounts).map_err(syntax)?;
        profile = of_file.unwrap_or(profile);
        of_rules.append(&mut rules);
        rules = of_rules;
        loaded.doubts.extend(doubts.into_iter().map(|doubt| format!("{}: {doubt}", path.display())));
    }
    loaded.policy = Policy::new(profile, rules);
    Ok(loaded)
}

fn read(path: &Path) -> Result<String, PolicyError> {
    use std::io::Read;
    use std::os::unix::fs::MetadataExt;
    let failed = |source| PolicyError::Read { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let is_ours = metadata.uid() == 0 || metadata.uid() == lanewarden_linux::user();
    if !is_ours || metadata.mode() & 0o022 != 0 {
        return Err(PolicyError::Unsafe(path.to_owned()));
    }
    let mut text = String::new();
    let length = file.take(LONGEST.saturating_add(1)).read_to_string(&mut text).map_err(failed)?;
    let fits = u64::try_from(length).is_ok_and(|length| length <= LONGEST);
    fits.then_some(text).ok_or_else(|| PolicyError::TooLong(path.to_owned()))
}

type Parsed = (Option<Profile>, Vec<Rule>, Vec<String>);

/// Reads one file's text.
///
/// # Errors
/// What is wrong, in words.
pub fn parse(text: &str, accounts: &Accounts) -> Result<Parsed, String> {
    let text: Text = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut doubts = Vec::new();
    let rules = text.rule.iter().enumerate();
    let rules = rules.map(|(index, rule)| {
        let number = index.saturating_add(1);
        rule.read(accounts, &mut doubts).map_err(|wrong| format!("rule {number}: {wrong}"))
    });
    let rules = rules.collect::<Result<_, _>>()?;
    let profile = text.profile.map(|profile| match profile {
        ProfileText::Production => Profile::Production,
        ProfileText::Debug => Profile::Debug,
    });
    Ok((profile, rules, doubts))
}

impl RuleText {
    fn read(&self, accounts: &Accounts, doubts: &mut Vec<String>) -> Result<Rule, String> {
        let (words, allows) = match (&self.allow, &self.deny) {
            (Some(words), None) => (words, true),
            (None, Some(words)) => (words, false),
            _ => return Err("one of `allow` and `deny` has to be there, and not both".to_owned()),
        };
        let all = || vec!["all".to_owned()];
        let callers = self.who.iter().filter_map(|name| {
            let caller = caller(name, accounts);
            if caller.is_none() {
                doubts.push(format!("there is no account {name:?}"));
            }
            caller
        });
        let devices = self.devices.clone().unwrap_or_else(all);
        let protocols = self.protocols.clone().unwrap_or_else(all);
        Ok(Rule {
            callers: callers.collect(),
            devices: devices.iter().map(|name| device(name)).collect::<Result<_, _>>()?,
            protocols: protocols.iter().map(|name| protocol(name)).collect::<Result<_, _>>()?,
            verbs: verbs(words)?,
            allows,
        })
    }
}

fn caller(name: &str, accounts: &Accounts) -> Option<Caller> {
    match name.strip_prefix("group:") {
        Some(group) => accounts.group(group).map(Caller::Group),
        None if name == "anyone" => Some(Caller::Anyone),
        None => accounts.user(name).map(Caller::User),
    }
}

fn number(digits: &str) -> Option<u16> {
    (digits.len() == 4).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

fn device(name: &str) -> Result<Devices, String> {
    if name == "all" {
        return Ok(Devices::All);
    }
    if let Some(class) = name.strip_prefix("class:").and_then(number) {
        return Ok(Devices::Class(class));
    }
    if let Some(vendor) = name.strip_prefix("vendor:").and_then(number) {
        return Ok(Devices::Vendor(vendor));
    }
    if let Some((vendor, device)) = name.split_once(':')
        && let (Some(vendor), Some(device)) = (number(vendor), number(device))
    {
        return Ok(Devices::Ids(vendor, device));
    }
    let address = name.parse().map(Devices::At);
    address.map_err(|_| format!("{name:?} is no address, vendor:device, class:0502 or vendor:1b36"))
}

fn protocol(name: &str) -> Result<Protocols, String> {
    let one = match name {
        "all" => return Ok(Protocols::All),
        "discovery" => Protocol::DISCOVERY,
        "spdm" => Protocol::CMA_SPDM,
        "secured-spdm" => Protocol::SECURED_CMA_SPDM,
        "spdm-with-connection" => Protocol::CMA_SPDM_WITH_CONNECTION,
        "secured-spdm-with-connection" => Protocol::SECURED_CMA_SPDM_WITH_CONNECTION,
        "compliance" => Protocol::CXL_COMPLIANCE,
        "cdat" => Protocol::CXL_TABLE_ACCESS,
        other => {
            let parts = other.split_once(':').and_then(|(vendor, kind)| {
                let kind = (kind.len() == 2).then(|| u8::from_str_radix(kind, 16).ok()).flatten()?;
                Some(Protocol::new(number(vendor)?, kind))
            });
            parts
                .ok_or_else(|| format!("{other:?} is no protocol: a name such as spdm or cdat, or 1e98:02"))?
        }
    };
    Ok(Protocols::One(one))
}

fn verbs(words: &[String]) -> Result<Vec<Verb>, String> {
    let mut verbs = Vec::new();
    for word in words {
        verbs.push(match word.as_str() {
            "all" => return Ok(Verb::ALL.to_vec()),
            "read" => Verb::Read,
            "exchange" => Verb::Exchange,
            "claim" => Verb::Claim,
            "session" => Verb::Session,
            "raw" => Verb::Raw,
            "detach" => Verb::Detach,
            "abort" => Verb::Abort,
            "config" => Verb::Config,
            other => {
                return Err(format!(
                    "{other:?} is none of read, exchange, claim, session, raw, detach, abort, config and all"
                ));
            }
        });
    }
    Ok(verbs)
}
