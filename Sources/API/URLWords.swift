// What a trainer's user may say in the URL.
import Crediting
import Scoring

/// The URL's words as settings: the URL is the only thing of a reward request that a trainer's user can change.
struct URLWords: Sendable {
    /// Where rewards, steps or messages come from the caller.
    static let native = [
        "pooling", "temperature", "scale", "reward", "normalize", "spread", "api_key", "separator", "wait",
    ]
    /// Where a text in the policy's chat template does.
    static let trainer = native + ["system"]
    /// Where one number a rollout is all that is looked at.
    static let scalar = trainer + ["unscorable", "method"]

    var credit: CreditSettings
    /// Which value of the trajectory is the one number of a rollout; the pooling's own where the URL does not say.
    let reward: Pooling
    /// Where a response is split; nil leaves it to the model's profile.
    let separator: String?
    /// Whether the policy's system turn is shown to the reward model, in the place of the model's own.
    let keepsSystem: Bool
    let normalization: Normalization
    let spread: Spread
    /// How long the answer may take; nil is the server's default.
    let wait: Duration?
    /// What a rollout is worth whose text cannot be scored, such as an empty or overlong one; nil: it fails the request.
    let unscorable: Double?
    /// A method of one number a rollout, in the place of pooling and normalisation.
    let method: ProgramRequest?
    private let query: QueryString

    /// - Parameters:
    ///   - known: the words of this route.
    ///   - standard: the credit of those who ask for none in particular.
    /// - Throws: `unknownField`, `conflictingFields` or `wrongField`, each naming the word as `?pooling`.
    init(
        _ query: String?,
        known: [String] = URLWords.trainer,
        standard: CreditSettings
    ) throws(APIError) {
        let query = try QueryString(query)
        for (name, _) in query.pairs where !known.contains(name) {
            throw .unknownField("?\(name.fieldName)", known: known)
        }
        let words = Words(query)
        credit = try words.credit(over: standard)
        reward = try words.word("reward", as: Pooling.self) ?? credit.pooling
        guard reward.exists(on: credit.scale) else {
            throw .wrongField("?reward", expected: "a pooling that exists on the scale \(credit.scale.rawValue)")
        }
        separator = query["separator"]
        if separator == "" { throw .wrongField("?separator", expected: "some text") }
        keepsSystem = try words.word("system", as: SystemWord.self) == .keep
        normalization = try words.word("normalize", as: Normalization.self) ?? .none
        spread = try words.word("spread", as: Spread.self) ?? .unbiased
        wait = try words.wait()
        unscorable = try words.number("unscorable")
        method = try words.method()
        self.query = query
    }

    /// Whether the URL has this word, for a route whose body may say the same.
    func says(_ name: String) -> Bool { query[name] != nil }

    /// A route's own word.
    func word<Word: RawRepresentable & CaseIterable>(
        _ name: String,
        as type: Word.Type
    ) throws(APIError) -> Word? where Word.RawValue == String {
        try Words(query).word(name, as: type)
    }

    /// The one number of a rollout.
    func reward(of scored: ScoredRollout?) -> Double {
        // Not a number is written as null: nothing of it becomes a 0.
        guard let credit = scored?.credit else { return unscorable ?? .nan }
        return credit.value(of: reward) ?? credit.pooled
    }

    /// The same as a chance of being right, for those who compare it with bounds in [0, 1]; a method's own number where
    /// the URL names one.
    /// - Parameters:
    ///   - number: of the method.
    ///   - scale: of the model's rewards, for a method that leaves them there.
    func probability(of scored: ScoredRollout?, _ number: Double, given scale: Scale) throws(APIError) -> Double {
        let scale = method.map { $0.rewardScale ?? scale } ?? credit.scale
        // A weighted mean of margins may leave their range by a rounding, and a user's own number by more.
        let range = scale.range
        let value = min(max(method == nil ? reward(of: scored) : number, range.lowerBound), range.upperBound)
        do throws(CreditError) {
            return try scale.convert(value, to: .probability, step: 0)
        } catch {
            throw .scoring(.credit(error), param: nil)
        }
    }

    private enum SystemWord: String, CaseIterable {
        case drop
        case keep
    }
}

/// Reads words as what they mean.
private struct Words {
    let query: QueryString

    init(_ query: QueryString) { self.query = query }

    func word<Word: RawRepresentable & CaseIterable>(
        _ name: String,
        as type: Word.Type
    ) throws(APIError) -> Word? where Word.RawValue == String {
        guard let text = query[name] else { return nil }
        guard let word = Word(rawValue: text) else {
            throw .wrongField("?\(name)", expected: "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }

    func credit(over standard: CreditSettings) throws(APIError) -> CreditSettings {
        let pooling = try word("pooling", as: Pooling.self) ?? standard.pooling
        let scale = try word("scale", as: Scale.self) ?? standard.scale
        let temperature = try number("temperature") ?? standard.temperature
        do throws(CreditError) {
            return try CreditSettings(pooling: pooling, temperature: temperature, scale: scale)
        } catch {
            switch error {
            case .undefined:
                throw .wrongField("?pooling", expected: "a pooling that exists on the scale \(scale.rawValue)")
            default: throw .wrongField("?temperature", expected: "a number greater than 0")
            }
        }
    }

    /// Up to an hour: LightRFT waits 50 minutes.
    func wait() throws(APIError) -> Duration? {
        guard let seconds = try number("wait") else { return nil }
        guard seconds > 0, seconds <= 3600 else {
            throw .wrongField("?wait", expected: "seconds, more than 0 and at most 3600")
        }
        return .seconds(seconds)
    }

    func method() throws(APIError) -> ProgramRequest? {
        guard let name = query["method"] else { return nil }
        for word in ProgramRequest.excludedWords where query[word] != nil {
            throw .conflictingFields("?method", "?\(word)")
        }
        let request = try ProgramRequest(name, at: "?method")
        guard request.needsRewardsAlone, request.hasReward else {
            throw .wrongField("?method", expected: "one that makes one number of a rollout's rewards alone")
        }
        return request
    }

    func number(_ name: String) throws(APIError) -> Double? {
        guard let text = query[name] else { return nil }
        guard let number = Double(text), number.isFinite else { throw .wrongField("?\(name)", expected: "a number") }
        return number
    }
}
