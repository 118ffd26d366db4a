"""GGUF models of any shape whose weights are nothing but zeros: quick to write, real to the engine's memory."""

import struct

import practice_model
from practice_model import ALIGNMENT, Vocabulary, pack_string, pack_value

F16 = 1


def write(path, layers, width, heads, kv_heads, feed_forward, context):
    """Writes a llama of this shape with weights in 16 bits (norms in 32); holes in the file, zeros when read."""
    vocabulary = Vocabulary()
    size = len(vocabulary.tokens)
    shape = {"llama.embedding_length": width, "llama.block_count": layers, "llama.feed_forward_length": feed_forward,
             "llama.attention.head_count": heads, "llama.attention.head_count_kv": kv_heads,
             "llama.rope.dimension_count": width // heads, "general.file_type": 1, "general.name": "generated"}
    pairs = [(key, kind, shape.get(key, value)) for key, kind, value in practice_model.metadata(vocabulary, context)]
    kv_width = width // heads * kv_heads
    tensors = [("token_embd.weight", (width, size)), ("output_norm.weight", (width,)), ("output.weight", (width, size))]
    for layer in range(layers):
        tensors += [("blk.%d.%s.weight" % (layer, name), dimensions) for name, dimensions in (
            ("attn_norm", (width,)), ("attn_q", (width, width)), ("attn_k", (width, kv_width)),
            ("attn_v", (width, kv_width)), ("attn_output", (width, width)), ("ffn_norm", (width,)),
            ("ffn_gate", (width, feed_forward)), ("ffn_up", (width, feed_forward)),
            ("ffn_down", (feed_forward, width)))]
    header = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(pairs))]
    header += [pack_string(key) + pack_value(kind, value) for key, kind, value in pairs]
    offset = 0
    for name, dimensions in tensors:
        norm = len(dimensions) == 1
        count = dimensions[0] * (1 if norm else dimensions[1])
        header.append(pack_string(name) + struct.pack("<I", len(dimensions))
                      + struct.pack("<%dQ" % len(dimensions), *dimensions)
                      + struct.pack("<IQ", 0 if norm else F16, offset))
        offset += count * (4 if norm else 2)
        offset += -offset % ALIGNMENT
    head = b"".join(header)
    head += b"\0" * (-len(head) % ALIGNMENT)
    with open(path, "wb") as out:
        out.write(head)
        out.truncate(len(head) + offset)
