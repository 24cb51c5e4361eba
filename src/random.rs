//! Randomness, from the operating system or from a seed.

use std::sync::Arc;

use parking_lot::Mutex;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};
use zeroize::Zeroizing;

/// A source of random bytes, shared by reference.
#[derive(Clone)]
pub struct Random(Arc<Mutex<StdRng>>);

impl Random {
    /// Seeded by the operating system: fit for keys.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn system() -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(StdRng::try_from_rng(&mut SysRng)?))))
    }

    /// The same bytes for the same seed: for tests and replays, never for keys of real people.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// The next bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().fill_bytes(&mut bytes);
        bytes
    }

    /// A new key of 256 bits in hexadecimal.
    pub fn key(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(self.bytes::<32>());
        Zeroizing::new(hex::encode(bytes.as_slice()))
    }
}
