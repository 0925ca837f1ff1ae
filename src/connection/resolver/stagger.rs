//! One question to many servers: each is asked when the one before has failed or is slow, so that
//! neither a dead nor a hung one holds up the answer.

use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::config::Endpoint;
use crate::error::{Error, Result};

/// The next server is asked beside the one before after this long.
const NEXT_AFTER: Duration = Duration::from_millis(250);

/// The first good answer, or why there was none from each.
pub(super) async fn first_answer<T, F>(
    servers: Vec<Endpoint>,
    ask: impl Fn(Endpoint) -> F,
) -> Result<T, Vec<(Endpoint, Error)>>
where
    F: Future<Output = Result<T>>,
{
    let mut waiting = servers.into_iter();
    let mut asked = FuturesUnordered::new();
    let mut failures = Vec::new();
    loop {
        match waiting.next() {
            Some(server) => {
                let answer = ask(server.clone());
                asked.push(async move { answer.await.map_err(|error| (server, error)) });
            }
            None if asked.is_empty() => return Err(failures),
            None => (),
        }
        let slow = async {
            if waiting.len() == 0 {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(NEXT_AFTER).await;
        };
        tokio::select! {
            biased;
            Some(answer) = asked.next() => match answer {
                Ok(answer) => return Ok(answer),
                Err(failure) => failures.push(failure),
            },
            () = slow => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use super::*;

    fn servers(ports: &[u16]) -> Vec<Endpoint> {
        ports.iter().map(|port| Endpoint::Tcp { host: "h".into(), port: *port }).collect()
    }

    async fn answer(server: Endpoint) -> Result<u16> {
        let Endpoint::Tcp { port, .. } = server else { panic!("no port") };
        match port {
            0 => std::future::pending().await,
            port if port < 10 => Err(Error::Unavailable { reason: format!("dead {port}") }),
            port => Ok(port),
        }
    }

    #[tokio::test]
    async fn the_dead_and_the_hung_delay_nothing() {
        let began = Instant::now();
        let found = first_answer(servers(&[1, 2, 0, 3, 10, 11]), answer).await;
        assert_eq!(found.expect("an answer"), 10);
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn the_first_that_answers_spares_the_others() {
        let asked = Mutex::new(0);
        let ask = |server| {
            *asked.lock().expect("whole") += 1;
            answer(server)
        };
        assert_eq!(first_answer(servers(&[10, 11, 12]), ask).await.expect("an answer"), 10);
        assert_eq!(*asked.lock().expect("whole"), 1);
    }

    #[tokio::test]
    async fn each_failure_is_told() {
        let failures = first_answer(servers(&[1, 2]), answer).await.expect_err("all dead");
        assert_eq!(failures.len(), 2);
        assert!(failures[1].1.to_string().contains("dead 2"));
        assert!(first_answer(servers(&[]), answer).await.expect_err("nobody").is_empty());
    }
}
