//! Chat completions over HTTP: the engine's API, SSE streams, health (the only user of reqwest).
