// Folders that are not what they seem, and files that change.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Testing

@Suite struct FolderTests {
    private static let sound = safetensors([("a", [1, 2, 3, 4]), ("b", [5, 6])])

    private func soundFolder() throws -> TemporaryFolder { try modelFolder(["model.safetensors": Self.sound]) }

    @Test(arguments: ["/nowhere/at/all", "", "/etc/passwd", "/tmp\u{0}x"])
    func `what is not a folder is refused`(path: String) {
        #expect(throws: CheckpointError.notAFolder(path)) { try Checkpoint(folder: path) }
    }

    @Test func `a folder without a config is refused`() throws {
        let folder = try TemporaryFolder()
        #expect(refusal(of: folder) == .missingFile("config.json"))
        try folder.write(Array("[]".utf8), to: "config.json")
        #expect(refusal(of: folder) == .notAnObject(file: "config.json"))
        try folder.write(Array("{".utf8), to: "config.json")
        #expect(refusal(of: folder) == .notJSON(file: "config.json", JSONError(.unexpectedEnd, offset: 1)))
        let large = 16 << 20
        try folder.write([UInt8](repeating: 32, count: large + 1), to: "config.json")
        #expect(refusal(of: folder) == .fileTooLarge("config.json", bytes: large + 1, limit: large))
    }

    @Test func `symbolic links are followed`() throws {
        let blobs = try TemporaryFolder()
        try blobs.write(Self.sound, to: "blob")
        let folder = try modelFolder([:])
        try FileManager.default.createSymbolicLink(
            at: folder.url.appendingPathComponent("model.safetensors"),
            withDestinationURL: blobs.url.appendingPathComponent("blob")
        )
        #expect(try floats(Checkpoint(folder: folder.path).load("b")) == [5, 6])
    }

    @Test func `a folder, a pipe or a device is not a file`() throws {
        for make in [
            { path in mkdir(path, 0o700) }, { path in mkfifo(path, 0o600) }, { path in symlink("/dev/zero", path) },
        ] as [(String) -> Int32] {
            let folder = try modelFolder([:])
            #expect(make(folder.path + "/model.safetensors") == 0)
            #expect(refusal(of: folder) == .notRegularFile("model.safetensors"))
        }
    }

    @Test func `a link that goes nowhere or round is refused`() throws {
        let folder = try modelFolder([:])
        #expect(symlink("model.safetensors", folder.path + "/model.safetensors") == 0)
        #expect(refusal(of: folder) == .unreadable(file: "model.safetensors", errno: ELOOP))
    }

    @Test func `another file is read whole, up to its limit`() throws {
        let folder = try soundFolder()
        try folder.write(Array("hello".utf8), to: "linchpin.json")
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(try checkpoint.file("linchpin.json", limit: 5) == Array("hello".utf8))
        #expect(throws: CheckpointError.fileTooLarge("linchpin.json", bytes: 5, limit: 4)) {
            try checkpoint.file("linchpin.json", limit: 4)
        }
        #expect(try checkpoint.file("nothing.json", limit: 4) == nil)
        for name in ["../x", "a/b", "", ".", "..", "x\u{0}"] {
            #expect(throws: CheckpointError.badFileName(name)) { try checkpoint.file(name, limit: 4) }
        }
    }

    @Test func `a file cut after its header was read is refused at load`() throws {
        let folder = try soundFolder()
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(truncate(folder.path + "/model.safetensors", off_t(Self.sound.count - 1)) == 0)
        #expect(throws: CheckpointError.fileChanged("model.safetensors")) { try checkpoint.load("b") }
        #expect(throws: CheckpointError.fileChanged("model.safetensors")) { try checkpoint.load("a") }
    }

    @Test(arguments: [1, 4 << 20, 40 << 20])
    func `a file cut while it is loaded is refused or was read before, and kills nobody`(bytes: Int) async throws {
        let values = [Float](repeating: 1, count: 12 << 20)
        let folder = try modelFolder(["model.safetensors": safetensors([("t", values)])])
        let checkpoint = try Checkpoint(folder: folder.path)
        let progress = LoadProgress()
        let cutter = Task.detached {
            while progress.doneBytes == 0 { await Task.yield() }
            return truncate(folder.path + "/model.safetensors", off_t(bytes)) == 0
        }
        do throws(CheckpointError) {
            let tensor = try checkpoint.load("t", progress: progress)
            #expect(floats(tensor) == values)
        } catch {
            #expect(error == .fileChanged("model.safetensors"))
        }
        #expect(await cutter.value)
    }

    @Test func `a file written in place is refused at load`() throws {
        let folder = try soundFolder()
        let checkpoint = try Checkpoint(folder: folder.path)
        let tensor = try checkpoint.load("a")
        // Past the tick in which the clock of the file system stands still.
        usleep(30_000)
        let handle = try FileHandle(forUpdating: folder.url.appendingPathComponent("model.safetensors"))
        try handle.seek(toOffset: UInt64(Self.sound.count - 4))
        try handle.write(contentsOf: [0, 0, 0, 0])
        try handle.close()
        #expect(throws: CheckpointError.fileChanged("model.safetensors")) { try checkpoint.load("a") }
        #expect(floats(tensor) == [1, 2, 3, 4])
    }

    @Test func `a file that is replaced or removed can still be loaded`() throws {
        let folder = try soundFolder()
        let checkpoint = try Checkpoint(folder: folder.path)
        try folder.write([], to: "other")
        #expect(rename(folder.path + "/other", folder.path + "/model.safetensors") == 0)
        #expect(try floats(checkpoint.load("a")) == [1, 2, 3, 4])
        #expect(unlink(folder.path + "/model.safetensors") == 0)
        #expect(try floats(checkpoint.load("b")) == [5, 6])
    }

    @Test func `a sparse file that claims more than the machine has is refused`() throws {
        let elements = 1 << 46
        let header = #"{"t":{"dtype":"BF16","shape":[\#(elements / 16)],"data_offsets":[0,\#(elements / 8)]}}"#
        let bytes = safetensors(header: header)
        let folder = try modelFolder(["model.safetensors": bytes])
        let size = off_t(bytes.count + elements / 8)
        guard truncate(folder.path + "/model.safetensors", size) == 0 else {
            print("SKIPPED: this file system has no sparse files of 8 TiB")
            return
        }
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(throws: CheckpointError.outOfMemory(tensor: "t", bytes: elements / 8)) { try checkpoint.load("t") }
    }

    @Test func `no descriptor is left open`() throws {
        func count() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        let sound = try soundFolder()
        let hostile = try modelFolder(["model.safetensors": safetensors(header: "[]")])
        let before = try count()
        for _ in 0..<200 {
            _ = try Checkpoint(folder: sound.path).load("a")
            #expect(refusal(of: hostile) != nil)
        }
        // Other suites run beside this one and have files open.
        #expect(try count() < before + 100)
    }
}
