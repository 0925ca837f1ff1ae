//! What `node_modules` holds, package by package, to tell afterwards what an interrupted run has
//! touched.
