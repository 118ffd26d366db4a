//! Everything that this computer downloads for a host: files, and where they are to be had.
//!
//! [`Fetcher::file`] brings a file of any size to this computer's disk; a download that was cut off
//! goes on at the byte where it stopped, in this run of the program or in a later one.
//! [`Fetcher::index_file`] finds a file of a Python package in an index, [`Fetcher::hub_listing`] the
//! models of a repository of a hub.
//!
//! Every wait ends: see [`Patience`]. Dropping the future of a call cancels it.

mod address;
mod download;
mod error;
mod fetcher;
mod hub;
mod hub_listing;
mod index;
mod index_page;
mod index_setting;
mod part;
mod quantisation;
mod range;
mod retries;
mod source;

pub use error::{Error, Result};
pub use fetcher::{Fetcher, Patience};
pub use hub::{DEFAULT_HUB, Hub, configured_hub};
pub use hub_listing::{HubChoice, HubFile, HubListing, ModelFormat};
pub use index::IndexFile;
pub use index_setting::configured_index;
pub use source::{Expected, Fetched, Source};
