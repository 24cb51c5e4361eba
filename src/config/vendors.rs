//! Where the vendors are, and what is deployed.

use anyhow::{Context, bail};
use url::{Host, Url};

use super::Environment;
use crate::chat_service::{ChatEndpoints, ChatServiceProfile};
use crate::cloud::fly::FlyEndpoints;
use crate::model::anthropic;
use crate::spec::Images;

/// Lets a role use vendors on this machine; see [`VendorEndpoints::read`].
pub const ALLOW_SANDBOX: &str = "TEXTSLASH_ALLOW_SANDBOX";

/// The vendors that a role calls.
#[derive(Clone, Debug)]
pub struct VendorEndpoints {
    /// Fly.io and the apps on it.
    pub fly: FlyEndpoints,
    /// The chat services.
    pub chat_services: ChatEndpoints,
    /// The API of the model.
    pub model: Url,
}

impl VendorEndpoints {
    /// The real vendors, but for what the environment says.
    ///
    /// # Errors
    /// When an address is not a URL, or points at this machine and `TEXTSLASH_ALLOW_SANDBOX` does
    /// not say that this is meant: a real credential must not end up in a simulated vendor by a
    /// forgotten setting.
    pub fn read(environment: &Environment<'_>) -> anyhow::Result<Self> {
        let real = FlyEndpoints::real();
        let address = |name: &str, default: &str| {
            let address = environment.or(name, default);
            allowed(name, &address, environment)?;
            Ok::<_, anyhow::Error>(address)
        };
        let model = address(anthropic::API_SETTING, anthropic::API_URL)?;
        let mut fly = FlyEndpoints::of(
            &address("FLY_API_URL", real.machines_api.as_str())?,
            &address("FLY_PLATFORM_URL", real.platform_api.as_str())?,
            &address("FLY_PUBLIC_APP_URL", &real.public_app)?,
            &address("FLY_PRIVATE_APP_URL", &real.private_app)?,
            &address("FLY_MODEL_PROXY_URL", &real.model_proxy)?,
            &model,
        )?;
        let chat_services = chat_services(environment)?;
        fly.relay_settings = chat_services.settings();
        Ok(Self { fly, chat_services, model: parse_url(anthropic::API_SETTING, &model)? })
    }
}

/// Where the chat services are.
///
/// # Errors
/// As of [`VendorEndpoints::read`].
pub fn chat_services(environment: &Environment<'_>) -> anyhow::Result<ChatEndpoints> {
    let mut endpoints = ChatEndpoints::real();
    for api in ChatServiceProfile::all().flat_map(|profile| profile.apis) {
        let url = environment.or(api.setting, api.real);
        allowed(api.setting, &url, environment)?;
        endpoints = endpoints.with(api, parse_url(api.setting, &url)?);
    }
    Ok(endpoints)
}

/// The images to deploy.
///
/// # Errors
/// When one is missing, or not pinned by digest: a tag can be moved under a running deployment.
pub fn images(environment: &Environment<'_>) -> anyhow::Result<Images> {
    let image = |name: &str| {
        let image = environment.require(name).with_context(|| {
            "a real cloud can only run images that are published; see the guide \
             .github/HOSTING.md"
        })?;
        if is_pinned(&image) {
            Ok(image)
        } else {
            bail!(
                "{name} must end in @sha256: and the digest, 64 digits of 0-9 and a-f, so that \
                 nobody can swap the image"
            )
        }
    };
    Ok(Images { relay: image("TEXTSLASH_RELAY_IMAGE")?, vm: image("TEXTSLASH_VM_IMAGE")? })
}

fn is_pinned(image: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    image.split_once("@sha256:").is_some_and(|(repository, digest)| {
        !repository.is_empty() && digest.len() == 64 && digest.bytes().all(is_digit)
    })
}

/// The vendor's URL in the setting `name`.
///
/// # Errors
/// As of [`VendorEndpoints::read`], and when it is not set.
pub(super) fn vendor_url(environment: &Environment<'_>, name: &str) -> anyhow::Result<Url> {
    let address = environment.require(name)?;
    allowed(name, &address, environment)?;
    parse_url(name, &address)
}

fn allowed(name: &str, address: &str, environment: &Environment<'_>) -> anyhow::Result<()> {
    let url = parse_url(name, &address.replace("{app}", "app"))?;
    if is_this_machine(&url) && !environment.flag(ALLOW_SANDBOX)? {
        bail!("{name} points at this machine; set {ALLOW_SANDBOX}=1 if you mean a sandbox");
    }
    Ok(())
}

/// A URL from the setting `name`.
///
/// # Errors
/// When it is none.
pub(super) fn parse_url(name: &str, text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).with_context(|| format!("{name} is not a URL"))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        bail!("{name} must be an http or https URL")
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            let mapped = address.to_ipv4_mapped();
            address.is_loopback()
                || address.is_unspecified()
                || mapped.is_some_and(|v4| v4.is_loopback())
        }
        None => false,
    }
}
