//! What `textslash deploy` can be told, and the spec that this makes.

use anyhow::{Context, bail};
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use strum::VariantArray;
use textslash::account::{Account, ChatAddress, Organisation};
use textslash::messages::{Locale, any_of};
use textslash::phrase;
use textslash::spec::{
    AgentKind, CloudKind, DeploymentId, DeploymentName, Images, MachineSize, Region, RelayChannel,
    Spec,
};

use crate::report;

mod owner;

/// The clouds by their words.
pub fn clouds() -> impl TypedValueParser<Value = CloudKind> {
    PossibleValuesParser::new(CloudKind::VARIANTS.iter().map(|cloud| cloud.word()))
        .try_map(|word| word.parse::<CloudKind>())
}

/// Longest email address (RFC 5321, 4.5.3.1.3, with its erratum 1690).
const EMAIL_BYTES_MAX: usize = 254;

#[derive(clap::Args)]
pub struct DeployArguments {
    /// What to call it: the readable part of its names.
    #[arg(long, default_value = "my", value_parser = name)]
    name: DeploymentName,
    /// Whose it is; shown by `textslash list`, and sent nowhere.
    #[arg(long, value_parser = email)]
    pub email: Option<String>,
    /// The cloud to deploy to.
    #[arg(long, default_value = CloudKind::default().word(), value_parser = clouds())]
    pub cloud: CloudKind,
    /// The organisation in the cloud; needed when the token opens several.
    #[arg(long)]
    organisation: Option<String>,
    /// Where, and nowhere else (ams, iad, ...); without it the nearest region that has room.
    #[arg(long)]
    region: Option<String>,
    /// The VM's machine: small, medium or large.
    #[arg(long, default_value = "medium")]
    size: MachineSize,
    /// The VM's disk, in GB.
    #[arg(
        long,
        default_value_t = Spec::VM_VOLUME_GB,
        value_parser = clap::value_parser!(u32).range(1..=500)
    )]
    volume_gb: u32,
    /// The agent: claude, or shell, which runs each line and needs no model.
    #[arg(long, default_value = "claude")]
    pub agent: AgentKind,
    /// How you talk to it: web (a link), telegram, discord or whatsapp.
    #[arg(long, default_value = "web")]
    pub channel: RelayChannel,
    /// The only person it obeys, by their id on that service; needed for every channel but web.
    #[arg(long, value_name = "ID", required_if_eq_any = [
        ("channel", "telegram"), ("channel", "discord"), ("channel", "whatsapp"),
    ])]
    owner: Option<String>,
    /// The bot or number that it answers at; needed when CHANNEL_KEY opens several.
    #[arg(long)]
    pub address: Option<String>,
    /// The address may stop serving what it serves now; a teardown gives it back.
    #[arg(long)]
    pub take_over: bool,
    /// The language that it speaks: en or de.
    #[arg(long, value_name = "CODE", value_parser = locale)]
    locale: Option<Locale>,
    /// What to do with what was made when it fails midway.
    #[arg(long, default_value = "remove")]
    pub on_failure: OnFailure,
    /// Do not ask: the price is all right.
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON document on standard output, and nothing else there.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum OnFailure {
    /// Remove all of it.
    Remove,
    /// Keep it, to look at it.
    Keep,
}

impl DeployArguments {
    /// The organisation that was meant.
    pub fn organisation<'a>(&self, account: &'a Account) -> anyhow::Result<&'a Organisation> {
        let all = &account.organisations;
        let slugs = || all.iter().map(|known| known.slug.as_str()).collect::<Vec<_>>().join(", ");
        match (&self.organisation, all.as_slice()) {
            (Some(wanted), all) => {
                all.iter().find(|known| known.slug == *wanted).with_context(|| {
                    phrase!(
                        report::locale(),
                        "cli-other-organisation",
                        organisations = slugs(),
                        wanted = wanted,
                    )
                })
            }
            (None, [only]) => Ok(only),
            (None, _) => bail!(phrase!(
                report::locale(),
                "cli-several-organisations",
                organisations = slugs(),
            )),
        }
    }

    /// Whom the relay obeys; else what is wrong with what was said of it.
    pub fn owner(&self) -> Result<String, String> {
        owner::on(self.channel, self.owner.as_deref()).and_then(|owner| {
            if self.channel == RelayChannel::Web && (self.address.is_some() || self.take_over) {
                return Err(phrase!(report::locale(), "cli-web-without-address"));
            }
            Ok(owner)
        })
    }

    /// What is asked for.
    pub fn spec(
        &self,
        id: DeploymentId,
        (organisation, account): (&Organisation, &Account),
        (owner, address): (String, Option<&ChatAddress>),
        (images, daily_tokens): (Images, u64),
    ) -> anyhow::Result<Spec> {
        let sizes = organisation.standing.sizes();
        if !sizes.contains(&self.size) {
            let words: Vec<_> = sizes.into_iter().map(MachineSize::word).collect();
            bail!(phrase!(report::locale(), "cli-no-size", sizes = words.join(", ")));
        }
        Ok(Spec {
            id,
            name: self.name.clone(),
            cloud: self.cloud,
            organisation: organisation.slug.clone(),
            regions: self.regions(organisation, account)?,
            size: self.size,
            vm_volume_gb: self.volume_gb,
            channel: self.channel,
            owner,
            address: address.map(|address| address.name.clone()),
            locale: self.locale.map(|locale| locale.code().to_owned()).unwrap_or_default(),
            agent: self.agent,
            daily_tokens,
            images,
        })
    }

    /// The wanted one; or some, the nearest first, in case it is full.
    fn regions(
        &self,
        organisation: &Organisation,
        account: &Account,
    ) -> anyhow::Result<Vec<Region>> {
        let standing = &organisation.standing;
        let offered = account.regions_for(standing);
        let nearest =
            offered.first().with_context(|| phrase!(report::locale(), "cli-no-regions"))?;
        let Some(wanted) = &self.region else {
            return Ok(account.regions_around(&nearest.region, standing));
        };
        let codes: Vec<&str> = offered.iter().map(|offer| offer.region.as_ref()).collect();
        let named = offered.iter().find(|offer| offer.region.as_ref() == wanted);
        let named = named.with_context(|| {
            let regions = codes.join(", ");
            phrase!(report::locale(), "cli-unknown-region", region = wanted, regions = regions)
        })?;
        Ok(vec![named.region.clone()])
    }
}

fn name(text: &str) -> Result<DeploymentName, String> {
    DeploymentName::try_from(text.to_owned()).map_err(|_| {
        phrase!(
            report::locale(),
            "cli-name-malformed",
            max = DeploymentName::LENGTH_MAX,
            near = DeploymentName::nearest_to(text).as_ref(),
        )
    })
}

fn locale(code: &str) -> Result<Locale, String> {
    let known = Locale::ALL.into_iter().find(|locale| locale.code() == code);
    known.ok_or_else(|| {
        let languages = any_of(report::locale(), &Locale::ALL.map(Locale::code));
        phrase!(report::locale(), "cli-language-unknown", languages = languages)
    })
}

/// Typing errors are found; whether there is such a mailbox, only a message could tell.
fn email(text: &str) -> Result<String, String> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '@';
    match text.split_once('@') {
        Some((who, place))
            if !who.is_empty()
                && place.split('.').count() > 1
                && place.split('.').all(|part| !part.is_empty())
                && !text.replacen('@', "", 1).contains(is_odd)
                && text.len() <= EMAIL_BYTES_MAX =>
        {
            Ok(text.to_owned())
        }
        _ => Err(phrase!(report::locale(), "cli-email-malformed")),
    }
}
