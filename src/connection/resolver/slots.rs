//! What nodes of a cluster say about slots.

use super::dialogue::endpoint_of;
use crate::config::Endpoint;
use crate::connection::reply::Reply;

/// What is of interest in `CLUSTER SLOTS`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SlotMap {
    /// The master that serves our slot.
    pub(super) owner: Option<Endpoint>,
    /// Every node, masters before replicas.
    pub(super) nodes: Vec<Endpoint>,
}

/// Reads the reply of `asked` to `CLUSTER SLOTS`; `None` when it is none.
pub(super) fn read_slots(reply: &Reply, slot: u16, asked: &Endpoint) -> Option<SlotMap> {
    let Reply::Many(ranges) = reply else { return None };
    let mut owner = None;
    let (mut masters, mut replicas) = (Vec::new(), Vec::new());
    for range in ranges {
        let Reply::Many(parts) = range else { continue };
        let [Reply::Integer(first), Reply::Integer(last), nodes @ ..] = parts.as_slice() else {
            continue;
        };
        let mut nodes = nodes.iter().map(|node| address(node, asked));
        let Some(master) = nodes.next().flatten() else { continue };
        if (*first..=*last).contains(&i64::from(slot)) {
            owner = Some(master.clone());
        }
        push_new(&mut masters, master);
        for replica in nodes.flatten() {
            push_new(&mut replicas, replica);
        }
    }
    for replica in replicas {
        push_new(&mut masters, replica);
    }
    Some(SlotMap { owner, nodes: masters })
}

fn push_new(list: &mut Vec<Endpoint>, endpoint: Endpoint) {
    if !list.contains(&endpoint) {
        list.push(endpoint);
    }
}

/// One node: preferred host, port, id, … A node that does not know its own name says nothing, and
/// is meant to be reached under the host that was asked.
fn address(node: &Reply, asked: &Endpoint) -> Option<Endpoint> {
    let Reply::Many(parts) = node else { return None };
    let [host, Reply::Integer(port), ..] = parts.as_slice() else { return None };
    let port = u16::try_from(*port).ok().filter(|port| *port > 0)?;
    match (host.text(), asked) {
        (Some(host), _) if !host.is_empty() => endpoint_of(host, port.to_string().as_bytes()),
        (_, Endpoint::Tcp { host, .. }) => Some(Endpoint::Tcp { host: host.clone(), port }),
        _ => None,
    }
}

/// Where `MOVED <slot> <host>:<port>` leads to, when it concerns this slot and names a host.
pub(super) fn moved_to(words: &str, slot: u16) -> Option<Endpoint> {
    redirected("MOVED", words, slot)
}

/// The same of `ASK <slot> <host>:<port>`.
pub(super) fn asked_at(words: &str, slot: u16) -> Option<Endpoint> {
    redirected("ASK", words, slot)
}

fn redirected(code: &str, words: &str, slot: u16) -> Option<Endpoint> {
    let mut words = words.split(' ');
    if words.next() != Some(code) || words.next()?.parse() != Ok(slot) {
        return None;
    }
    let (host, port) = words.next()?.rsplit_once(':')?;
    endpoint_of(host.as_bytes(), port.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Endpoint {
        Endpoint::Tcp { host: host.into(), port }
    }

    fn node(host: Option<&str>, port: i64) -> Reply {
        let host = host.map_or(Reply::Other, |host| Reply::Text(host.as_bytes().to_vec()));
        Reply::Many(vec![host, Reply::Integer(port), Reply::Text(b"id".to_vec())])
    }

    fn range(first: i64, last: i64, nodes: Vec<Reply>) -> Reply {
        let mut parts = vec![Reply::Integer(first), Reply::Integer(last)];
        parts.extend(nodes);
        Reply::Many(parts)
    }

    #[test]
    fn the_owner_and_all_nodes_are_read() {
        let reply = Reply::Many(vec![
            range(0, 100, vec![node(Some("a"), 1), node(Some("d"), 4)]),
            range(101, 200, vec![node(Some("b"), 2), node(Some("?"), 5)]),
            range(201, 300, vec![node(Some("a"), 1)]),
            range(301, 400, vec![node(None, 3)]),
            Reply::Other,
            range(401, 500, vec![]),
        ]);
        let asked = tcp("asked", 9);
        let read = |slot| read_slots(&reply, slot, &asked).expect("slots");
        assert_eq!(read(101).owner, Some(tcp("b", 2)));
        assert_eq!(read(250).owner, Some(tcp("a", 1)));
        assert_eq!(read(400).owner, Some(tcp("asked", 3)));
        assert_eq!(read(450).owner, None);
        let nodes = [tcp("a", 1), tcp("b", 2), tcp("asked", 3), tcp("d", 4)];
        assert_eq!(read(0).nodes, nodes);
        assert_eq!(read_slots(&Reply::Error("NOPERM".into()), 0, &asked), None);
    }

    #[test]
    fn moved_leads_on() {
        assert_eq!(moved_to("MOVED 7 10.0.0.1:6380", 7), Some(tcp("10.0.0.1", 6380)));
        assert_eq!(moved_to("MOVED 7 ::1:6380", 7), Some(tcp("::1", 6380)));
        for words in
            ["MOVED 8 a:1", "ASK 7 a:1", "MOVED 7 :1", "MOVED 7 a:0", "MOVED 7", "", "MOVED"]
        {
            assert_eq!(moved_to(words, 7), None, "{words}");
        }
        assert_eq!(asked_at("ASK 7 10.0.0.1:6380", 7), Some(tcp("10.0.0.1", 6380)));
        assert_eq!(asked_at("MOVED 7 10.0.0.1:6380", 7), None);
    }
}
