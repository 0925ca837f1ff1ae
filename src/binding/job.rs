//! Changes of the palette that the running Node-RED is to make, for JavaScript.

use napi_derive::napi;

use crate::role::packages;

/// One change of the palette; its number is to be given back with what came of it.
#[napi(discriminant = "task", discriminant_case = "lowercase", object_from_js = false)]
pub enum Job {
    /// Take the types of these modules away.
    Remove { id: u32, names: Vec<String> },
    /// Load these modules.
    Load { id: u32, packages: Vec<PackageOnDisk> },
}

/// A package whose files are on disk.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct PackageOnDisk {
    /// Its name.
    pub name: String,
    /// The version that is installed now.
    pub version: String,
    /// The version that was installed before, for an upgrade.
    pub from: Option<String>,
}

/// What came of a job. Of a load, what is in neither `loaded` nor `restart` is tried again.
#[napi(object, object_to_js = false)]
pub struct JobOutcome {
    /// Modules that are gone, or never were loaded.
    pub removed: Option<Vec<String>>,
    /// Modules that the running flows use.
    pub in_use: Option<Vec<String>>,
    /// Modules that were loaded.
    pub loaded: Option<Vec<String>>,
    /// Modules of which another version runs until the next start.
    pub restart: Option<Vec<RestartNeeded>>,
    /// Modules that could not be loaded or taken away; the log has said so.
    pub failed: Option<Vec<JobFailure>>,
}

/// A module of which another version runs until the next start.
#[napi(object, object_to_js = false)]
pub struct RestartNeeded {
    /// Its name.
    pub name: String,
}

/// A module that could not be loaded or taken away.
#[napi(object, object_to_js = false)]
pub struct JobFailure {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Trying again would end the same until other packages are installed, or flows let go of some.
    pub lasting: Option<bool>,
}

impl From<packages::Job> for Job {
    fn from(packages::Job { id, task }: packages::Job) -> Self {
        match task {
            packages::Task::Remove(names) => Self::Remove { id, names },
            packages::Task::Load(loads) => {
                let packages = loads
                    .into_iter()
                    .map(|packages::Load { name, version, from }| PackageOnDisk {
                        name,
                        version,
                        from,
                    })
                    .collect();
                Self::Load { id, packages }
            }
        }
    }
}

impl From<JobOutcome> for packages::Outcome {
    fn from(outcome: JobOutcome) -> Self {
        let JobOutcome { removed, in_use, loaded, restart, failed } = outcome;
        let names = |names: Option<Vec<String>>| names.into_iter().flatten().collect();
        Self {
            removed: names(removed),
            in_use: names(in_use),
            loaded: names(loaded),
            restart: restart.into_iter().flatten().map(|one| one.name).collect(),
            failed: failed
                .into_iter()
                .flatten()
                .map(|JobFailure { name, reason, lasting }| packages::Failed {
                    name,
                    reason,
                    lasting: lasting.unwrap_or(false),
                })
                .collect(),
        }
    }
}
