"""The shape of a model in one form for both file formats: what its memory is computed from."""

# general.file_type of GGUF and the types of tensors: the names that people use.
GGUF_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}


def gguf_shape(metadata, readers):
    """The shape of a GGUF model (its parts' readers)."""
    architecture = metadata.get("general.architecture")

    def number(name):
        value = metadata.get("%s.%s" % (architecture, name))
        if isinstance(value, list) and value and all(isinstance(item, int) for item in value):
            return value
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    layers, width = number("block_count"), number("embedding_length")
    heads = number("attention.head_count")
    kv_heads = number("attention.head_count_kv")
    head = heads[0] if isinstance(heads, list) else heads
    width_of_head = width // head if width and head else None
    return {"layers": layers, "width": width, "heads": highest(heads),
            "kv_heads": kv_heads if kv_heads is not None else heads,
            "key_length": number("attention.key_length") or width_of_head,
            "value_length": number("attention.value_length") or width_of_head,
            "kv_lora_rank": number("attention.kv_lora_rank"), "rope_dimensions": number("rope.dimension_count"),
            "sliding_window": number("attention.sliding_window"), "vocabulary": number("vocab_size") or metadata.get("tokenizer.ggml.tokens.length"),
            "parameters": sum(reader.values for reader in readers),
            "quantisation": GGUF_FILE_TYPES.get(metadata.get("general.file_type")),
            "weights_bytes": sum(sum(reader.by_type.values()) for reader in readers)}


def config_shape(config, weights_bytes, parameters, quantisation):
    """The shape of a model whose config.json follows the transformers library."""
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else config

    def number(*names):
        for name in names:
            value = text.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
        return None

    heads, width = number("num_attention_heads", "n_head"), number("hidden_size", "n_embd")
    head = number("head_dim") or (width // heads if width and heads else None)
    return {"layers": number("num_hidden_layers", "n_layer"), "width": width, "heads": heads,
            "kv_heads": number("num_key_value_heads") or heads, "key_length": head, "value_length": head,
            "kv_lora_rank": number("kv_lora_rank"), "rope_dimensions": number("qk_rope_head_dim"),
            "sliding_window": number("sliding_window") if text.get("use_sliding_window", True) else None,
            "vocabulary": number("vocab_size"), "parameters": parameters, "quantisation": quantisation,
            "weights_bytes": weights_bytes}


def highest(value):
    return max(value) if isinstance(value, list) else value
