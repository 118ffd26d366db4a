//! Conversations in and out.

mod archive;
mod chatgpt;
mod foreign;
mod ids;
mod open_webui;
mod problem;
mod reading;
mod scan;
mod slipway;
mod surrogates;
mod tree;
