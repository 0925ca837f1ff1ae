//! What the server is asked, by `MONITOR`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::server::Server;

/// Every command that the server runs, from the start of this value on.
pub struct Monitor {
    lines: Arc<Mutex<Vec<String>>>,
    stream: TcpStream,
    marker: redis::Connection,
}

impl Monitor {
    /// Returns when nothing can be missed any more.
    pub fn start(server: &Server) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        assert_eq!(first.trim(), "+OK");
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { lines, stream, marker: server.admin() }
    }

    /// The names of all commands so far, in lower case, that came from elsewhere than from the
    /// connection `own`.
    pub fn commands(&mut self, own: &mut redis::Connection) -> Vec<String> {
        let info: String = redis::cmd("CLIENT").arg("INFO").query(own).unwrap();
        let own = info.split(' ').find_map(|part| part.strip_prefix("addr=")).unwrap().to_owned();
        let lines = self.take();
        let others = lines.iter().filter(|line| !line.contains(&own));
        others.filter_map(|line| line.split('"').nth(1)).map(str::to_lowercase).collect()
    }

    /// What the connections with this name, which must still be open, have sent since the last call and
    /// waited for the answer of: commands in lower case, each with its first key or channel; those of a
    /// transaction as one. Without heartbeats, and what is sent before a connection has its name.
    pub fn trips(&mut self, name: &str) -> Vec<String> {
        let clients: String = redis::cmd("CLIENT").arg("LIST").query(&mut self.marker).unwrap();
        let named = clients.lines().filter(|line| line.contains(&format!(" name={name} ")));
        let address = |line: &str| {
            line.split(' ').find_map(|part| part.strip_prefix("addr=").map(str::to_owned))
        };
        let addresses: Vec<String> = named.filter_map(address).collect();
        let lines = self.take();
        let mut trips = Vec::new();
        for address in addresses {
            let mut open: Option<Vec<String>> = None;
            for line in lines.iter().filter(|line| line.contains(&format!(" {address}]"))) {
                let words: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
                let command = words.first().copied().unwrap_or_default().to_lowercase();
                match command.as_str() {
                    "ping" | "hello" | "client" | "auth" | "select" => {}
                    "multi" => open = Some(Vec::new()),
                    "exec" => trips.push(open.take().unwrap_or_default().join(", ")),
                    _ => {
                        let key = if command.starts_with("eval") { 3 } else { 1 };
                        let trip = format!("{command} {}", words.get(key).unwrap_or(&""));
                        match &mut open {
                            Some(open) => open.push(trip),
                            None => trips.push(trip),
                        }
                    }
                }
            }
        }
        trips
    }

    /// The lines so far.
    fn take(&mut self) -> Vec<String> {
        redis::cmd("ECHO").arg("the end of it").exec(&mut self.marker).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.lines.lock().unwrap().iter().any(|line| line.contains("the end of it")) {
            assert!(Instant::now() < deadline, "the server does not show the marker");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut lines = std::mem::take(&mut *self.lines.lock().unwrap());
        lines.retain(|line| !line.contains("the end of it"));
        lines
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}
