// The sentences of what is wrong with a model or tokenizer.
import JSON
import Scoring
import Tokenizing
import Transformers

extension ModelError {
    var sentence: String {
        switch self {
        case .checkpoint(let error): error.sentence
        case .unsupportedModelType(let name): "config.json: model_type \(name) is not supported (\(Self.modelTypes))"
        case .unsupportedActivation(let name): "config.json: hidden_act \(name) is not supported (silu)"
        case .unsupportedRopeScaling(let name):
            "config.json: the rope type \(name) is not supported (default, linear, llama3)"
        case .missingTensor(let name):
            "the tensor \(name) is missing, which config.json or the profile asks for; download the weights again, "
                + "or check that they and config.json belong together"
        case .unexpectedTensor(let name):
            "the tensor \(name) has no place in the decoder that config.json describes; "
                + "they are not of one model: download both again"
        case .wrongShape(let tensor, let expected, let found):
            "the tensor \(tensor) has the shape \(found), config.json asks for \(expected); "
                + "they are not of one model: download both again"
        case .wrongClassCount(let reduction, let found):
            "the head has \(found) classes, too few or many for \(reduction)"
        case .badHeadTokens(let ids, let rows):
            "the head reads the tokens \(ids): each must be another one of the vocabulary's \(rows) rows"
        case .badThreadCount(let count): "\(count) is not a number of threads"
        case .outOfMemory(let bytes): "the system has no \(bytes) bytes of memory more"
        case .unsupportedKernel(let kernel): "this machine has not the instructions of the kernel \(kernel.rawValue)"
        case .untrainable(let reason): "only the head of this decoder can be tuned (\(reason))"
        case .noLanguageHead: "a language loss needs an embedding tied to the output layer (tie_word_embeddings)"
        // What a batch is refused for: by us to ourselves, never for what a folder holds.
        default: "the decoder cannot take the batch (\(self))"
        }
    }

    /// The decoders that there are.
    static let modelTypes = "qwen2, qwen3, llama, mistral"
}

extension CanaryError {
    var sentence: String {
        switch self {
        case .notFinite: "it gives numbers that are not finite"
        case .notRepeatable: "it gives other bits for the same rollout: memory or processor cannot be trusted"
        case .failed(let reason): "it cannot score (\(reason))"
        }
    }
}

extension TokenizerError {
    var sentence: String { "tokenizer.json: \(words)" }

    private var words: String {
        switch self {
        case .json(let error): "not valid JSON (byte \(error.offset))"
        case .tooLarge(let field, let count, let limit): "\(field): \(count) is more than \(limit)"
        case .missing(let field): "\(field) is missing"
        case .wrongType(let field): "\(field) is of another type than it should be"
        case .unsupportedComponent(let field, let name): "\(field): the kind \(name) is not supported"
        case .unsupportedSetting(let field, let value): "\(field): the setting \(value) is not supported"
        case .unsupportedPattern(let pattern): "the split pattern \(pattern) is not supported"
        case .idOutOfRange(let field, let id): "\(field): the id \(id) is out of range"
        case .duplicateID(let field, let id): "\(field): the id \(id) is taken"
        case .missingByte(let byte): "there is no token for the byte \(byte)"
        case .malformedMerge(let field): "\(field) is no merge of two tokens"
        case .duplicateMerge(let field): "\(field) stands there twice"
        case .unknownMergeToken(let field, let token): "\(field): \(token.debugDescription) is not in the vocabulary"
        case .emptyAddedToken(let field): "\(field) is empty"
        case .duplicateAddedToken(let content): "the added token \(content.debugDescription) stands there twice"
        case .misnumberedAddedToken(let content, let id, let expected):
            "the added token \(content.debugDescription) has the id \(id), Hugging Face gives it \(expected)"
        }
    }
}
