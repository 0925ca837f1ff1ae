//! What only JavaScript knows of the Node-RED it runs in.

use napi_derive::napi;

use crate::role::packages;

/// How npm is run here, and what it may install.
#[napi(object, object_to_js = false)]
pub struct HostInfo {
    /// The npm that Node-RED itself uses.
    pub npm: NpmCommand,
    /// `externalModules.palette.allowList` of settings.js.
    pub allow_list: Option<Vec<String>>,
    /// `externalModules.palette.denyList` of settings.js.
    pub deny_list: Option<Vec<String>>,
    /// Names that are neither installed nor removed nor published.
    pub excluded: Vec<String>,
}

/// How npm is called.
#[napi(object, object_to_js = false)]
pub struct NpmCommand {
    /// The program, e.g. `npm` or the path of Node.js.
    pub program: String,
    /// What comes before npm's own arguments.
    pub args: Vec<String>,
}

impl From<HostInfo> for packages::HostInfo {
    fn from(info: HostInfo) -> Self {
        let HostInfo { npm: NpmCommand { program, args }, allow_list, deny_list, excluded } = info;
        Self {
            npm: packages::NpmCommand { program, args },
            allow_list,
            deny_list,
            excluded: excluded.into_iter().collect(),
            run_grace: None,
        }
    }
}
