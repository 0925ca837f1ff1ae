//! Commands in one go, once, on the connection that they were made for.

use redis::{Pipeline, Value};

use super::Connection;
use crate::connection::fault::{classify_failure, classify_reply, name_of};
use crate::error::{Error, Result};

impl Connection {
    /// Sends the commands of a pipeline, without a transaction, and gives one result each, in order.
    /// They are sent once: when the connection is lost, nobody knows which were run, and the call
    /// fails as a whole. Does not wait for a connection. `session` is that of
    /// [`crate::connection::Tracking`] that the commands were made for: on another one, they fail.
    pub async fn pipeline(&self, session: u64, pipe: &Pipeline) -> Result<Vec<Result<Value>>> {
        let live = self.live().filter(|live| live.session == Some(session));
        let Some(live) = live else { return Err(self.unavailable()) };
        let mut connection = live.connection.clone();
        let request = connection.send_packed_commands(pipe, 0, pipe.len());
        let limited = self.limited("a pipeline", &live.activity, request).await;
        let replies = match limited {
            Ok(Ok(replies)) => replies,
            Ok(Err(error)) => {
                let fault = classify_failure("a pipeline", error);
                return Err(self.react(&live, "a pipeline", fault).await.error);
            }
            Err(timeout) => {
                // What comes late must not be taken for the answer to something else's question.
                let _ = live.kick.try_send(timeout.clone());
                return Err(timeout);
            }
        };
        let mut results = Vec::with_capacity(replies.len());
        for (cmd, reply) in pipe.cmd_iter().zip(replies) {
            results.push(match reply {
                Value::ServerError(error) => {
                    let name = name_of(cmd);
                    let fault = classify_reply(&name, &error);
                    Err(self.react(&live, &name, fault).await.error)
                }
                reply => Ok(reply),
            });
        }
        if results.len() != pipe.len() {
            return Err(Error::Unavailable { reason: "the answers don't fit".to_owned() });
        }
        Ok(results)
    }
}
