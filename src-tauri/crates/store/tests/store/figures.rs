//! Figures of requests, as counted by hand.

use slipway_protocol::{HostId, MetricsQuery, Percentiles, SessionId};
use slipway_store::{Error, RequestOutcome, RequestRow};

use crate::sample::{connect, database};

const HOUR: u64 = 3_600_000;
/// A Wednesday, at 12:00 UTC.
const NOON: u64 = 1_700_049_600_000;

fn row(at: u64, host: &str, model: &str) -> RequestRow {
    RequestRow {
        at,
        host_id: HostId::from(host),
        host_name: host.to_uppercase(),
        model: model.to_owned(),
        session_id: None,
        outcome: RequestOutcome::Complete,
        error_code: None,
        prompt_tokens: Some(10),
        completion_tokens: Some(5),
        cached_tokens: Some(2),
        first_token_ms: Some(100),
        total_ms: Some(1000),
        tokens_per_second: Some(12.5),
        prompt_tokens_per_second: Some(300.25),
        queue_ms: Some(0),
    }
}

fn range(from: u64, until: u64, buckets: u32) -> MetricsQuery {
    MetricsQuery { from, until, buckets, ..MetricsQuery::default() }
}

#[tokio::test]
async fn nothing_measured_is_no_figure() {
    let db = database().await;
    for query in [range(0, u64::MAX, 500), range(5, 5, 3), range(9, 3, 1), range(0, 10, 0)] {
        let metrics = db.store.requests().query(&query).await.unwrap();
        assert_eq!((metrics.total.requests, metrics.oldest), (0, None));
        assert_eq!(metrics.total.total_ms, Percentiles::default());
        assert_eq!(metrics.buckets.len(), query.buckets.max(1) as usize);
        assert!(metrics.models.is_empty() && metrics.days.is_empty());
    }
}

#[tokio::test]
async fn requests_are_counted_by_time_and_model() {
    let db = database().await;
    let requests = db.store.requests();
    for n in 1..=20_u64 {
        let mut row = row(NOON + n, "a", "m1");
        row.first_token_ms = Some(n);
        row.tokens_per_second = (n > 10).then_some(n as f64 / 4.0);
        requests.record(&row).await.unwrap();
    }
    for (n, code) in ["engine_busy", "tunnel_cut", "tunnel_cut"].into_iter().enumerate() {
        let mut row = row(NOON + HOUR + n as u64, "b", "m2");
        (row.outcome, row.error_code) = (RequestOutcome::Failed, Some(code.to_owned()));
        (row.prompt_tokens, row.total_ms, row.first_token_ms) = (None, None, None);
        requests.record(&row).await.unwrap();
    }
    let mut renamed = row(NOON + HOUR + 9, "b", "m2");
    (renamed.host_name, renamed.outcome) = ("Новое имя".into(), RequestOutcome::Stopped);
    requests.record(&renamed).await.unwrap();
    requests.record(&row(NOON + 4 * HOUR, "a", "m1")).await.unwrap();

    let metrics = requests.query(&range(NOON, NOON + 4 * HOUR, 4)).await.unwrap();
    assert_eq!((metrics.total.requests, metrics.total.errors, metrics.total.stopped), (24, 3, 1));
    assert_eq!((metrics.total.prompt_tokens, metrics.total.completion_tokens), (210, 120));
    let first = Percentiles { p50: Some(11.0), p95: Some(20.0), max: Some(100.0) };
    assert_eq!(metrics.total.first_token_ms, first);
    assert_eq!(metrics.oldest, Some(NOON + 1));
    let counts: Vec<_> = metrics.buckets.iter().map(|b| (b.from, b.figures.requests)).collect();
    assert_eq!(counts, [(NOON, 20), (NOON + HOUR, 4), (NOON + 2 * HOUR, 0), (NOON + 3 * HOUR, 0)]);
    assert_eq!(metrics.buckets[2].figures.queue_ms, Percentiles::default());

    let [one, two] = &metrics.models[..] else {
        panic!("{:?}", metrics.models);
    };
    assert_eq!((one.host_id.as_str(), one.model.as_str(), one.figures.requests), ("a", "m1", 20));
    assert_eq!(one.speed, [Some(3.75), None, None, None]);
    assert_eq!(one.figures.tokens_per_second.max, Some(5.0));
    assert_eq!(one.figures.first_token_ms.p95, Some(19.0));
    assert_eq!((two.host_name.as_str(), two.figures.errors), ("Новое имя", 3));
    assert_eq!(two.frequent_error, Some(("tunnel_cut".to_owned(), 2)));

    let only = MetricsQuery { model: Some("m2".into()), ..range(0, u64::MAX, 1) };
    assert_eq!(requests.query(&only).await.unwrap().total.requests, 4);
    let only = MetricsQuery { host_id: Some("a".into()), ..range(0, u64::MAX, 1) };
    assert_eq!(requests.query(&only).await.unwrap().total.requests, 21);

    assert_eq!(requests.purge_before(NOON + HOUR).await.unwrap(), 20);
    let left = requests.query(&range(0, u64::MAX, 1)).await.unwrap();
    assert_eq!((left.total.requests, left.oldest), (5, Some(NOON + HOUR)));
}

