//! The node that a slot is being moved to: the owner sends there (`ASK`) what asks for a key that
//! has gone already.

use redis::{Value, cmd};
use tokio::sync::mpsc;

use super::Connection;
use super::attempt::Turn;
use super::link::{Live, multiplexed};
use crate::config::Endpoint;
use crate::connection::activity::Stream;
use crate::connection::fault::{classify_failure, classify_reply};
use crate::connection::handshake::handshake;
use crate::connection::redirect::Unserved;
use crate::connection::transport;
use crate::error::{Error, Result};

impl Connection {
    /// A connection of its own to this node, on which the next command or transaction counts as
    /// sent on. It ends with the last clone: a slot has few of our keys and is moved soon.
    pub(super) async fn sent_on_to(
        &self,
        node: &Endpoint,
        turn: &Turn,
    ) -> std::result::Result<Live, Unserved> {
        let config = &self.beside.config;
        let limit = config.connect_timeout.min(turn.time_left());
        let live = match tokio::time::timeout(limit, self.connect_aside(node)).await {
            Ok(live) => live.map_err(Unserved::unsent)?,
            Err(_) => {
                let reason = format!("{node}: no answer within {} ms", limit.as_millis());
                return Err(Unserved::unsent(Error::Unavailable { reason }));
            }
        };
        let asking = cmd("ASKING");
        let mut connection = live.connection.clone();
        let answer = connection.send_packed_command(&asking);
        let fault = match self.limited("ASKING", &live.activity, answer).await? {
            Ok(Value::ServerError(error)) => classify_reply("ASKING", &error),
            Ok(_) => return Ok(live),
            Err(error) => classify_failure("ASKING", error),
        };
        if let Error::Permission { .. } = fault.error {
            let consequence = "while a slot is moved, commands wait until it has been";
            self.warn_missing_right(&fault.error, consequence);
            let reason = "TRYAGAIN the slot is being moved".to_owned();
            return Err(Error::Unavailable { reason }.into());
        }
        Err(fault.error.into())
    }

    async fn connect_aside(&self, node: &Endpoint) -> Result<Live> {
        let config = &self.beside.config;
        let stream = transport::connect(node, config).await?;
        let (stream, _) = handshake(stream, config).await?;
        serve_aside(stream).await
    }
}

async fn serve_aside(stream: Stream) -> Result<Live> {
    let activity = stream.activity();
    let (connection, driver) = multiplexed(stream, None).await?;
    tokio::spawn(driver);
    // Nobody makes this one anew.
    let (kick, _) = mpsc::channel(1);
    Ok(Live { connection, activity, kick, session: None })
}
