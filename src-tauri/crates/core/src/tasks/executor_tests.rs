//! The executor's promises, checked on real tokio tasks.

use std::sync::Arc;
use std::time::Duration;

use slipway_protocol::{
    ErrorCode, HostId, Progress, RequestId, SessionId, TaskBody, TaskKind, TaskResult, TaskState,
    TaskSubject, Uninstalled,
};

use super::TaskExecutor;
use crate::bus::Bus;
use crate::fault::Fault;
use crate::prompts::Prompts;

fn executor(chat_limit: u32) -> (TaskExecutor, Arc<Bus>) {
    let bus = Arc::new(Bus::new());
    (TaskExecutor::new(bus.clone(), Arc::new(Prompts::default()), chat_limit, 1), bus)
}

fn chat() -> TaskSubject {
    TaskSubject {
        kind: TaskKind::Chat,
        host_id: None,
        session_id: Some(SessionId::new()),
        message_id: None,
    }
}

fn done() -> Result<TaskResult, Fault> {
    Ok(TaskResult::Uninstall(Uninstalled { removed_bytes: 0 }))
}

async fn until_over(executor: &TaskExecutor, id: &RequestId) -> TaskState {
    loop {
        let info = executor.task(id).unwrap();
        if info.ended_at.is_some() {
            return info.state;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn terminals(bus: &Bus, id: &RequestId) -> usize {
    bus.after(0).messages.iter().filter(|m| m.request_id == *id && m.body.is_terminal()).count()
}

#[tokio::test]
async fn limits_hold_and_all_end_once() {
    let (executor, bus) = executor(3);
    let running = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let most = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let ids: Vec<_> = (0..20)
        .map(|_| {
            let (running, most) = (running.clone(), most.clone());
            executor
                .submit(RequestId::new(), chat(), &[], move |_| async move {
                    use std::sync::atomic::Ordering::SeqCst;
                    let now = running.fetch_add(1, SeqCst) + 1;
                    most.fetch_max(now, SeqCst);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    running.fetch_sub(1, SeqCst);
                    done()
                })
                .unwrap()
        })
        .collect();
    for id in &ids {
        assert_eq!(until_over(&executor, id).await, TaskState::Done);
        assert_eq!(terminals(&bus, id), 1);
    }
    assert_eq!(most.load(std::sync::atomic::Ordering::SeqCst), 3);
    let stats = executor.stats();
    let chats = stats.iter().find(|s| s.kind == TaskKind::Chat).unwrap();
    assert_eq!((chats.done, chats.running, chats.queued), (20, 0, 0));
    assert!(chats.p50_ms.is_some());
}

#[tokio::test]
async fn queued_then_started_then_terminal() {
    let (executor, bus) = executor(1);
    let id = executor.submit(RequestId::new(), chat(), &[], |_| async { done() }).unwrap();
    until_over(&executor, &id).await;
    bus.wait_after(2).await;
    let bodies: Vec<_> = bus.after(0).messages.into_iter().map(|m| m.body).collect();
    assert!(matches!(bodies[0], TaskBody::Progress(Progress::Queued(_))));
    assert!(matches!(bodies[1], TaskBody::Progress(Progress::Started(_))));
    assert!(matches!(bodies[2], TaskBody::Complete(_)));
}

#[tokio::test]
async fn a_panic_is_one_error_and_frees_its_place() {
    let (executor, bus) = executor(1);
    let id =
        executor.submit(RequestId::new(), chat(), &[], |_| async { panic!("on purpose") }).unwrap();
    assert_eq!(until_over(&executor, &id).await, TaskState::Failed);
    assert_eq!(terminals(&bus, &id), 1);
    let next = executor.submit(RequestId::new(), chat(), &[], |_| async { done() }).unwrap();
    assert_eq!(until_over(&executor, &next).await, TaskState::Done);
}

#[tokio::test]
async fn cancelled_in_the_queue_never_runs() {
    let (executor, bus) = executor(1);
    let deploy = |host: &str| TaskSubject {
        kind: TaskKind::Deploy,
        host_id: Some(HostId::from(host)),
        ..chat()
    };
    let first = executor
        .submit(RequestId::new(), deploy("a"), &[], |context| async move {
            context.token().cancelled().await;
            Err(Fault::cancelled())
        })
        .unwrap();
    let second = executor
        .submit(RequestId::new(), deploy("b"), &[], |_| async { panic!("must not run") })
        .unwrap();
    assert!(executor.cancel(&second));
    assert_eq!(until_over(&executor, &second).await, TaskState::Failed);
    assert!(executor.cancel(&first));
    assert_eq!(until_over(&executor, &first).await, TaskState::Failed);
    assert_eq!((terminals(&bus, &first), terminals(&bus, &second)), (1, 1));
    assert!(!executor.cancel(&first), "over is over");
}

#[tokio::test]
async fn an_answer_cancelled_in_the_queue_still_writes_down_that_it_was_stopped() {
    let (executor, bus) = executor(1);
    let first = executor
        .submit(RequestId::new(), chat(), &[], |context| async move {
            context.token().cancelled().await;
            done()
        })
        .unwrap();
    let second = executor
        .submit(RequestId::new(), chat(), &[], |context| async move {
            context.token().cancelled().await;
            done()
        })
        .unwrap();
    assert!(executor.cancel(&second));
    assert_eq!(until_over(&executor, &second).await, TaskState::Done);
    assert_eq!(executor.task(&first).unwrap().state, TaskState::Running);
    assert!(executor.cancel(&first));
    assert_eq!(until_over(&executor, &first).await, TaskState::Done);
    assert_eq!((terminals(&bus, &first), terminals(&bus, &second)), (1, 1));
    let stats = executor.stats();
    let chats = stats.iter().find(|s| s.kind == TaskKind::Chat).unwrap();
    assert_eq!((chats.running, chats.queued), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_that_ignores_its_cancel_is_aborted_after_the_grace() {
    let (executor, bus) = executor(1);
    let id = executor
        .submit(RequestId::new(), chat(), &[], |_| async {
            std::future::pending::<()>().await;
            done()
        })
        .unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    executor.cancel(&id);
    assert_eq!(until_over(&executor, &id).await, TaskState::Failed);
    assert_eq!(terminals(&bus, &id), 1);
}

#[tokio::test]
async fn a_result_within_the_grace_counts() {
    let (executor, _bus) = executor(1);
    let id = executor
        .submit(RequestId::new(), chat(), &[], |context| async move {
            context.token().cancelled().await;
            done()
        })
        .unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    executor.cancel(&id);
    assert_eq!(until_over(&executor, &id).await, TaskState::Done);
}

#[tokio::test]
async fn one_deploy_per_host() {
    let (executor, _bus) = executor(1);
    let subject = |kind, host: &str| TaskSubject {
        kind,
        host_id: Some(HostId::from(host)),
        session_id: None,
        message_id: None,
    };
    let wait = |kind, host| {
        executor.submit(
            RequestId::new(),
            subject(kind, host),
            &[TaskKind::Deploy, TaskKind::Uninstall],
            |context| async move {
                context.token().cancelled().await;
                done()
            },
        )
    };
    wait(TaskKind::Deploy, "a").unwrap();
    assert_eq!(wait(TaskKind::Deploy, "a").unwrap_err().code, ErrorCode::Busy);
    assert_eq!(wait(TaskKind::Uninstall, "a").unwrap_err().code, ErrorCode::Busy);
    wait(TaskKind::Deploy, "b").unwrap();
    assert!(executor.shutdown(Duration::from_secs(3)).await);
}

#[tokio::test]
async fn shutdown_ends_running_and_waiting_and_refuses_new() {
    let (executor, bus) = executor(2);
    let ids: Vec<_> = (0..5)
        .map(|_| {
            executor
                .submit(RequestId::new(), chat(), &[], |context| async move {
                    context.token().cancelled().await;
                    Err(Fault::cancelled())
                })
                .unwrap()
        })
        .collect();
    assert!(executor.shutdown(Duration::from_secs(3)).await);
    for id in &ids {
        assert_eq!(terminals(&bus, id), 1);
    }
    let refused = executor.submit(RequestId::new(), chat(), &[], |_| async { done() });
    assert_eq!(refused.unwrap_err().code, ErrorCode::Cancelled);
}

#[tokio::test]
async fn a_raised_limit_starts_those_that_wait() {
    let (executor, _bus) = executor(1);
    let ids: Vec<_> = (0..3)
        .map(|_| {
            executor
                .submit(RequestId::new(), chat(), &[], |context| async move {
                    context.token().cancelled().await;
                    done()
                })
                .unwrap()
        })
        .collect();
    executor.set_limit(TaskKind::Chat, 3);
    tokio::time::sleep(Duration::from_millis(20)).await;
    for id in &ids {
        assert_eq!(executor.task(id).unwrap().state, TaskState::Running);
    }
    assert!(executor.shutdown(Duration::from_secs(3)).await);
}
