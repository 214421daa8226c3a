// Where the keys come from, and where they are not seen.
import Fixtures
import Foundation
import JSON
import Testing

@Suite struct KeyTests {
    private let golden = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-prm").path

    private func status(_ server: Linchpin, _ key: String, _ path: String = "/info") throws -> Int {
        try server.send("GET", path, headers: ["Authorization: Bearer \(key)"]).status
    }

    @Test func `keys from the environment close all but health and the page, and are gone from it`() throws {
        let server = try Linchpin(
            model: golden,
            environment: ["LINCHPIN_API_KEYS": "canary-key-1, canary-key-2\n", "LINCHPIN_ADMIN_KEYS": "canary-key-3"]
        )
        for key in ["canary-key-1", "canary-key-2", "canary-key-3"] { #expect(try status(server, key) == 200) }
        for path in ["/info", "/metrics", "/version", "/openapi.yaml", "/v2/models/tiny-prm/ready", "/nowhere"] {
            #expect(try server.send("GET", path).status == 401, "\(path)")
        }
        for path in ["/health", "/health/live", "/health/ready", "/ping", "/", "/page.js", "/page.css"] {
            #expect(try server.send("GET", path).status == 200, "\(path)")
        }
        #expect(try server.post("/admin/reload", [:]).status == 401)
        #expect(try server.post("/admin/reload", [:], headers: ["X-Api-Key: canary-key-1"]).status == 403)
        #expect(try server.post("/canary-key-3/admin/reload", [:]).status == 403)
        let place = "/proc/\(server.process.processIdentifier)/"
        for file in ["environ", "cmdline"] {
            // The process's own files are root's, once it holds keys.
            guard let bytes = FileManager.default.contents(atPath: place + file) else { continue }
            #expect(!String(decoding: bytes, as: UTF8.self).contains("canary-key"), "\(file)")
        }
        let limits = try String(contentsOfFile: place + "limits", encoding: .utf8)
        let cores = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(cores.split(separator: " ").contains("0") && !cores.contains("unlimited"))
        #expect(server.stop() == 0)
    }

    @Test func `SIGHUP takes new keys, and keeps the old ones where the file is bad`() throws {
        let folder = try TemporaryFolder()
        try folder.write(Array("old-key-1\n".utf8), to: "keys")
        let server = try Linchpin(model: golden, flags: ["--api-key-file", folder.path + "/keys"])
        #expect(try status(server, "old-key-1") == 200)
        try folder.write(Array("# new ones\nnew-key-1\nnew-key-2".utf8), to: "keys")
        kill(server.process.processIdentifier, SIGHUP)
        #expect(try wait { try status(server, "new-key-1") == 200 })
        #expect(try status(server, "new-key-2") == 200 && status(server, "old-key-1") == 401)
        for bad in ["", "# none\n", "short\n", "with a blank in it\n"] {
            try folder.write(Array(bad.utf8), to: "keys")
            kill(server.process.processIdentifier, SIGHUP)
        }
        Thread.sleep(forTimeInterval: 0.3)
        #expect(try status(server, "new-key-1") == 200)
        #expect(server.stop() == 0)
    }

    private func wait(until condition: () throws -> Bool) throws -> Bool {
        for _ in 0..<200 {
            if try condition() { return true }
            Thread.sleep(forTimeInterval: 0.05)
        }
        return false
    }

    @Test(
        arguments: [
            ("LINCHPIN_API_KEYS", "", "no key"), ("LINCHPIN_API_KEYS", " ,\n", "no key"),
            ("LINCHPIN_API_KEYS", "good-key-1,bad/canary", "key 2"), ("LINCHPIN_ADMIN_KEYS", "canary", "key 1"),
            ("LINCHPIN_ADMIN_KEY_FILE", "/nowhere/keys", "/nowhere/keys"),
            ("LINCHPIN_MAX_INFLIGHT_BYTES", "1000", "--max-inflight-bytes"),
        ]
    )
    func `what would leave the door open or the keys readable is refused`(
        variable: String,
        value: String,
        words: String
    ) throws {
        let run = try Run(["serve", "--model", golden, "--port", "0"], environment: [variable: value])
        #expect(run.status == 2 && run.errors.contains(words) && !run.errors.contains("canary"), "\(run.errors)")
    }
}
