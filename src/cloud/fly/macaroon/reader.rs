//! Reads MessagePack from a slice.

use std::collections::BTreeMap;

use rmp::Marker;
use rmp::decode;

use super::ActionMask;

/// A failure to read a whole value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessagePackError {
    /// It goes on after the end of the bytes.
    CutOff,
    /// It is no MessagePack.
    Malformed,
}

/// The length in bytes of the first value, with all that is nested in it.
///
/// rmp's own `MessageLen` panics on an extension value that is cut off (0.8.15).
pub(super) fn value_len(bytes: &[u8]) -> Result<usize, MessagePackError> {
    let mut rest = bytes;
    let mut values: u64 = 1;
    while values > 0 {
        let marker = decode::read_marker(&mut rest).map_err(|_| MessagePackError::CutOff)?;
        let (skipped, nested) = extent(marker, &mut rest)?;
        let skipped = usize::try_from(skipped).map_err(|_| MessagePackError::CutOff)?;
        rest = rest.get(skipped..).ok_or(MessagePackError::CutOff)?;
        values += nested;
        values -= 1;
    }
    Ok(bytes.len() - rest.len())
}

/// The number of bytes and the number of values that belong to a marker and follow it.
fn extent(marker: Marker, rest: &mut &[u8]) -> Result<(u64, u64), MessagePackError> {
    /// The type of an extension precedes its data.
    const TYPE: u64 = 1;
    Ok(match marker {
        Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::True | Marker::False => {
            (0, 0)
        }
        Marker::U8 | Marker::I8 => (1, 0),
        Marker::U16 | Marker::I16 => (2, 0),
        Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
        Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
        Marker::FixStr(length) => (length.into(), 0),
        Marker::Str8 | Marker::Bin8 => (count::<1>(rest)?, 0),
        Marker::Str16 | Marker::Bin16 => (count::<2>(rest)?, 0),
        Marker::Str32 | Marker::Bin32 => (count::<4>(rest)?, 0),
        Marker::FixExt1 => (TYPE + 1, 0),
        Marker::FixExt2 => (TYPE + 2, 0),
        Marker::FixExt4 => (TYPE + 4, 0),
        Marker::FixExt8 => (TYPE + 8, 0),
        Marker::FixExt16 => (TYPE + 16, 0),
        Marker::Ext8 => (TYPE + count::<1>(rest)?, 0),
        Marker::Ext16 => (TYPE + count::<2>(rest)?, 0),
        Marker::Ext32 => (TYPE + count::<4>(rest)?, 0),
        Marker::FixArray(length) => (0, length.into()),
        Marker::Array16 => (0, count::<2>(rest)?),
        Marker::Array32 => (0, count::<4>(rest)?),
        Marker::FixMap(length) => (0, 2 * u64::from(length)),
        Marker::Map16 => (0, 2 * count::<2>(rest)?),
        Marker::Map32 => (0, 2 * count::<4>(rest)?),
        Marker::Reserved => return Err(MessagePackError::Malformed),
    })
}

/// A big-endian number of `N` bytes.
fn count<const N: usize>(rest: &mut &[u8]) -> Result<u64, MessagePackError> {
    let (number, after) = rest.split_first_chunk::<N>().ok_or(MessagePackError::CutOff)?;
    *rest = after;
    Ok(number.iter().fold(0, |count, byte| count << 8 | u64::from(*byte)))
}

/// Reads MessagePack values one after the other. `None` means a value of another kind.
#[derive(Clone)]
pub(super) struct MessagePackReader<'a>(pub(super) &'a [u8]);

impl<'a> MessagePackReader<'a> {
    pub(super) fn array_len(&mut self) -> Option<u32> {
        decode::read_array_len(&mut self.0).ok()
    }

    pub(super) fn boolean(&mut self) -> Option<bool> {
        decode::read_bool(&mut self.0).ok()
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let (text, rest) = decode::read_str_from_slice(self.0).ok()?;
        self.0 = rest;
        Some(text)
    }

    pub(super) fn owned_text(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = decode::read_bin_len(&mut self.0).ok()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// The bytes of the next value, of any kind.
    pub(super) fn raw(&mut self) -> Option<&'a [u8]> {
        let length = value_len(self.0).ok()?;
        self.take(length)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn integer<T: TryFrom<i128>>(&mut self) -> Option<T> {
        let mut ahead = self.0;
        let value = match decode::read_int::<u64, _>(&mut ahead) {
            Ok(value) => i128::from(value),
            Err(_) => {
                ahead = self.0;
                i128::from(decode::read_int::<i64, _>(&mut ahead).ok()?)
            }
        };
        self.0 = ahead;
        value.try_into().ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn list<T>(&mut self, item: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.array_len()?).map(|_| item(self)).collect()
    }

    /// Allowed actions by id.
    pub(super) fn set<K: Ord>(
        &mut self,
        key: fn(&mut Self) -> Option<K>,
    ) -> Option<BTreeMap<K, ActionMask>> {
        let length = decode::read_map_len(&mut self.0).ok()?;
        (0..length).map(|_| Some((key(self)?, self.integer()?))).collect()
    }
}
