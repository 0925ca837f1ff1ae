//! Keys by a pattern: for what no index tells.

use redis::Value;

use super::Store;
use super::reply::{plain_text, text_list};
use crate::error::Result;

/// Keys that the server looks at for one answer.
const PAGE: usize = 1000;

impl Store {
    /// Every key that matches, some of them twice, as `SCAN` has it. It goes over all keys of the
    /// server: nothing for answering a call.
    pub(super) async fn scan(&self, pattern: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(&cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(PAGE);
            let Value::Array(reply) = self.connection().command(&scan).await? else { break };
            let [next, page] = reply.as_slice() else { break };
            found.extend(text_list(page.clone()));
            cursor = plain_text(next).unwrap_or_else(|| "0".into());
            if cursor == "0" {
                break;
            }
        }
        Ok(found)
    }
}
