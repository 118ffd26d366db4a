//! How busy an engine is, by the metrics that it serves in Prometheus' text format: llama.cpp's
//! `/metrics` with `--metrics`, vLLM's `/metrics`.

/// What the metrics tell; absent what they do not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Requests that are worked on.
    pub running: Option<u32>,
    /// Requests that wait.
    pub waiting: Option<u32>,
    /// Part of the context memory in use, 0 to 1.
    pub kv_cache_used: Option<f64>,
}

impl Load {
    /// Reads the text. Lines that are not understood are passed over.
    pub(crate) fn read(text: &str) -> Self {
        let mut load = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.trim().rsplit_once(' ') else { continue };
            let Some(value) = value.parse::<f64>().ok().filter(|value| value.is_finite()) else {
                continue;
            };
            // Labels stand behind the name; an engine serves one model here.
            match name.split('{').next().unwrap_or_default() {
                "llamacpp:requests_processing" | "vllm:num_requests_running" => {
                    load.running = count(value);
                }
                "llamacpp:requests_deferred" | "vllm:num_requests_waiting" => {
                    load.waiting = count(value);
                }
                "llamacpp:kv_cache_usage_ratio"
                | "vllm:kv_cache_usage_perc"
                | "vllm:gpu_cache_usage_perc" => load.kv_cache_used = Some(value.clamp(0.0, 1.0)),
                _ => {}
            }
        }
        load
    }
}

fn count(value: f64) -> Option<u32> {
    (0.0..=f64::from(u32::MAX)).contains(&value).then_some(value.round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_and_garbage() {
        let llama = "# HELP x y\nllamacpp:requests_processing 2\nllamacpp:requests_deferred 3\n\
                     llamacpp:kv_cache_usage_ratio 0.25\nnonsense\nx NaN\n";
        let wanted = Load { running: Some(2), waiting: Some(3), kv_cache_used: Some(0.25) };
        assert_eq!(Load::read(llama), wanted);
        let vllm = "vllm:num_requests_running{model_name=\"a b\"} 1.0\n\
                    vllm:num_requests_waiting{model_name=\"a b\"} 0.0\n\
                    vllm:kv_cache_usage_perc{engine=\"0\"} 1.7\n";
        let wanted = Load { running: Some(1), waiting: Some(0), kv_cache_used: Some(1.0) };
        assert_eq!(Load::read(vllm), wanted);
        assert_eq!(Load::read("llamacpp:requests_deferred -1\n\u{0}"), Load::default());
    }
}
