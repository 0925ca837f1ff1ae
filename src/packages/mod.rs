//! What the package list says and what follows from it; nothing here reads a disk or runs npm.

mod difference;
mod file_name;
mod installed;
mod list;
mod name;
mod policy;
mod range;
mod semver;
mod version;

pub use difference::{Difference, Wanted, difference};
pub use installed::{Dependencies, Installed, Skipped};
pub use list::{MOST_TEXT, PackageList};
pub use name::check_name;
pub use policy::Policy;
pub use version::{check_version, fits, is_exact, satisfies};
