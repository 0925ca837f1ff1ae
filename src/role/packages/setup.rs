//! What JavaScript knows of the Node-RED it runs in.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::error::{Error, Result};

/// How npm is run here, and what it may install.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Setup {
    /// The npm that Node-RED itself uses.
    pub(super) npm: NpmCommand,
    /// `externalModules.palette.allowList` of settings.js.
    pub(super) allow_list: Option<Vec<String>>,
    /// `externalModules.palette.denyList` of settings.js.
    pub(super) deny_list: Option<Vec<String>>,
    /// Names that are neither installed nor removed nor published: this module, Node-RED, what
    /// `storageModule` and `contextStorage` name.
    pub(super) excluded: BTreeSet<String>,
    /// How long npm may work on a list when another one is stored, in ms; 30 s when left out.
    #[serde(default)]
    pub(super) run_grace: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NpmCommand {
    /// The program, e.g. `npm` or the path of Node.js.
    pub(super) program: String,
    /// What comes before npm's own arguments, e.g. the path of `npm-cli.js`.
    pub(super) args: Vec<String>,
}

impl Setup {
    /// Reads `{npm: {program, args}, allowList, denyList, excluded}`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::Internal(format!("setup of packages: {error}")))
    }
}
