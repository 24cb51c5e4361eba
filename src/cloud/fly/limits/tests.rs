use super::*;

async fn moments(
    limits: &FlyRateLimiter,
    action: FlyOperation,
    id: &str,
    calls: usize,
) -> Vec<u128> {
    let start = Instant::now();
    let mut moments = Vec::new();
    for _ in 0..calls {
        limits.permit(action, id).await;
        moments.push(start.elapsed().as_millis());
    }
    moments
}

#[tokio::test(start_paused = true)]
async fn three_at_once_and_then_one_a_second() {
    let limits = FlyRateLimiter::default();
    let moments = moments(&limits, FlyOperation::CreateVolume, "app", 6).await;
    assert_eq!(moments, [0, 0, 0, 1000, 2000, 3000]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_gives_the_burst_back() {
    let limits = FlyRateLimiter::default();
    moments(&limits, FlyOperation::GetApp, "app", 3).await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(moments(&limits, FlyOperation::GetApp, "app", 4).await, [0, 0, 0, 1000]);
}

#[tokio::test(start_paused = true)]
async fn machines_may_be_looked_at_more_often() {
    let limits = FlyRateLimiter::default();
    let moments = moments(&limits, FlyOperation::GetMachine, "148", 12).await;
    assert_eq!(moments[9..], [0, 200, 400]);
}

#[tokio::test(start_paused = true)]
async fn each_action_and_thing_is_counted_alone() {
    let limits = FlyRateLimiter::default();
    for id in ["a", "b"] {
        for action in [FlyOperation::GetApp, FlyOperation::CreateApp] {
            assert_eq!(moments(&limits, action, id, 3).await, [0, 0, 0]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn never_more_than_a_hundred_apps_are_deleted_in_a_minute() {
    let limits = FlyRateLimiter::default();
    let moments = moments(&limits, FlyOperation::DeleteAnyApp, "", 300).await;
    assert!(moments.windows(101).all(|window| window[100] - window[0] >= 60_000));
}

#[tokio::test(start_paused = true)]
async fn the_number_of_counted_ids_is_bounded() {
    let limits = FlyRateLimiter::default();
    let start = Instant::now();
    for number in 0..=COUNTED_MAX {
        limits.permit(FlyOperation::GetApp, &number.to_string()).await;
    }
    assert!(start.elapsed() >= Duration::from_secs(1), "the last one waited for room");
    assert!(limits.used_until.lock().len() <= COUNTED_MAX);
}
