//! Places for connections. When all are taken, the connection that has waited longest without a request
//! gives up its place, so that idle connections and unfinished heads keep nobody out.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// A bounded number of places.
pub(super) struct Places {
    max: usize,
    seats: Mutex<Seats>,
    freed: Notify,
}

#[derive(Default)]
struct Seats {
    taken: usize,
    next: u64,
    /// Connections without a request in flight, longest waiting first.
    idle: BTreeMap<u64, Arc<Notify>>,
}

/// A connection's place; dropped with the connection.
pub(super) struct Place {
    places: Arc<Places>,
    /// The key among the idle ones; nothing while a request is in flight.
    idle_as: Mutex<Option<u64>>,
    leave: Arc<Notify>,
}

/// A request in flight; its connection keeps its place until this is dropped.
pub(super) struct InFlight(Arc<Place>);

impl Places {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, seats: Mutex::default(), freed: Notify::new() })
    }

    /// Waits for a place. One idle connection is asked to leave where all are taken.
    pub(super) async fn take(self: &Arc<Self>) -> Arc<Place> {
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.try_take() {
                return place;
            }
            freed.await;
        }
    }

    fn try_take(self: &Arc<Self>) -> Option<Arc<Place>> {
        let mut seats = self.seats();
        if seats.taken >= self.max {
            if let Some((_, leave)) = seats.idle.pop_first() {
                leave.notify_one();
            }
            return None;
        }
        seats.taken += 1;
        let leave = Arc::new(Notify::new());
        let idle_as = seats.rest(leave.clone());
        let idle_as = Mutex::new(Some(idle_as));
        Some(Arc::new(Place { places: self.clone(), idle_as, leave }))
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock()
    }
}

impl Seats {
    fn rest(&mut self, leave: Arc<Notify>) -> u64 {
        self.next += 1;
        self.idle.insert(self.next, leave);
        self.next
    }
}

impl Place {
    /// Ends when the place is needed for another connection.
    pub(super) async fn is_needed(&self) {
        self.leave.notified().await;
    }

    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        if let Some(key) = self.idle_as().take() {
            self.places.seats().idle.remove(&key);
        }
        InFlight(self.clone())
    }

    fn idle_as(&self) -> MutexGuard<'_, Option<u64>> {
        self.idle_as.lock()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let place = &self.0;
        let key = place.places.seats().rest(place.leave.clone());
        if let Some(earlier) = place.idle_as().replace(key) {
            place.places.seats().idle.remove(&earlier);
        }
        // Whoever waits for a place may now ask this connection to leave.
        place.places.freed.notify_one();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let key = self.idle_as().take();
        let mut seats = self.places.seats();
        seats.taken -= 1;
        if let Some(key) = key {
            seats.idle.remove(&key);
        }
        drop(seats);
        self.places.freed.notify_one();
    }
}
