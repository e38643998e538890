//! What capabilities and configurations must keep to, as spdm-emu's libraries have it.

use crate::tsp::{
    Algorithms, Capabilities, Configuration, ConfigurationFeatures, ConfigurationSupport, EncryptionFeatures,
    EncryptionSupport, SECONDARY_SESSIONS, Secondary, TeFeatures,
};

/// Context key identifiers are below this.
const CKID_END: u32 = 0x2000;
/// In [`Capabilities::in_band_granularity`]: 64 bytes.
const IN_BAND_64: u32 = 1;
/// In [`Capabilities::in_band_granularity`]: all the memory.
const IN_BAND_ALL: u32 = 1 << 31;
/// In [`Capabilities::in_band_granularity`]: sizes, and all the memory.
const IN_BAND_KNOWN: u32 = 0x7ff | IN_BAND_ALL;
const EXPLICIT: TeFeatures =
    TeFeatures::EXPLICIT_OUT_OF_BAND_CHANGE.union(TeFeatures::EXPLICIT_IN_BAND_CHANGE);

type Rule = Result<(), &'static str>;

const fn require(holds: bool, what: &'static str) -> Rule {
    if holds { Ok(()) } else { Err(what) }
}

/// Access control and wiping need a way to change the state.
fn check_te(te: TeFeatures) -> Rule {
    let has = |features| te.contains(features);
    let by_message = te.intersects(EXPLICIT);
    require(!has(TeFeatures::WRITE_ACCESS_CONTROL) || by_message, "write access control")?;
    let by_any = by_message || has(TeFeatures::IMPLICIT_CHANGE);
    require(!has(TeFeatures::READ_ACCESS_CONTROL) || by_any, "read access control")?;
    require(!has(TeFeatures::SANITIZE) || by_message, "sanitizing")
}

impl Capabilities {
    /// That they can be true.
    ///
    /// # Errors
    /// Which cannot.
    pub fn check(&self) -> Result<(), &'static str> {
        self.check_encryption()?;
        check_te(self.te)?;
        self.check_granularities()?;
        let has_sessions = self.configuration.contains(ConfigurationSupport::ADDITIONAL_SESSIONS);
        let sessions = usize::from(self.secondary_sessions);
        require(has_sessions == (sessions > 0) && sessions <= SECONDARY_SESSIONS, "secondary sessions")
    }

    fn check_encryption(&self) -> Rule {
        let has = |features| self.encryption.contains(features);
        let is_on = has(EncryptionSupport::ENCRYPTION);
        let kinds = EncryptionSupport::CKID | EncryptionSupport::RANGE | EncryptionSupport::CKID_REQUIRED;
        require(is_on || !self.encryption.intersects(kinds), "encryption")?;
        require(
            !has(EncryptionSupport::CKID_REQUIRED) || has(EncryptionSupport::CKID),
            "encryption by CKID",
        )?;
        require(!is_on || self.algorithms.intersects(Algorithms::all()), "algorithms")?;
        require(has(EncryptionSupport::RANGE) == (self.range_keys > 0), "keys of ranges")?;
        let are_ckids = (2..CKID_END).contains(&self.ckids);
        require(!has(EncryptionSupport::CKID) || are_ckids, "number of CKIDs")
    }

    fn check_granularities(&self) -> Rule {
        let has = |features| self.te.contains(features);
        let in_band = has(TeFeatures::EXPLICIT_IN_BAND_CHANGE);
        let implicit = in_band && self.in_band_granularity & IN_BAND_64 != 0;
        require(!has(TeFeatures::IMPLICIT_CHANGE) || implicit, "implicit change")?;
        let out_of_band = has(TeFeatures::EXPLICIT_OUT_OF_BAND_CHANGE);
        require(out_of_band == (self.out_of_band_granularity != 0), "granularity out of band")?;
        require(in_band == (self.in_band_granularity & IN_BAND_KNOWN != 0), "granularity in band")
    }
}

