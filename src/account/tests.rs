use super::*;

fn offer(code: &str, degrees: Option<(f64, f64)>, paid_only: bool) -> RegionOffer {
    RegionOffer {
        region: region(code),
        name: code.to_owned(),
        paid_only,
        place: degrees.map(|(north, east)| GeoPoint::of_degrees(north, east)),
    }
}

fn region(code: &str) -> Region {
    Region::try_from(code.to_owned()).unwrap()
}

fn account() -> Account {
    Account {
        organisations: Vec::new(),
        regions: vec![
            offer("ams", Some((52.4, 4.9)), false),
            offer("syd", Some((-33.9, 151.2)), false),
            offer("lhr", Some((51.5, -0.5)), false),
            offer("cdg", Some((48.9, 2.4)), true),
            offer("nrt", Some((35.6, 140.4)), false),
            offer("lax", Some((33.9, -118.4)), false),
            offer("xyz", None, false),
        ],
        nearest: None,
    }
}

#[test]
fn a_full_region_leads_to_its_nearest_neighbours() {
    for (first, expected) in [
        ("lhr", ["lhr", "cdg", "ams"]),
        ("nrt", ["nrt", "syd", "lax"]),
        ("lax", ["lax", "lhr", "nrt"]),
    ] {
        let around = account().regions_around(&region(first), &OrganisationStatus::Active);
        let around: Vec<&str> = around.iter().map(AsRef::as_ref).collect();
        assert_eq!(around, expected, "around {first}");
    }
}

#[test]
fn a_trial_account_is_not_led_to_where_it_may_not_go() {
    let around = account().regions_around(&region("lhr"), &OrganisationStatus::Trial);

    assert!(!around.contains(&region("cdg")), "{around:?}");
}

#[test]
fn a_region_of_unknown_place_has_no_neighbours() {
    assert_eq!(
        account().regions_around(&region("xyz"), &OrganisationStatus::Active),
        [region("xyz")]
    );
}
