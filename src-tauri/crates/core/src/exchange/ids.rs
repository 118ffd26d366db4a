//! Ids for what other programs wrote: the same thing gets the same id whenever it is read, so that
//! reading a file twice adds nothing.

use sha2::{Digest as _, Sha256};

/// An id in the form of a UUID (version 8) that depends on the parts and nothing else.
pub(crate) fn derived(parts: &[&str]) -> String {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&sum.finalize()[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    uuid::Uuid::from_bytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::derived;

    #[test]
    fn ids_depend_on_every_part() {
        assert_eq!(derived(&["a", "bc"]), derived(&["a", "bc"]));
        assert_ne!(derived(&["a", "bc"]), derived(&["ab", "c"]));
        assert_eq!(derived(&["x"]).len(), 36);
    }
}
