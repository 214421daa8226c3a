// Every way in, as its client speaks it.
import Fixtures
import JSON
import Testing

/// A rollout in the terms of the test, before any dialect.
struct Sample {
    var question = "What is 2+3?"
    var answer = "2 + 3 = 5\n\nSo it is 5."

    /// The policy's prompt, in ChatML.
    var prompt: String { "<|im_start|>user\n\(question)<|im_end|>\n<|im_start|>assistant\n" }
    /// What a trainer's tokenizer decodes: prompt, answer and end token.
    var text: String { prompt + answer + "<|im_end|>" }
    var messages: JSONValue { [["role": "user", "content": .string(question)]] }

    /// As the native route has it.
    var native: JSONValue { ["prompt": .string(question), "response": .string(answer)] }
}

/// A dialect: how it asks, and where its numbers are.
struct Dialect: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let path: String
    /// Whether one request has many rollouts.
    var isBatch = true
    let body: @Sendable ([Sample]) -> JSONValue
    /// One number a rollout; nil where the answer has none.
    let rewards: @Sendable (JSONValue) -> [JSONValue]?

    static let all: [Dialect] =
        trainers + [
            Dialect(
                testDescription: "native",
                path: "/v1/rewards",
                body: { ["rollouts": list($0) { $0.native }] },
                rewards: { $0["data"]?.array?.compactMap { $0["reward"] } }
            )
        ]

    /// Those that answer one number a rollout and no hole.
    static let trainers: [Dialect] = [
        Dialect(
            testDescription: "OpenRLHF",
            path: "/get_reward",
            body: { samples in
                [
                    "query": list(samples) { .string($0.text) }, "prompts": list(samples) { .string($0.prompt) },
                    "labels": list(samples) { _ in "5" },
                ]
            },
            rewards: { $0["rewards"]?.array }
        ),
        Dialect(
            testDescription: "LightRFT",
            path: "/get_reward",
            body: { samples in
                ["queries": list(samples) { .string($0.text) }, "prompts": list(samples) { .string($0.prompt) }]
            },
            rewards: { $0["rewards"]?.array }
        ),
        Dialect(
            testDescription: "align-anything",
            path: "/get_reward",
            body: { samples in
                ["prompts": list(samples) { .string($0.question) }, "responses": list(samples) { .string($0.answer) }]
            },
            rewards: { $0["rewards"]?.array }
        ),
        Dialect(
            testDescription: "slime",
            path: "/",
            isBatch: false,
            body: { ["prompt": .string($0[0].prompt), "response": .string($0[0].answer), "label": "5"] },
            rewards: { [$0] }
        ),
        Dialect(
            testDescription: "slime with messages and a key",
            path: "/rm?format=object",
            isBatch: false,
            body: { ["prompt": $0[0].messages, "response": .string($0[0].answer + "<|im_end|>"), "label": "5"] },
            rewards: { $0["score"].map { [$0] } }
        ),
        Dialect(
            testDescription: "verl",
            path: "/rm",
            isBatch: false,
            body: { samples in
                [
                    "data_source": "gsm8k", "solution_str": .string(samples[0].answer), "ground_truth": "5",
                    "extra_info": ["question": .string(samples[0].question)],
                ]
            },
            rewards: { $0["score"].map { [$0] } }
        ),
        Dialect(
            testDescription: "LLaMA-Factory",
            path: "/v1/score/evaluation",
            body: { ["model": "model", "messages": list($0) { .string($0.text) }] },
            rewards: { $0["scores"]?.array }
        ),
        Dialect(
            testDescription: "vLLM's classify",
            path: "/classify",
            body: { ["model": "golden", "input": list($0) { .string($0.text) }] },
            rewards: { $0["data"]?.array?.compactMap { $0["probs"]?.array?.last } }
        ),
        Dialect(
            testDescription: "SGLang's classify",
            path: "/classify",
            body: { ["text": list($0) { .string($0.text) }] },
            rewards: { $0.array?.compactMap { $0["embedding"]?.array?.first } }
        ),
        Dialect(
            testDescription: "embeddings",
            path: "/v1/embeddings",
            body: { ["input": list($0) { .string($0.text) }, "encoding_format": "float"] },
            rewards: { $0["data"]?.array?.compactMap { $0["embedding"]?.array?.last } }
        ),
    ]

    private static func list(_ samples: [Sample], _ value: (Sample) -> JSONValue) -> JSONValue {
        .array(samples.map(value))
    }
}