impl Configuration {
    /// That it can be, whatever the device.
    ///
    /// # Errors
    /// What cannot.
    pub fn check(&self) -> Result<(), &'static str> {
        self.check_encryption()?;
        check_te(self.te)?;
        let out_of_band = self.te.contains(TeFeatures::EXPLICIT_OUT_OF_BAND_CHANGE);
        let sizes = self.out_of_band_granularity.count_ones();
        require(sizes == u32::from(out_of_band), "granularity out of band")?;
        self.check_ckids()?;
        self.check_lengths()
    }

    fn check_encryption(&self) -> Rule {
        let has = |features| self.encryption.contains(features);
        let is_on = has(EncryptionFeatures::ENCRYPTION);
        let kinds = EncryptionFeatures::CKID | EncryptionFeatures::RANGE | EncryptionFeatures::CKID_REQUIRED;
        require(is_on || !self.encryption.intersects(kinds), "encryption")?;
        let by_ckid = has(EncryptionFeatures::CKID);
        require(!(by_ckid && has(EncryptionFeatures::RANGE)), "encryption by CKID and by range")?;
        require(by_ckid == has(EncryptionFeatures::CKID_REQUIRED), "encryption by CKID")?;
        let algorithms = self.algorithm.intersection(Algorithms::all()).bits().count_ones();
        require(algorithms == u32::from(is_on), "algorithm")
    }

    fn check_ckids(&self) -> Rule {
        let end = self.ckid_base.checked_add(self.ckids);
        let fits = end.is_some_and(|end| end < CKID_END);
        require(!self.encryption.contains(EncryptionFeatures::CKID) || fits, "CKIDs")
    }

    /// A length of the link's messages stands for one size.
    fn check_lengths(&self) -> Rule {
        if !self.te.contains(TeFeatures::EXPLICIT_IN_BAND_CHANGE) {
            return Ok(());
        }
        let mut used = 0_u8;
        for index in self.lengths() {
            let bit = 1_u8.checked_shl(index.into()).ok_or("granularity in band")?;
            require(used & bit == 0, "granularity in band")?;
            used |= bit;
        }
        Ok(())
    }

    fn lengths(&self) -> impl Iterator<Item = u8> + '_ {
        self.in_band_granularity.iter().map(|entry| entry.length_index).filter(|index| *index != 0xff)
    }

    /// That it can be, and that a device with these capabilities can do it.
    ///
    /// # Errors
    /// What cannot.
    pub fn check_against(&self, capabilities: &Capabilities) -> Result<(), &'static str> {
        self.check()?;
        let is_supported = |(wanted, needed): &(EncryptionFeatures, EncryptionSupport)| {
            !self.encryption.contains(*wanted) || capabilities.encryption.contains(*needed)
        };
        require(ENCRYPTION.iter().all(is_supported), "encryption")?;
        let algorithm = self.algorithm.intersection(Algorithms::all());
        require(capabilities.algorithms.contains(algorithm), "algorithm")?;
        let te = self.te.intersection(TeFeatures::all());
        require(capabilities.te.contains(te), "TE features")?;
        let beyond = self.out_of_band_granularity & !capabilities.out_of_band_granularity;
        require(beyond == 0, "granularity out of band")?;
        let by_ckid = self.encryption.contains(EncryptionFeatures::CKID);
        require(!by_ckid || self.ckids <= capabilities.ckids, "CKIDs")?;
        let has_all = capabilities.in_band_granularity & IN_BAND_ALL != 0;
        let in_band = self.te.contains(TeFeatures::EXPLICIT_IN_BAND_CHANGE);
        let is_free = !(in_band && has_all && self.lengths().any(|index| index == 7));
        require(is_free, "granularity in band")?;
        let update = self.features.contains(ConfigurationFeatures::LOCKED_FIRMWARE_UPDATE);
        let can_update = capabilities.configuration.contains(ConfigurationSupport::LOCKED_FIRMWARE_UPDATE);
        require(!update || can_update, "firmware updates")
    }
}

