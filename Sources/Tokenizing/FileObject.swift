// The members of a JSON object, checked where they are read.

import JSON

/// One object of the file and where it stands; a member that is null counts as absent.
struct FileObject {
    /// Such as `pre_tokenizer.pretokenizers[0]`; empty at the top.
    let field: String
    let members: JSONObject

    init(_ value: JSONValue, field: String) throws(TokenizerError) {
        guard let members = value.object else { throw .wrongType(field: field) }
        self.field = field
        self.members = members
    }

    func path(_ key: String) -> String {
        let key = TokenizerError.excerpt(key)
        return field.isEmpty ? key : field + "." + key
    }

    /// The kind of a component.
    func type() throws(TokenizerError) -> String {
        guard let type = try text("type") else { throw .missing(field: path("type")) }
        return TokenizerError.excerpt(type)
    }

    func object(_ key: String) throws(TokenizerError) -> FileObject? {
        guard let value = value(key) else { return nil }
        return try FileObject(value, field: path(key))
    }

    func array(_ key: String) throws(TokenizerError) -> [JSONValue]? {
        guard let value = value(key) else { return nil }
        guard let array = value.array else { throw .wrongType(field: path(key)) }
        return array
    }

    /// The objects of an array that must be there.
    func objects(_ key: String) throws(TokenizerError) -> [FileObject] {
        guard let values = try array(key) else { throw .missing(field: path(key)) }
        var objects: [FileObject] = []
        for (index, value) in values.enumerated() {
            objects.append(try FileObject(value, field: "\(path(key))[\(index)]"))
        }
        return objects
    }

    func text(_ key: String) throws(TokenizerError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string else { throw .wrongType(field: path(key)) }
        return text
    }

    /// A flag that must be there.
    func flag(_ key: String) throws(TokenizerError) -> Bool {
        guard let value = value(key) else { throw .missing(field: path(key)) }
        guard let flag = value.bool else { throw .wrongType(field: path(key)) }
        return flag
    }

    func flagIfPresent(_ key: String) throws(TokenizerError) -> Bool? {
        value(key) == nil ? nil : try flag(key)
    }

    /// An id that must be there and in bounds.
    func id(_ key: String) throws(TokenizerError) -> Int {
        guard let value = value(key) else { throw .missing(field: path(key)) }
        return try FileObject.id(value, field: path(key))
    }

    static func id(_ value: JSONValue, field: @autoclosure () -> String) throws(TokenizerError) -> Int {
        guard let id = value.integer else { throw .wrongType(field: field()) }
        guard (0..<TokenizerLimits.tokens).contains(id) else { throw .idOutOfRange(field: field(), id: id) }
        return id
    }

    func require(_ key: String, _ expected: Bool) throws(TokenizerError) {
        let found = try flag(key)
        guard found == expected else { throw .unsupportedSetting(field: path(key), value: String(found)) }
    }

    func require(_ key: String, _ expected: String) throws(TokenizerError) {
        guard let found = try text(key) else { throw .missing(field: path(key)) }
        guard found.utf8.elementsEqual(expected.utf8) else {
            throw .unsupportedSetting(field: path(key), value: TokenizerError.excerpt(found))
        }
    }

    private func value(_ key: String) -> JSONValue? {
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }
}
