//! What a server tells: keys that were set, and what is said on the package channel.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::server::Server;

/// Everything from the start of this value on, in order.
pub struct Announcements {
    told: Receiver<(String, String)>,
    all: Vec<(String, String)>,
    marker: redis::Connection,
}

impl Announcements {
    /// Returns when nothing can be missed any more.
    pub fn of(server: &Server) -> Self {
        let mut marker = server.admin();
        let on = ["CONFIG", "SET", "notify-keyspace-events", "KA"];
        redis::cmd(on[0]).arg(&on[1..]).exec(&mut marker).unwrap();
        let mut connection = server.admin();
        let (ready, subscribed) = channel();
        let (telling, told) = channel();
        std::thread::spawn(move || {
            let mut listening = connection.as_pubsub();
            listening.psubscribe("__keyspace@0__:*").unwrap();
            listening.subscribe("n:packages:updated").unwrap();
            listening.subscribe("marker").unwrap();
            ready.send(()).unwrap();
            while let Ok(message) = listening.get_message() {
                let told = (message.get_channel_name().to_owned(), message.get_payload().unwrap());
                if telling.send(told).is_err() {
                    return;
                }
            }
        });
        subscribed.recv().unwrap();
        Self { told, all: Vec::new(), marker }
    }

    /// What was told of the list: `("set", "")` and `("said", message)`.
    pub fn packages(&mut self) -> Vec<(String, String)> {
        let of_packages = |(channel, said): &(String, String)| match channel.as_str() {
            "n:packages:updated" => Some(("said".to_owned(), said.clone())),
            "__keyspace@0__:n:packages" => Some((said.clone(), String::new())),
            _ => None,
        };
        let mut told: Vec<_> = self.read().iter().filter_map(of_packages).collect();
        // A script's messages and its writes are told in an order of the server's own.
        for pair in told.chunks_mut(2) {
            pair.sort_by(|one, other| other.0.cmp(&one.0));
        }
        told
    }

    /// The keys that were set.
    pub fn keys_set(&mut self) -> Vec<String> {
        let key = |(channel, said): &(String, String)| {
            let key = channel.strip_prefix("__keyspace@0__:")?;
            (said == "set").then(|| key.to_owned())
        };
        self.read().iter().filter_map(key).collect()
    }

    fn read(&mut self) -> &[(String, String)] {
        redis::cmd("PUBLISH").arg("marker").arg("").exec(&mut self.marker).unwrap();
        loop {
            let told = self.told.recv_timeout(Duration::from_secs(10)).expect("the marker");
            if told.0 == "marker" {
                return &self.all;
            }
            self.all.push(told);
        }
    }
}
