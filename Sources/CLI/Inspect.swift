// linchpin inspect: what a checkpoint is and how it would be scored.
import ArgumentParser
import Checkpoints
import Crediting
import Glibc
import JSON
import Scoring
import Tokenizing
import Transformers

struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What a checkpoint is, how it would be scored, and what would be refused."
    )

    @Argument(help: ArgumentHelp("Folder of the checkpoint; default: the built-in model.", valueName: "DIR"))
    var folder: String?

    @Option(help: ArgumentHelp("\(ProfileWords.help).", valueName: "P"))
    var profile: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Failure.reporting {
            let source = try ProfileWords.source(profile)
            let report: Report
            do {
                report = try Report(folder: folder, source: source)
            } catch {
                throw Failure.model(folder ?? builtInModelName, error)
            }
            let text =
                json ? String(decoding: JSONValue.object(report.object).serialized(), as: UTF8.self) : report.text
            Output.write(text + "\n", to: STDOUT_FILENO)
            if report.refusal != nil { throw Exit.modelNotLoaded }
        }
    }
}

/// A folder in numbers, read without its weights.
private struct Report {
    let checkpoint: Checkpoint
    let plan: ScoringPlan?
    let refusal: String?
    /// Why it cannot serve as policy or reference; nil where it can.
    let languageRefusal: String?
    /// Whether a policy could be asked about conversations; nil where it is none.
    let hasChat: Bool?

    /// A folder that is no checkpoint throws; one that is, but cannot be scored with, is reported with its refusal.
    init(folder: String?, source: ProfileSource?) throws {
        checkpoint = try folder.map { try Checkpoint(folder: $0) } ?? builtInCheckpoint()
        do {
            plan = try ScoringPlan(checkpoint: checkpoint, source: source)
            refusal = nil
        } catch {
            plan = nil
            refusal = Failure.sentence(error)
        }
        do {
            (hasChat, languageRefusal) = (try LanguagePlan(checkpoint: checkpoint).hasChat, nil)
        } catch {
            (hasChat, languageRefusal) = (nil, Failure.sentence(error))
        }
    }

    private var tensorBytes: Int { checkpoint.tensors.values.reduce(0) { $0 + $1.byteCount } }

    private var parameters: Int {
        checkpoint.tensors.values.reduce(0) { $0 + $1.byteCount / $1.dtype.byteCount }
    }

    private var types: String { Set(checkpoint.tensors.values.map(\.dtype.rawValue)).sorted().joined(separator: ", ") }

    var object: JSONObject {
        let config = checkpoint.config
        var object: JSONObject = [
            "folder": .string(checkpoint.folder),
            "architecture": .string(config.architectures.first ?? ""),
            "model_type": .string(config.modelType),
            "layers": JSONValue(config.layerCount),
            "hidden_size": JSONValue(config.hiddenSize),
            "heads": JSONValue(config.headCount),
            "key_value_heads": JSONValue(config.keyValueHeadCount),
            "vocabulary_rows": JSONValue(config.vocabularySize),
            "max_model_len": JSONValue(config.maximumPositions),
            "tensors": JSONValue(checkpoint.tensors.count),
            "tensor_types": .string(types),
            "parameters": JSONValue(parameters),
            "bytes": JSONValue(tensorBytes),
            "refusal": refusal.map(JSONValue.string) ?? .null,
            "policy_refusal": languageRefusal.map(JSONValue.string) ?? .null,
        ]
        guard let plan else { return object }
        object["profile"] = .string(plan.profile.name)
        object["evidence"] = .array(plan.profile.evidence.map(JSONValue.string))
        object["separator"] = .string(plan.profile.separator)
        object["semantics"] = .string(plan.profile.semantics.rawValue)
        object["reward_scale"] = .string(plan.profile.scale.rawValue)
        object["template"] = .string(plan.profile.template.kind.rawValue)
        object["reduction"] = .string("\(plan.profile.reduction)")
        if let example = try? plan.example().sequence {
            object["example"] = .string(Self.words(example, plan.tokenizer))
            object["example_token_ids"] = .array(example.ids.map { JSONValue(Int($0)) })
            object["example_read_positions"] = .array(example.readPositions.map { JSONValue($0) })
        }
        return object
    }

    var text: String {
        let config = checkpoint.config
        var lines = [
            "folder        \(checkpoint.folder)",
            "architecture  \(config.architectures.first ?? "(none)") (\(config.modelType))",
            "shape         \(config.layerCount) layers, hidden \(config.hiddenSize), "
                + "\(config.headCount) heads / \(config.keyValueHeadCount) key-value, \(config.vocabularySize) rows",
            "context       \(config.maximumPositions) tokens",
            "weights       \(checkpoint.tensors.count) tensors, \(parameters) parameters, \(tensorBytes) bytes, \(types)",
        ]
        if let plan {
            let credit = plan.profile.defaultCredit
            lines += [
                "profile       \(plan.profile.name)",
                "evidence      " + plan.profile.evidence.joined(separator: "\n              "),
                "template      \(plan.profile.template.kind.rawValue)",
                "reduction     \(plan.profile.reduction)",
                "separator     \(plan.profile.separator.debugDescription)",
                "rewards       \(plan.profile.semantics.rawValue), \(plan.profile.scale.rawValue)",
                "credit        \(credit.pooling.rawValue), temperature \(credit.temperature), scale \(credit.scale.rawValue)",
                "example       \(example(plan))",
            ]
        }
        if let refusal { lines.append("refused       \(refusal)") }
        switch hasChat {
        case true?: lines.append("as policy     yes (--model policy=DIR); prompts are text or conversations")
        case false?:
            lines.append("as policy     yes (--model policy=DIR); prompts are text, of its chat nothing is known")
        case nil: lines.append("as policy     no: \(languageRefusal ?? "")")
        }
        return lines.joined(separator: "\n")
    }

    /// A small rollout as the model reads it.
    private func example(_ plan: ScoringPlan) -> String {
        if plan.profile.template.kind == .raw { return "(raw: your own segments)" }
        guard let sequence = try? plan.example().sequence else { return "" }
        return Self.words(sequence, plan.tokenizer)
            + "\n              (tokens between bars; a reward is read at each that is followed by *)"
    }

    /// Tokens between bars, `*` after each at which a reward is read.
    private static func words(_ sequence: TokenSequence, _ tokenizer: Tokenizer) -> String {
        let reads = Set(sequence.readPositions)
        return sequence.ids.enumerated().map { position, id in
            let text = String(decoding: tokenizer.bytes(of: id) ?? [], as: UTF8.self).debugDescription
            return String(text.dropFirst().dropLast()) + (reads.contains(position) ? "*" : "")
        }.joined(separator: "|")
    }
}
