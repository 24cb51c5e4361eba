//! The restrictions of a token, one by one.

use std::collections::BTreeMap;

use rmp::encode::{self, ByteBuf};

use super::ActionMask;
use super::reader::MessagePackReader;

/// One restriction of a token. Types that decide nothing for us are kept as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caveat {
    /// Only this organisation.
    Organization {
        /// Its numeric id.
        id: u64,
        /// The allowed actions.
        mask: ActionMask,
    },
    /// Only these volumes.
    Volumes(BTreeMap<String, ActionMask>),
    /// Only these apps, by numeric id.
    Apps(BTreeMap<u64, ActionMask>),
    /// Only between these two times.
    ValidityWindow {
        /// Unix seconds.
        not_before: i64,
        /// Unix seconds.
        not_after: i64,
    },
    /// Only these GraphQL mutations.
    Mutations(Vec<String>),
    /// Only these machines.
    Machines(BTreeMap<String, ActionMask>),
    /// Only with a discharge from another service.
    ThirdParty {
        /// The address of the service that gives the discharge.
        location: String,
        /// The discharge's key, sealed for the issuer.
        verifier_key: Vec<u8>,
        /// The key id that the discharge must have.
        ticket: Vec<u8>,
    },
    /// A discharge that holds only beside this token (a prefix of the SHA-256 of one of its tails).
    BindToParent(Vec<u8>),
    /// Only from this machine.
    FromMachine(String),
    /// Only these actions, whatever on.
    Action(ActionMask),
    /// Any other restriction.
    Other {
        /// Its type.
        kind: u64,
        /// Its body in MessagePack.
        body: Vec<u8>,
    },
}

impl Caveat {
    /// To look.
    pub const READ: ActionMask = 1;
    /// To change.
    pub const WRITE: ActionMask = 2;
    /// To make.
    pub const CREATE: ActionMask = 4;
    /// To delete.
    pub const DELETE: ActionMask = 8;
    /// To start and stop.
    pub const CONTROL: ActionMask = 16;
    /// All of them.
    pub const ALL: ActionMask =
        Self::READ | Self::WRITE | Self::CREATE | Self::DELETE | Self::CONTROL;

    /// The type number of `Commands`, which allows nothing but running these on a machine.
    pub const COMMANDS: u64 = 27;

    const ORGANIZATION: u64 = 0;
    const VOLUMES: u64 = 2;
    const APPS: u64 = 3;
    const VALIDITY_WINDOW: u64 = 4;
    const MUTATIONS: u64 = 6;
    const MACHINES: u64 = 7;
    const THIRD_PARTY: u64 = 11;
    const BIND_TO_PARENT: u64 = 12;
    const FROM_MACHINE: u64 = 15;
    const ACTION: u64 = 26;

    fn kind(&self) -> u64 {
        match self {
            Self::Organization { .. } => Self::ORGANIZATION,
            Self::Volumes(_) => Self::VOLUMES,
            Self::Apps(_) => Self::APPS,
            Self::ValidityWindow { .. } => Self::VALIDITY_WINDOW,
            Self::Mutations(_) => Self::MUTATIONS,
            Self::Machines(_) => Self::MACHINES,
            Self::ThirdParty { .. } => Self::THIRD_PARTY,
            Self::BindToParent(_) => Self::BIND_TO_PARENT,
            Self::FromMachine(_) => Self::FROM_MACHINE,
            Self::Action(_) => Self::ACTION,
            Self::Other { kind, .. } => *kind,
        }
    }

    fn read(kind: u64, body: &[u8]) -> Self {
        Self::read_known(kind, &mut MessagePackReader(body))
            .unwrap_or_else(|| Self::Other { kind, body: body.to_owned() })
    }

    /// `None` for a type that we do not know, or whose body is not as we know it.
    fn read_known(kind: u64, body: &mut MessagePackReader<'_>) -> Option<Self> {
        let caveat = match kind {
            Self::BIND_TO_PARENT => Self::BindToParent(body.bytes()?.to_owned()),
            Self::ACTION => Self::Action(body.integer()?),
            _ => Self::read_struct(kind, body.array_len()?, body)?,
        };
        body.is_at_end().then_some(caveat)
    }

    fn read_struct(kind: u64, fields: u32, body: &mut MessagePackReader<'_>) -> Option<Self> {
        Some(match (kind, fields) {
            (Self::ORGANIZATION, 2) => {
                Self::Organization { id: body.integer()?, mask: body.integer()? }
            }
            (Self::VOLUMES, 1) => Self::Volumes(body.set(MessagePackReader::owned_text)?),
            (Self::APPS, 1) => Self::Apps(body.set(MessagePackReader::integer)?),
            (Self::VALIDITY_WINDOW, 2) => {
                Self::ValidityWindow { not_before: body.integer()?, not_after: body.integer()? }
            }
            (Self::MUTATIONS, 1) => Self::Mutations(body.list(MessagePackReader::owned_text)?),
            (Self::MACHINES, 1) => Self::Machines(body.set(MessagePackReader::owned_text)?),
            (Self::THIRD_PARTY, 3) => Self::ThirdParty {
                location: body.owned_text()?,
                verifier_key: body.bytes()?.to_owned(),
                ticket: body.bytes()?.to_owned(),
            },
            (Self::FROM_MACHINE, 1) => Self::FromMachine(body.owned_text()?),
            _ => return None,
        })
    }

