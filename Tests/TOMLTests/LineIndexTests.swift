import TOML
import Testing

struct LineIndexTests {
    @Test func `every way to write a key has its line`() throws {
        let index = try TOMLDocument(
            #"""
            top = 1 # not = this
            text = """
            fake = 1
            """ # [fake]
            raw = '''
            it''s = 1
            ''''

            [a."b.c".'d\e']
            list = [ # [x]
              1, "]", [2,
              3], # y = 4
            ]
            x.y . "z\u0041" = { p = 1, q = { r = ["}", { s = 2 }] } }
            "" = "\" = "
              [ a . b ]
            last = 2026-11-22 10:00:00
            [[many]]
            m = true
            [[many]]
            n = 1.5
            """#
        ).lines
        let expected: [(path: [String], line: Int)] = [
            (["top"], 1), (["text"], 2), (["raw"], 5), (["a"], 9), (["a", "b.c", "d\\e"], 9),
            (["a", "b.c", "d\\e", "list"], 10), (["a", "b.c", "d\\e", "x", "y", "zA"], 14),
            (["a", "b.c", "d\\e", "x", "y", "zA", "q", "r"], 14), (["a", "b.c", "d\\e", ""], 15),
            (["a", "b"], 16),
            (["a", "b", "last"], 17), (["many"], 18), (["many", "m"], 19), (["many", "n"], 21),
            (["fake"], 1), (["a", "b", "missing"], 16), (["y"], 1), (["it''s"], 1),
        ]
        for (path, line) in expected { #expect(index.line(of: path) == line, "\(path)") }
    }

    @Test func `an inline table over several lines is followed`() throws {
        let index = try TOMLDocument("t = {\n a = 1,\n # c\n b = [\n1],\n}\nlast = 1").lines
        #expect(
            index.line(of: ["t", "a"]) == 2 && index.line(of: ["t", "b"]) == 4
                && index.line(of: ["last"]) == 7)
    }

    @Test func `Windows line ends count once`() throws {
        #expect(try TOMLDocument("a = 1\r\n\r\nb = 2\r\n").lines.line(of: ["b"]) == 3)
    }
}
