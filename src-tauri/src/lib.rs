//! The Slipway desktop window.
