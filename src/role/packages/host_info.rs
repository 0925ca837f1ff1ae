//! What only JavaScript knows of the Node-RED it runs in.

use std::collections::BTreeSet;
use std::time::Duration;

/// How npm is run here, and what it may install.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostInfo {
    /// The npm that Node-RED itself uses.
    pub npm: NpmCommand,
    /// `externalModules.palette.allowList` of settings.js.
    pub allow_list: Option<Vec<String>>,
    /// `externalModules.palette.denyList` of settings.js.
    pub deny_list: Option<Vec<String>>,
    /// Names that are neither installed nor removed nor published: this module, Node-RED, what
    /// `storageModule` and `contextStorage` name.
    pub excluded: BTreeSet<String>,
    /// How long npm may work on a list when another one is stored; 30 s if `None`.
    pub run_grace: Option<Duration>,
}

/// How a program is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NpmCommand {
    /// The program, e.g. `npm` or the path of Node.js.
    pub program: String,
    /// What comes before npm's own arguments, e.g. the path of `npm-cli.js`.
    pub args: Vec<String>,
}
