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
        redis::cmd("ECHO").arg("the end of it").exec(&mut self.marker).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.lines.lock().unwrap().iter().any(|line| line.contains("the end of it")) {
            assert!(Instant::now() < deadline, "the server does not show the marker");
            std::thread::sleep(Duration::from_millis(5));
        }
        let lines = std::mem::take(&mut *self.lines.lock().unwrap());
        lines
            .iter()
            .filter(|line| !line.contains(&own) && !line.contains("the end of it"))
            .filter_map(|line| line.split('"').nth(1))
            .map(str::to_lowercase)
            .collect()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}
