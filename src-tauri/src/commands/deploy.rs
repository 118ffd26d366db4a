//! Tasks on hosts: check, diagnose, plan, deploy, upkeep, connect.

use slipway_core::{Fault, Program};
use slipway_protocol::{
    CleanRequest, ConnectionHistory, DeployRequest, EngineLogRequest, HostRef, HubQuery,
    HubTokenSet, Nothing, RollbackRequest, TaskRef, UninstallRequest,
};

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

pub(super) async fn deploy_plan(program: Program, request: DeployRequest) -> Answer<TaskRef> {
    program.deploy_plan(request).await.map_err(Fault::into_info)
}

pub(super) async fn hub_list(program: Program, query: HubQuery) -> Answer<TaskRef> {
    program.hub_list(query).await.map_err(Fault::into_info)
}

pub(super) async fn hub_token_set(program: Program, set: HubTokenSet) -> Answer<Nothing> {
    program.hub_token_set(set).await.map_err(Fault::into_info)
}

pub(super) async fn versions_list(program: Program, host: HostRef) -> Answer<TaskRef> {
    program.versions_list(host).await.map_err(Fault::into_info)
}

pub(super) async fn rollback_start(program: Program, request: RollbackRequest) -> Answer<TaskRef> {
    program.rollback_start(request).await.map_err(Fault::into_info)
}

pub(super) async fn clean_start(program: Program, request: CleanRequest) -> Answer<TaskRef> {
    program.clean_start(request).await.map_err(Fault::into_info)
}

pub(super) async fn engine_log_start(
    program: Program,
    request: EngineLogRequest,
) -> Answer<TaskRef> {
    program.engine_log_start(request).await.map_err(Fault::into_info)
}

pub(super) async fn engine_stop_start(program: Program, host: HostRef) -> Answer<TaskRef> {
    program.engine_stop_start(host).await.map_err(Fault::into_info)
}

pub(super) async fn uninstall_start(
    program: Program,
    request: UninstallRequest,
) -> Answer<TaskRef> {
    program.uninstall_start(request).await.map_err(Fault::into_info)
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
