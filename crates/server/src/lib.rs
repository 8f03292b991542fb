//! The dashboard and its interface over HTTP, for one reader on one machine.
//!
//! It listens on the loopback address only, wants a random token with every request, and refuses requests that name another
//! host or come from another origin: a page elsewhere on the web must not be able to read an assessment.

mod api;
mod error;
mod guard;
mod inside;
mod jobs;
mod page;
mod routes;
mod state;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use axum::Router;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;

pub use error::ServeError;
pub use inside::{Answer, Inside};
pub use state::Shared;

/// What to serve, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Folders of assessments, or their documents.
    pub places: Vec<PathBuf>,
    /// The port; any free one when 0.
    pub port: u16,
    /// The path that a proxy puts before every path, for example `/proxy/8080`.
    pub base_path: String,
    /// Names that a proxy may give as the host, beside those of the loopback address.
    pub allowed_hosts: Vec<String>,
    /// The token; a random one when absent.
    pub token: Option<String>,
}

/// A server that listens and has not answered yet.
pub struct Server {
    listener: TcpListener,
    router: Router,
    address: SocketAddr,
    base_path: String,
    token: String,
}

impl Server {
    /// Opens the assessments and the port.
    ///
    /// # Errors
    /// When an assessment cannot be read, or the port is taken.
    pub async fn bind(options: &Options) -> Result<Self, ServeError> {
        let shared = Shared::open(options)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listener =
            TcpListener::bind(address).await.map_err(|source| ServeError::Port { port: options.port, source })?;
        let address = listener.local_addr().map_err(|source| ServeError::Port { port: options.port, source })?;
        let (base_path, token) = (shared.base_path.clone(), shared.token.clone());
        Ok(Self { listener, router: router(shared), address, base_path, token })
    }

    /// The address of the page, with the token in it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}/?token={}", self.address.port(), self.base_path, self.token)
    }

    /// Answers until `stop` is done.
    ///
    /// # Errors
    /// When the port is lost.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        let served = axum::serve(self.listener, self.router).with_graceful_shutdown(stop).await;
        served.map_err(|source| ServeError::Port { port: self.address.port(), source })
    }
}

/// Serves until the user interrupts it; `ready` is told the address of the page.
///
/// # Errors
/// As [`Server::bind`] and [`Server::run`].
pub fn serve(options: &Options, ready: impl FnOnce(&str)) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| ServeError::Port { port: options.port, source })?;
    let served = runtime.block_on(async {
        let server = Server::bind(options).await?;
        ready(&server.url());
        // Streams of events stay open as long as a page does, so the end does not wait for them.
        tokio::select! {
            served = server.run(std::future::pending()) => served,
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    });
    runtime.shutdown_background();
    served
}

/// Every route, under the root and under the base path.
pub fn router(shared: Shared) -> Router {
    let base_path = shared.base_path.clone();
    let routes = routes::all().into_router(shared.clone());
    let router = if base_path.is_empty() {
        routes
    } else {
        // A nested root has no slash at its end, and the address of the page has one.
        let page = api::Api::new().page("/", axum::routing::get(page::page)).into_router(shared);
        Router::new().nest(&base_path, routes.clone()).nest_service(&format!("{base_path}/"), page).merge(routes)
    };
    router.layer(CompressionLayer::new())
}

/// The description of the interface: OpenAPI 3.1, as JSON.
#[must_use]
pub fn openapi() -> serde_json::Value {
    routes::all().description()
}
