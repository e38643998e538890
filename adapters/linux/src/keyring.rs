//! Keys of the kernel's keyring that name something and hold no secret.

use linux_keyutils::{KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kernel's keyring: {0}")]
pub struct KeyringError(pub KeyError);

/// A key in the keyring of this process, which the kernel empties when the process ends, however it does. Its owner may see and
/// revoke it by its number, others may see it. It goes with this.
#[derive(Debug)]
pub struct Key(linux_keyutils::Key);

impl Key {
    /// A key of this description, which says what it stands for; its payload is the same.
    ///
    /// # Errors
    /// As the kernel says: no room for more keys of this user, or no keyrings.
    pub fn add(description: &str) -> Result<Self, KeyringError> {
        let add = || {
            // Of a key in the user's keyring a service with a session keyring of its own may not set what others may do.
            let ring = KeyRing::from_special_id(KeyRingIdentifier::Process, true)?;
            let key = ring.add_key(description, description)?;
            let owner = Permission::VIEW | Permission::READ | Permission::WRITE | Permission::SETATTR;
            let permissions = KeyPermissionsBuilder::builder()
                .posessor(Permission::ALL)
                .user(owner)
                .group(Permission::VIEW)
                .world(Permission::VIEW)
                .build();
            key.set_perms(permissions)?;
            Ok(key)
        };
        add().map(Self).map_err(KeyringError)
    }

    /// Its serial number.
    #[must_use]
    pub fn serial(&self) -> i32 {
        self.0.get_id().0
    }

    /// Whether it is still there and has not been revoked.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        // What can be read is neither revoked nor expired.
        self.0.read_to_vec().is_ok()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // It may have been revoked by somebody else.
        let _ = self.0.invalidate().or_else(|_| self.0.revoke());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row T3: a key that is revoked by its number is no longer valid. Where keyrings may not be used that is all there is.
    #[test]
    fn a_key_is_valid_until_it_is_revoked() {
        let added = Key::add("lanewarden:test:a_key_is_valid_until_it_is_revoked");
        if let Err(KeyringError(KeyError::OperationNotSupported | KeyError::PermissionDenied)) = added {
            return;
        }
        let key = added.unwrap();
        assert!(key.is_valid() && key.serial() > 0);
        linux_keyutils::Key::from_id(linux_keyutils::KeySerialId(key.serial())).revoke().unwrap();
        assert!(!key.is_valid());
    }
}
