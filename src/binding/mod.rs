//! Where Node.js meets the core: arguments in, core call, result or error out. Nothing is
//! decided here, and only here is napi named.

#![allow(missing_docs)] // The generated constructors of #[napi] items carry no docs.
#![cfg_attr(test, allow(dead_code))] // napi registers no export in a test build.
#![allow(unreachable_pub)] // Exports to JavaScript are pub, though no Rust code reaches them.

mod admin;
mod background;
mod error;
mod gate;
mod health;
mod hooks;
mod host;
mod instance;
mod job;
mod log;
mod mirroring;
mod options;
mod palette;
mod question;
mod reconnect;
mod retry;
mod snapshot;
mod worker;
