//! The proxy on a socket: reads the head of a request, then passes bytes both ways, so that streams
//! and WebSockets work as they are.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::{HostKind, PROTOCOL_HEADER, app_of};
use crate::sandbox::fly::{AppRoute, RouteError, SimulatedFly};
use crate::sandbox::machines::MachineEndpoint;

/// The longest head that is read, as most proxies have it.
const HEAD_MAX: usize = 64 * 1024;

/// The time that a client may take to send a head.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);

/// The time that a new machine may take to listen, while the proxy retries as Fly's does.
const CONNECT_DEADLINE: Duration = Duration::from_secs(20);

/// Between two attempts to connect.
const CONNECT_EVERY: Duration = Duration::from_millis(20);

/// Serves the proxy until the listener's task is dropped.
pub async fn serve(listener: TcpListener, fly: Arc<SimulatedFly>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let fly = fly.clone();
            tokio::spawn(async move {
                // After an error, client and machine see a closed connection.
                let _ = pass_on(stream, &fly).await;
            });
        }
    }
}

async fn pass_on(mut client: TcpStream, fly: &Arc<SimulatedFly>) -> std::io::Result<()> {
    let head = tokio::time::timeout(HEAD_DEADLINE, read_head(&mut client)).await;
    let Ok(Some(head)) = head.unwrap_or(Ok(None)) else {
        return refuse(&mut client, "400 Bad Request", "the head of the request is unreadable")
            .await;
    };
    let found = match app_of(&head.host) {
        Some((app, HostKind::Public)) => fly.proxy().awake_endpoint(app, AppRoute::Public).await,
        Some((app, HostKind::Flycast)) => {
            fly.proxy().awake_endpoint(app, AppRoute::Private(None)).await
        }
        Some((app, HostKind::Internal)) => {
            fly.proxy().awake_endpoint(app, AppRoute::Internal(None)).await
        }
        None => Err(RouteError::NameNotFound),
    };
    let port = match found {
        Ok((_, MachineEndpoint::Loopback(port))) => port,
        Ok((_, MachineEndpoint::InProcess(_))) => {
            return refuse(&mut client, "502 Bad Gateway", "the machine has no socket").await;
        }
        Err(why @ RouteError::NameNotFound) => {
            return refuse(&mut client, "502 Bad Gateway", &why.to_string()).await;
        }
        Err(why) => return refuse(&mut client, "503 Service Unavailable", &why.to_string()).await,
    };
    let Some(mut machine) = connect(port).await else {
        let why = "PC01: instance refused connection. is your app listening on 0.0.0.0?";
        return refuse(&mut client, "502 Bad Gateway", why).await;
    };
    machine.write_all(&head.rewritten).await?;
    copy_bidirectional(&mut client, &mut machine).await?;
    Ok(())
}

async fn connect(port: u16) -> Option<TcpStream> {
    let attempts = async {
        loop {
            match TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).await {
                Ok(stream) => return stream,
                Err(_) => tokio::time::sleep(CONNECT_EVERY).await,
            }
        }
    };
    tokio::time::timeout(CONNECT_DEADLINE, attempts).await.ok()
}

async fn refuse(client: &mut TcpStream, status: &str, why: &str) -> std::io::Result<()> {
    let answer = format!(
        "HTTP/1.1 {status}\r\nfly-proxy-error: {why}\r\ncontent-length: 0\r\nconnection: \
         close\r\n\r\n"
    );
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await
}

/// The head of a request, and the part of its body that came with it.
struct RequestHead {
    host: String,
    rewritten: Vec<u8>,
}

/// `None` when the client sent no readable head.
async fn read_head(client: &mut TcpStream) -> std::io::Result<Option<RequestHead>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = client.read(&mut piece).await?;
        bytes.extend_from_slice(&piece[..read]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            return Ok(rewrite(&bytes[..end], &bytes[end + 4..]));
        }
        if read == 0 || bytes.len() > HEAD_MAX {
            return Ok(None);
        }
    }
}

/// One request for each connection: the machine must close it after its answer, and the client sees
/// that. A WebSocket keeps its `Upgrade`.
fn rewrite(head: &[u8], body: &[u8]) -> Option<RequestHead> {
    let head = std::str::from_utf8(head).ok()?;
    let header = |line: &str, name: &str| -> Option<String> {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    let host = head.lines().find_map(|line| header(line, "host"))?;
    let upgrades = head.lines().any(|line| header(line, "upgrade").is_some());
    let mut rewritten = String::with_capacity(head.len() + 64);
    for line in head.split("\r\n") {
        let is_kept = upgrades || header(line, "connection").is_none();
        if is_kept && header(line, PROTOCOL_HEADER).is_none() {
            rewritten.push_str(line);
            rewritten.push_str("\r\n");
        }
    }
    if !upgrades {
        rewritten.push_str("connection: close\r\n");
    }
    // This proxy has no TLS.
    rewritten.push_str(&format!("{PROTOCOL_HEADER}: http\r\n"));
    rewritten.push_str("\r\n");
    let mut rewritten = rewritten.into_bytes();
    rewritten.extend_from_slice(body);
    Some(RequestHead { host, rewritten })
}
