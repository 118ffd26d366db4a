//! Tasks on hosts: check, diagnose, deploy, uninstall, connect.

use slipway_core::{Fault, Program};
use slipway_protocol::{ConnectionHistory, DeployRequest, HostRef, Nothing, TaskRef};

use super::Answer;

pub(super) async fn host_check(program: Program, host: HostRef) -> Answer<TaskRef> {
    program.host_check(host).await.map_err(Fault::into_info)
}

pub(super) async fn host_diagnose(program: Program, host: HostRef) -> Answer<TaskRef> {
    program.host_diagnose(host).await.map_err(Fault::into_info)
}

pub(super) async fn deploy_start(program: Program, request: DeployRequest) -> Answer<TaskRef> {
    program.deploy_start(request).await.map_err(Fault::into_info)
}

pub(super) async fn uninstall_start(program: Program, host: HostRef) -> Answer<TaskRef> {
    program.uninstall_start(host).await.map_err(Fault::into_info)
}

pub(super) async fn connect_start(program: Program, host: HostRef) -> Answer<TaskRef> {
    program.connect_start(host).await.map_err(Fault::into_info)
}

pub(super) async fn connect_stop(program: Program, host: HostRef) -> Answer<Nothing> {
    program.connect_stop(&host);
    Ok(Nothing {})
}

pub(super) async fn connection_history(
    program: Program,
    host: HostRef,
) -> Answer<ConnectionHistory> {
    Ok(program.connection_history(&host))
}
