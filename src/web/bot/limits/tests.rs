use axum::http::HeaderName;

use super::*;

const ADA: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

fn named(values: &[&'static str]) -> HeaderMap {
    let name = HeaderName::from_static("fly-client-ip");
    values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
}

#[tokio::test(start_paused = true)]
async fn each_address_has_a_minute_of_its_own() {
    let limit = RequestLimit::new(EndpointKind::Form, AddressSource::Peer, 2);
    let eve = "198.51.100.9".parse().ok();
    assert_eq!(limit.count(eve), Ok(()));
    assert_eq!(limit.count(eve), Ok(()));
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(limit.count(eve), Err(Duration::from_secs(40)));
    assert_eq!(limit.count(Some(ADA)), Ok(()), "others do not suffer from it");
    tokio::time::advance(Duration::from_secs(40)).await;
    assert_eq!(limit.count(eve), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn so_many_addresses_are_remembered_and_the_rest_share_a_count() {
    let limit = RequestLimit::new(EndpointKind::Webhook, AddressSource::Peer, 1);
    assert_eq!(limit.count(Some(ADA)), Ok(()));
    for number in 1..ADDRESSES_MAX {
        let address = std::net::Ipv4Addr::from_bits(0x0A00_0000 + u32::try_from(number).unwrap());
        assert_eq!(limit.count(Some(address.into())), Ok(()));
    }
    assert_eq!(limit.count("203.0.113.1".parse().ok()), Ok(()));
    assert!(limit.count("203.0.113.2".parse().ok()).is_err());
    assert_eq!(limit.counts.lock().by_address.len(), ADDRESSES_MAX);
    tokio::time::advance(WINDOW).await;
    assert_eq!(limit.count("203.0.113.2".parse().ok()), Ok(()));
}

#[test]
fn the_proxy_is_believed_only_where_a_setting_says_so() {
    let proxy = "[fdaa::3]:443".parse().ok();
    let headers = named(&["192.0.2.1"]);
    assert_eq!(AddressSource::Header("fly-client-ip").address(proxy, &headers), Some(ADA));
    assert_eq!(AddressSource::Peer.address(proxy, &headers), "fdaa::".parse().ok());
    for strange in [&["192.0.2.1", "192.0.2.2"][..], &["nobody"], &[]] {
        assert_eq!(
            AddressSource::Header("fly-client-ip").address(proxy, &named(strange)),
            "fdaa::".parse().ok()
        );
    }
}

#[test]
fn an_owner_of_a_network_is_one_address() {
    let one = network("2001:db8:1:2:3:4:5:6".parse().unwrap());
    assert_eq!(one, network("2001:db8:1:2:ffff::1".parse().unwrap()));
    assert_ne!(one, network("2001:db8:1:3::1".parse().unwrap()));
    assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), ADA);
}
