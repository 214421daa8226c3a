// The config that we write says what was asked for.
import Checkpoints
import JSON
import Testing

@Suite struct Qwen2ConfigTests {
    private static let shape = Qwen2Shape(
        vocabularySize: 1025,
        hiddenSize: 96,
        intermediateSize: 256,
        layerCount: 4,
        headCount: 6,
        keyValueHeadCount: 3,
        maximumPositions: 512,
        ropeTheta: 20_000
    )

    @Test func `it reads back as the shape that it was made of`() throws {
        let config = try ModelConfig(json: qwen2Config(Self.shape, endOfText: 1024))
        #expect(config.architectures == ["Qwen2ForTokenClassification"] && config.modelType == "qwen2")
        #expect(config.vocabularySize == 1025 && config.hiddenSize == 96 && config.intermediateSize == 256)
        #expect(config.layerCount == 4 && config.headCount == 6 && config.keyValueHeadCount == 3)
        #expect(config.headDimension == 16 && config.maximumPositions == 512)
        #expect(config.ropeTheta == 20_000 && config.ropeScaling == .none)
        #expect(config.tiesWordEmbeddings && config.padTokenID == 1024 && config.labelCount == 2)
        #expect(config.slidingWindows == [nil, nil, nil, nil] && config.storedType == "float32")
    }

    @Test func `labels are named both ways`() {
        let config = qwen2Config(Self.shape)
        #expect(config["id2label"] == ["0": "wrong", "1": "right"])
        #expect(config["label2id"] == ["wrong": 0, "right": 1])
        #expect(config["pad_token_id"] == .null && config["eos_token_id"] == .null)
    }
}
