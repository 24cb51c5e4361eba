//! Vendors of the models that agents answer with.

use std::sync::Arc;

use async_trait::async_trait;

use crate::credential_format::CredentialRejection;
use crate::secret::Secret;

pub mod anthropic;

/// The vendor of a model, with the keys of the people who pay for it.
#[async_trait]
pub trait ModelVendor: Send + Sync {
    /// Judges a pasted key without a call. Only the vendor and the stores of deployments may see
    /// the key that it returns.
    ///
    /// # Errors
    /// When it cannot be a key of this vendor.
    fn check_format(&self, pasted: &str) -> Result<Arc<Secret>, CredentialRejection>;

    /// Asks the vendor about a key that [`Self::check_format`] returned. Only a message would tell
    /// whether there is credit left.
    ///
    /// # Errors
    /// [`CredentialRejection::RefusedByVendor`] when the vendor refuses it,
    /// [`CredentialRejection::VendorUnreachable`] when it gives no usable answer.
    async fn check(&self, key: &Secret) -> Result<(), CredentialRejection>;

    /// The environment variable from which a command reads a key.
    fn key_setting(&self) -> &'static str;

    /// The page on which a person makes a key.
    fn key_page(&self) -> &'static str;
}
