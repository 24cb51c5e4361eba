//! The one seam under every call that leaves this process. Behind it stands the network, or, in the
//! sandbox and in tests, a simulated vendor in the same process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

/// Carries requests to vendors, relays and VMs.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request and returns the head of the answer; the body follows as it arrives.
    /// Redirects are not followed: a credential must not travel to a host that it is not meant for.
    async fn send(&self, request: http::Request<Bytes>)
    -> Result<StreamedResponse, TransportError>;
}

/// The transport as it is handed around.
pub type SharedTransport = Arc<dyn Transport>;

/// The head of an answer, and its body as it arrives.
pub struct StreamedResponse {
    /// Status line and headers.
    pub head: http::response::Parts,
    /// The body, in pieces.
    pub body: BoxStream<'static, Result<Bytes, TransportError>>,
}

/// No answer, or not all of it. Whether the request had an effect is what the caller must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The request certainly never arrived: no connection was made.
    #[error("no connection")]
    NotSent,
    /// It may have arrived and may have had its effect.
    #[error("no answer")]
    ConnectionLost,
    /// The deadline passed; it may have had its effect.
    #[error("no answer in time")]
    TimedOut,
    /// An answer came whose body is longer than we read.
    #[error("the answer is too long")]
    TooLong,
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status.
    pub status: http::StatusCode,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body, at most as long as the caller allowed.
    pub body: Bytes,
}

/// Sends a request and reads the whole answer within `deadline`, of at most `body_max` bytes.
pub async fn call(
    transport: &dyn Transport,
    request: http::Request<Bytes>,
    deadline: Duration,
    body_max: usize,
) -> Result<HttpResponse, TransportError> {
    use futures::TryStreamExt;
    let whole = async {
        let StreamedResponse { head, body } = transport.send(request).await?;
        // Grown piece by piece, a long body would be twice in memory each time.
        let length = head.headers.get(http::header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let capacity = body_max.min(length.unwrap_or(0));
        let body = body
            .try_fold(Vec::with_capacity(capacity), |mut whole, piece| async move {
                if whole.len() + piece.len() > body_max {
                    return Err(TransportError::TooLong);
                }
                whole.extend_from_slice(&piece);
                Ok(whole)
            })
            .await?;
        Ok(HttpResponse { status: head.status, headers: head.headers, body: body.into() })
    };
    tokio::time::timeout(deadline, whole).await.unwrap_or(Err(TransportError::TimedOut))
}

/// The real network.
pub struct NetworkTransport {
    client: reqwest::Client,
}

/// How long to wait for a connection: beyond this the person waits for nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection stays open without a call: its buffers still hold the credential that was
/// sent last. A deployment under way calls more often than that.
const IDLE_MAX: Duration = Duration::from_secs(5);

impl NetworkTransport {
    /// A client that follows no redirects and takes no proxy from the environment.
    ///
    /// Names under `.localhost` are this machine (RFC 6761, section 6.3): that is how simulated
    /// apps get host names of their own without a name server.
    ///
    /// # Errors
    /// When the platform offers no TLS roots or sockets.
    pub fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_MAX)
            .dns_resolver(Arc::new(LocalhostResolver))
            .build()?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for NetworkTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        use futures::{StreamExt, TryStreamExt};
        let request: reqwest::Request = request.try_into().map_err(|_| TransportError::NotSent)?;
        let response = self.client.execute(request).await.map_err(transport_error)?;
        let response: http::Response<reqwest::Body> = response.into();
        let (head, body) = response.into_parts();
        let body = http_body_util::BodyDataStream::new(body).map_err(transport_error).boxed();
        Ok(StreamedResponse { head, body })
    }
}

/// Drops what reqwest would print: its errors hold the URL, and a URL can hold a token.
fn transport_error(error: reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        TransportError::NotSent
    } else if error.is_timeout() {
        TransportError::TimedOut
    } else {
        TransportError::ConnectionLost
    }
}

struct LocalhostResolver;

impl reqwest::dns::Resolve for LocalhostResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async move {
            let name = name.as_str().trim_end_matches('.').to_owned();
            let addresses: Vec<std::net::SocketAddr> =
                if name == "localhost" || name.ends_with(".localhost") {
                    vec![(std::net::Ipv4Addr::LOCALHOST, 0).into()]
                } else {
                    tokio::net::lookup_host((name, 0)).await?.collect()
                };
            Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs)
        })
    }
}
