//! `MULTI` … `EXEC` with the result of each command kept apart.

use redis::{Cmd, Pipeline, Value, cmd};

use super::fault::{Fault, classify_answer, classify_reply};
use crate::error::Error;

/// The commands between `MULTI` and `EXEC`, as a plain pipeline: the crate's own atomic mode
/// gives one error for all.
pub(super) fn wrap(pipe: &Pipeline) -> Pipeline {
    let mut wrapped = Pipeline::with_capacity(pipe.len() + 2);
    wrapped.add_command(cmd("MULTI"));
    for command in pipe.cmd_iter() {
        wrapped.add_command(command.clone());
    }
    wrapped.add_command(cmd("EXEC"));
    wrapped
}

/// Takes the replies apart: one result a command, or why the whole was not run.
pub(super) fn unwrap(
    wrapped: &Pipeline,
    mut replies: Vec<Value>,
) -> Result<Vec<Result<Value, Fault>>, Fault> {
    let commands: Vec<&Cmd> = wrapped.cmd_iter().collect();
    let executed = replies.pop();
    for (command, reply) in commands.iter().zip(&replies) {
        if let Value::ServerError(error) = reply {
            return Err(classify_answer(command, error));
        }
    }
    match executed {
        Some(Value::Array(values)) if values.len() + 2 == commands.len() => Ok(commands
            .iter()
            .skip(1)
            .zip(values)
            .map(|(command, value)| match value {
                Value::ServerError(error) => Err(classify_answer(command, &error)),
                value => Ok(value),
            })
            .collect()),
        Some(Value::ServerError(error)) => Err(classify_reply("EXEC", &error)),
        _ => Err(Fault {
            error: Error::Server {
                command: "EXEC".to_owned(),
                detail: "the server did not run the transaction".to_owned(),
            },
            reconnect: false,
            lost: false,
        }),
    }
}
