"""Writes golden.json: conversations as the policies' own chat templates render them.

    pip download --no-deps --only-binary :all: trl==1.16.0 axolotl==0.19.0 unsloth==2026.10.9
    pip install transformers jinja2
    python make_golden.py <folder of the wheels> > golden.json

The templates are read out of the wheels. What each of them does to a conversation before it writes it (contents
trimmed, a system turn of its own) stands in SOURCES: the turns expected do not come from what was written.
"""
import ast
import json
import pathlib
import sys
import zipfile

from transformers.utils.chat_template_utils import render_jinja_template

SYSTEM = {"role": "system", "content": "Be brief.\n\nUse \\boxed{}."}
PLAIN = {"role": "user", "content": "What is 1+1?"}
RAGGED = {"role": "user", "content": "\n2 × 3 = ?\r\n\n"}
MARKS = {"role": "user", "content": "Explain </s>, [INST], <|im_end|>, <|end|> and <end_of_turn> to 数学者 😀."}
REPLY = {"role": "assistant", "content": "Step 1: 2.\n\nSo 2."}
OTHER = {"role": "assistant", "content": "It is\r\n6."}
CONVERSATIONS = [
    [PLAIN],
    [SYSTEM, PLAIN],
    [SYSTEM, RAGGED],
    [{"role": "system", "content": ""}, PLAIN],
    [PLAIN, REPLY, RAGGED],
    [SYSTEM, RAGGED, REPLY, PLAIN, OTHER, MARKS],
    [MARKS],
]

QWEN = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
DATES = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"


def keep(turns):
    return turns


def trimmed(turns):
    return [{**turn, "content": turn["content"].strip()} for turn in turns]


def beginning(system):
    """A template that puts this system turn where a conversation brings none."""
    return lambda turns: turns if turns[0]["role"] == "system" else [{"role": "system", "content": system}, *turns]


def without_empty_system(turns):
    return turns[1:] if turns[0] == {"role": "system", "content": ""} else turns


def dated(turns):
    turns = trimmed(beginning("")(turns))
    return [{"role": "system", "content": DATES + turns[0]["content"]}, *turns[1:]]


def merged(place, trim=False):
    """A template that writes the system message into the user's first or last turn."""
    def apply(turns):
        if turns[0]["role"] != "system":
            return trimmed(turns) if trim else turns
        system, turns = turns[0]["content"], [dict(turn) for turn in turns[1:]]
        turns = trimmed(turns) if trim else turns
        turns[place]["content"] = system + "\n\n" + turns[place]["content"]
        return turns
    return apply


def llama2(turns):
    kept = 2 if turns[0]["role"] == "system" else 0
    return turns[:kept] + trimmed(turns[kept:])


def bare(system):
    """A template that writes the system message with no header; of an empty one a space is left."""
    return lambda turns: without_empty_system(beginning(system)(turns))


# PolicyTemplate's case, package, its template, what it does, its token of beginning, its token of end.
SOURCES = [
    ("chatML", "trl", "qwen2_5", beginning(QWEN), "", "<|im_end|>"),
    ("chatML", "trl", "qwen3", keep, "", "<|im_end|>"),
    ("chatML", "axolotl", "chatml", keep, "", "<|im_end|>"),
    ("phi4", "unsloth", "phi4_template", keep, "", "<|im_end|>"),
    ("llama3", "trl", "llama3", trimmed, "<|begin_of_text|>", "<|eot_id|>"),
    ("llama3", "trl", "llama3_1", dated, "<|begin_of_text|>", "<|eot_id|>"),
    ("gemma", "trl", "gemma", trimmed, "<bos>", "<eos>"),
    ("gemma", "trl", "gemma3", merged(0, trim=True), "<bos>", "<eos>"),
    ("phi3", "trl", "phi3", keep, "<s>", "<|endoftext|>"),
    ("phi3", "trl", "phi3_5", without_empty_system, "<s>", "<|endoftext|>"),
    ("zephyr", "unsloth", "zephyr_template", keep, "<s>", "</s>"),
    ("glm", "trl", "glm4moe", keep, "", "<|user|>"),
    ("instruct", "unsloth", "llama_template", llama2, "<s>", "</s>"),
    ("instruct", "axolotl", "mistral_v1", merged(0), "<s>", "</s>"),
    ("instruct", "axolotl", "mistral_v2v3", merged(-1), "<s>", "</s>"),
    ("instruct", "axolotl", "mistral_v3_tekken", merged(-1), "<s>", "</s>"),
    ("instruct", "axolotl", "mistral_v7_tekken", keep, "<s>", "</s>"),
    ("deepSeek", "trl", "deepseek_r1_distill", without_empty_system, "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    ("deepSeek", "trl", "deepseekv3", without_empty_system, "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    ("vicuna", "unsloth", "vicuna_template", bare("{system_message}"), "<s>", "</s>"),
]


def template(folder, package, name):
    wheel = zipfile.ZipFile(next(folder.glob(package + "-*.whl")))
    path = {
        "trl": f"trl/chat_templates/{name}.jinja",
        "axolotl": f"axolotl/utils/chat_templates/templates/{name}.jinja",
        "unsloth": "unsloth/chat_templates.py",
    }[package]
    text = wheel.read(path).decode()
    if package != "unsloth":
        return text
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise KeyError(name)


def main():
    folder = pathlib.Path(sys.argv[1])
    cases = []
    for case, package, name, does, bos, eos in SOURCES:
        text = template(folder, package, name)
        for turns in CONVERSATIONS:
            try:
                rendered, _ = render_jinja_template(
                    conversations=[turns], chat_template=text, add_generation_prompt=True, bos_token=bos, eos_token=eos,
                    date_string="26 Jul 2024",
                )
            except Exception as refusal:  # Gemma 2 has no system role, and Mistral wants turns to alternate.
                print(f"{package}/{name}: {refusal}", file=sys.stderr)
                continue
            # Mistral 7's own system message holds the date.
            if name == "mistral_v7_tekken" and turns[0]["role"] != "system":
                continue
            expected = [[turn["role"], turn["content"]] for turn in does(turns)]
            cases.append({"template": case, "source": f"{package}/{name}", "prompt": rendered[0], "turns": expected})
    json.dump(cases, sys.stdout, ensure_ascii=False, indent=0)
    print()


main()
