//! The list of everything in our organisations, and apps of other people that must not change.

use std::collections::BTreeSet;
use std::fmt;

use super::accounts::FlyOrganisation;
use super::app_table::AppTable;
use super::state::{AddressKind, FlyState};
use super::world::SharedWorld;

/// Everything that exists in our organisations, except look-alikes, each as a readable line.
/// Volumes that wait for their destruction cost nothing and are left out.
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

/// The apps of other people in our organisation, with their contents at the start.
#[derive(Default)]
pub(super) struct Lookalikes {
    apps: BTreeSet<String>,
    at_first: Vec<String>,
}

/// The number of apps whose names resemble ours.
const LOOKALIKES: usize = 50;

impl Lookalikes {
    /// Adds apps to our organisation whose names and networks resemble ours.
    pub fn add(apps: &AppTable, world: &SharedWorld) -> Self {
        let mut names = BTreeSet::new();
        for number in 0..LOOKALIKES {
            let role = if number % 2 == 0 { "relay" } else { "vm" };
            let name = match number % 3 {
                0 => format!("ada-{role}-{number:010}x"),
                1 => format!("textslash-{role}-{number}"),
                _ => format!("my-{role}-{number:09}"),
            };
            let network = if number % 5 == 0 { "textslash-".to_owned() } else { "default".into() };
            if apps.add(name.clone(), FlyOrganisation::OURS.slug.into_owned(), network).is_ok() {
                names.insert(name);
            }
        }
        let at_first = foreign(&world.state(), &names);
        Self { apps: names, at_first }
    }

    pub fn are_untouched(&self, world: &FlyState) -> bool {
        foreign(world, &self.apps) == self.at_first
    }

    /// Everything that exists besides these apps, without the lag of reads.
    pub fn inventory_of_others(&self, world: &FlyState) -> Inventory {
        inventory(world, |app| !self.apps.contains(app))
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
