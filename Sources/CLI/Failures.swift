// One clear line for everything that stops a command.
import ArgumentParser
import Checkpoints
import Crediting
import Glibc
import Scoring
import Sockets
import Tokenizing
import Transformers

/// Why a command stops.
enum Failure: Error {
    case usage(String)
    case model(String, any Error)
    case file(String, String)
    /// What stopped a training run.
    case run(String, ExitCode)

    var line: String {
        switch self {
        case .usage(let text): text
        case .model(let folder, let error): "cannot serve \(folder.onOneLine): \(Self.sentence(error))"
        case .file(let path, let text): "\(path): \(text)"
        case .run(let text, _): text
        }
    }

    var exitCode: ExitCode {
        switch self {
        case .usage, .file: Exit.usage
        case .model: Exit.modelNotLoaded
        case .run(_, let code): code
        }
    }

    /// Runs a command's body; a failure becomes its one line and its exit code.
    static func reporting<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let failure as Failure {
            Output.write("linchpin: \(failure.line)\n", to: STDERR_FILENO)
            throw failure.exitCode
        }
    }

    /// Of what was wrong with a model; whatever its files say, one line.
    static func sentence(_ error: any Error) -> String {
        let sentence =
            switch error {
            case let error as ProfileError: error.sentence
            case let error as CheckpointError: error.sentence
            case let error as TokenizerError: error.sentence
            case let error as ModelError: error.sentence
            case let error as CanaryError: error.sentence
            default: "\(error)"
            }
        return sentence.onOneLine
    }
}

extension ProfileError {
    var sentence: String {
        switch self {
        case .unknownArchitecture(let names, let languageModels):
            "config.json names the architecture \(names.first ?? "(none)"), which does not say how it is scored; if it is "
                + "one of \(languageModels.joined(separator: ", ")), say so with --profile NAME or "
                + #"{"profile":"NAME"} in linchpin.json; any other needs the fields of Deploy/profiles/README.md"#
        case .unknownProfile(let name, let known):
            "there is no profile \(name); known are \(known.joined(separator: ", "))"
        case .missingTensor(let profile, let tensor):
            "the profile \(profile) needs the tensor \(tensor), which is missing"
        case .wrongHead(let profile, let tensor, let shape, let expected):
            "the profile \(profile) needs the tensor \(tensor) of shape \(expected), not \(shape)"
        case .missingTokenizer:
            "there is no tokenizer.json; download it, or make it (AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR))"
        case .otherTokenizer(let part):
            "its tokenizer is not the policy's (tokenizer.json: \(part)); log-ratios need two models of one tokenizer"
        case .missingToken(let profile, let token):
            "the profile \(profile) needs the token \(token), which tokenizer.json does not have; "
                + "use the checkpoint's own"
        case .notOneToken(let profile, let text, let count):
            "the profile \(profile) needs \(text.debugDescription) to be one token; tokenizer.json makes \(count) of it"
        case .vocabularyTooLarge(let tokens, let rows):
            "tokenizer.json has ids up to \(tokens - 1), the model's embedding only \(rows) rows; "
                + "it is another model's, use the checkpoint's own"
        case .unknownChatTemplate:
            "the folder's chat template is none that is known; name the one that it follows in linchpin.json, "
                + #""chat": "# + ChatDialect.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
                + #", with its "system" message, or lay rollouts out yourself with "template": "raw""#
        case .noChat:
            "the profile has a chat's turns, but tokenizer.json has neither <|im_start|> nor <|start_header_id|>; "
                + "is it the checkpoint's own?"
        case .sameCandidates(let profile, let texts):
            "the profile \(profile) reads the logits of \(texts.map(\.debugDescription).joined(separator: " and ")), "
                + "which tokenizer.json does not begin with different tokens"
        case .badOverride(let key, let expected): "linchpin.json: \(key.isEmpty ? "it" : key) must be \(expected)"
        case .unknownOverride(let key, let known):
            "linchpin.json: the key \(key) is not known; known are \(known.joined(separator: ", "))"
        case .notJSON(let file, let offset): "\(file) is not valid JSON (byte \(offset))"
        }
    }
}

extension SocketError {
    var sentence: String {
        switch self {
        case .unknownHost(let host, let code): "\(host): \(String(cString: gai_strerror(code)))"
        case .failed(let call, let code): "\(call): \(String(cString: strerror(code)))"
        case .lost(let code): String(cString: strerror(code))
        case .truncated: "it ended without a word of TLS"
        case .insecure(let reason): "TLS: \(reason)"
        case .unusable(let file, let reason): "\(file): \(reason)"
        case .strangeKey(let file, let certificate): "\(file): it is not the key of \(certificate)"
        case .timedOut: "it took too long"
        case .cancelled, .interrupted, .closed: "it was stopped"
        }
    }
}

extension CreditError {
    var sentence: String {
        switch self {
        case .temperature(let value): "the temperature must be a finite number greater than 0, not \(value)"
        case .undefined(let pooling, let scale): "\(pooling.rawValue) does not exist on the scale \(scale.rawValue)"
        default: "\(self)"
        }
    }
}
