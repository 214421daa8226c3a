// The name of a model, against the command that an operator repeats it by.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Testing

/// The README's command, in a folder.
private func named(byCommandIn folder: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
        "-c",
        """
        cd "$1" && sha256sum chat_template.jinja config.json linchpin.json *.safetensors* tokenizer.json \
        tokenizer_config.json 2>/dev/null | LC_ALL=C sort -k 2 | sha256sum | cut -c 1-16
        """,
        "sh", folder,
    ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
}

@Suite struct RevisionTests {
    private let weights = safetensors([(name: "t", values: [1, 2, 3])])

    @Test(arguments: [
        [:],
        ["tokenizer.json": "{}", "tokenizer_config.json": "{}"],
        ["linchpin.json": #"{"profile":"pure"}"#, "chat_template.jinja": "x", "README.md": "not of it"],
    ])
    func `a revision is what sha256sum makes of the files`(files: [String: String]) throws {
        let folder = try modelFolder(files.mapValues { Array($0.utf8) }.merging(["model.safetensors": weights]) { $1 })
        let revision = try Checkpoint(folder: folder.path).revision()
        #expect(revision == (try named(byCommandIn: folder.path)))
        #expect(revision.count == 16)
    }

    @Test func `shards and their index are of it`() throws {
        let folder = try shardedFolder(
            ["a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"],
            [
                "model-00001-of-00002.safetensors": safetensors([(name: "a", values: [1])]),
                "model-00002-of-00002.safetensors": safetensors([(name: "b", values: [2])]),
                "tokenizer.json": Array("{}".utf8),
            ]
        )
        #expect(try Checkpoint(folder: folder.path).revision() == named(byCommandIn: folder.path))
    }

    @Test(arguments: ["config.json", "tokenizer.json", "model.safetensors"])
    func `one byte more anywhere is another revision`(file: String) throws {
        let folder = try modelFolder(["model.safetensors": weights, "tokenizer.json": Array("{}".utf8)])
        let before = try Checkpoint(folder: folder.path).revision()
        #expect(try Checkpoint(folder: folder.path).revision() == before)
        if file == "model.safetensors" {
            try folder.write(safetensors([(name: "t", values: [1, 2, 3.5])]), to: file)
        } else {
            let text = try Data(contentsOf: folder.url.appendingPathComponent(file))
            try folder.write(Array(text) + [UInt8(ascii: " ")], to: file)
        }
        #expect(try Checkpoint(folder: folder.path).revision() != before)
    }

    @Test func `a model in memory has the revision of the same files in a folder`() throws {
        let folder = try modelFolder(["model.safetensors": weights])
        let memory = try ["config.json", "model.safetensors"].map { name in
            let bytes = [UInt8](try Data(contentsOf: folder.url.appendingPathComponent(name)))
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
            buffer.copyBytes(from: bytes)
            return (name: name, bytes: UnsafeRawBufferPointer(buffer))
        }
        defer { for file in memory { file.bytes.deallocate() } }
        let resident = try Checkpoint(name: "resident", files: memory)
        #expect(try resident.revision() == Checkpoint(folder: folder.path).revision())
    }

    @Test func `a file that was replaced after it was read is no part of any name`() throws {
        let folder = try modelFolder(["model.safetensors": weights, "tokenizer.json": Array("{}".utf8)])
        let checkpoint = try Checkpoint(folder: folder.path)
        _ = try checkpoint.file("tokenizer.json", limit: 100)
        try folder.write(Array("[]".utf8), to: "tokenizer.json")
        #expect(throws: CheckpointError.fileChanged("tokenizer.json")) { try checkpoint.revision() }
    }

    @Test func `weights are named as they were opened, whoever takes their place`() throws {
        let folder = try modelFolder(["model.safetensors": weights])
        let checkpoint = try Checkpoint(folder: folder.path)
        let before = try Checkpoint(folder: folder.path).revision()
        let path = folder.path + "/model.safetensors"
        try FileManager.default.removeItem(atPath: path)
        try folder.write(safetensors([(name: "t", values: [4, 5, 6])]), to: "model.safetensors")
        #expect(try checkpoint.revision() == before)
    }

    @Test func `a link that is moved while a model is opened does not mix two`() throws {
        let (one, other) = (
            try modelFolder(["model.safetensors": weights, "tokenizer.json": Array("{}".utf8)]),
            try modelFolder(["model.safetensors": weights, "tokenizer.json": Array("[]".utf8)])
        )
        let place = try TemporaryFolder()
        let link = place.path + "/current"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: one.path)
        let checkpoint = try Checkpoint(folder: link)
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: other.path)
        #expect(try checkpoint.file("tokenizer.json", limit: 100) == Array("{}".utf8))
    }

    @Test func `a digest that nobody wants is given up`() throws {
        let folder = try modelFolder(["model.safetensors": weights])
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(throws: CheckpointError.noDigest) { try checkpoint.revision { false } }
    }
}
