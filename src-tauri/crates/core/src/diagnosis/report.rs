//! The findings of a diagnosis, told as they are made.

use std::time::Instant;

use slipway_protocol::{DiagnosisLink, ErrorInfo, LinkFinding, LinkState, Progress, Text};

use crate::clock::elapsed_ms;
use crate::fault::{Fault, Noted};
use crate::tasks::TaskContext;

/// All links, in the order in which they are looked at.
const LINKS: [DiagnosisLink; 9] = [
    DiagnosisLink::Network,
    DiagnosisLink::Name,
    DiagnosisLink::Port,
    DiagnosisLink::Ssh,
    DiagnosisLink::Login,
    DiagnosisLink::Forwarding,
    DiagnosisLink::Engine,
    DiagnosisLink::Health,
    DiagnosisLink::Model,
];

/// Collects findings; the time of each runs from the one before.
pub(super) struct Report<'a> {
    context: &'a TaskContext,
    links: Vec<LinkFinding>,
    began: Instant,
}

impl<'a> Report<'a> {
    pub(super) fn new(context: &'a TaskContext) -> Self {
        Self { context, links: Vec::new(), began: Instant::now() }
    }

    /// A link that holds, or does not matter.
    pub(super) fn found(&mut self, link: DiagnosisLink, state: LinkState, message: Text) {
        self.add(link, state, message, None);
    }

    /// The broken link; it may have looked good before.
    pub(super) fn broken(&mut self, link: DiagnosisLink, fault: &Fault) {
        let info = fault.noted(Noted::Diagnosis);
        self.add(link, LinkState::Broken, info.message.clone(), Some(info));
    }

    /// Whether a link was looked at already.
    pub(super) fn has(&self, link: DiagnosisLink) -> bool {
        self.links.iter().any(|found| found.link == link)
    }

    /// All links; those behind the broken one were not looked at.
    pub(super) fn finish(mut self) -> Vec<LinkFinding> {
        for link in LINKS {
            if !self.has(link) {
                self.began = Instant::now();
                let message = Text::new(
                    "Not looked at: an earlier link is broken.",
                    "Не проверялось: нарушено предыдущее звено.",
                );
                self.found(link, LinkState::Skipped, message);
            }
        }
        self.links.sort_by_key(|found| LINKS.iter().position(|link| *link == found.link));
        self.links
    }

    fn add(
        &mut self,
        link: DiagnosisLink,
        state: LinkState,
        message: Text,
        fault: Option<ErrorInfo>,
    ) {
        let took_ms = elapsed_ms(self.began);
        self.began = Instant::now();
        let finding = LinkFinding { link, state, message, fault, took_ms };
        self.context.progress(Progress::Link(finding.clone()));
        self.links.retain(|found| found.link != link);
        self.links.push(finding);
    }
}
