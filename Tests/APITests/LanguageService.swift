// A service with a policy and a reference beside its reward model.
import Checkpoints
import Fixtures
import Foundation
import HTTPTypes
import JSON
import Scoring
import Serving

/// The golden model is its own policy; the reference is the same with other weights.
struct LanguageService {
    let golden: GoldenService
    /// What the service asks.
    let models: LanguageModels

    private static let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-prm")

    /// - Parameters:
    ///   - rewardModel: a golden folder.
    ///   - groupCost: of the policy.
    init(
        hasReference: Bool = true,
        settings: EngineSettings = EngineSettings(),
        referenceSettings: EngineSettings = EngineSettings(),
        rewardModel: String = "tiny-prm",
        groupCost: Int? = nil
    ) throws {
        var policy = try LanguageModelScorer(checkpoint: Checkpoint(folder: Self.folder.path), settings: settings)
        if let groupCost { policy.groupCost = groupCost }
        let reference = try hasReference ? Self.reference(referenceSettings) : nil
        models = LanguageModels(policy: policy, reference: reference)
        golden = try GoldenService(languages: models, golden: rewardModel)
    }

    private static func reference(_ settings: EngineSettings) throws -> LanguageModelScorer {
        let copy = try TemporaryFolder()
        for file in ["config.json", "tokenizer.json"] {
            try copy.write([UInt8](Data(contentsOf: folder.appendingPathComponent(file))), to: file)
        }
        var bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent("model.safetensors")))
        for place in stride(from: bytes.count - 4000, to: bytes.count - 2000, by: 2) { bytes[place] ^= 0x55 }
        try copy.write(bytes, to: "model.safetensors")
        return try LanguageModelScorer(
            checkpoint: Checkpoint(folder: copy.path),
            role: .reference,
            settings: settings
        )
    }

    /// What the models say of one rollout, without HTTP.
    func signals(_ request: SignalRequest) async throws -> LanguageSignals {
        try await models.signals(for: [request])[0].get()
    }

    func answer(_ body: JSONValue, path: String = "/v1/credit") async throws -> JSONValue {
        let response = await golden.post(path, body)
        guard response.status == .ok else { throw Refused(body: String(decoding: response.body, as: UTF8.self)) }
        return try response.json()
    }

    func items(_ body: JSONValue, path: String = "/v1/credit") async throws -> [JSONValue] {
        try await answer(body, path: path)["data"]?.array ?? []
    }

    func refusal(_ body: JSONValue, path: String = "/v1/credit") async throws -> (status: Int, error: JSONValue?) {
        let response = await golden.post(path, body)
        return (response.status.code, try response.json()["error"])
    }

    private struct Refused: Error { let body: String }
}

extension JSONValue {
    var numbers: [Double] { array?.compactMap(\.double) ?? [] }

    /// A member of each of its steps.
    func column(_ key: String) -> [Double] { self["steps"]?.array?.compactMap { $0[key]?.double } ?? [] }

    /// Without its place, which is the request's.
    var withoutIndex: JSONValue {
        guard var object else { return self }
        object["index"] = nil
        return .object(object)
    }

    func with(_ members: JSONObject) -> JSONValue {
        guard var object else { return self }
        for key in members.keys { object[key] = members[key] }
        return .object(object)
    }
}