#[tokio::test]
async fn days_are_local_and_none_is_missing() {
    let db = database().await;
    let requests = db.store.requests();
    for day in [0, 0, 2] {
        requests.record(&row(NOON + day * 24 * HOUR, "a", "m")).await.unwrap();
    }
    let query = range(0, NOON + 3 * 24 * HOUR, 1);
    let days = requests.query(&query).await.unwrap().days;
    let mut connection = connect(&db.path).await;
    let mut expected = Vec::new();
    for day in 0..4 {
        let begin: i64 = sqlx::query_scalar(
            "SELECT unixepoch(?, 'unixepoch', 'localtime', 'start of day', ?, 'utc') * 1000",
        )
        .bind(i64::try_from(NOON / 1000).unwrap())
        .bind(format!("+{day} days"))
        .fetch_one(&mut connection)
        .await
        .unwrap();
        let tokens = [20, 0, 10, 0][day];
        expected.push((u64::try_from(begin).unwrap(), tokens));
    }
    let told: Vec<_> = days.iter().map(|day| (day.from, day.prompt_tokens)).collect();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn csv_is_quoted_where_it_must_be() {
    let db = database().await;
    let requests = db.store.requests();
    let mut hostile = row(NOON + 7, "h", "a,\"b\"\r\nc");
    hostile.session_id = Some(SessionId::from("s"));
    hostile.tokens_per_second = Some(f64::NAN);
    requests.record(&hostile).await.unwrap();
    requests.record(&row(NOON, "h", "m")).await.unwrap();
    let mut bytes = Vec::new();
    assert_eq!(requests.csv(&range(0, u64::MAX, 1), &mut bytes).await.unwrap(), 2);
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text,
        "time,at,host_id,host_name,model,session_id,outcome,error_code,prompt_tokens,\
         completion_tokens,cached_tokens,first_token_ms,total_ms,tokens_per_second,\
         prompt_tokens_per_second,queue_ms\r\n\
         2023-11-15T12:00:00.000Z,1700049600000,h,H,m,,complete,,10,5,2,100,1000,12.5,300.25,0\r\n\
         2023-11-15T12:00:00.007Z,1700049600007,h,H,\"a,\"\"b\"\"\r\nc\",s,complete,,10,5,2,100,1000,,\
         300.25,0\r\n"
    );
    let mut room = [0; 20];
    let mut no_room = std::io::Cursor::new(&mut room[..]);
    let failed = requests.csv(&range(0, u64::MAX, 1), &mut no_room).await;
    assert!(matches!(failed, Err(Error::Output(_))), "{failed:?}");
}

#[tokio::test]
async fn long_ranges_are_read_in_lots() {
    let db = database().await;
    crate::sample::execute(
        &db.path,
        "INSERT INTO request_sources (number, host_id, host_name, model) VALUES (1, 'h', 'H', 'm'); \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 120001) \
         INSERT INTO requests (at, source, outcome, total_ms) SELECT n / 7, 1, 'complete', n FROM n",
    )
    .await;
    let metrics = db.store.requests().query(&range(0, 20_000, 10)).await.unwrap();
    assert_eq!(metrics.total.requests, 120_001);
    assert_eq!(metrics.total.total_ms.p50, Some(60_001.0));
    let mut lines = Vec::new();
    assert_eq!(db.store.requests().csv(&range(0, 20_000, 1), &mut lines).await.unwrap(), 120_001);
    assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 120_002);
}
