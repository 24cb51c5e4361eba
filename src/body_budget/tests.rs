use super::*;

#[tokio::test(start_paused = true)]
async fn a_body_waits_for_room_and_gets_it_when_another_ends() {
    let budget = BodyBudget::new(10);
    let mut slow = budget.hold(6).await.unwrap();
    let mut next = budget.hold(4).await.unwrap();
    assert_eq!(budget.free(), 0);
    let grows = tokio::spawn(async move { next.grow(4).await.map(|()| next) });
    tokio::task::yield_now().await;
    assert!(!grows.is_finished());
    drop(slow);
    let next = grows.await.unwrap().unwrap();
    assert_eq!(budget.free(), 2);
    drop(next);
    slow = budget.hold(10).await.unwrap();
    assert_eq!(slow.grow(1).await, Err(BudgetExhausted), "there is never so much");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_room_ends() {
    let budget = BodyBudget::new(10);
    let _all = budget.hold(10).await.unwrap();
    let since = tokio::time::Instant::now();
    assert_eq!(budget.hold(1).await.err(), Some(BudgetExhausted));
    assert!((WAIT_MAX..WAIT_MAX * 2).contains(&since.elapsed()));
}

#[tokio::test(start_paused = true)]
async fn two_bodies_that_wait_for_each_other_do_not_wait_long() {
    let budget = BodyBudget::new(10);
    let half_then_all = |budget: BodyBudget| async move {
        let mut held = budget.hold(5).await?;
        tokio::task::yield_now().await;
        held.grow(5).await.map(|()| held)
    };
    let since = tokio::time::Instant::now();
    let (one, other) = tokio::join!(half_then_all(budget.clone()), half_then_all(budget.clone()));
    assert_ne!(one.is_ok(), other.is_ok(), "one of them goes on");
    assert!(since.elapsed() < GROW_WAIT_MAX * 2);
}
