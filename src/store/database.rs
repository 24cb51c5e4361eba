//! The shared handle of the database, and the turns of its statements.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Describe, Either, Execute, Executor, SqlStr};
use tokio::sync::{Mutex, MutexGuard};

use super::integrity::{Damage, Integrity};

/// A database, shared.
#[derive(Clone, Debug)]
pub struct Database(ConnectionSource, Option<Arc<Integrity>>);

#[derive(Clone, Debug)]
enum ConnectionSource {
    /// A few connections; statements of several tasks may alternate.
    Shared(AnyPool),
    /// One connection; the work of one task is complete before any other task goes on.
    Sequential(Arc<Mutex<AnyConnection>>),
}

impl From<AnyPool> for Database {
    fn from(pool: AnyPool) -> Self {
        Self(ConnectionSource::Shared(pool), None)
    }
}

impl Database {
    /// For a simulation on one thread with a fixed order of events: a database works on a thread of
    /// its own, and the arrival of its answer would be nondeterministic.
    pub fn in_order(connection: AnyConnection) -> Self {
        Self(ConnectionSource::Sequential(Arc::new(Mutex::new(connection))), None)
    }

    /// A database whose files are watched.
    pub fn watched(pool: AnyPool, integrity: Arc<Integrity>) -> Self {
        Self(ConnectionSource::Shared(pool), Some(integrity))
    }

    /// Checks that the committed data are in the files at the database's path. A database that is
    /// not watched passes.
    ///
    /// # Errors
    /// When its files are damaged: nothing may be acknowledged then.
    pub async fn intact(&self) -> Result<(), Damage> {
        match &self.1 {
            Some(integrity) => integrity.check().await,
            None => Ok(()),
        }
    }

    /// The watch over its files, if there is one.
    pub fn integrity(&self) -> Option<&Arc<Integrity>> {
        self.1.as_ref()
    }

    /// A connection for the caller.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn connection(&self) -> sqlx::Result<ConnectionGuard<'_>> {
        Ok(match &self.0 {
            ConnectionSource::Shared(pool) => ConnectionGuard::Pooled(pool.acquire().await?),
            ConnectionSource::Sequential(only) => ConnectionGuard::Exclusive(only.lock().await),
        })
    }

    /// Does work that waits only for this database, in the fixed order where there is one.
    pub async fn whole<T>(&self, work: impl Future<Output = T>) -> T {
        match &self.0 {
            ConnectionSource::Shared(_) => work.await,
            ConnectionSource::Sequential(_) => block_on(work),
        }
    }
}

/// One statement at a time, in the fixed order where there is one.
impl<'c> Executor<'c> for &Database {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match &self.0 {
            ConnectionSource::Shared(pool) => pool.fetch_many(query),
            ConnectionSource::Sequential(only) => {
                let only = only.clone();
                let results = async move {
                    block_on(async {
                        let mut connection = only.lock().await;
                        let results: Vec<_> = connection.fetch_many(query).collect().await;
                        stream::iter(results)
                    })
                };
                stream::once(results).flatten().boxed()
            }
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match &self.0 {
            ConnectionSource::Shared(pool) => pool.fetch_optional(query),
            ConnectionSource::Sequential(only) => {
                let only = only.clone();
                Box::pin(async move {
                    block_on(async { only.lock().await.fetch_optional(query).await })
                })
            }
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'c: 'e,
    {
        match &self.0 {
            ConnectionSource::Shared(pool) => pool.prepare_with(sql, parameters),
            ConnectionSource::Sequential(only) => {
                let only = only.clone();
                Box::pin(async move {
                    block_on(async { only.lock().await.prepare_with(sql, parameters).await })
                })
            }
        }
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Any>>>
    where
        'c: 'e,
    {
        match &self.0 {
            ConnectionSource::Shared(pool) => pool.describe(sql),
            ConnectionSource::Sequential(only) => {
                let only = only.clone();
                Box::pin(async move { block_on(async { only.lock().await.describe(sql).await }) })
            }
        }
    }
}

/// The right to use a connection.
#[derive(Debug)]
pub enum ConnectionGuard<'a> {
    /// One of a few.
    Pooled(PoolConnection<Any>),
    /// The only one.
    Exclusive(MutexGuard<'a, AnyConnection>),
}

impl Deref for ConnectionGuard<'_> {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::Exclusive(connection) => connection,
        }
    }
}

impl DerefMut for ConnectionGuard<'_> {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::Exclusive(connection) => connection,
        }
    }
}

/// Does work that waits only for a database's own thread, and blocks this thread meanwhile.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    // A task's budget would ask it to yield, and no scheduler runs here.
    let mut work = std::pin::pin!(tokio::task::unconstrained(work));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}
