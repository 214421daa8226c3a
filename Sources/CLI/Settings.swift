// A flag, else its environment variable, else nothing.
import Glibc

/// Every flag `--max-batch-tokens` is also `LINCHPIN_MAX_BATCH_TOKENS`; the flag wins.
enum Setting {
    static func variable(_ flag: String) -> String {
        "LINCHPIN_" + String(flag.map { $0 == "-" ? "_" : Character($0.uppercased()) })
    }

    private static func environment(_ flag: String) -> String? {
        guard let value = getenv(variable(flag)) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    static func text(_ flag: String, _ given: String?) throws -> String? { given ?? environment(flag) }

    /// A whole number of at least 1 (or of at least `least`).
    static func count(_ flag: String, _ given: Int?, least: Int = 1) throws -> Int? {
        var value = given
        if value == nil, let text = environment(flag) {
            guard let number = Int(text) else {
                throw Failure.usage("\(variable(flag)): \(text) is not a whole number")
            }
            value = number
        }
        if let value, value < least { throw Failure.usage("--\(flag): must be at least \(least), not \(value)") }
        return value
    }

    /// Whether a flag without a value is set in the environment: 1 or true.
    static func isSet(_ flag: String) throws -> Bool {
        guard let text = environment(flag) else { return false }
        switch text {
        case "1", "true": return true
        case "0", "false": return false
        default: throw Failure.usage("\(variable(flag)): \(text) is not one of 1, true, 0, false")
        }
    }

    static func number(_ flag: String, _ given: Double?) throws -> Double? {
        if let given { return given }
        guard let text = environment(flag) else { return nil }
        guard let number = Double(text) else { throw Failure.usage("\(variable(flag)): \(text) is not a number") }
        return number
    }

    /// One word of an enumeration.
    static func word<Word: RawRepresentable & CaseIterable>(
        _ flag: String,
        _ given: String?,
        as type: Word.Type
    ) throws -> Word? where Word.RawValue == String {
        guard let text = given ?? environment(flag) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure.usage("--\(flag): \(text) is not one of \(known)")
        }
        return word
    }
}