/// What each way of encrypting needs.
const ENCRYPTION: [(EncryptionFeatures, EncryptionSupport); 4] = [
    (EncryptionFeatures::ENCRYPTION, EncryptionSupport::ENCRYPTION),
    (EncryptionFeatures::CKID, EncryptionSupport::CKID),
    (EncryptionFeatures::RANGE, EncryptionSupport::RANGE),
    (EncryptionFeatures::CKID_REQUIRED, EncryptionSupport::CKID_REQUIRED),
];

impl Secondary<'_> {
    /// That a device with these capabilities has so many sessions; they are the first ones.
    ///
    /// # Errors
    /// What cannot.
    pub fn check_against(&self, capabilities: &Capabilities) -> Result<(), &'static str> {
        let sessions = self.valid.trailing_ones();
        let are_first = self.valid.count_ones() == sessions;
        let fits = sessions <= u32::from(capabilities.secondary_sessions);
        require(are_first && fits, "secondary sessions")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tsp::Granularity;

    /// With everything.
    fn able() -> Capabilities {
        Capabilities {
            encryption: EncryptionSupport::all(),
            algorithms: Algorithms::all(),
            range_keys: 4,
            te: TeFeatures::all(),
            out_of_band_granularity: 0x41,
            in_band_granularity: 0x41,
            configuration: ConfigurationSupport::all(),
            ckids: 64,
            secondary_sessions: 4,
        }
    }

    fn capable(change: impl FnOnce(&mut Capabilities)) -> Result<(), &'static str> {
        let mut capabilities = able();
        change(&mut capabilities);
        capabilities.check()
    }

    /// With CKIDs and all ways to change the state.
    fn rich() -> Configuration {
        Configuration {
            encryption: EncryptionFeatures::all().difference(EncryptionFeatures::RANGE),
            algorithm: Algorithms::AES_XTS_256,
            te: TeFeatures::all(),
            out_of_band_granularity: 0x40,
            features: ConfigurationFeatures::all(),
            ckid_base: 0x1fbf,
            ckids: 64,
            in_band_granularity: [Granularity::UNUSED; 8],
        }
    }

    fn configured(change: impl FnOnce(&mut Configuration)) -> Result<(), &'static str> {
        let mut configuration = rich();
        change(&mut configuration);
        let alone = configuration.check();
        let against = configuration.check_against(&able());
        assert!(alone.is_ok() || alone == against, "{alone:?}, {against:?}");
        against
    }

    #[test]
    fn capabilities_do_not_contradict_themselves() {
        assert_eq!(capable(|_| ()), Ok(()));
        assert_eq!(Capabilities::default().check(), Ok(()), "nothing at all");
        assert_eq!(capable(|c| c.encryption.remove(EncryptionSupport::ENCRYPTION)), Err("encryption"));
        assert_eq!(capable(|c| c.encryption.remove(EncryptionSupport::CKID)), Err("encryption by CKID"));
        assert_eq!(capable(|c| c.algorithms = Algorithms::from_bits_retain(0x10)), Err("algorithms"));
        assert_eq!(capable(|c| c.range_keys = 0), Err("keys of ranges"));
        assert_eq!(capable(|c| c.encryption.remove(EncryptionSupport::RANGE)), Err("keys of ranges"));
        for ckids in [0, 1, 0x2000] {
            assert_eq!(capable(|c| c.ckids = ckids), Err("number of CKIDs"), "{ckids:#x}");
        }
        assert_eq!(capable(|c| c.te = TeFeatures::WRITE_ACCESS_CONTROL), Err("write access control"));
        assert_eq!(capable(|c| c.te = TeFeatures::READ_ACCESS_CONTROL), Err("read access control"));
        assert_eq!(capable(|c| c.te = TeFeatures::SANITIZE), Err("sanitizing"));
        assert_eq!(capable(|c| c.in_band_granularity = 2), Err("implicit change"));
        assert_eq!(capable(|c| c.out_of_band_granularity = 0), Err("granularity out of band"));
        assert_eq!(
            capable(|c| {
                c.te.remove(TeFeatures::IMPLICIT_CHANGE);
                c.in_band_granularity = 0x800;
            }),
            Err("granularity in band")
        );
        for sessions in [0, 5] {
            assert_eq!(capable(|c| c.secondary_sessions = sessions), Err("secondary sessions"));
        }
        let none = ConfigurationSupport::empty();
        assert_eq!(capable(|c| c.configuration = none), Err("secondary sessions"));
    }

    #[test]
    fn configurations_do_not_contradict_themselves() {
        assert_eq!(configured(|_| ()), Ok(()));
        assert_eq!(configured(|c| *c = Configuration::default()), Ok(()), "nothing at all");
        assert_eq!(configured(|c| c.encryption.remove(EncryptionFeatures::ENCRYPTION)), Err("encryption"));
        let range = EncryptionFeatures::RANGE;
        assert_eq!(configured(|c| c.encryption.insert(range)), Err("encryption by CKID and by range"));
        let required = EncryptionFeatures::CKID_REQUIRED;
        assert_eq!(configured(|c| c.encryption.remove(required)), Err("encryption by CKID"));
        assert_eq!(configured(|c| c.algorithm = Algorithms::empty()), Err("algorithm"));
        assert_eq!(configured(|c| c.algorithm = Algorithms::all()), Err("algorithm"));
        for granularity in [0, 0x41] {
            let set = |c: &mut Configuration| c.out_of_band_granularity = granularity;
            assert_eq!(configured(set), Err("granularity out of band"), "{granularity:#x}");
        }
        for base in [0x1fc0, 0x2000, u32::MAX] {
            assert_eq!(configured(|c| c.ckid_base = base), Err("CKIDs"), "{base:#x}");
        }
    }

    #[test]
    fn a_length_on_the_link_stands_for_one_size() {
        let with = |indices: [u8; 2]| {
            configured(|c| {
                c.in_band_granularity[0].length_index = indices[0];
                c.in_band_granularity[1].length_index = indices[1];
            })
        };
        assert_eq!(with([0, 7]), Ok(()));
        assert_eq!(with([3, 3]), Err("granularity in band"));
        assert_eq!(with([8, 0xff]), Err("granularity in band"));
        let mut configuration = rich();
        configuration.in_band_granularity[0].length_index = 7;
        let all = Capabilities { in_band_granularity: 0x8000_0001, ..able() };
        assert_eq!(configuration.check_against(&all), Err("granularity in band"), "7 is all the memory");
    }

    #[test]
    fn a_device_does_what_it_can() {
        let against = |change: fn(&mut Capabilities)| {
            let mut capabilities = able();
            change(&mut capabilities);
            rich().check_against(&capabilities)
        };
        assert_eq!(against(|_| ()), Ok(()));
        assert_eq!(against(|c| c.encryption.remove(EncryptionSupport::ENCRYPTION)), Err("encryption"));
        assert_eq!(against(|c| c.encryption.remove(EncryptionSupport::CKID_REQUIRED)), Err("encryption"));
        assert_eq!(against(|c| c.algorithms = Algorithms::AES_XTS_128), Err("algorithm"));
        assert_eq!(against(|c| c.te.remove(TeFeatures::SANITIZE)), Err("TE features"));
        assert_eq!(against(|c| c.out_of_band_granularity = 1), Err("granularity out of band"));
        assert_eq!(against(|c| c.ckids = 63), Err("CKIDs"));
        let none = |c: &mut Capabilities| c.configuration = ConfigurationSupport::empty();
        assert_eq!(against(none), Err("firmware updates"));
    }

    #[test]
    fn secondary_sessions_are_the_first_ones() {
        let of = |valid| Secondary { valid, ..Secondary::NONE }.check_against(&able());
        for valid in [0, 1, 3, 7, 15] {
            assert_eq!(of(valid), Ok(()), "{valid:#x}");
        }
        for valid in [2, 5, 0x1f, 0x8000, 0xffff] {
            assert_eq!(of(valid), Err("secondary sessions"), "{valid:#x}");
        }
        let two = Capabilities { secondary_sessions: 2, ..able() };
        assert!(Secondary { valid: 7, ..Secondary::NONE }.check_against(&two).is_err());
    }
}
