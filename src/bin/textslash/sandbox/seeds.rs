//! Where the seeds of a proof begin when nobody names one: with the date, so that no proof rests on
//! the stories of the last one.

use time::{Duration, OffsetDateTime};

/// Seeds of one day: more than a proof can tell in it.
const PER_DAY: u64 = 100_000_000;

/// The first seed of the day (UTC) of this moment, in unix milliseconds: `20261130` and eight
/// zeros.
pub fn of_date(now_ms: u64) -> u64 {
    let since = Duration::milliseconds(i64::try_from(now_ms).unwrap_or_default());
    let date = OffsetDateTime::UNIX_EPOCH.checked_add(since).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) =
        (date.year(), u64::from(u8::from(date.month())), u64::from(date.day()));
    let year = u64::try_from(year).unwrap_or_default();
    (year * 10_000 + month * 100 + day) * PER_DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_proofs_has_seeds_of_its_own() {
        let moment_ms = 1_790_000_000_000;
        assert_eq!(of_date(moment_ms), 20_260_921 * PER_DAY);
        assert_eq!(of_date(moment_ms + 24 * 60 * 60 * 1000), 20_260_922 * PER_DAY);
        assert_eq!(of_date(0), 19_700_101 * PER_DAY);
    }
}
