//! Everything that exists in our organisations, and fifty strangers' things that must not change.

use std::collections::BTreeSet;
use std::fmt;

use super::accounts::FlyOrganisation;
use super::state::{AddressKind, FlyState};
use super::{SimulatedFly, lock};

/// Everything that exists in our organisations, look-alikes aside, each as a readable line. Volumes
/// that wait to be destroyed cost nothing and are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    pub apps: Vec<String>,
    /// `app/name region state`.
    pub machines: Vec<String>,
    /// `app/name region size GB`.
    pub volumes: Vec<String>,
    /// `app kind`.
    pub addresses: Vec<String>,
    /// `app NAME`: never a value.
    pub secrets: Vec<String>,
}

/// The inventory of a cloud in which nothing of ours exists.
pub fn nothing() -> Inventory {
    Inventory::default()
}

impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == nothing() {
            return f.write_str("nothing");
        }
        let kinds = [
            ("app", &self.apps),
            ("machine", &self.machines),
            ("volume", &self.volumes),
            ("address", &self.addresses),
            ("secret", &self.secrets),
        ];
        let lines = kinds.iter().flat_map(|(kind, all)| all.iter().map(move |one| (kind, one)));
        for (at, (kind, one)) in lines.enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{kind} {one}")?;
        }
        Ok(())
    }
}

/// Strangers' things: their apps, and what was there of them at first.
#[derive(Default)]
pub(super) struct Lookalikes {
    apps: BTreeSet<String>,
    at_first: Vec<String>,
}

/// Names that resemble ours and are not.
const LOOKALIKES: usize = 50;

impl SimulatedFly {
    /// Everything that truly exists now, whatever reads show.
    pub fn inventory(&self) -> Inventory {
        let lookalikes = lock(&self.lookalikes);
        inventory(&self.world(), |app| !lookalikes.apps.contains(app))
    }

    /// Puts fifty apps into our organisation whose names and networks resemble ours.
    pub fn add_lookalikes(&self) {
        let mut names = BTreeSet::new();
        for number in 0..LOOKALIKES {
            let role = if number % 2 == 0 { "relay" } else { "vm" };
            let name = match number % 3 {
                0 => format!("ada-{role}-{number:010}x"),
                1 => format!("textslash-{role}-{number}"),
                _ => format!("my-{role}-{number:09}"),
            };
            let network = if number % 5 == 0 { "textslash-".to_owned() } else { "default".into() };
            if self.add_app(name.clone(), FlyOrganisation::OURS.slug.into_owned(), network).is_ok()
            {
                names.insert(name);
            }
        }
        let at_first = foreign(&self.world(), &names);
        *lock(&self.lookalikes) = Lookalikes { apps: names, at_first };
    }

    /// Whether every look-alike is as it was.
    pub fn lookalikes_untouched(&self) -> bool {
        let lookalikes = lock(&self.lookalikes);
        foreign(&self.world(), &lookalikes.apps) == lookalikes.at_first
    }
}

fn foreign(world: &FlyState, names: &BTreeSet<String>) -> Vec<String> {
    let Inventory { apps, machines, volumes, addresses, secrets } =
        inventory(world, |app| names.contains(app));
    [apps, machines, volumes, addresses, secrets].concat()
}

fn inventory(world: &FlyState, counts: impl Fn(&str) -> bool) -> Inventory {
    let other = FlyOrganisation::OTHER.slug;
    let counted = |name: &str| {
        counts(name) && world.apps.get(name).is_none_or(|app| app.organisation != other)
    };
    let apps = || world.apps.all().filter(|app| counted(&app.name));
    Inventory {
        apps: apps().map(|app| app.name.clone()).collect(),
        machines: world
            .machines
            .all()
            .filter(|m| counted(&m.app))
            .map(|m| format!("{}/{} {} {}", m.app, m.name, m.region, m.state))
            .collect(),
        volumes: world
            .volumes
            .all()
            .filter(|v| counted(&v.app) && v.leaving_since_ms.is_none())
            .map(|v| format!("{}/{} {} {} GB", v.app, v.name, v.region, v.size_gb))
            .collect(),
        addresses: apps()
            .flat_map(|app| app.addresses.iter().map(move |a| (app, a)))
            .map(|(app, address)| match &address.kind {
                AddressKind::PrivateV6 { network } => format!("{} private_v6 {network}", app.name),
                kind => format!("{} {}", app.name, kind.word()),
            })
            .collect(),
        secrets: apps()
            .flat_map(|app| app.secrets.keys().map(move |name| format!("{} {name}", app.name)))
            .collect(),
    }
}
