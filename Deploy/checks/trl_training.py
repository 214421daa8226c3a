"""TRL's own GRPOTrainer trains a tiny random policy on the rewards of the plugin, and they are those of /v1/rewards."""

import importlib
import os
import subprocess
import sys
import tempfile

from lifting import interpreter
from server import ROOT, Server, check

# PyPI's own torch brings gigabytes for graphics cards; where no such build is to be had, this part is skipped.
PACKAGES = ["torch==2.13.0+cpu", "trl==1.16.0", "datasets==5.2.0", "transformers==5.23.0"]
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def policy(folder):
    """A random model of some thousand weights, with the tokenizer of our golden model."""
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    tokens = PreTrainedTokenizerFast(
        tokenizer_file=str(ROOT / "Tests/Goldens/tiny-prm/tokenizer.json"),
        eos_token="<|im_end|>", pad_token="<|endoftext|>",
    )
    tokens.chat_template = CHAT
    shape = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokens), num_key_value_heads=1, **shape))
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)
    return model, tokens


def trained(server, prompts, functions):
    """Every call of the trainer's reward method: what it handed over, and the tensor that it made of the answers."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    calls = []

    class Watched(GRPOTrainer):
        def _calculate_rewards(self, inputs, prompts, completions, completion_ids):
            tensor = super()._calculate_rewards(inputs, prompts, completions, completion_ids)
            calls.append((prompts, completions, tensor.tolist()))
            return tensor

    with tempfile.TemporaryDirectory() as folder:
        model, tokens = policy(folder)
        settings = GRPOConfig(
            output_dir=folder, use_cpu=True, bf16=False, max_steps=2, per_device_train_batch_size=4, num_generations=4,
            max_completion_length=24, report_to=[], save_strategy="no", logging_steps=1, disable_tqdm=True, seed=1,
        )
        rows = Dataset.from_list([{"prompt": prompt} for prompt in prompts])
        trainer = Watched(model, functions, args=settings, train_dataset=rows, processing_class=tokens)
        trainer.train()
        logged = [entry for entry in trainer.state.log_history if "rewards/linchpin/mean" in entry]
    check(len(logged) == 2, f"TRL logs the rewards of both steps: {trainer.state.log_history}")
    return calls


def expected(server, prompts, completions):
    """The same rollouts sent to /v1/rewards, as a tensor holds the answers."""
    import torch

    rewards = []
    for prompt, completion in zip(prompts, completions):
        if isinstance(prompt, str):
            rollout = {"prompt": prompt, "response": completion}
        else:
            turns = [turn for turn in prompt if turn["role"] != "system"]
            rollout = {"messages": turns, "response": completion[-1]["content"]}
        answer = server.post("/v1/rewards", {"rollouts": [rollout]})[1]["data"][0]
        # What cannot be scored has the reward that LINCHPIN_UNSCORABLE says.
        rewards.append(answer.get("reward", -1.0))
    return torch.tensor(rewards, dtype=torch.float32).tolist()


def main(model, is_short):
    sys.path.insert(0, str(ROOT / "Deploy/trainers"))
    plain = ["What is 1+1?", "What is 2+3?"]
    chats = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}] for text in plain]
    with Server(model) as server:
        os.environ.update(LINCHPIN_URL=f"http://{server.host}:{server.port}", LINCHPIN_UNSCORABLE="-1")
        plugin = importlib.import_module("trl_reward")
        count = 0
        for prompts in [chats] if is_short else [plain, chats]:
            for handed, completions, tensor in trained(server, prompts, [plugin.linchpin, plugin.linchpin_async]):
                wanted = expected(server, handed, completions)
                check(tensor == [[reward, reward] for reward in wanted], f"{tensor} instead of {wanted}")
                count += len(wanted)
    check(count == (8 if is_short else 16), f"{count} rewards")
    print(f"TRL 1.16.0, GRPOTrainer.train: the {count} rewards of both functions equal those of /v1/rewards")


def run(model, is_short):
    """The same in an environment that has TRL."""
    python = interpreter(*PACKAGES)
    if python is None:
        print("SKIPPED TRL: it, or a torch for processors alone, is not to be had here")
        return
    quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [python, __file__, model, *(["--short"] if is_short else [])],
        env={**os.environ, **quiet, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}, capture_output=True, text=True, check=False,
    )
    check(done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}")
    print(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main(sys.argv[1], "--short" in sys.argv)
