// Phrases that many methods have in common.

extension Instruction {
    static func read(
        _ source: Source,
        scale: Scale? = nil,
        index: Int = 0,
        optional: Bool = false,
        as name: String? = nil
    ) -> Instruction {
        Instruction(.read(Read(source, scale: scale, index: index, optional: optional)), name: name)
    }

    static func map(_ mapping: Mapping, of from: String? = nil, as name: String? = nil) -> Instruction {
        Instruction(.map(mapping), from: from, name: name)
    }

    static func then(_ action: Operator, of from: String? = nil, as name: String? = nil) -> Instruction {
        Instruction(action, from: from, name: name)
    }

    static func mix(_ terms: [Term], as name: String? = nil) -> Instruction {
        Instruction(.mix(terms), name: name)
    }

    static func sum(_ from: String? = nil, as name: String) -> Instruction {
        Instruction(.pool(Pooled(.sum, empty: 0)), from: from, name: name)
    }

    /// The sum from each step on.
    static func suffixSum(discount: Double = 1, of from: String? = nil, as name: String? = nil) -> Instruction {
        Instruction(.scan(Scan(.sum, .suffix, discount: discount)), from: from, name: name)
    }

    /// An advantage on the tokens of its steps, or of its rollout, where they are known.
    static func tokens(of from: String, _ layout: TokenLayout = .span) -> Instruction {
        Instruction(.tokens(layout, optional: true), from: from, name: Output.tokens.rawValue)
    }
}

/// One part of a program after the other.
func lines(_ parts: [Instruction]...) -> [Instruction] { parts.flatMap(\.self) }

/// (x - mean)/(std + epsilon), as two operators.
struct Standard {
    var scope = Scope.prompt
    var spread = Spread.unbiased
    var epsilon = 1e-6
    var inside = 0.0
    var singleton = SingletonRule.raw
    var sample = Sample.all
    var least = 0.0
    var zeroSpread = SingletonRule.zero

    /// verl's masked_whiten: (x - mean)/sqrt(var + 1e-8) over the batch.
    static let whitened = Standard(scope: .batch, epsilon: 0, inside: 1e-8)

    func of(_ from: String? = nil, as name: String? = nil) -> [Instruction] {
        var scaling = Scaling(.deviation)
        scaling.scope = scope
        scaling.spread = spread
        scaling.epsilon = epsilon
        scaling.inside = inside
        scaling.singleton = singleton
        scaling.sample = sample
        scaling.least = least
        scaling.zeroSpread = zeroSpread
        return [
            .then(.centre(Centre(.mean, scope: scope, singleton: singleton, sample: sample)), of: from),
            .then(.scale(scaling), as: name),
        ]
    }
}

extension Scaling {
    /// By the mean of the scope.
    static func mean(_ scope: Scope, epsilon: Double = 0) -> Scaling {
        var scaling = Scaling(.mean)
        scaling.scope = scope
        scaling.epsilon = epsilon
        return scaling
    }

    static func by(_ by: By, _ scope: Scope) -> Scaling {
        var scaling = Scaling(by)
        scaling.scope = scope
        return scaling
    }
}

extension MethodOption {
    static func number(
        _ name: String,
        _ standard: Double,
        _ range: ClosedRange<Double>,
        _ meaning: String
    ) -> MethodOption {
        MethodOption(name: name, kind: .number(range), standard: .number(standard), meaning: meaning)
    }

    /// The first word is the standard one.
    static func word(_ name: String, _ words: [String], _ meaning: String) -> MethodOption {
        MethodOption(name: name, kind: .word(words), standard: .word(words[0]), meaning: meaning)
    }

    /// Where rewards stand; "given" leaves them.
    static func scale(_ standard: String) -> MethodOption {
        let words = ["given"] + Scale.allCases.map(\.rawValue)
        return .word("scale", [standard] + words.filter { $0 != standard }, "The scale on which it is computed.")
    }

    static func temperature(_ standard: Double) -> MethodOption {
        .number("temperature", standard, 1e-9...1e9, "Softness, in units of the scale.")
    }

    static let spread = MethodOption.word(
        "spread",
        ["unbiased", "population"],
        "The standard deviation over n - 1 (verl) or over n."
    )

    static let epsilon = MethodOption.number("epsilon", 1e-6, 0...1, "Added to the standard deviation.")

    static func singleton(_ standard: SingletonRule) -> MethodOption {
        .word(
            "singleton",
            standard == .raw ? ["raw", "zero"] : ["zero", "raw"],
            "What one gets that is compared with nobody: itself (verl), or 0."
        )
    }

    /// Coefficients and shares.
    static func weight(_ name: String, _ standard: Double, _ meaning: String) -> MethodOption {
        .number(name, standard, -1e9...1e9, meaning)
    }

    static let discount = MethodOption.number("discount", 1, 0...1, "What a later step is worth one step before.")
}

extension Choice {
    var scale: Scale? { word("scale", as: Scale.self) }

    var singleton: SingletonRule { word("singleton", as: SingletonRule.self) ?? .raw }

    /// As `spread`, `epsilon` and `singleton` say.
    func standard(_ scope: Scope = .prompt) -> Standard {
        Standard(
            scope: scope,
            spread: word("spread", as: Spread.self) ?? .unbiased,
            epsilon: number("epsilon"),
            singleton: singleton
        )
    }
}

/// What `Choice.standard` reads.
func standardOptions(_ singleton: SingletonRule = .raw) -> [MethodOption] {
    [.spread, .epsilon, .singleton(singleton)]
}
