//! Where faults happen: between the connection and the node.

use crate::{
    Node, beacon,
    chain::{Chain, Staleness, View},
    da,
    faults::{Decision, Plan},
    swap,
};
use axum::{Router, http::request::Parts};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use jsonrpsee::server::TowerService;
use serde_json::{Map, Value, json};
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower::{Service as _, layer::util::Identity};

/// A request is a few names and hashes, or a payload of transactions for `debug_executePayload`.
pub(crate) const MAX_REQUEST_BYTES: usize = 16 << 20;

/// The content type of answers that are no text.
pub(crate) const BINARY: &str = "application/octet-stream";

/// A node with its faults.
#[derive(Clone)]
pub(crate) struct Faulty {
    pub(crate) node: Node,
    pub(crate) plan: Arc<Plan>,
    pub(crate) chain: Arc<Chain>,
    pub(crate) inner: Inner,
}

/// A node as it should be.
#[derive(Clone)]
pub(crate) enum Inner {
    Rpc(Box<TowerService<Identity, Identity>>),
    Paths(Router),
}

/// The connection is to be closed without an answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("dropped")]
pub(crate) struct Dropped;

impl Faulty {
    /// Answers, or does not.
    pub(crate) async fn answer(self, request: Request<Incoming>) -> Result<Response<Answer>, Dropped> {
        let (mut parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, MAX_REQUEST_BYTES).collect().await else {
            return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large"));
        };
        let mut body = body.to_bytes();
        let decision = self.plan.decide(self.node, &self.methods(parts.uri.path(), &body));
        if let Some(depth) = decision.reorg {
            let chain = Arc::clone(&self.chain);
            let reorg = tokio::task::spawn_blocking(move || chain.reorg(depth));
            reorg.await.map_err(|_| Dropped)?;
        }
        tokio::time::sleep(decision.latency).await;
        if decision.drop {
            return Err(Dropped);
        }
        if let Some(seconds) = decision.rate_limit {
            let mut refused = plain(StatusCode::TOO_MANY_REQUESTS, "too many requests");
            refused.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            return Ok(refused);
        }
        if !decision.missing.is_empty() {
            match self.node {
                Node::Beacon => {
                    return Ok(plain(StatusCode::NOT_FOUND, r#"{"code":404,"message":"NOT_FOUND"}"#));
                }
                Node::Da => return Ok(plain(StatusCode::NOT_FOUND, "not found")),
                Node::L1 | Node::L2 | Node::Rollup => body = without_methods(&body, &decision.missing),
            }
        }
        parts.extensions.insert(self.staleness(decision.stale));
        if !decision.swap.is_empty() {
            body = self.swapped(&mut parts, body, &decision.swap).await?;
        }
        let answer = self.ask(Request::from_parts(parts, Full::new(body))).await?;
        Ok(spoil(answer, &decision))
    }

    /// What the request calls: one method, those of a batch, or a path. What is no call has no name.
    fn methods(&self, path: &str, body: &[u8]) -> Vec<String> {
        match self.node {
            Node::Beacon => return vec![method_at(path, &beacon::METHODS).into()],
            Node::Da => return vec![method_at(path, &da::METHODS).into()],
            Node::L1 | Node::L2 | Node::Rollup => {}
        }
        let name = |call: &Value| call["method"].as_str().unwrap_or_default().to_owned();
        match serde_json::from_slice(body) {
            Ok(Value::Array(calls)) => calls.iter().map(name).collect(),
            Ok(call) => vec![name(&call)],
            Err(_) => vec![String::new()],
        }
    }

    const fn staleness(&self, blocks: u64) -> Staleness {
        match self.node {
            Node::L2 => Staleness { l1: 0, l2: blocks },
            Node::L1 | Node::Beacon | Node::Rollup | Node::Da => Staleness { l1: blocks, l2: 0 },
        }
    }

    /// Puts another request in the place of each that is to be swapped, if there is one with another answer.
    async fn swapped(
        &self,
        parts: &mut Parts,
        body: Bytes,
        swaps: &[(usize, u64)],
    ) -> Result<Bytes, Dropped> {
        parts.headers.remove(CONTENT_LENGTH);
        let mut request = serde_json::from_slice(&body).unwrap_or(Value::Null);
        for &(place, choice) in swaps {
            if matches!(self.inner, Inner::Paths(_)) {
                self.swap_path(parts, choice).await?;
                continue;
            }
            let call = match &mut request {
                Value::Array(calls) => calls.get_mut(place),
                call => Some(call),
            };
            if let Some(Value::Object(call)) = call {
                self.swap_params(parts, call, choice).await?;
            }
        }
        Ok(if request.is_null() { body } else { request.to_string().into() })
    }

    /// Tries calls that are like this one.
    async fn swap_params(
        &self,
        parts: &Parts,
        call: &mut Map<String, Value>,
        choice: u64,
    ) -> Result<(), Dropped> {
        let (Some(Value::String(method)), Some(Value::Array(params))) =
            (call.get("method").cloned(), call.get("params").cloned())
        else {
            return Ok(());
        };
        let node = self.node;
        let look = move |view: &View<'_>| swap::similar(node, view, &method, &params, choice);
        let others = self.look(parts, look).await?;
        let Some(truth) = self.result(parts, call).await? else { return Ok(()) };
        let nothing = [json!([]), json!("0x")];
        for params in others {
            let mut other = call.clone();
            other.insert("params".into(), params);
            let result = self.result(parts, &other).await?;
            if result.is_some_and(|result| result != truth && !nothing.contains(&result)) {
                *call = other;
                break;
            }
        }
        Ok(())
    }

    /// Tries paths that are like this one.
    async fn swap_path(&self, parts: &mut Parts, choice: u64) -> Result<(), Dropped> {
        let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().map(str::to_owned));
        let node = self.node;
        let look = move |view: &View<'_>| swap::similar_paths(node, view, &path, query.as_deref(), choice);
        let others = self.look(parts, look).await?;
        let Some(truth) = self.data(parts).await? else { return Ok(()) };
        for uri in others.into_iter().filter_map(|path| path.parse().ok()) {
            let mut other = parts.clone();
            other.uri = uri;
            if self.data(&other).await?.is_some_and(|data| data != truth && data != json!([])) {
                *parts = other;
                break;
            }
        }
        Ok(())
    }

    /// Looks at the chain as the request sees it. Not where connections are served: it waits for a lock.
    async fn look<T: Send + 'static>(
        &self,
        parts: &Parts,
        look: impl FnOnce(&View<'_>) -> T + Send + 'static,
    ) -> Result<T, Dropped> {
        let chain = Arc::clone(&self.chain);
        let staleness = parts.extensions.get::<Staleness>().copied().unwrap_or_default();
        let looking = tokio::task::spawn_blocking(move || look(&chain.snapshot(staleness).view()));
        looking.await.map_err(|_| Dropped)
    }

    /// What the node answers to a call, if that is something.
    async fn result(&self, parts: &Parts, call: &Map<String, Value>) -> Result<Option<Value>, Dropped> {
        let body = json!(call).to_string();
        let request = Request::from_parts(parts.clone(), Full::new(body.into()));
        let answer = self.clone().ask(request).await?;
        let mut answer: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        Ok(answer.get_mut("result").map(Value::take).filter(|result| !result.is_null()))
    }

    /// What the node answers at a path, if it has that: of a beacon node's answers, what matters in them.
    async fn data(&self, parts: &Parts) -> Result<Option<Value>, Dropped> {
        let answer = self.clone().ask(Request::from_parts(parts.clone(), Full::default())).await?;
        if self.node == Node::Da {
            return Ok(answer.status().is_success().then(|| json!(answer.body().as_ref())));
        }
        let mut answer: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        Ok(answer.get_mut("data").map(Value::take))
    }

    async fn ask(mut self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Dropped> {
        match &mut self.inner {
            Inner::Rpc(service) => whole(service.call(request).await.map_err(|_| Dropped)?).await,
            Inner::Paths(router) => match router.call(request).await {
                Ok(response) => whole(response).await,
                Err(never) => match never {},
            },
        }
    }
}

/// How faults call what is served at this path; the path itself if nothing is.
pub(crate) fn method_at<'a>(path: &'a str, methods: &[(&str, &'a str)]) -> &'a str {
    methods.iter().find(|(prefix, _)| path.starts_with(prefix)).map_or(path, |(_, name)| name)
}

async fn whole<B: Body>(response: Response<B>) -> Result<Response<Bytes>, Dropped> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

fn plain(status: StatusCode, text: &'static str) -> Response<Answer> {
    let mut response = Response::new(Answer::whole(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let json = text.starts_with('{');
    let kind = HeaderValue::from_static(if json { "application/json" } else { "text/plain" });
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// The request with these calls' methods named so that nobody has them.
fn without_methods(body: &[u8], missing: &[usize]) -> Bytes {
    let Ok(mut request) = serde_json::from_slice(body) else { return Bytes::copy_from_slice(body) };
    let rename = |call: Option<&mut Value>| {
        if let Some(Value::Object(call)) = call {
            call.insert("method".into(), "".into());
        }
    };
    match &mut request {
        Value::Array(calls) => missing.iter().for_each(|index| rename(calls.get_mut(*index))),
        call => rename(Some(call)),
    }
    request.to_string().into()
}

fn spoil(answer: Response<Bytes>, decision: &Decision) -> Response<Answer> {
    let (parts, body) = answer.into_parts();
    let body = match decision.flip {
        Some(choice) if parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == BINARY) => {
            bit_flipped(&body, choice)
        }
        Some(choice) => flipped(&body, choice),
        None => body,
    };
    let body = if decision.cut { Answer::cut(body) } else { Answer::whole(body) };
    Response::from_parts(parts, body)
}

/// The same with one bit changed.
fn bit_flipped(body: &[u8], choice: u64) -> Bytes {
    let mut out = body.to_vec();
    let place = choice.checked_rem(out.len() as u64).and_then(|place| usize::try_from(place).ok());
    if let Some(byte) = place.and_then(|place| out.get_mut(place)) {
        *byte ^= 1;
    }
    out.into()
}

/// The same with another hex digit in one place of those that follow `0x`; in an answer without any, the last decimal digit
/// is another.
fn flipped(body: &[u8], choice: u64) -> Bytes {
    let mut out = body.to_vec();
    let mut hex = false;
    let digits: Vec<usize> = (1..body.len())
        .filter(|at| {
            if body[at - 1..=*at] == *b"0x" {
                hex = true;
                return false;
            }
            hex &= body[*at].is_ascii_hexdigit();
            hex
        })
        .collect();
    let place = match digits.len() as u64 {
        0 => out.iter().rposition(u8::is_ascii_digit),
        count => usize::try_from(choice % count).ok().map(|index| digits[index]),
    };
    if let Some(place) = place {
        out[place] = match out[place] {
            digit @ b'0'..=b'9' => digit ^ 1,
            letter @ (b'a' | b'A') => letter + 1,
            letter => letter - 1,
        };
    }
    out.into()
}

/// An answer, or the first half of one.
pub(crate) struct Answer {
    rest: Option<Bytes>,
    /// What the length is said to be.
    length: u64,
    end: End,
}

/// What comes after the bytes.
enum End {
    Whole,
    /// A break, but not before the bytes went out: the connection is polled once more for that.
    Flush,
    Break,
}

impl Answer {
    const fn whole(body: Bytes) -> Self {
        let length = body.len() as u64;
        Self { rest: Some(body), length, end: End::Whole }
    }

    fn cut(mut body: Bytes) -> Self {
        let length = body.len() as u64;
        body.truncate(body.len() / 2);
        Self { rest: Some(body), length, end: End::Flush }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.end {
            End::Whole => Poll::Ready(None),
            End::Flush => {
                self.end = End::Break;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            End::Break => Poll::Ready(Some(Err(io::Error::other("cut")))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_digit_is_flipped() {
        let body = br#"{"jsonrpc":"2.0","id":7,"result":"0x00ffab"}"#;
        for choice in 0..100 {
            let spoiled = flipped(body, choice);
            let differing: Vec<usize> = (0..body.len()).filter(|at| body[*at] != spoiled[*at]).collect();
            let [place] = differing[..] else { panic!("{differing:?} differ") };
            assert!(body[..place].ends_with(b"0x") || body[place - 1].is_ascii_hexdigit(), "{place}");
            assert!(spoiled[place].is_ascii_hexdigit());
        }
        assert_eq!(flipped(br#"{"data":"12"}"#, 5), &br#"{"data":"13"}"#[..]);
        assert_eq!(flipped(b"", 5), &b""[..]);
    }

    #[test]
    fn methods_are_made_unknown_by_place() {
        let single = without_methods(br#"{"id":1,"method":"a"}"#, &[0]);
        assert_eq!(single, &br#"{"id":1,"method":""}"#[..]);
        let batch = without_methods(br#"[{"method":"a"},{"method":"b"}]"#, &[1]);
        assert_eq!(batch, &br#"[{"method":"a"},{"method":""}]"#[..]);
        for no_call in ["[1,null]", "7", "[]", "{"] {
            let rest = without_methods(no_call.as_bytes(), &[0, 1]);
            assert_eq!(rest, no_call.as_bytes(), "{no_call}");
        }
    }
}
