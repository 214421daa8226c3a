# Writes chats.json: the ids of conversations up to the assistant's turn, by transformers.
#
#   pip install transformers jinja2         (made with transformers 5.23.0 and tokenizers 0.23.3)
#   python3 make_chat_goldens.py            writes it
#   python3 make_chat_goldens.py --check    compares with what is here and writes nothing
#
# Each template is one of a dialect that Sources/Scoring/ChatFormat.swift tells by its text.

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
CHATML = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are kind.<|im_end|>\\n' }}{% endif %}"
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LLAMA = (
    "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' "
    "+ m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
DATED = (
    "{{ bos_token }}{{ '<|start_header_id|>system<|end_header_id|>\\n\\nCutting Knowledge Date: December 2023\\n"
    "Today Date: 26 Jul 2024\\n\\n' }}{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] | trim }}"
    "{% set messages = messages[1:] %}{% endif %}{{ '<|eot_id|>' }}" + LLAMA.removeprefix("{{ bos_token }}")
)
BEGINNING = "<|begin_of_text|>"
TEMPLATES = [("tiny-prm", CHATML, None), ("tiny-llama", LLAMA, BEGINNING), ("tiny-llama", DATED, BEGINNING)]
CHATS = [
    [("user", "Add 1 to 9.")],
    [("system", "Be brief."), ("user", " Add 1 to 9.\n"), ("assistant", "It is 10."), ("user", "And 2?")],
    [("user", "\nIt's é.")],
]


def cases():
    from transformers import PreTrainedTokenizerFast

    for checkpoint, template, beginning in TEMPLATES:
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(HERE / checkpoint / "tokenizer.json"), bos_token=beginning, chat_template=template
        )
        for chat in CHATS:
            messages = [{"role": role, "content": content} for role, content in chat]
            ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
            yield {"checkpoint": checkpoint, "template": template, "messages": messages, "ids": ids}


def main():
    text = "[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases()) + "\n]\n"
    file = HERE / "chats.json"
    if "--check" in sys.argv:
        sys.exit(None if file.read_text() == text else f"{file} is not what transformers gives")
    file.write_text(text)


main()
