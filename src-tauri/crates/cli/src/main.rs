//! slipway: the same program without a window.
fn main() {}
