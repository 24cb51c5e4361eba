use super::*;

const LIMITS: RateLimits = RateLimits { calls_max: 3, tokens_max: 100 };

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn calls_beyond_the_limit_wait_until_the_oldest_is_a_minute_old() {
    let (mut window, began) = (RateWindow::default(), Instant::now());
    for at in [0, 10, 20] {
        assert_eq!(window.admit(began + seconds(at), LIMITS), Ok(()));
    }
    assert_eq!(window.admit(began + seconds(25), LIMITS), Err(seconds(35)));
    assert_eq!(window.admit(began + seconds(59), LIMITS), Err(seconds(1)));
    assert_eq!(window.admit(began + seconds(60), LIMITS), Ok(()));
    assert_eq!(window.admit(began + seconds(61), LIMITS), Err(seconds(9)));
}

#[test]
fn tokens_beyond_the_limit_hold_up_the_next_call() {
    let (mut window, began) = (RateWindow::default(), Instant::now());
    assert_eq!(window.admit(began, LIMITS), Ok(()));
    window.spend(began + seconds(5), 60);
    window.spend(began + seconds(15), 60);
    assert_eq!(window.admit(began + seconds(20), LIMITS), Err(seconds(45)));
    assert_eq!(window.admit(began + seconds(65), LIMITS), Ok(()));
}

#[test]
fn a_refused_call_is_not_counted() {
    let (mut window, began) = (RateWindow::default(), Instant::now());
    for _ in 0..3 {
        assert_eq!(window.admit(began, LIMITS), Ok(()));
    }
    for _ in 0..100 {
        assert_eq!(window.admit(began + seconds(1), LIMITS), Err(seconds(59)));
    }
    assert_eq!(window.admit(began + seconds(60), LIMITS), Ok(()));
}

#[test]
fn a_window_stays_small_however_much_passes() {
    let (mut window, began) = (RateWindow::default(), Instant::now());
    for at in 0..100_000 {
        window.spend(began + Duration::from_millis(at * 50), u64::MAX);
    }
    assert!(window.slots.len() <= 61, "{}", window.slots.len());
}
