//! Where Node.js meets the core: arguments in, core call, result or error out. Nothing is
//! decided here, and only here is napi named.

#![allow(missing_docs)] // The generated constructors of #[napi] items carry no docs.
#![cfg_attr(test, allow(dead_code))] // napi registers no export in a test build.
#![allow(unreachable_pub)] // Exports to JavaScript are pub, though no Rust code reaches them.

mod admin;
mod background;
mod callbacks;
mod context;
mod error;
mod external_text;
mod health;
mod history;
mod hooks;
mod host;
mod host_info;
mod instance;
mod job;
mod js_call;
mod log;
mod member;
mod memory;
mod mirroring;
mod options;
mod packages;
mod prepared_flows;
mod reconnect_on_error;
mod retry_strategy;
mod snapshot;
mod standing;
mod text;
mod worker;
