// What --profile means: a family's name, or a file.
import Scoring

enum ProfileWords {
    static let help = "The recipe to score with: a family's name, or a JSON file like those in Deploy/profiles"

    private static let byteLimit = 1 << 20

    /// A name, or a path if it has a slash or ends in `.json`; nil where nothing was said.
    static func source(_ given: String?) throws -> ProfileSource? {
        guard let text = try Setting.text("profile", given) else { return nil }
        guard text.contains("/") || text.hasSuffix(".json") else { return .name(text) }
        return .file(try FileBytes.all(of: text, limit: byteLimit), name: text)
    }
}
