//! A slow line between a process and the simulated Fly, which can be cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long each piece is on its way, in one direction.
const LATENCY: Duration = Duration::from_millis(15);

/// Bytes that pass in a second, as on a bad mobile network.
const BYTES_PER_S: u64 = 64 * 1024;

/// The longest piece that is carried at once.
const PIECE: usize = 4096;

pub struct TcpProxy {
    pub address: SocketAddr,
    cuts: watch::Sender<u64>,
}

impl TcpProxy {
    /// Leads to `to`.
    pub async fn listen(to: SocketAddr, servers: &mut JoinSet<()>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("listen on loopback")?;
        let address = listener.local_addr()?;
        let (cuts, cut) = watch::channel(0);
        servers.spawn(async move {
            loop {
                if let Ok((near, _)) = listener.accept().await {
                    tokio::spawn(connect(near, to, cut.clone()));
                }
            }
        });
        Ok(Self { address, cuts })
    }

    /// Every connection breaks; a new one can be made.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn connect(near: TcpStream, to: SocketAddr, mut cut: watch::Receiver<u64>) {
    cut.mark_unchanged();
    let Ok(far) = TcpStream::connect(to).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        _ = async { tokio::join!(carry(near_in, far_out), carry(far_in, near_out)) } => {}
        _ = cut.changed() => {}
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
    let mut piece = [0; PIECE];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        tokio::time::sleep(LATENCY + Duration::from_micros(bytes * 1_000_000 / BYTES_PER_S)).await;
        to.write_all(&piece[..read]).await?;
    }
}
