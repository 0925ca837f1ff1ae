//! The user's functions on their way into the connection.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use napi::bindgen_prelude::{Buffer, Either, FnArgs, Function, Null};
use napi_derive::napi;

use crate::config::{ConnectionConfig, Decider, Endpoint, Identity, ServerIdentity};
use crate::connection::{NatMap, Strategy, UserFunctions};

use super::callbacks::Callbacks;
use super::js_call::JsCall;
use super::reconnect_on_error::{JsReconnectOnError, ReconnectFunction};
use super::retry_strategy::{JsStrategy, RetryFunction};

/// `('host:port')`
#[napi]
pub type NatFunction<'a> = Function<'a, String, Either<Address, Null>>;

type Certificates = FnArgs<(String, String, Vec<Buffer>)>;
/// `(option, host, [der, …])`: why the server is not the one asked for, or `null`.
#[napi]
pub type IdentityFunction<'a> =
    Function<'a, FnArgs<(String, String, Vec<Buffer>)>, Either<String, Null>>;

/// The functions of `settings.valkey`, as far as they were given; none of them throws.
#[napi(object, object_to_js = false)]
pub struct Functions<'a> {
    /// The wait before a reconnect.
    pub retry_strategy: Option<RetryFunction<'a>>,
    /// The same between two rounds through all Sentinels.
    pub sentinel_retry_strategy: Option<RetryFunction<'a>>,
    /// The same before a reconnect to a Sentinel that is watched.
    pub sentinel_reconnect_strategy: Option<RetryFunction<'a>>,
    /// The same between two rounds through all nodes of a cluster.
    pub cluster_retry_strategy: Option<RetryFunction<'a>>,
    /// Where an announced address is reached.
    pub nat_map: Option<NatFunction<'a>>,
    /// What an error that the server has answered with calls for.
    pub reconnect_on_error: Option<ReconnectFunction<'a>>,
    /// Whether a certificate is that of the server asked for.
    pub server_identity: Option<IdentityFunction<'a>>,
}

/// An address that a function returned.
#[napi(object, object_to_js = false)]
pub struct Address {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Functions<'_> {
    /// The same for the core.
    pub(super) fn for_core(&self, callbacks: &mut Callbacks) -> napi::Result<UserFunctions> {
        Ok(UserFunctions {
            retry: strategy(&self.retry_strategy, callbacks)?,
            sentinel_retry: strategy(&self.sentinel_retry_strategy, callbacks)?,
            sentinel_reconnect: strategy(&self.sentinel_reconnect_strategy, callbacks)?,
            cluster_retry: strategy(&self.cluster_retry_strategy, callbacks)?,
            nat: match &self.nat_map {
                Some(function) => Some(Arc::new(JsNatMap(JsCall::new(function, callbacks)?))),
                None => None,
            },
            reconnect_on_error: match &self.reconnect_on_error {
                Some(function) => Some(Arc::new(JsReconnectOnError::new(function, callbacks)?)),
                None => None,
            },
        })
    }
}

impl Functions<'_> {
    /// Completes every TLS configuration with whoever decides about names.
    pub(super) fn identify(
        &self,
        config: &mut ConnectionConfig,
        callbacks: &mut Callbacks,
    ) -> napi::Result<()> {
        let Some(function) = &self.server_identity else { return Ok(()) };
        let decider = Decider(Arc::new(JsIdentity(JsCall::new(function, callbacks)?)));
        for tls in config.all_tls_mut() {
            tls.decider = Some(decider.clone());
        }
        Ok(())
    }
}

fn strategy(
    function: &Option<RetryFunction<'_>>,
    callbacks: &mut Callbacks,
) -> napi::Result<Option<Arc<dyn Strategy>>> {
    Ok(match function {
        Some(function) => Some(Arc::new(JsStrategy::new(function, callbacks)?)),
        None => None,
    })
}

/// The user's `natMap` function.
struct JsNatMap(JsCall<String, Either<Address, Null>>);

impl NatMap for JsNatMap {
    fn reach(&self, announced: String) -> BoxFuture<'_, Option<Endpoint>> {
        async move {
            match self.0.call(announced).await {
                Ok(Either::A(Address { host, port })) => Some(Endpoint::Tcp { host, port }),
                _ => None,
            }
        }
        .boxed()
    }
}

/// `checkServerIdentity` of the user or of Node.js. The connection layer limits how long it may
/// take.
struct JsIdentity(JsCall<Certificates, Either<String, Null>>);

impl ServerIdentity for JsIdentity {
    fn check(&self, identity: Identity) -> BoxFuture<'_, Result<(), String>> {
        async move {
            let Identity { option, host, chain } = identity;
            let chain: Vec<Buffer> = chain.into_iter().map(Buffer::from).collect();
            match self.0.call((option.to_owned(), host, chain).into()).await {
                Ok(Either::A(why)) => Err(why),
                Ok(Either::B(Null)) => Ok(()),
                Err(error) => Err(format!("nobody could be asked ({error})")),
            }
        }
        .boxed()
    }
}
