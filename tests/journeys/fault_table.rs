//! The fault table: every step of a deploy meets every fault. Whatever the fault, the task ends once
//! and says how, what was served before can be served again, and the same deploy works afterwards
//! without anybody cleaning up. Each cell is a test with a machine of its own.

mod aftermath;
mod cell;
mod fault;
mod frozen;
mod killed;

use slipway_protocol::DeployStep;

use cell::run;
use fault::Fault;

/// The cells of a step.
macro_rules! row {
    ($name:ident, $step:ident) => {
        mod $name {
            use super::{DeployStep, Fault, killed, run};

            #[tokio::test(flavor = "multi_thread")]
            async fn cancel() {
                run(DeployStep::$step, Fault::Cancel).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn link() {
                run(DeployStep::$step, Fault::Link).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn reboot() {
                run(DeployStep::$step, Fault::Reboot).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn disk() {
                run(DeployStep::$step, Fault::Disk).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn killed_app() {
                killed::run(DeployStep::$step).await;
            }
        }
    };
}

row!(connect, Connect);
row!(check, Check);
row!(directory, Directory);
row!(upload, Upload);
row!(run_engine, Run);
row!(verify, Verify);
row!(finish, Finish);
