// What is refused of tensors that other families have.
import CKernels
import Checkpoints
import Fixtures
import JSON
import Testing
import Transformers

@Suite struct StrangerTests {
    private func expectRefusal(
        _ error: ModelError,
        _ model: RandomModel,
        dtypes: [String: String] = [:],
        config: (inout JSONObject) -> Void = { _ in },
        adding name: String? = nil,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let folder = try model.write(
            dtypes: dtypes,
            config: config,
            tensors: { if let name { $0[name] = ([4], [0, 0, 0, 0]) } }
        )
        #expect(throws: error, sourceLocation: location) { try loadModel(folder) }
    }

    @Test(arguments: ["qwen2", "qwen3", "llama", "mistral"])
    func `a tensor that the config has no place for is refused by name`(family: String) throws {
        let model = RandomModel(modelType: family)
        for name in [
            "model.layers.0.self_attn.o_proj.bias", "model.layers.2.mlp.up_proj.bias",
            "model.layers.1.self_attn.rotary.weight", "model.layers.1.pre_feedforward_layernorm.weight",
        ] {
            try expectRefusal(.unexpectedTensor(name), model, adding: name)
        }
        let name = "model.layers.0.counter"
        try expectRefusal(.unexpectedTensor(name), model, dtypes: [name: "I16"], adding: name)
    }

    @Test func `a layer more than the config counts is refused`() throws {
        let first = "model.layers.2.input_layernorm.weight"
        try expectRefusal(.unexpectedTensor(first), RandomModel(), config: { $0["num_hidden_layers"] = 2 })
    }

    /// Qwen2's file under another name: its biases would be left out without a word.
    @Test(arguments: ["llama", "mistral"]) func `a decoder under another family's name is refused`(family: String)
        throws
    {
        try expectRefusal(
            .unexpectedTensor("model.layers.0.self_attn.k_proj.bias"),
            RandomModel(),
            config: { $0["model_type"] = .string(family) }
        )
    }

    @Test func `heads, output layers and stored frequencies may lie there unused`() async throws {
        let folder = try RandomModel(modelType: "llama").write(tensors: {
            $0["v_head.other.weight"] = ([1, 32], [Float](repeating: 0, count: 32))
            $0["model.layers.0.self_attn.rotary_emb.inv_freq"] = ([4], [1, 0.1, 0.01, 0.001])
        })
        #expect(try loadModel(folder).classCount == 2)
    }
}
