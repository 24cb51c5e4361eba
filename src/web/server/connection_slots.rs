//! Places for connections. When all are taken, the connection that has waited longest without a
//! request gives up its place, so that idle connections and unfinished heads keep nobody out.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// A bounded number of places.
pub(super) struct ConnectionSlots {
    max: usize,
    slots: Mutex<SlotTable>,
    freed: Notify,
}

#[derive(Default)]
struct SlotTable {
    taken: usize,
    next: u64,
    /// Connections without a request in flight, longest waiting first.
    idle: BTreeMap<u64, Arc<Notify>>,
}

/// A connection's place; dropped with the connection.
pub(super) struct ConnectionSlot {
    places: Arc<ConnectionSlots>,
    /// The key among the idle ones; nothing while a request is in flight.
    idle_as: Mutex<Option<u64>>,
    leave: Arc<Notify>,
}

/// A request in flight; its connection keeps its place until this is dropped.
pub(super) struct InFlightRequest(Arc<ConnectionSlot>);

impl ConnectionSlots {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, slots: Mutex::default(), freed: Notify::new() })
    }

    /// Waits for a place. One idle connection is asked to leave where all are taken.
    pub(super) async fn take(self: &Arc<Self>) -> Arc<ConnectionSlot> {
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.try_take() {
                return place;
            }
            freed.await;
        }
    }

    fn try_take(self: &Arc<Self>) -> Option<Arc<ConnectionSlot>> {
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
        Some(Arc::new(ConnectionSlot { places: self.clone(), idle_as, leave }))
    }

    fn seats(&self) -> MutexGuard<'_, SlotTable> {
        self.slots.lock()
    }
}

impl SlotTable {
    fn rest(&mut self, leave: Arc<Notify>) -> u64 {
        self.next += 1;
        self.idle.insert(self.next, leave);
        self.next
    }
}

impl ConnectionSlot {
    /// Ends when the place is needed for another connection.
    pub(super) async fn is_needed(&self) {
        self.leave.notified().await;
    }

    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> InFlightRequest {
        if let Some(key) = self.idle_as().take() {
            self.places.seats().idle.remove(&key);
        }
        InFlightRequest(self.clone())
    }

    fn idle_as(&self) -> MutexGuard<'_, Option<u64>> {
        self.idle_as.lock()
    }
}

impl Drop for InFlightRequest {
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

impl Drop for ConnectionSlot {
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
