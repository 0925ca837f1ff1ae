//! Node-API link flags.

fn main() {
    napi_build::setup();
}
