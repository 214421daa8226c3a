// Which folder each model of the process is read from.
import Glibc
import Scoring

/// The folders of `--model DIR`, `--model prm=DIR`, `--model policy=DIR` and `--model reference=DIR`.
///
/// In the environment LINCHPIN_MODEL is the reward model, and LINCHPIN_MODEL_POLICY and LINCHPIN_MODEL_REFERENCE are the
/// others; a flag wins over the variable of its role.
struct ModelFolders {
    private let folders: [ModelRole: String]

    /// - Parameter flags: in the order in which they were given.
    init(flags: [String]) throws {
        var folders: [ModelRole: String] = [:]
        for flag in flags {
            let (role, folder) = try Self.role(of: flag)
            guard folders.updateValue(folder, forKey: role) == nil else {
                throw Failure.usage("--model: the role \(role.rawValue) is given twice")
            }
        }
        for role in ModelRole.allCases where folders[role] == nil {
            let name = role == .prm ? "model" : "model-\(role.rawValue)"
            folders[role] = try Setting.text(name, nil)
        }
        if folders[.reference] != nil, folders[.policy] == nil {
            throw Failure.usage("--model reference=DIR needs --model policy=DIR, which it is compared with")
        }
        self.folders = folders
    }

    subscript(_ role: ModelRole) -> String? { folders[role] }

    /// A folder whose name only looks like a role is meant where it exists.
    private static func role(of flag: String) throws -> (ModelRole, folder: String) {
        guard let equals = flag.utf8.firstIndex(of: UInt8(ascii: "=")) else { return (.prm, flag) }
        let name = String(flag[..<equals])
        let folder = String(flag[flag.utf8.index(after: equals)...])
        if let role = ModelRole(rawValue: name) {
            guard !folder.isEmpty else { throw Failure.usage("--model \(flag): there is no folder behind the =") }
            return (role, folder)
        }
        let isWord = !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7A).contains($0) }
        guard isWord, access(flag, F_OK) != 0 else { return (.prm, flag) }
        let known = ModelRole.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure.usage("--model \(flag): \(name) is not one of \(known)")
    }
}
