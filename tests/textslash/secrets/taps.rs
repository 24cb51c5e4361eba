//! Taps on the wires between real processes and the simulated vendors: what is sent to each is
//! heard.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::hunt::SecretHunt;

/// One for each address that a program is given, named after its setting. What a connection
/// upgraded to a WebSocket says is masked, and so not understood; it goes where the connection
/// goes.
pub struct TrafficTaps {
    heard: Vec<(&'static str, TappedBytes)>,
    _listening: JoinSet<()>,
}

/// What every connection said, each on its own.
type TappedBytes = Arc<Mutex<Vec<Vec<u8>>>>;

impl TrafficTaps {
    /// Lays taps on these addresses; where they are now.
    pub fn on(urls: Vec<(&'static str, String)>) -> (Self, Vec<(&'static str, String)>) {
        let mut taps = Self { heard: Vec::new(), _listening: JoinSet::new() };
        let moved = urls.into_iter().map(|(name, url)| (name, taps.lay(name, &url))).collect();
        (taps, moved)
    }

    fn lay(&mut self, name: &'static str, url: &str) -> String {
        let (before, after) = url.rsplit_once(':').unwrap();
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (port, path) = after.split_at(digits);
        let (to, heard) = (port.parse().unwrap(), TappedBytes::default());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let here = listener.local_addr().unwrap().port();
        self.heard.push((name, heard.clone()));
        self._listening.spawn(listen(
            tokio::net::TcpListener::from_std(listener).unwrap(),
            to,
            heard,
        ));
        format!("{before}:{here}{path}")
    }

    /// Which secret was sent where.
    pub fn sightings(&self, hunt: &SecretHunt) -> BTreeSet<(String, String)> {
        let mut seen = BTreeSet::new();
        for (name, heard) in &self.heard {
            for connection in heard.lock().iter() {
                let found = hunt.found(connection).into_iter();
                seen.extend(found.map(|secret| (secret.to_owned(), (*name).to_owned())));
            }
        }
        seen
    }
}

async fn listen(listener: tokio::net::TcpListener, to: u16, heard: TappedBytes) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        connections.spawn(carry(near, to, heard.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// Carries a connection until both sides have closed it.
async fn carry(mut near: TcpStream, to: u16, heard: TappedBytes) {
    let Ok(mut far) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await else { return };
    let place = {
        let mut heard = heard.lock();
        heard.push(Vec::new());
        heard.len() - 1
    };
    let (mut from_near, mut to_near) = near.split();
    let (mut from_far, mut to_far) = far.split();
    let there = async {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from_near.read(&mut piece).await {
            heard.lock()[place].extend_from_slice(&piece[..read]);
            if to_far.write_all(&piece[..read]).await.is_err() {
                break;
            }
        }
        // Whoever is gone needs no goodbye.
        let _ = to_far.shutdown().await;
    };
    let back = async {
        let _ = tokio::io::copy(&mut from_far, &mut to_near).await;
        let _ = to_near.shutdown().await;
    };
    tokio::join!(there, back);
}
