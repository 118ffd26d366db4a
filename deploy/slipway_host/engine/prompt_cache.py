"""Memory for finished prompts."""

from slipway_host.probe.hardware import memory_facts


def prompt_cache_mib(model):
    """Memory for finished prompts: the engine's own default of 8 GiB is too much for small hosts."""
    if model["practice"]:
        return 64
    total = memory_facts()["total_bytes"] or 0
    return max(64, min(8192, total // 8 // (1024 * 1024)))
