//! What the values mean: checks and small changes on JSON text, without building trees of it.
//!
//! Everything here takes text that came from a disk or a server and may be anything.

mod compact;
mod credentials;
mod digest;
mod flow_difference;
mod flow_entries;
mod flows;
pub mod history;
mod json;
mod library;
mod library_path;
mod settings;
mod well_formed;

pub use compact::compact;
pub use credentials::credentials_text;
pub use digest::sha256_hex;
pub use flow_difference::{FlowDifference, Run, flow_difference};
pub use flow_entries::entries_with;
pub use flows::{FlowsText, flows_text};
pub use json::object_text;
pub(crate) use json::{Text, broken, check_nesting, members, not_expected};
pub use library::{LibraryEntry, library_entry, library_file, library_list_item};
pub use library_path::{check_library_path, check_library_type, normal_library_path};
pub use settings::{shared_secret, shared_settings};
