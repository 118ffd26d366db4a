//! The model hub: what a repository holds, and the token for what is not for everybody.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use slipway_fetch::{Fetcher, Hub};
use slipway_protocol::{
    ErrorCode, HubChoice, HubListing, HubModel, HubQuery, HubTokenSet, Nothing, RequestId,
    TaskKind, TaskRef, TaskResult, Text,
};

use super::request::check_hub_model;
use super::script::{HubToken, ScriptRun, Subcommand};
use crate::fault::Fault;
use crate::fault_text::script_fault;
use crate::host::Machine;
use crate::program::Program;
use crate::secrets::SecretName;
use crate::tasks::TaskContext;

/// The script's answer to `hub`.
#[derive(Deserialize)]
struct Told {
    repo: String,
    commit: String,
    gated: bool,
    private: bool,
    choices: Vec<ToldChoice>,
}

#[derive(Deserialize)]
struct ToldChoice {
    file: Option<String>,
    quantisation: Option<String>,
    size: u64,
    parts: u32,
}

impl Program {
    /// Lists the files of a model of the hub: asked from the host that would serve it, or from this
    /// computer if the host has no way there.
    pub async fn hub_list(&self, query: HubQuery) -> Result<TaskRef, Fault> {
        let (repo, revision) = (query.repo.trim().to_owned(), query.revision.clone());
        check_hub_model(&HubModel { repo: repo.clone(), file: None, revision: revision.clone() })?;
        let host = self.store().hosts().get(&query.host_id).await?;
        let subject = self.host_subject(TaskKind::Hub, &host.id);
        let program = self.clone();
        let body = move |context: TaskContext| async move {
            let hub =
                Hub { base_url: program.settings().hub_url, token: program.hub_token().await };
            // Without an open way nobody is asked for a password just to see a list.
            let open = match host.id.is_local() {
                true => Some(Machine::Local),
                false => program.connections().machine(&host.id),
            };
            if let Some(machine) = open {
                let run = ScriptRun::new(&context, &machine, program.script_root(&host));
                let params =
                    json!({ "repo": repo, "revision": revision, "base_url": hub.base_url });
                let token = HubToken(hub.token.as_ref());
                match run.over_stdin_with(Subcommand::Hub, params, token, |_| ()).await {
                    Ok(data) => return Ok(TaskResult::Hub(told(data)?)),
                    Err(fault) if lasts(fault.code) => return Err(fault),
                    Err(fault) => {
                        tracing::info!(target: "deploy", "the hub is asked from here: {fault}");
                    }
                }
            }
            let fetcher = Fetcher::new()?;
            let asking = async { Ok(fetcher.hub_listing(&hub, &repo, revision.as_deref()).await?) };
            let listing = context.unless_cancelled(asking).await?;
            let choices = listing.choices.into_iter().map(|choice| HubChoice {
                file: choice.file,
                quantisation: choice.quantisation,
                bytes: choice.bytes,
                parts: u32::try_from(choice.parts.len()).unwrap_or(u32::MAX),
            });
            Ok(TaskResult::Hub(HubListing {
                choices: choices.collect(),
                repo: listing.repo,
                commit: listing.commit,
                gated: listing.gated,
                private: listing.private,
                from_here: true,
            }))
        };
        let request_id = self.executor().submit(RequestId::new(), subject, &[], body)?;
        Ok(TaskRef { request_id })
    }

    /// Keeps the hub's token in the keychain, or forgets it.
    pub async fn hub_token_set(&self, set: HubTokenSet) -> Result<Nothing, Fault> {
        let name = SecretName::hub_token();
        match set.token.map(|token| token.trim().to_owned()) {
            None => {
                self.secrets().forget(&name).await;
                let _ = std::fs::remove_file(self.dir().hub_token_mark());
            }
            Some(token) => {
                let odd = |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii();
                if token.is_empty() || token.len() > 500 || token.chars().any(odd) {
                    return Err(Fault::invalid(
                        Text::new("This is not a token of a hub.", "Это не токен хаба."),
                        Text::new("Copy it again, in one piece.", "Скопируйте его заново целиком."),
                    ));
                }
                let token = SecretString::from(token);
                self.secrets().accept(&name, &token);
                self.secrets().put(&name, &token).await;
                let _ = std::fs::write(self.dir().hub_token_mark(), "");
            }
        }
        Ok(Nothing {})
    }

    /// The hub's token, if one is kept.
    pub(crate) async fn hub_token(&self) -> Option<SecretString> {
        if !self.dir().hub_token_mark().exists() {
            return None;
        }
        self.secrets().get(&SecretName::hub_token()).await
    }
}

/// What another way to the hub would not change.
fn lasts(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::ModelGated
            | ErrorCode::HubTokenRefused
            | ErrorCode::ModelNotFound
            | ErrorCode::Cancelled
    )
}

fn told(data: serde_json::Value) -> Result<HubListing, Fault> {
    let told: Told = serde_json::from_value(data)
        .map_err(|error| script_fault("script_failed", &error.to_string(), &Default::default()))?;
    let choices = told.choices.into_iter().map(|choice| HubChoice {
        file: choice.file,
        quantisation: choice.quantisation,
        bytes: choice.size,
        parts: choice.parts,
    });
    Ok(HubListing {
        choices: choices.collect(),
        repo: told.repo,
        commit: told.commit,
        gated: told.gated,
        private: told.private,
        from_here: false,
    })
}
