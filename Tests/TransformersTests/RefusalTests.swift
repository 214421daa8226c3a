// What a model refuses, by name.
import CKernels
import Checkpoints
import Fixtures
import JSON
import Testing
import Transformers

@Suite struct RefusalTests {
    private func expectRefusal(
        _ error: ModelError,
        model: RandomModel = RandomModel(),
        head: Head? = nil,
        reduction: Reduction = .softmax(1),
        threads: Int = 1,
        config: (inout JSONObject) -> Void = { _ in },
        tensors: (inout [String: (shape: [Int], numbers: [Float])]) -> Void = { _ in },
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let folder = try model.write(config: config, tensors: tensors)
        let head = head ?? .linear(weight: "score.weight", bias: "score.bias")
        #expect(throws: error, sourceLocation: location) {
            try loadModel(folder, head: head, reduction: reduction, threads: threads)
        }
    }

    @Test func `every tensor that is needed is missed by name`() throws {
        for modelType in ["qwen2", "qwen3", "llama", "mistral"] {
            let model = RandomModel(modelType: modelType, layers: 1, asksForBiases: modelType == "llama")
            for (name, _, _) in model.tensors where name != "lm_head.weight" {
                try expectRefusal(.missingTensor(name), model: model, tensors: { $0[name] = nil })
            }
        }
    }

    @Test func `a tensor that is not used may be missing`() async throws {
        let folder = try RandomModel().write(tensors: { $0["lm_head.weight"] = nil })
        #expect(try loadModel(folder).classCount == 2)
    }

    @Test func `every tensor with a wrong shape or rank is refused by name`() throws {
        let model = RandomModel(layers: 1)
        for (name, shape, _) in model.tensors where name != "lm_head.weight" && !name.hasPrefix("score") {
            let larger = [shape[0] + 1] + shape.dropFirst()
            for found in [larger, shape + [1], [shape.reduce(1, *)] + [1, 1]] {
                try expectRefusal(
                    .wrongShape(tensor: name, expected: shape, found: found),
                    model: model,
                    tensors: { $0[name] = (found, [Float](repeating: 0, count: found.reduce(1, *))) }
                )
            }
        }
    }

    @Test func `a head whose weight does not fit is refused by name`() throws {
        let wrong: [(found: [Int], expected: [Int])] = [
            ([2, 31], [2, 32]), ([64], [64, 32]), ([2, 32, 1], [2, 32]),
        ]
        for (found, expected) in wrong {
            try expectRefusal(
                .wrongShape(tensor: "score.weight", expected: expected, found: found),
                tensors: { $0["score.weight"] = (found, [Float](repeating: 0, count: found.reduce(1, *))) }
            )
        }
        try expectRefusal(
            .wrongShape(tensor: "score.bias", expected: [2], found: [3]),
            tensors: { $0["score.bias"] = ([3], [0, 0, 0]) }
        )
        try expectRefusal(
            .wrongShape(tensor: "score.weight", expected: [2, 101], found: [2, 32]),
            head: .mlp2(
                first: .init(weight: "lm_head.weight", bias: nil),
                second: .init(weight: "score.weight", bias: nil)
            )
        )
        try expectRefusal(.missingTensor("v_head.weight"), head: .linear(weight: "v_head.weight", bias: nil))
    }

    @Test(
        arguments: [
            (.softmax(3), 3), (.softmax(-1), 2), (.sum([1, 2]), 2), (.sum([]), 2), (.sum([0, 0]), 2), (.margin, 1),
            (.margin, 3), (.sigmoid, 2), (.identity, 2),
        ] as [(Reduction, Int)]
    )
    func `a reduction that does not fit the classes is refused`(reduction: Reduction, classes: Int) throws {
        try expectRefusal(
            .wrongClassCount(reduction: reduction, found: classes),
            model: RandomModel(classes: classes),
            reduction: reduction
        )
    }

    @Test func `what the decoder cannot compute is refused by name`() throws {
        try expectRefusal(.unsupportedModelType("gpt2"), config: { $0["model_type"] = "gpt2" })
        try expectRefusal(.unsupportedActivation("gelu"), config: { $0["hidden_act"] = "gelu" })
        for kind in ["yarn", "dynamic", "longrope"] {
            try expectRefusal(
                .unsupportedRopeScaling(kind),
                config: { $0["rope_scaling"] = .object(JSONObject([("rope_type", .string(kind)), ("factor", 4.0)])) }
            )
        }
    }

    @Test func `a weight that is not finite or not of a known type is refused by name`() throws {
        try expectRefusal(
            .checkpoint(.tensor("score.bias", file: "model.safetensors", .notFinite(element: 1))),
            tensors: { $0["score.bias"]?.numbers[1] = .nan }
        )
        let folder = try RandomModel().write(dtypes: ["score.bias": "I16"])
        #expect(
            throws: ModelError.checkpoint(.tensor("score.bias", file: "model.safetensors", .unsupportedDType("I16")))
        ) {
            try loadModel(folder)
        }
    }

    @Test(
        arguments: [
            ("qwen3", "attention_bias", "self_attn.q_proj"), ("llama", "attention_bias", "self_attn.q_proj"),
            ("llama", "mlp_bias", "mlp.gate_proj"),
        ]
    )
    func `biases are planned where the config asks for them`(family: String, key: String, layer: String) throws {
        try expectRefusal(
            .missingTensor("model.layers.0.\(layer).bias"),
            model: RandomModel(modelType: family),
            config: { $0[key] = true }
        )
    }

    @Test func `biases that a family never has are not asked for`() throws {
        for family in ["qwen2", "mistral"] {
            let folder = try RandomModel(modelType: family).write(config: {
                $0["attention_bias"] = true
                $0["mlp_bias"] = true
            })
            #expect(try loadModel(folder).classCount == 2)
        }
    }

    @Test(arguments: [0, -1, 1025, .max]) func `a thread count out of range is refused`(threads: Int) throws {
        try expectRefusal(.badThreadCount(threads), threads: threads)
    }

    @Test(arguments: [-1, 101, .max, .min] as [Int32])
    func `an id without a row in the embedding is refused`(id: Int32) async throws {
        let model = try loadModel(try RandomModel().write())
        let batch = try PackedBatch([
            TokenSequence(ids: [0, 100], readPositions: [1]), TokenSequence(ids: [5, id], readPositions: [0]),
        ])
        await #expect(throws: ModelError.unknownToken(id: id, row: 3)) { try await model.forward(batch) }
    }
}
