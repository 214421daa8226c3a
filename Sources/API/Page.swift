// The pages for people, and what their browser may do.
import HTTPTypes
import Serving

/// One file of the pages; each is a file so that nothing inline is left to allow, and no hash has to follow a change.
struct PagePart: Sendable {
    let path: String
    /// What it is, without the character set, which is UTF-8.
    private let type: String
    private let bytes: [UInt8]

    private init(_ path: String, _ type: String, _ bytes: [UInt8]) {
        self.path = path
        self.type = type
        self.bytes = bytes
    }

    private static func page(_ page: Page, _ main: [UInt8]) -> PagePart {
        PagePart(page.path, "text/html", page.framing(main))
    }

    private static func style(_ path: String, _ bytes: [UInt8]) -> PagePart { PagePart(path, "text/css", bytes) }

    private static func script(_ path: String, _ bytes: [UInt8]) -> PagePart {
        PagePart(path, "text/javascript", bytes)
    }

    /// `/` scores a rollout, `/methods` plays the credit methods; both ask the server by `/service.js`.
    static let all: [PagePart] = [
        page(.rollout, PackageResources.index_html),
        style("/page.css", PackageResources.page_css),
        script("/page.js", PackageResources.page_js),
        script("/service.js", PackageResources.service_js),
        script("/figures.js", PackageResources.figures_js),
        page(.methods, PackageResources.methods_html),
        style("/methods.css", PackageResources.methods_css),
        script("/methods.js", PackageResources.methods_js),
        script("/list.js", PackageResources.list_js),
        script("/options.js", PackageResources.options_js),
        script("/examples.js", PackageResources.examples_js),
        script("/operators.js", PackageResources.operators_js),
        script("/stage.js", PackageResources.stage_js),
        script("/player.js", PackageResources.player_js),
    ]

    var response: Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "\(type); charset=utf-8",
                .contentSecurityPolicy: Self.policy,
                // An answer of the API is never a script, whatever is in it.
                .xContentTypeOptions: "nosniff",
                // The address may have a key in it.
                .referrerPolicy: "no-referrer",
                // A new binary's page with the old one's script would be neither.
                .cacheControl: "no-cache",
            ],
            body: bytes
        )
    }

    /// What Content Security Policy 3 and Trusted Types let a browser do: run this server's script and ask this server.
    ///
    /// `data:` is the icon. No policy may make HTML out of text, so that innerHTML and its like throw.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src data:",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ].joined(separator: "; ")
}

/// What a page has of its own besides its main; all else is frame.html.
private struct Page {
    let path: String
    /// How the other pages call it, and by which address, which may have a key before it.
    let link: (words: String, id: String, address: String)
    let title: String
    let about: String
    let script: String
    let styles: [String]

    static let rollout = Page(
        path: "/",
        link: ("Score a rollout", "to-page", "./"),
        title: "what each step is worth",
        about: "What each step of a chain of reasoning is worth.",
        script: "page.js",
        styles: ["page.css"]
    )
    static let methods = Page(
        path: "/methods",
        link: ("Credit methods", "to-methods", "methods"),
        title: "credit methods, operator by operator",
        about: "Every credit method of the field, as a program that one can read.",
        script: "methods.js",
        styles: ["page.css", "methods.css"]
    )

    /// The whole page: the frame with this page's words in the place of their marks.
    func framing(_ main: [UInt8]) -> [UInt8] {
        let pages = [Self.rollout, .methods].map { page in
            page.path == path
                ? #"<strong aria-current="page">\#(page.link.words)</strong>"#
                : #"<a id="\#(page.link.id)" href="\#(page.link.address)">\#(page.link.words)</a>"#
        }
        let words = [
            ("title", title),
            ("styles", styles.map { #"<link rel="stylesheet" href="\#($0)">"# }.joined(separator: "\n")),
            ("script", script), ("pages", pages.joined(separator: " ")), ("about", about),
            // The last, so that nothing in it is taken for a mark.
            ("main", String(decoding: main, as: UTF8.self)),
        ]
        let frame = String(decoding: PackageResources.frame_html, as: UTF8.self)
        return Array(words.reduce(frame) { $0.replacing("{\($1.0)}", with: $1.1) }.utf8)
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = known("Referrer-Policy")
}