    fn write(&self, to: &mut ByteBuf) {
        let Ok(_) = encode::write_uint(to, self.kind());
        match self {
            Self::Organization { id, mask } => {
                let Ok(_) = encode::write_array_len(to, 2);
                let Ok(_) = encode::write_uint(to, *id);
                let Ok(_) = encode::write_uint(to, u64::from(*mask));
            }
            Self::Volumes(set) | Self::Machines(set) => {
                write_set(to, set, |to, id| write_text(to, id))
            }
            Self::Apps(set) => write_set(to, set, |to, id| {
                let Ok(_) = encode::write_uint(to, *id);
            }),
            Self::ValidityWindow { not_before, not_after } => {
                let Ok(_) = encode::write_array_len(to, 2);
                let Ok(_) = encode::write_sint(to, *not_before);
                let Ok(_) = encode::write_sint(to, *not_after);
            }
            Self::Mutations(names) => {
                let Ok(_) = encode::write_array_len(to, 1);
                let Ok(_) = encode::write_array_len(to, length(names.len()));
                names.iter().for_each(|name| write_text(to, name));
            }
            Self::ThirdParty { location, verifier_key, ticket } => {
                let Ok(_) = encode::write_array_len(to, 3);
                write_text(to, location);
                let Ok(()) = encode::write_bin(to, verifier_key);
                let Ok(()) = encode::write_bin(to, ticket);
            }
            Self::BindToParent(id) => {
                let Ok(()) = encode::write_bin(to, id);
            }
            Self::FromMachine(id) => {
                let Ok(_) = encode::write_array_len(to, 1);
                write_text(to, id);
            }
            Self::Action(mask) => {
                let Ok(_) = encode::write_uint(to, u64::from(*mask));
            }
            Self::Other { body, .. } => to.as_mut_vec().extend_from_slice(body),
        }
    }
}

fn write_text(to: &mut ByteBuf, text: &str) {
    let Ok(()) = encode::write_str(to, text);
}

fn write_set<K>(to: &mut ByteBuf, set: &BTreeMap<K, ActionMask>, write_key: fn(&mut ByteBuf, &K)) {
    let Ok(_) = encode::write_array_len(to, 1);
    let Ok(_) = encode::write_map_len(to, length(set.len()));
    for (key, mask) in set {
        write_key(to, key);
        let Ok(_) = encode::write_uint(to, u64::from(*mask));
    }
}

/// MessagePack counts in 32 bits; nothing of ours comes near.
fn length(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

/// A caveat together with the bytes it is signed as, which need not be those that we would write.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct EncodedCaveat {
    caveat: Caveat,
    bytes: Vec<u8>,
}

impl EncodedCaveat {
    pub(super) fn new(caveat: Caveat) -> Self {
        let mut bytes = ByteBuf::new();
        caveat.write(&mut bytes);
        Self { caveat, bytes: bytes.into_vec() }
    }

    pub(super) fn caveat(&self) -> &Caveat {
        &self.caveat
    }

    /// Reads a set of caveats.
    pub(super) fn read_all(reader: &mut MessagePackReader<'_>) -> Option<Vec<Self>> {
        let length = reader.array_len()?;
        if length % 2 != 0 {
            return None;
        }
        (0..length / 2).map(|_| Self::read(reader)).collect()
    }

    fn read(reader: &mut MessagePackReader<'_>) -> Option<Self> {
        let mut body = reader.clone();
        let kind = body.integer()?;
        let caveat = Caveat::read(kind, body.raw()?);
        let bytes = [reader.raw()?, reader.raw()?].concat();
        Some(Self { caveat, bytes })
    }

    /// The signed bytes: a set of this caveat alone.
    pub(super) fn signed(&self) -> Vec<u8> {
        let mut set = ByteBuf::new();
        Self::write_all(std::slice::from_ref(self), &mut set);
        set.into_vec()
    }

    /// A set of caveats: one flat list of type, body, type, body.
    pub(super) fn write_all(caveats: &[Self], to: &mut ByteBuf) {
        let Ok(_) = encode::write_array_len(to, length(caveats.len() * 2));
        for caveat in caveats {
            to.as_mut_vec().extend_from_slice(&caveat.bytes);
        }
    }
}
