//! Several replicas and a server, in any order.
