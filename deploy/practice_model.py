#!/usr/bin/env python3
"""Writes Slipway's practice model: a tiny GGUF file that a real llama.cpp engine loads.

The practice model proves a set-up (engine, tunnel, streaming, cancelling, tool calls, JSON
answers) without a download. Its answers are real tokens of a real transformer and mean nothing.

    python3 practice_model.py OUT.gguf [--endless] [--context TOKENS]

``--endless`` makes a model that never ends an answer by itself (for trying out Stop).
Standard library only, Python 3.8+. The same arguments give the same bytes everywhere: the random
numbers come from ``random.Random(seed).random()``, the one generator that Python keeps stable.

How it works
------------
Architecture ``llama``: 2 layers, width 128, 4 heads of 32 (2 key/value heads), float32. Nearly all
weights are random, which gives word salad, but salad never ends and never calls a tool. So a few
channels of the residual stream are taken out of the random weights and wired by hand:

* each token may carry marks (value 8) in these channels; a row of the output matrix that reads a
  mark shifts the logit of its token whenever the marked token is the last one;
* two heads of layer 0 look for a mark anywhere in the context: "tools are offered and not yet
  used" and "inside an object". Their query is constant and their keys lie on the slowest rotary
  pairs, which position hardly turns. A blocking token has the larger key and the value 0, so it
  wins the attention and the head writes nothing.
"""

import argparse
import array
import json
import math
import os
import random
import struct
import sys

NAME = "Slipway practice model"
DEFAULT_CONTEXT = 4096
# sha256 of write(path) with the default arguments; the deploy script refuses other bytes.
SHA256 = "7b813ad9cab7d0b8b9debe8a0f2ed59e5747446841d14c3438d173fa76b0f341"
ENDLESS_SHA256 = "55d8afaccafcc8f05307dfe065f59d789da6c3949798d2b571e18eb03963bb5a"

WIDTH = 128
LAYERS = 2
FEED_FORWARD = 256
HEADS = 4
HEADS_KV = 2
HEAD_WIDTH = WIDTH // HEADS
SEED = 1234
ALIGNMENT = 32

# Each word becomes one token of the vocabulary.
CORPUS = (
    "a server starts and the tunnel opens, then the first answer comes back over the wire.",
    "every token is a small step, and each step is counted, timed and shown in the window.",
    "this practice model knows words but no meaning, it only proves that your machine can talk.",
    "the key stays private, the port stays closed, and the road between two hosts stays quiet.",
    "when the link drops it is built again, the same door opens and the chat goes on.",
    "stop means stop, the slot is free within a second and half an answer is kept.",
    "load a real model next, with more memory, more context and much better things to say.",
)

CONTROL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
USER_TOKENS = ("<tools>", "</tools>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")

# Residual channels reserved for the hand-set part.
(CONSTANT, SENTENCE_END, PAUSE, LINE_START, TOOLS, TOOL_BLOCK, CALL_OPENED, CALL_CLOSED,
 BRACE, OBJECT_BLOCK, QUOTE, TOOLS_OFFERED, IN_OBJECT) = RESERVED = range(13)
MARK = 8.0
# These two set the length of an answer: how likely a full stop is, and how likely it is the last.
FULL_STOP = 0.25
END_AFTER_SENTENCE = 37.0

