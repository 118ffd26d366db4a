//! The first steps of a deploy: the host looked at, its directory made, what it needs uploaded.

use slipway_protocol::{BroughtPart, DeployStep, ErrorCode, ErrorFacts, ModelSource, Text};

use super::{Deploy, is_ssh};
use crate::deploy::bare_host::{self, BareHost};
use crate::deploy::bring::{self, Bringer};
use crate::deploy::plan::{self, Depth, Planned};
use crate::deploy::preflight;
use crate::deploy::request::{model_words, without_secrets};
use crate::deploy::script::{InstalledScript, SCRIPT};
use crate::fault::Fault;
use crate::host::Machine;

impl Deploy<'_> {
    /// Step 2.
    pub(super) async fn check(&mut self, machine: &Machine) -> Result<(), Fault> {
        if self.planned.is_some() {
            return Ok(());
        }
        self.steps.begin(DeployStep::Check);
        let planned = match self.plan(machine).await {
            Err(fault) if fault.code == ErrorCode::PythonMissing && is_ssh(machine) => {
                self.bring_python(machine).await?;
                self.plan(machine).await?
            }
            planned => planned?,
        };
        let stopping = preflight::obstacles(&planned.probed.report, &self.request.overrides);
        if let Some(first) = stopping.first() {
            let fault = planned.probed.fault_of(first);
            let facts = ErrorFacts::Preflight(stopping.into_iter().cloned().collect());
            return Err(fault.with_facts(facts));
        }
        let report = &planned.probed.report;
        let label = &planned.plan.engine_label;
        let detail = Text::verbatim(format!("{}, {}; {label}", report.os, report.arch));
        let asks: Vec<_> = planned
            .plan
            .brought
            .iter()
            // Nobody has to be asked about a file that was chosen for it.
            .filter(|_| !matches!(self.request.model, ModelSource::LocalFile(_)))
            .cloned()
            .collect();
        if !asks.is_empty() && !self.agreed {
            let directory = &planned.plan.directory;
            bring::ask(self.context, self.host, self.request, asks, directory).await?;
            self.agreed = true;
        }
        self.planned = Some(planned);
        self.steps.done(Some(detail));
        Ok(())
    }

    pub(super) async fn plan(&self, machine: &Machine) -> Result<Planned, Fault> {
        let known = self.program.store().deployments().get(&self.host.id).await?;
        let same = known.is_some_and(|deployment| {
            deployment.source == without_secrets(&self.request.model)
                && deployment.choice == self.request.engine
        });
        let depth = if same { Depth::Known } else { Depth::Full };
        let making =
            plan::make(self.program, self.context, machine, self.host, self.request, depth);
        self.context.unless_cancelled(making).await
    }

    pub(super) async fn bring_python(&mut self, machine: &Machine) -> Result<(), Fault> {
        let root = self.program.root_for(self.host, self.request);
        let bare: BareHost = bare_host::look(machine, root).await?;
        // What cannot be brought is said before anybody is asked.
        bare.build()?;
        let parts = bare.parts(self.request);
        bring::ask(self.context, self.host, self.request, parts, &bare.root).await?;
        self.agreed = true;
        let (program, context) = (self.program, self.context);
        let bringer = Bringer { program, context, machine, root: &bare.root, served: None };
        bringer.python(&bare, &mut self.steps).await
    }

    /// Step 3.
    pub(super) async fn make_directory(&mut self, machine: &Machine) -> Result<(), Fault> {
        if self.script.is_some() {
            return Ok(());
        }
        self.steps.begin(DeployStep::Directory);
        let root = self.plan_now()?.plan.directory.clone();
        let script = InstalledScript::below(&root);
        machine.make_dir_all(script.directory()).await?;
        self.script = Some(script);
        self.steps.done(Some(Text::verbatim(root)));
        Ok(())
    }

    pub(super) fn plan_now(&self) -> Result<&Planned, Fault> {
        self.planned.as_ref().ok_or_else(|| Fault::internal("no plan yet"))
    }

    pub(super) fn script_now(&self) -> Result<InstalledScript, Fault> {
        self.script.clone().ok_or_else(|| Fault::internal("no directory yet"))
    }

    /// Step 4.
    pub(super) async fn upload(&mut self, machine: &Machine) -> Result<(), Fault> {
        if self.model.is_some() {
            return Ok(());
        }
        self.steps.begin(DeployStep::Upload);
        let script = self.script_now()?;
        if !self.script_is_there {
            script.forget_cut_uploads(machine).await?;
            let label = Text::new("Uploading the script", "Загрузка скрипта");
            let steps = &mut self.steps;
            let upload = script.upload(machine, |done, total| {
                steps.activity(label.clone(), Some((done, Some(total))));
            });
            self.context.unless_cancelled(upload).await?;
            self.script_is_there = true;
        }
        let planned = self.plan_now()?;
        let root = planned.plan.directory.clone();
        let brings_model = planned.brings(BroughtPart::Model);
        let wheel = planned
            .brings(BroughtPart::Engine)
            .then(|| planned.probed.facts.engine_wheel.clone())
            .flatten();
        let index = planned.probed.facts.index_address.clone();
        let served = planned.probed.facts.served().cloned();
        let brought_before = planned.brought_before();
        let (program, context) = (self.program, self.context);
        let bringer = Bringer { program, context, machine, root: &root, served: served.as_ref() };
        if let (Some(wheel), None) = (wheel, &self.wheels) {
            let folder = bringer.engine(&wheel, index.as_deref(), &mut self.steps).await?;
            self.wheels = Some(folder);
        }
        let model = match &self.request.model {
            ModelSource::LocalFile(path) if is_ssh(machine) => {
                bringer.local_file(path, &mut self.steps).await?
            }
            source if brings_model => bringer.model(source, &mut self.steps).await?,
            source => brought_before.unwrap_or_else(|| {
                let hub_url = self.program.settings().hub_url;
                model_words(source, self.host.id.is_local(), &hub_url).unwrap_or_default()
            }),
        };
        self.model = Some(model);
        let size = SCRIPT.len() / 1000;
        self.steps.done(Some(Text::new(
            format!("{size} KB, SHA-256 matches"),
            format!("{size} КБ, SHA-256 совпадает"),
        )));
        Ok(())
    }
}
