//! Hosts.

use slipway_core::{Fault, Program};
use slipway_protocol::{
    Host, HostAdd, HostKeep, HostRef, HostRename, HostSuggestion, HostView, Nothing,
};

use super::Answer;

pub(super) async fn host_list(program: Program, _: Nothing) -> Answer<Vec<HostView>> {
    program.host_list().await.map_err(Fault::into_info)
}

pub(super) async fn host_add(program: Program, add: HostAdd) -> Answer<Host> {
    program.host_add(add).await.map_err(Fault::into_info)
}

pub(super) async fn host_rename(program: Program, rename: HostRename) -> Answer<Host> {
    program.host_rename(rename).await.map_err(Fault::into_info)
}

pub(super) async fn host_remove(program: Program, host: HostRef) -> Answer<Nothing> {
    program.host_remove(host).await.map_err(Fault::into_info)?;
    Ok(Nothing {})
}

pub(super) async fn host_restore(program: Program, host: HostRef) -> Answer<Host> {
    program.host_restore(host).await.map_err(Fault::into_info)
}

pub(super) async fn host_keep(program: Program, keep: HostKeep) -> Answer<Host> {
    program.host_keep(keep).await.map_err(Fault::into_info)
}

pub(super) async fn host_suggestions(program: Program, _: Nothing) -> Answer<Vec<HostSuggestion>> {
    Ok(program.host_suggestions().await)
}