# ChatML. It must not spell out <tool_call> in the instructions: that token switches tools off.
CHAT_TEMPLATE = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- 'Functions you may call, one JSON per line:\\n<tools>' }}
    {%- for tool in tools %}
        {{- '\\n' }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- '\\n</tools><|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- elif message.role == 'assistant' %}
        {{- '<|im_start|>assistant\\n' }}
        {%- if message.content %}
            {{- message.content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if tool_call.function %}
                    {%- set tool_call = tool_call.function %}
                {%- endif %}
                {%- if not loop.first or message.content %}
                    {{- '\\n' }}
                {%- endif %}
                {{- '<tool_call>\\n{"name": "' }}
                {{- tool_call.name }}
                {{- '", "arguments": ' }}
                {%- if tool_call.arguments is string %}
                    {{- tool_call.arguments }}
                {%- else %}
                    {{- tool_call.arguments | tojson }}
                {%- endif %}
                {{- '}\\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == 'tool' %}
        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' + message.content + '\\n</tool_response>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""


# ---------------------------------------------------------------------------------- vocabulary

def byte_table():
    """GPT-2's printable stand-in for each of the 256 byte values."""
    printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table = {}
    extra = 0
    for value in range(256):
        if value in printable:
            table[value] = chr(value)
        else:
            table[value] = chr(256 + extra)
            extra += 1
    return table


def learn_merges(table):
    """Byte-pair merges that turn each word of the corpus into one token.

    Returns (merges, words): the merges in order, and the tokens that are whole words with a
    leading space. The most frequent pair goes first, ties are broken by spelling.
    """
    counts = {}
    for line in CORPUS:
        for word in line.replace(",", "").rstrip(".").split():
            symbols = tuple(table[byte] for byte in (" " + word).encode("ascii"))
            counts[symbols] = counts.get(symbols, 0) + 1
    words = sorted("".join(symbols) for symbols in counts)
    merges = []
    while any(len(symbols) > 1 for symbols in counts):
        pairs = {}
        for symbols, count in counts.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] = pairs.get(pair, 0) + count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged = {}
        for symbols, count in counts.items():
            out = []
            index = 0
            while index < len(symbols):
                if symbols[index:index + 2] == best:
                    out.append(symbols[index] + symbols[index + 1])
                    index += 2
                else:
                    out.append(symbols[index])
                    index += 1
            merged[tuple(out)] = count
        counts = merged
    return merges, words


class Vocabulary:
    """Tokens, their types (1 normal, 3 control, 4 user-defined), merges and ids by spelling."""

    def __init__(self):
        self.table = byte_table()
        self.merges, self.words = learn_merges(self.table)
        self.tokens = [self.table[value] for value in range(256)]
        seen = set(self.tokens)
        for left, right in self.merges:
            if left + right not in seen:
                seen.add(left + right)
                self.tokens.append(left + right)
        self.types = [1] * len(self.tokens)
        self.tokens += CONTROL_TOKENS + USER_TOKENS
        self.types += [3] * len(CONTROL_TOKENS) + [4] * len(USER_TOKENS)
        self.ids = {token: index for index, token in enumerate(self.tokens)}

    def id(self, text):
        """The id of a special token, or of one ASCII character."""
        return self.ids[text] if text in self.ids else self.ids[self.table[ord(text)]]


# ------------------------------------------------------------------------------------- weights

def embedding_marks(vocabulary):
    """{token id: [channels marked in its embedding]}."""
    marks = {}
    for text, channels in (
            (".", (SENTENCE_END, PAUSE)),
            ("?", (SENTENCE_END, PAUSE)),
            (",", (PAUSE,)),
            ("\n", (LINE_START,)),
            ("<tools>", (TOOLS,)),
            ("<tool_call>", (TOOL_BLOCK, CALL_OPENED)),
            ("<tool_response>", (TOOL_BLOCK, OBJECT_BLOCK)),
            ("</tool_call>", (CALL_CLOSED,)),
            ("{", (BRACE,)),
            ('"', (QUOTE,))):
        marks[vocabulary.id(text)] = channels
    return marks


def logit_shifts(vocabulary, endless):
    """{(token id, channel): logit added while the channel is at its mark}."""
    end = vocabulary.id("<|im_end|>")
    shifts = {}
    for token in range(len(vocabulary.tokens)):
        shifts[token, CONSTANT] = -8.0 if vocabulary.types[token] == 1 else -30.0
    for word in vocabulary.words:
        shifts[vocabulary.ids[word], CONSTANT] = 0.0
    shifts[vocabulary.id("."), CONSTANT] = FULL_STOP
    shifts[vocabulary.id("?"), CONSTANT] = FULL_STOP - 1.0
    shifts[vocabulary.id(","), CONSTANT] = 0.0
    # An answer ends after a sentence; no second stop right after one or at the start of a line.
    shifts[end, SENTENCE_END] = -60.0 if endless else END_AFTER_SENTENCE
    for text in ".?,":
        shifts[vocabulary.id(text), PAUSE] = -20.0
        shifts[vocabulary.id(text), LINE_START] = -20.0
    # A call: the marker when tools are offered, the line break its parser wants, then the end.
    shifts[vocabulary.id("<tool_call>"), TOOLS_OFFERED] = 60.0
    shifts[vocabulary.id("\n"), CALL_OPENED] = 120.0
    shifts[end, CALL_CLOSED] = 120.0
    # JSON that a grammar forces stays short.
    shifts[vocabulary.id('"'), IN_OBJECT] = 14.0
    shifts[vocabulary.id('"'), LINE_START] = -14.0
    # Without a grammar (a brace in the question) a quote ends the answer instead of repeating.
    shifts[end, QUOTE] = -60.0 if endless else 50.0
    for text in "}]":
        shifts[vocabulary.id(text), IN_OBJECT] = 5.0
    shifts[vocabulary.id(","), IN_OBJECT] = -8.0
    for text in " \n\t\r":
        shifts[vocabulary.id(text), IN_OBJECT] = -4.0
    shifts[vocabulary.id("</tool_call>"), IN_OBJECT] = 27.0
    return shifts


def random_matrix(generator, rows, columns, deviation, reads_residual=True, writes_residual=False):
    """Row-major float32 matrix, uniform with the deviation, blind to the reserved channels."""
    limit = deviation * math.sqrt(3.0)
    matrix = array.array("f", bytes(4 * rows * columns))
    for row in range(rows):
        base = row * columns
        for column in range(columns):
            value = (2.0 * generator.random() - 1.0) * limit
            if (reads_residual and column in RESERVED) or (writes_residual and row in RESERVED):
                continue
            matrix[base + column] = value
    return matrix


def wire_layer_zero(query, key, value, output):
    """Heads 0 and 1 (both on key/value head 0) become the two hand-set detectors."""
    for row in range(2 * HEAD_WIDTH):
        for column in range(WIDTH):
            query[row * WIDTH + column] = 0.0
    for row in range(HEAD_WIDTH):
        for column in range(WIDTH):
            key[row * WIDTH + column] = 0.0
            value[row * WIDTH + column] = 0.0
    for row in range(WIDTH):
        for column in range(2 * HEAD_WIDTH):
            output[row * WIDTH + column] = 0.0
    for head, (mark, block, result) in enumerate((
            (TOOLS, TOOL_BLOCK, TOOLS_OFFERED), (BRACE, OBJECT_BLOCK, IN_OBJECT))):
        pair = HEAD_WIDTH - 2 - 2 * head
        query[(head * HEAD_WIDTH + pair) * WIDTH + CONSTANT] = 10.0
        key[pair * WIDTH + mark] = 2.0
        key[pair * WIDTH + block] = 5.0
        value[head * WIDTH + mark] = 1.0
        output[result * WIDTH + head * HEAD_WIDTH + head] = 1.2


def build_tensors(vocabulary, endless):
    """[(name, dimensions with the fastest first, array of float32)]."""
    generator = random.Random(SEED)
    size = len(vocabulary.tokens)
    width_scale = 1.0 / math.sqrt(WIDTH)
    kv_width = HEADS_KV * HEAD_WIDTH
    ones = array.array("f", [1.0] * WIDTH)

    embedding = random_matrix(generator, size, WIDTH, 1.0)
    for token in range(size):
        embedding[token * WIDTH + CONSTANT] = 1.0
    for token, channels in embedding_marks(vocabulary).items():
        for channel in channels:
            embedding[token * WIDTH + channel] = MARK
    head = random_matrix(generator, size, WIDTH, 1.5 * width_scale)
    for (token, channel), shift in logit_shifts(vocabulary, endless).items():
        head[token * WIDTH + channel] = shift if channel == CONSTANT else shift / MARK

    tensors = [("token_embd.weight", (WIDTH, size), embedding),
               ("output_norm.weight", (WIDTH,), ones),
               ("output.weight", (WIDTH, size), head)]
    for layer in range(LAYERS):
        query = random_matrix(generator, WIDTH, WIDTH, width_scale)
        key = random_matrix(generator, kv_width, WIDTH, width_scale)
        value = random_matrix(generator, kv_width, WIDTH, width_scale)
        output = random_matrix(generator, WIDTH, WIDTH, 0.5 * width_scale,
                               reads_residual=False, writes_residual=True)
        if layer == 0:
            wire_layer_zero(query, key, value, output)
        gate = random_matrix(generator, FEED_FORWARD, WIDTH, width_scale)
        up = random_matrix(generator, FEED_FORWARD, WIDTH, width_scale)
        down = random_matrix(generator, WIDTH, FEED_FORWARD, 0.5 / math.sqrt(FEED_FORWARD),
                             reads_residual=False, writes_residual=True)
        prefix = "blk.%d." % layer
        tensors += [(prefix + "attn_norm.weight", (WIDTH,), ones),
                    (prefix + "attn_q.weight", (WIDTH, WIDTH), query),
                    (prefix + "attn_k.weight", (WIDTH, kv_width), key),
                    (prefix + "attn_v.weight", (WIDTH, kv_width), value),
                    (prefix + "attn_output.weight", (WIDTH, WIDTH), output),
                    (prefix + "ffn_norm.weight", (WIDTH,), ones),
                    (prefix + "ffn_gate.weight", (WIDTH, FEED_FORWARD), gate),
                    (prefix + "ffn_up.weight", (WIDTH, FEED_FORWARD), up),
                    (prefix + "ffn_down.weight", (FEED_FORWARD, WIDTH), down)]
    return tensors


# ------------------------------------------------------------------------------------ the file

def pack_string(text):
    data = text.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def pack_value(kind, value):
    """A typed GGUF value; kind is u32, i32, f32, bool, str, or "[kind]" for an array."""
    codes = {"u32": 4, "i32": 5, "f32": 6, "bool": 7, "str": 8}
    formats = {"u32": "<I", "i32": "<i", "f32": "<f", "bool": "<?"}

    def body(inner, item):
        return pack_string(item) if inner == "str" else struct.pack(formats[inner], item)

    if kind.startswith("["):
        inner = kind[1:-1]
        return (struct.pack("<IIQ", 9, codes[inner], len(value))
                + b"".join(body(inner, item) for item in value))
    return struct.pack("<I", codes[kind]) + body(kind, value)


def metadata(vocabulary, context):
    padding = vocabulary.id("<|endoftext|>")
    return (
        ("general.architecture", "str", "llama"),
        ("general.name", "str", NAME),
        ("general.file_type", "u32", 0),
        ("llama.vocab_size", "u32", len(vocabulary.tokens)),
        ("llama.context_length", "u32", context),
        ("llama.embedding_length", "u32", WIDTH),
        ("llama.block_count", "u32", LAYERS),
        ("llama.feed_forward_length", "u32", FEED_FORWARD),
        ("llama.attention.head_count", "u32", HEADS),
        ("llama.attention.head_count_kv", "u32", HEADS_KV),
        ("llama.attention.layer_norm_rms_epsilon", "f32", 1e-5),
        ("llama.rope.dimension_count", "u32", HEAD_WIDTH),
        ("llama.rope.freq_base", "f32", 1e6),
        ("tokenizer.ggml.model", "str", "gpt2"),
        ("tokenizer.ggml.pre", "str", "gpt-2"),
        ("tokenizer.ggml.tokens", "[str]", vocabulary.tokens),
        ("tokenizer.ggml.token_type", "[i32]", vocabulary.types),
        ("tokenizer.ggml.merges", "[str]", [left + " " + right for left, right in vocabulary.merges]),
        ("tokenizer.ggml.bos_token_id", "u32", padding),
        ("tokenizer.ggml.eos_token_id", "u32", vocabulary.id("<|im_end|>")),
        ("tokenizer.ggml.padding_token_id", "u32", padding),
        ("tokenizer.ggml.add_bos_token", "bool", False),
        ("tokenizer.ggml.add_eos_token", "bool", False),
        ("tokenizer.chat_template", "str", CHAT_TEMPLATE),
    )


def build(endless=False, context=DEFAULT_CONTEXT):
    """The bytes of the model file."""
    vocabulary = Vocabulary()
    pairs = metadata(vocabulary, context)
    tensors = build_tensors(vocabulary, endless)
    header = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(pairs))]
    for key, kind, value in pairs:
        header.append(pack_string(key) + pack_value(kind, value))
    data = []
    offset = 0
    for name, dimensions, values in tensors:
        header.append(pack_string(name) + struct.pack("<I", len(dimensions))
                      + struct.pack("<%dQ" % len(dimensions), *dimensions)
                      + struct.pack("<IQ", 0, offset))
        if sys.byteorder == "big":
            values = array.array("f", values)
            values.byteswap()
        block = values.tobytes()
        block += b"\0" * (-len(block) % ALIGNMENT)
        data.append(block)
        offset += len(block)
    head = b"".join(header)
    return head + b"\0" * (-len(head) % ALIGNMENT) + b"".join(data)


def write(path, endless=False, context=DEFAULT_CONTEXT):
    """Writes the model to path (through a temporary file beside it); returns its size in bytes."""
    content = build(endless, context)
    temporary = "%s.tmp-%d" % (path, os.getpid())
    try:
        with open(temporary, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    return len(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", help="the GGUF file to write")
    parser.add_argument("--endless", action="store_true", help="answers never end by themselves")
    parser.add_argument("--context", type=int, default=DEFAULT_CONTEXT, help="context length in tokens")
    arguments = parser.parse_args()
    print(json.dumps({"path": arguments.out,
                      "bytes": write(arguments.out, arguments.endless, arguments.context)}))


if __name__ == "__main__":
    main()
