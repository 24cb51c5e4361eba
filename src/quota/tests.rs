use super::*;

const QUOTAS: Quotas = Quotas { person: 2, organisation: 3, all: 4 };
const NOW_MS: u64 = 10 * DAY_MS;

fn begun(by_person: &[u64], in_organisation: &[u64], by_all: &[u64]) -> RecentStarts {
    let at = |ages_ms: &[u64]| ages_ms.iter().map(|age_ms| NOW_MS - age_ms).collect();
    RecentStarts {
        by_person_ms: at(by_person),
        in_organisation_ms: at(in_organisation),
        by_all_ms: at(by_all),
    }
}

fn used_up(begun: &RecentStarts) -> Option<(QuotaScope, usize, u64)> {
    QUOTAS.used_up(begun, NOW_MS).map(|it| (it.scope, it.max, it.from_ms - NOW_MS))
}

#[test]
fn each_quota_ends_and_begins_again_a_day_after_what_used_it_up() {
    assert_eq!(used_up(&RecentStarts::default()), None);
    assert_eq!(used_up(&begun(&[1], &[1, 2], &[1, 2, 3])), None);

    let person = begun(&[1, 9], &[1, 9], &[1, 9]);
    assert_eq!(used_up(&person), Some((QuotaScope::Person, 2, DAY_MS - 9)));
    let organisation = begun(&[1], &[1, 2, 9], &[1, 2, 9]);
    assert_eq!(used_up(&organisation), Some((QuotaScope::Organisation, 3, DAY_MS)));
    let all = begun(&[], &[], &[1, 2, 3, 9]);
    assert_eq!(used_up(&all), Some((QuotaScope::All, 4, DAY_MS)));
    assert_eq!(used_up(&begun(&[1, DAY_MS], &[1, 2, DAY_MS], &[1, 2, 3, DAY_MS])), None);
}

#[test]
fn nobody_is_told_the_minute_in_which_somebody_else_began() {
    let (early, late) =
        (begun(&[], &[1, 2, 2 * HOUR_MS], &[]), begun(&[], &[1, 2, HOUR_MS + 1], &[]));
    assert_eq!(used_up(&early), Some((QuotaScope::Organisation, 3, DAY_MS - 2 * HOUR_MS)));
    assert_eq!(used_up(&late), Some((QuotaScope::Organisation, 3, DAY_MS - HOUR_MS)));
}

#[test]
fn of_several_that_are_used_up_the_one_that_lasts_longest_is_told() {
    let several = begun(&[1, DAY_MS - 5], &[1, 2, 3], &[1, 2, 3, 2 * HOUR_MS]);
    assert_eq!(used_up(&several), Some((QuotaScope::Organisation, 3, DAY_MS)));
}

#[test]
fn who_serves_themselves_is_never_stopped() {
    let many = begun(&[1; 1000], &[1; 1000], &[1; 1000]);
    assert_eq!(Quotas::UNLIMITED.used_up(&many, NOW_MS), None);
}

#[test]
fn where_nothing_may_be_begun_the_first_is_one_too_many() {
    let closed = Quotas { all: 0, ..Quotas::UNLIMITED };
    let told = closed.used_up(&RecentStarts::default(), NOW_MS).map(|it| (it.scope, it.max));
    assert_eq!((closed.is_closed(), told), (true, Some((QuotaScope::All, 0))));
}
